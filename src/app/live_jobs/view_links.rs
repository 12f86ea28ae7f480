//! What chooses other jobs (links to a view, the filter's fields, the browser's buttons) changes the list in place, and
//! the page's address with it. Without JavaScript these are links to a page, and a form.

use std::time::Duration;

use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, FormData, HtmlElement, HtmlFormElement, MouseEvent};

use crate::app::address::{jobs_at, of_jobs};
use crate::app::components::later;
use crate::app::desk;
use crate::domain::JobQuery;

/// So long after the last letter of a text was typed it is looked for.
const TYPING: Duration = Duration::from_millis(250);

/// Calls `load` with what is chosen.
pub fn follow(load: Callback<JobQuery>) {
    let go = move |query: JobQuery| {
        show_address(of_jobs(&query));
        load.run(query);
    };
    desk::on(&document(), "click", move |event: Event| {
        let Some(click) = event.dyn_ref::<MouseEvent>() else { return };
        if click.button() != 0 || click.ctrl_key() || click.meta_key() || click.shift_key() || click.alt_key()
        {
            return;
        }
        let link = target(&event).and_then(|it| it.closest("a[data-view]").ok().flatten());
        let Some(link) = link else { return };
        event.prevent_default();
        let chosen = jobs_at(&link.get_attribute("href").unwrap_or_default());
        // The column may be older than what was chosen a moment ago: of a state only the state counts.
        let of_state = link.closest(".states").ok().flatten().is_some();
        go(if of_state { here().in_state_of(&chosen) } else { chosen });
    });
    let typing = StoredValue::new(None::<TimeoutHandle>);
    desk::on(&document(), "input", move |event: Event| {
        let Some(form) = target(&event).and_then(|it| it.closest("form.filter-bar").ok().flatten()) else {
            return;
        };
        let Ok(form) = form.dyn_into::<HtmlFormElement>() else { return };
        if let Some(former) = typing.get_value() {
            former.clear();
        }
        let text = target(&event).is_some_and(|it| it.id() == "job-filter");
        let ask = move || {
            if let Some(query) = asked(&form) {
                go(query);
            }
        };
        typing.set_value(later(ask, if text { TYPING } else { Duration::ZERO }));
    });
    desk::on(&window(), "popstate", move |_| {
        // The fields are to say what the address says, also the one that has the focus.
        if let Some(field) = document().active_element().and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
            let _ = field.blur();
        }
        load.run(here());
    });
}

/// What the page's address says.
fn here() -> JobQuery {
    jobs_at(&window().location().search().unwrap_or_default())
}

fn target(event: &Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

/// What the filter's fields say.
pub fn asked(form: &HtmlFormElement) -> Option<JobQuery> {
    let fields = FormData::new_with_form(form).ok()?;
    JobQuery::from_parameters(&|name| fields.get(name).as_string()).ok()
}

/// Makes this the page's address; the browser's back button leads to the one before. The range of the charts is not
/// the list's, and stays.
fn show_address(mut address: String) {
    let search = window().location().search().unwrap_or_default();
    if let Some(range) = search.trim_start_matches('?').split('&').find(|it| it.starts_with("activity=")) {
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(range);
    }
    if let Ok(history) = window().history() {
        let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&address));
    }
}
