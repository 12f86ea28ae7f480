//! Asks before something that cannot be undone.

use leptos::html::Dialog;
use leptos::prelude::*;

use super::{Seal, effect, on_click, text};

/// What is asked, and what happens on yes.
#[derive(Clone, Debug)]
pub struct Question {
    pub title: String,
    pub text: String,
    /// The words on the button that goes ahead, and on the one that does not.
    pub yes: String,
    pub no: String,
    pub then: Callback<()>,
}

/// A modal dialog, open while there is a question. The browser keeps the focus inside, closes it
/// with Escape, and gives the focus back.
#[component]
pub fn ConfirmDialog(question: RwSignal<Option<Question>>, testid: &'static str) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    effect(move || {
        let asked = question.read().is_some();
        let Some(dialog) = dialog.get() else { return };
        if asked && !dialog.open() {
            // Fails only for a dialog that is open or not in the page.
            let _ = dialog.show_modal();
        } else if !asked && dialog.open() {
            dialog.close();
        }
    });
    let words = move |part: fn(&Question) -> String| {
        text(move || question.read().as_ref().map(part).unwrap_or_default())
    };
    let go_ahead = on_click(move |_| {
        let asked = question.get_untracked();
        question.set(None);
        if let Some(asked) = asked {
            asked.then.run(());
        }
    });
    // The event comes late: a question asked meanwhile has opened the dialog again and stays.
    let has_closed = move |_| {
        if dialog.get_untracked().is_some_and(|it| !it.open()) {
            question.set(None);
        }
    };
    view! {
        <dialog
            class="confirm"
            node_ref=dialog
            aria-labelledby="confirm-title"
            aria-describedby="confirm-text"
            on:close=has_closed
        >
            <h2 id="confirm-title">{words(|it| it.title.clone())}</h2>
            <p id="confirm-text">{words(|it| it.text.clone())}</p>
            <div class="confirm-buttons">
                <button type="button" class="button" on:click=on_click(move |_| question.set(None))>
                    {words(|it| it.no.clone())}
                </button>
                <button type="button" class="button danger" data-testid=testid on:click=go_ahead>
                    {words(|it| it.yes.clone())}
                </button>
            </div>
        </dialog>
    }
    .seal()
}
