//! Keys for the list: j and k move from row to row, x selects, c and r press the buttons. What is pressed is the
//! row's own button, or that of the selection, so a key does what a click does.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent};

use crate::app::desk;

/// The row the keys are on.
const CURRENT: &str = "current";

pub fn listen() {
    desk::on(&document(), "keydown", |event: Event| {
        let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
        if !desk::typed(event) {
            return;
        }
        let done = match event.key().as_str() {
            "j" => step(true),
            "k" => step(false),
            "x" => press(".may-manage .current input[type=checkbox]"),
            "c" => press("[data-key-cancel], .may-manage .current [data-testid=cancel-job]"),
            "r" => press("[data-key-retry], .may-manage .current [data-testid=retry-job]"),
            _ => None,
        };
        if done.is_some() {
            event.prevent_default();
        }
    });
}

fn element(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).ok().flatten()?.dyn_into().ok()
}

fn press(selector: &str) -> Option<()> {
    element(selector)?.click();
    Some(())
}

/// The row after or before one, perhaps in another block.
fn beside(row: &HtmlElement, down: bool) -> Option<Element> {
    let block = row.parent_element()?;
    if down {
        row.next_element_sibling().or_else(|| block.next_element_sibling()?.first_element_child())
    } else {
        row.previous_element_sibling().or_else(|| block.previous_element_sibling()?.last_element_child())
    }
}

/// Goes to the next or the former row, and from nowhere to the first.
fn step(down: bool) -> Option<()> {
    let former = element(".job-row.current");
    let row = match &former {
        None => element(".job-row")?,
        Some(row) => beside(row, down)?.dyn_into().ok()?,
    };
    if let Some(former) = former {
        let _ = former.class_list().remove_1(CURRENT);
    }
    let _ = row.class_list().add_1(CURRENT);
    let link: HtmlElement = row.query_selector("a").ok().flatten()?.dyn_into().ok()?;
    link.focus().ok()
}
