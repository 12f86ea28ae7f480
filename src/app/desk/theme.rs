//! Changes the theme at once, and remembers it in the cookie the server reads.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDocument, HtmlSelectElement};

use crate::domain::Theme;

/// Follows the choice in the header.
pub fn listen() {
    let Some(choice) = document().get_element_by_id("theme") else { return };
    let Ok(select) = choice.clone().dyn_into::<HtmlSelectElement>() else { return };
    let apply = move |_: web_sys::Event| {
        let theme = Theme::named(&select.value());
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-theme", theme.as_str());
        }
        if let Ok(page) = document().dyn_into::<HtmlDocument>() {
            let _ = page.set_cookie(&theme.cookie());
        }
    };
    super::on(&choice, "change", apply);
}
