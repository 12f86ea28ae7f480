//! Keys that work on every page, and the list of all keys.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlDialogElement, HtmlElement, KeyboardEvent};

use crate::app::components::Seal;
use crate::app::permission::may;
use crate::domain::access::Scope;

/// What keys do. Those of the list of jobs are the job manager's.
const KEYS: [(&str, &str); 9] = [
    ("/", "Search"),
    ("u", "Upload files"),
    ("j", "Next job"),
    ("k", "Previous job"),
    ("x", "Select the job"),
    ("c", "Cancel the job, or those selected"),
    ("r", "Retry the job, or those selected"),
    ("Enter", "Open the job"),
    ("?", "This help"),
];

/// Whether a key was typed as a command, and not into a field, a dialog or a shortcut of the browser.
pub fn typed(event: &KeyboardEvent) -> bool {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || event.is_composing() {
        return false;
    }
    let target = event.target().and_then(|it| it.dyn_into::<Element>().ok());
    let inside = "input:not([type=checkbox]), textarea, select, dialog, [contenteditable]";
    target.is_none_or(|it| it.closest(inside).ok().flatten().is_none())
}

/// Follows the keys, and the buttons that open a dialog.
pub fn listen() {
    super::on(&document(), "keydown", |event: Event| {
        let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
        if !typed(event) {
            return;
        }
        let done = match event.key().as_str() {
            "/" => focus("[data-key-search]").or_else(|| focus(".search-form input")),
            "u" => click("[data-key-upload]"),
            "?" => open("keys"),
            _ => None,
        };
        if done.is_some() {
            event.prevent_default();
        }
    });
    super::on(&document(), "click", |event: Event| {
        let target = event.target().and_then(|it| it.dyn_into::<Element>().ok());
        if let Some(button) = target.and_then(|it| it.closest("[data-opens]").ok().flatten()) {
            open(&button.get_attribute("data-opens").unwrap_or_default());
        }
    });
}

fn element<T: JsCast>(selector: &str) -> Option<T> {
    document().query_selector(selector).ok().flatten()?.dyn_into().ok()
}

fn focus(selector: &str) -> Option<()> {
    element::<HtmlElement>(selector)?.focus().ok()
}

fn click(selector: &str) -> Option<()> {
    element::<HtmlElement>(selector)?.click();
    Some(())
}

fn open(id: &str) -> Option<()> {
    let dialog = element::<HtmlDialogElement>(&format!("#{id}"))?;
    // Fails only for a dialog that is open already.
    if dialog.open() { Some(()) } else { dialog.show_modal().ok() }
}

/// The list of keys; written by the server, opened by the desk.
#[component]
pub fn KeysHelp() -> impl IntoView {
    let key = |(key, what): (&'static str, &'static str)| {
        view! { <div><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div> }
    };
    let keys = KEYS.into_iter().filter(|(key, _)| match *key {
        "u" => may(Scope::Ingest),
        "x" | "c" | "r" => may(Scope::Manage),
        _ => true,
    });
    view! {
        <dialog id="keys" class="confirm keys" aria-labelledby="keys-title">
            <h2 id="keys-title">"Keyboard shortcuts"</h2>
            <dl>{keys.map(key).collect_view()}</dl>
            <form method="dialog" class="confirm-buttons"><button class="button">"Close"</button></form>
        </dialog>
    }
    .seal()
}
