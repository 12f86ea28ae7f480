//! Brings a part of the page up to date that the server wrote: loads the page again, and takes that part of it.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Document, Element, XmlHttpRequest, XmlHttpRequestResponseType};

/// Puts the newest version of the element with this id in its place. What was unfolded stays so. Nothing happens
/// while someone is at work in it, or when the server does not answer.
pub fn refresh(id: &'static str) {
    let Ok(request) = XmlHttpRequest::new() else { return };
    let Ok(address) = window().location().href() else { return };
    if request.open("GET", &address).is_err() {
        return;
    }
    request.set_response_type(XmlHttpRequestResponseType::Document);
    let answered = Closure::once_into_js({
        let request = request.clone();
        move || {
            let page = request.response().ok().and_then(|it| it.dyn_into::<Document>().ok());
            if let Some(new) = page.and_then(|it| it.get_element_by_id(id)) {
                put(id, &new);
            }
        }
    });
    request.set_onload(Some(answered.unchecked_ref()));
    // A broken connection shows elsewhere.
    let _ = request.send();
}

fn put(id: &str, new: &Element) {
    let Some(old) = document().get_element_by_id(id) else { return };
    let busy = format!("#{id}:focus-within, #{id} a:hover, #{id} button:hover");
    if document().query_selector(&busy).ok().flatten().is_some() || old.inner_html() == new.inner_html() {
        return;
    }
    let Ok(unfolded) = old.query_selector_all("details[open][id]") else { return };
    for index in 0..unfolded.length() {
        let details = unfolded.get(index).and_then(|it| it.dyn_into::<Element>().ok());
        if let Some(details) = details
            && let Ok(Some(same)) = new.query_selector(&format!("#{}", details.id()))
        {
            let _ = same.set_attribute("open", "");
        }
    }
    let _ = old.replace_with_with_node_1(new);
}
