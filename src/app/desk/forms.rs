//! Sends forms that do something to one job or document, and says what came of it.
//!
//! A form says so itself: `data-done` is told on the page that follows once it is done. With `data-confirm` it is asked
//! about before: that is the question's title, `data-confirm-text` what will happen, and `data-confirm-yes` the word on
//! the button. What is refused is told at once, and the page stays.

use std::cell::Cell;

use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, FormData, HtmlFormElement, Storage, UrlSearchParams, XmlHttpRequest};

use super::tell;
use crate::app::components::Question;
use crate::domain::{Problem, json};

/// Where the message waits for the next page.
const TOLD: &str = "told";
/// The mark of a form that is on its way.
const SENT: &str = "data-sent";

thread_local! {
    static ASKED: Cell<Option<HtmlFormElement>> = const { Cell::new(None) };
}

pub fn listen(question: RwSignal<Option<Question>>) {
    if let Some(store) = storage()
        && let Ok(Some(text)) = store.get_item(TOLD)
    {
        let _ = store.remove_item(TOLD);
        tell(text, None);
    }
    let submit = move |event: Event| {
        let Some(form) = event.target().and_then(|it| it.dyn_into::<HtmlFormElement>().ok()) else { return };
        if !form.has_attribute("data-done") {
            return;
        }
        event.prevent_default();
        let words = |name: &str| form.get_attribute(name).unwrap_or_default();
        let title = words("data-confirm");
        if title.is_empty() {
            return send(&form);
        }
        let asked = Question {
            title,
            text: words("data-confirm-text"),
            yes: words("data-confirm-yes"),
            no: "Keep".to_owned(),
            then: Callback::new(|()| {
                if let Some(form) = ASKED.take() {
                    send(&form);
                }
            }),
        };
        ASKED.set(Some(form));
        question.set(Some(asked));
    };
    super::on(&document(), "submit", submit);
}

/// Sends a form, and not a second time while its answer is awaited.
fn send(form: &HtmlFormElement) {
    if form.has_attribute(SENT) {
        return;
    }
    let _ = form.set_attribute(SENT, "");
    if try_to_send(form).is_err() {
        refused(form, "");
    }
}

fn try_to_send(form: &HtmlFormElement) -> Result<(), JsValue> {
    let request = XmlHttpRequest::new()?;
    request.open("POST", &form.get_attribute("action").unwrap_or_default())?;
    // A page would be answered with where to go next.
    request.set_request_header("Accept", "application/json")?;
    let answered = Closure::once_into_js({
        let (request, form) = (request.clone(), form.clone());
        move || match request.status() {
            Ok(200) => go_on(&request, &form.get_attribute("data-done").unwrap_or_default()),
            _ => refused(&form, &request.response_text().ok().flatten().unwrap_or_default()),
        }
    });
    request.set_onloadend(Some(answered.unchecked_ref()));
    let fields = UrlSearchParams::new_with_str_sequence_sequence(&FormData::new_with_form(form)?.into())?;
    request.send_with_opt_url_search_params(Some(&fields))
}

/// The page anew, or the one that the answer names instead; it tells what was done.
fn go_on(answer: &XmlHttpRequest, done: &str) {
    if let Some(store) = storage() {
        let _ = store.set_item(TOLD, done);
    }
    let location = window().location();
    let _ = match answer.get_response_header("Location") {
        Ok(Some(page)) => location.set_href(&page),
        _ => location.reload(),
    };
}

fn refused(form: &HtmlFormElement, answer: &str) {
    let _ = form.remove_attribute(SENT);
    let words = json::read::<Problem>(answer).map(|it| it.detail);
    tell(words.unwrap_or_else(|_| "The server did not answer. Try again.".to_owned()), None);
}

fn storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}
