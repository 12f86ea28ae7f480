//! One item of the panel: its name, how far it is or what became of it, and what can be done to it.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::centre::{Shown, UploadAct, UploadRow, act};
use super::queue::State;
use crate::app::components::{ProgressBar, Seal, Sealed, on_click, text, word};
use crate::app::format;

/// In characters, of a name that is read out.
const READ_OUT: usize = 100;

/// All its parts are there; the style sheet hides those that its state has no use for.
pub fn item(row: UploadRow) -> Sealed {
    let number = row.number;
    let item = RwSignal::from(row.item);
    let Shown { name, size, .. } = item.get_untracked();
    let mut of_name = " ".to_owned();
    of_name.extend(name.chars().take(READ_OUT));
    let remove = word(move || match item.read().state {
        State::Failed(_) | State::Refused(_) => "Remove",
        _ => "Cancel",
    });
    let percent = text(move || match &item.read().state {
        State::Sending(transfer) => transfer.percent().to_string(),
        _ => "0".to_owned(),
    });
    view! {
        <li class="upload" data-testid="upload-item" data-state=word(move || item.read().state.as_str())>
            <bdi class="upload-name" title=name.clone()>{name.clone()}</bdi>
            <span class="muted">{format::bytes(size)}</span>
            <div class="upload-outcome">
                <ProgressBar percent label="Sent" testid="upload-progress"/>
                <span class="upload-words">{text(move || words(&item.read().state))}</span>
                <a href=text(move || address(&item.read().state))>
                    "See its job"<span class="visually-hidden">{of_name.clone()}</span>
                </a>
            </div>
            <div class="upload-buttons">
                <button
                    type="button"
                    class="upload-toggle"
                    title=word(move || toggle(&item.read().state).1)
                    on:click=on_click(move |_| act(UploadAct::Toggle(number)))
                >
                    {word(move || toggle(&item.read().state).0)}
                    <span class="visually-hidden">{of_name.clone()}</span>
                </button>
                <button
                    type="button"
                    class="upload-remove"
                    on:click=on_click(move |event| {
                        focus_beside(&event_target(&event));
                        act(UploadAct::Remove(number));
                    })
                >
                    {remove}
                    <span class="visually-hidden">{of_name}</span>
                </button>
            </div>
        </li>
    }
    .seal()
}

fn words(state: &State) -> String {
    match state {
        State::Waiting => "Waiting".to_owned(),
        State::Sending(transfer) => transfer.words(),
        State::Paused => "Paused".to_owned(),
        State::Taken(_) => "Taken in".to_owned(),
        State::Failed(reason) => reason.clone(),
        State::Refused(refusal) => refusal.words(),
    }
}

fn address(state: &State) -> String {
    match state {
        State::Taken(id) => ["/app/jobs/", &id.to_string()].concat(),
        _ => String::new(),
    }
}

/// What the button says, and what it says of that.
fn toggle(state: &State) -> (&'static str, &'static str) {
    match state {
        State::Paused => ("Resume", "Starts this file anew"),
        State::Failed(_) => ("Send again", "Starts this file anew"),
        _ => ("Pause", "To resume starts this file anew"),
    }
}

/// So that the focus is not lost with the row it was in.
fn focus_beside(button: &Element) {
    let row = button.closest("li").ok().flatten();
    let beside = row.and_then(|it| it.next_element_sibling().or_else(|| it.previous_element_sibling()));
    let heir = match beside {
        Some(beside) => beside.query_selector(".upload-remove").ok().flatten(),
        None => document().get_element_by_id("main"),
    };
    if let Some(heir) = heir.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
        let _ = heir.focus();
    }
}
