//! Parts of a page that the server wrote and may write again: the page is loaded once more, and the part taken from it.

use std::cell::RefCell;
use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Document, Element, HtmlElement, HtmlFormElement, XmlHttpRequest, XmlHttpRequestResponseType};

use super::components::later;
use super::desk;

/// What can be brought up to date by itself, wherever the page has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Activity,
    States,
    Filter,
    Chosen,
    Empty,
    Job,
}

impl Part {
    /// The element's id.
    pub fn id(self) -> &'static str {
        match self {
            Self::Activity => "activity",
            Self::States => "states",
            Self::Filter => "filter",
            Self::Chosen => "chosen",
            Self::Empty => "empty",
            Self::Job => "job",
        }
    }
}

/// The parameter with which a page is asked for its parts and not for all its rows.
pub const PARTS_ONLY: &str = "parts";

/// How often it is looked whether a part is still in use.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

thread_local! {
    /// Parts that were in use when their newest version came.
    static LEFT: RefCell<Vec<Part>> = const { RefCell::new(Vec::new()) };
}

/// Puts the newest version of these parts in their place. What was unfolded stays so, and the focus stays where it
/// was. A part with a field that has the focus, or a button under the pointer, is left as it is until it has not.
pub fn refresh(parts: &[Part]) {
    load(parts.to_vec());
}

fn load(parts: Vec<Part>) {
    let Ok(request) = XmlHttpRequest::new() else { return };
    let location = window().location();
    let (Ok(address), Ok(search)) = (location.href(), location.search()) else { return };
    let mut asked = search;
    asked.push(if asked.is_empty() { '?' } else { '&' });
    asked.push_str(PARTS_ONLY);
    asked.push_str("=only");
    if request.open("GET", &asked).is_err() {
        return;
    }
    request.set_response_type(XmlHttpRequestResponseType::Document);
    let answered = Closure::once_into_js({
        let request = request.clone();
        move || {
            // Another view may have been chosen meanwhile: its own answer comes.
            let same = window().location().href().is_ok_and(|it| it == address);
            let Some(page) = request.response().ok().and_then(|it| it.dyn_into::<Document>().ok()) else {
                return;
            };
            for part in parts.into_iter().filter(|_| same) {
                if is_in_use(part.id()) {
                    leave_for_later(part);
                } else if let Some(new) = page.get_element_by_id(part.id()) {
                    put(part.id(), &new);
                }
            }
        }
    });
    request.set_onload(Some(answered.unchecked_ref()));
    // A broken connection shows elsewhere.
    let _ = request.send();
}

fn put(id: &str, new: &Element) {
    let Some(old) = document().get_element_by_id(id) else { return };
    if old.inner_html() == new.inner_html() {
        // What was typed is not a part of the HTML.
        if let Ok(Some(form)) = old.query_selector("form.filter-bar")
            && let Some(form) = form.dyn_ref::<HtmlFormElement>()
        {
            form.reset();
        }
        return;
    }
    keep_unfolded(&old, new);
    // Whether it shows may have been settled while its newest version was on its way.
    let _ = new.toggle_attribute_with_force("hidden", old.has_attribute("hidden"));
    let focused = document().active_element().filter(|it| old.contains(Some(it))).map(|it| it.id());
    let scrolled = old.query_selector(".log").ok().flatten().map(|it| it.scroll_top());
    let _ = old.replace_with_with_node_1(new);
    desk::put_into_words();
    if let (Some(top), Ok(Some(log))) = (scrolled, new.query_selector(".log")) {
        log.set_scroll_top(top);
    }
    if let Some(same) = focused.and_then(|id| inside(new, &id)?.dyn_into::<HtmlElement>().ok()) {
        let _ = same.focus();
    }
}

/// Whether someone types in it, or is about to press a button.
fn is_in_use(id: &str) -> bool {
    let mut selector = String::new();
    for what in ["input:focus", "select:focus", "button:hover"] {
        selector.push_str(if selector.is_empty() { "#" } else { ",#" });
        selector.push_str(id);
        selector.push(' ');
        selector.push_str(what);
    }
    document().query_selector(&selector).ok().flatten().is_some()
}

fn leave_for_later(part: Part) {
    LEFT.with_borrow_mut(|left| {
        if left.is_empty() {
            later(try_again, LOOK_AGAIN);
        }
        if !left.contains(&part) {
            left.push(part);
        }
    });
}

fn try_again() {
    if LEFT.with_borrow(|left| left.iter().any(|part| is_in_use(part.id()))) {
        later(try_again, LOOK_AGAIN);
    } else {
        load(LEFT.take());
    }
}

fn keep_unfolded(old: &Element, new: &Element) {
    let Ok(unfolded) = old.query_selector_all("details[open]") else { return };
    for index in 0..unfolded.length() {
        let id = unfolded.get(index).and_then(|it| it.dyn_into::<Element>().ok()).map(|it| it.id());
        if let Some(same) = id.and_then(|id| inside(new, &id)) {
            let _ = same.set_attribute("open", "");
        }
    }
}

/// The element with this id in another one.
fn inside(element: &Element, id: &str) -> Option<Element> {
    if id.is_empty() {
        return None;
    }
    let mut selector = "#".to_owned();
    selector.push_str(id);
    element.query_selector(&selector).ok().flatten()
}
