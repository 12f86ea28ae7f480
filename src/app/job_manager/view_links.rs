//! Links to another view of the jobs change the list in place, and the page's address with it. Without JavaScript
//! they are links to a page.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, MouseEvent, UrlSearchParams};

use crate::app::desk;
use crate::domain::JobQuery;

/// Calls `go` when a link to a view is followed, and `back` when the browser's buttons lead to one.
pub fn follow(back: Callback<JobQuery>, go: Callback<JobQuery>) {
    Effect::new(move |_| {
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
            if let Some(query) = query_of(href.split_once('?').map_or("", |(_, it)| it)) {
                event.prevent_default();
                go.run(query);
            }
        });
        desk::on(&window(), "popstate", move |_| {
            let search = window().location().search().unwrap_or_default();
            if let Some(query) = query_of(&search) {
                back.run(query);
            }
        });
    });
}

/// What an address asks for.
fn query_of(search: &str) -> Option<JobQuery> {
    let parameters = UrlSearchParams::new_with_str(search).ok()?;
    JobQuery::from_parameters(&|name| parameters.get(name)).ok()
}

/// Makes this the page's address; the browser's back button leads to the one before. The range of the charts is not
/// the list's, and stays.
pub fn show_address(mut address: String) {
    let search = window().location().search().unwrap_or_default();
    let range = UrlSearchParams::new_with_str(&search).ok().and_then(|it| it.get("activity"));
    if let Some(range) = range {
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str("activity=");
        address.push_str(&range);
    }
    if let Ok(history) = window().history() {
        let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&address));
    }
}
