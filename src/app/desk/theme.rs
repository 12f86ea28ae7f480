//! Changes the theme at once, and remembers it in the cookie the server reads.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDocument, HtmlSelectElement};

use crate::app::frame::Theme;

/// A year, in seconds.
const KEPT: u32 = 31_536_000;

/// Follows the choice in the header.
pub fn listen() {
    let Some(choice) = document().get_element_by_id("theme") else { return };
    let Ok(select) = choice.clone().dyn_into::<HtmlSelectElement>() else { return };
    let apply = move |_: web_sys::Event| {
        let theme = select.value();
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-theme", &theme);
        }
        if let Ok(page) = document().dyn_into::<HtmlDocument>() {
            let cookie = format!("{}={theme}; path=/; max-age={KEPT}; samesite=lax", Theme::COOKIE);
            let _ = page.set_cookie(&cookie);
        }
    };
    super::on(&choice, "change", apply);
}
