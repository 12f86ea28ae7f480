//! Asks before forms that cannot be undone are sent, and says afterwards what was done.
//!
//! A form says so itself: `data-confirm` is the question's title, `data-confirm-text` what will happen,
//! `data-confirm-yes` the word on the button, and `data-done` what is told on the page that follows.

use std::cell::Cell;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlFormElement, Storage};

use crate::app::components::Question;

/// Where the message waits for the next page.
const TOLD: &str = "told";

thread_local! {
    static ASKED: Cell<Option<HtmlFormElement>> = const { Cell::new(None) };
}

pub fn listen(question: RwSignal<Option<Question>>) {
    if let Some(store) = storage()
        && let Ok(Some(text)) = store.get_item(TOLD)
    {
        let _ = store.remove_item(TOLD);
        super::tell(text, None);
    }
    let ask = move |event: Event| {
        let Some(form) = event.target().and_then(|it| it.dyn_into::<HtmlFormElement>().ok()) else { return };
        let Some(title) = form.get_attribute("data-confirm") else { return };
        event.prevent_default();
        let words = |name: &str| form.get_attribute(name).unwrap_or_default();
        let done = words("data-done");
        let asked = Question {
            title,
            text: words("data-confirm-text"),
            yes: words("data-confirm-yes"),
            no: "Keep".to_owned(),
            then: Callback::new(move |()| send(&done)),
        };
        ASKED.set(Some(form));
        question.set(Some(asked));
    };
    super::on(&document(), "submit", ask);
}

/// Sends the form that was asked about; what came of it is told on the next page.
fn send(done: &str) {
    if let Some(store) = storage() {
        let _ = store.set_item(TOLD, done);
    }
    if let Some(form) = ASKED.take() {
        // The part of the page it was in may have been written again meanwhile; only what is in a page is sent.
        if !form.is_connected()
            && let Some(body) = document().body()
        {
            let _ = body.append_child(&form);
        }
        let _ = form.submit();
    }
}

fn storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}
