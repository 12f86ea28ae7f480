//! Copies what a button with `data-copy` names.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event};

use super::tell;

pub fn listen() {
    super::on(&document(), "click", |event: Event| {
        let target = event.target().and_then(|it| it.dyn_into::<Element>().ok());
        let button = target.and_then(|it| it.closest("[data-copy]").ok().flatten());
        if let Some(what) = button.and_then(|it| it.get_attribute("data-copy")) {
            copy(&what.replace("{origin}", &window().location().origin().unwrap_or_default()));
        }
    });
}

fn copy(what: &str) {
    let navigator = window().navigator();
    // Browsers offer the clipboard to secure pages only.
    let offered = js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|it| it.is_object());
    if !offered {
        return tell("Copying needs HTTPS.".to_owned(), None);
    }
    let written = navigator.clipboard().write_text(what);
    spawn_local(async move {
        let copied = js_sys::futures::JsFuture::from(written).await.is_ok();
        tell(if copied { "Copied." } else { "Could not copy." }.to_owned(), None);
    });
}
