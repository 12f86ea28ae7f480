//! Follows what people give to a page: files and texts dropped anywhere, files chosen, texts pasted.

use std::cell::Cell;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{
    BeforeUnloadEvent, DataTransfer, DragEvent, Element, Event, File, HtmlElement, HtmlInputElement,
    HtmlTextAreaElement,
};

use super::{centre, folders};
use crate::app::desk::on;

thread_local! {
    /// What is being dragged comes from this page.
    static IS_OWN: Cell<bool> = const { Cell::new(false) };
}

/// As long as the page lives.
pub fn listen() {
    if let Some(folder) = element::<HtmlInputElement>("choose-folder") {
        folder.set_webkitdirectory(true);
    }
    let page = document();
    on(&page, "change", |event| {
        if let Some(input) = closest(&event, "[data-takes-files]").and_then(|it| it.dyn_into().ok()) {
            take_chosen(&input);
        }
    });
    on(&page, "click", |event| {
        let chosen = closest(&event, "[data-chooses]").and_then(|it| it.get_attribute("data-chooses"));
        if let Some(input) = chosen.and_then(|it| element::<HtmlElement>(&it)) {
            input.click();
        }
    });
    on(&page, "submit", |event| {
        if let Some(form) = closest(&event, "form.paste") {
            event.prevent_default();
            take_pasted(&form);
        }
    });
    for name in ["dragstart", "dragend"] {
        on(&page, name, move |_| IS_OWN.set(name == "dragstart"));
    }
    for name in ["dragover", "dragleave", "drop"] {
        on(&page, name, move |event| {
            let Some(given) = carried(&event) else { return };
            match name {
                "dragleave" if event.unchecked_ref::<DragEvent>().related_target().is_some() => return,
                "dragleave" => {}
                // Otherwise the browser would open the file.
                _ => event.prevent_default(),
            }
            if let Some(over) = element::<HtmlElement>("drop-over") {
                over.set_hidden(name != "dragover");
            }
            if name == "drop" {
                take_dropped(&given);
            }
        });
    }
    on(&window(), "beforeunload", |event| {
        if centre::would_lose() {
            event.prevent_default();
            // For browsers that do not heed the above.
            event.unchecked_ref::<BeforeUnloadEvent>().set_return_value("unsent");
        }
    });
    on(&window(), "pagehide", |_| centre::keep_names(true));
}

fn element<T: JsCast>(id: &str) -> Option<T> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

fn closest(event: &Event, selector: &str) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest(selector).ok().flatten()
}

/// What is dragged, if it is for the centre: files, or a text that no field below it takes.
fn carried(event: &Event) -> Option<DataTransfer> {
    let given = event.unchecked_ref::<DragEvent>().data_transfer()?;
    let types = given.types();
    let has = |kind: &str| types.includes(&kind.into(), 0);
    // A dragged link is also a text, but no document.
    let is_text = || {
        has("text/plain")
            && !has("text/uri-list")
            && closest(event, "input, textarea, [contenteditable]").is_none()
    };
    (!IS_OWN.get() && (has("Files") || is_text())).then_some(given)
}

fn take_dropped(given: &DataTransfer) {
    let items = given.items();
    let (mut folders, mut text) = (Vec::new(), true);
    // All of it now: later the browser gives nothing of it any more.
    for item in (0..items.length()).filter_map(|place| items.get(place)) {
        if item.kind() != "file" {
            continue;
        }
        text = false;
        match item.webkit_get_as_entry() {
            Ok(Some(entry)) if entry.is_directory() => folders.push(entry),
            _ => {
                if let Ok(Some(file)) = item.get_as_file() {
                    centre::add_file(file.name(), file);
                }
            }
        }
    }
    folders::walk(folders);
    if text && let Ok(text) = given.get_data("text/plain") {
        centre::add_text(text);
    }
}

fn take_chosen(input: &HtmlInputElement) {
    let Some(files) = input.files() else { return };
    for file in (0..files.length()).filter_map(|place| files.item(place)) {
        let path = path(&file).unwrap_or_else(|| file.name());
        if !folders::is_hidden(&path) {
            centre::add_file(path, file);
        }
    }
    // So that the same file can be chosen again.
    input.set_value("");
}

/// Where it lies in the folder that was chosen.
fn path(file: &File) -> Option<String> {
    let path = js_sys::Reflect::get(file, &"webkitRelativePath".into()).ok()?.as_string()?;
    (!path.is_empty()).then_some(path)
}

fn take_pasted(form: &Element) {
    let area = form.query_selector("textarea").ok().flatten();
    let Some(area) = area.and_then(|it| it.dyn_into::<HtmlTextAreaElement>().ok()) else { return };
    let text = area.value();
    if text.trim().is_empty() {
        area.focus().unwrap_or_default();
    } else {
        centre::add_text(text);
    }
}
