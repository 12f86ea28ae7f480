//! Links to another view of the jobs change the list in place, and the page's address with it. Without JavaScript
//! they are links to a page.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, MouseEvent};

use crate::app::address::jobs_at;
use crate::app::components::effect;
use crate::app::desk;
use crate::domain::JobQuery;

/// Calls `go` when a link to a view is followed, and `back` when the browser's buttons lead to one.
pub fn follow(back: Callback<JobQuery>, go: Callback<JobQuery>) {
    effect(move || {
        desk::on(&document(), "click", move |event: Event| {
            let Some(click) = event.dyn_ref::<MouseEvent>() else { return };
            if click.button() != 0
                || click.ctrl_key()
                || click.meta_key()
                || click.shift_key()
                || click.alt_key()
            {
                return;
            }
            let target = event.target().and_then(|it| it.dyn_into::<Element>().ok());
            let link = target.and_then(|it| it.closest("a[data-view]").ok().flatten());
            let Some(href) = link.and_then(|it| it.get_attribute("href")) else { return };
            event.prevent_default();
            go.run(jobs_at(&href));
        });
        desk::on(&window(), "popstate", move |_| {
            back.run(jobs_at(&window().location().search().unwrap_or_default()));
        });
    });
}

/// Makes this the page's address; the browser's back button leads to the one before. The range of the charts is not
/// the list's, and stays.
pub fn show_address(mut address: String) {
    let search = window().location().search().unwrap_or_default();
    if let Some(range) = search.trim_start_matches('?').split('&').find(|it| it.starts_with("activity=")) {
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(range);
    }
    if let Ok(history) = window().history() {
        let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&address));
    }
}
