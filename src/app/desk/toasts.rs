//! Short messages of what was done, each with a way to undo it where there is one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use leptos::prelude::*;

use crate::app::components::{Seal, Sealed, each, effect, later, on_click};

/// How long a toast stays, unless the pointer or the focus is on it.
const STAY: Duration = Duration::from_secs(8);
/// More would cover the page; the oldest go.
const MOST: usize = 4;

/// How to take back what was done.
#[derive(Clone)]
pub struct Undo {
    /// The word on the button.
    pub label: &'static str,
    pub run: Arc<dyn Fn() + Send + Sync>,
}

#[derive(Clone)]
struct Toast {
    number: u32,
    text: String,
    undo: Option<Undo>,
}

thread_local! {
    // All islands of a page tell through this one.
    static SHOWN: ArcRwSignal<Vec<Toast>> = ArcRwSignal::new(Vec::new());
}

/// Says what was done.
pub fn tell(text: String, undo: Option<Undo>) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    SHOWN.with(|shown| {
        shown.update(|shown| {
            shown.push(Toast { number, text, undo });
            let surplus = shown.len().saturating_sub(MOST);
            shown.drain(..surplus);
        });
    });
    leave_later(number);
}

fn leave_later(number: u32) {
    let leave = move || {
        let held = document().query_selector(".toasts:hover, .toasts:focus-within").ok().flatten().is_some();
        if held { leave_later(number) } else { dismiss(number) }
    };
    later(leave, STAY);
}

fn dismiss(number: u32) {
    SHOWN.with(|shown| shown.update(|shown| shown.retain(|it| it.number != number)));
}

/// Where toasts appear. Screen readers hear each once, when the page is quiet.
#[component]
pub fn Toasts() -> impl IntoView {
    let shown = RwSignal::new(Vec::new());
    effect(move || {
        let all = SHOWN.with(Clone::clone);
        effect(move || shown.set(all.get()));
    });
    view! {
        <div class="toasts" role="status" aria-live="polite" data-testid="toasts">
            {each(move || shown.get(), |toast: &Toast| u128::from(toast.number), toast)}
        </div>
    }
    .seal()
}

fn toast(toast: Toast) -> Sealed {
    let number = toast.number;
    let undo = toast.undo.map(|undo| {
        let run = on_click(move |_| {
            dismiss(number);
            (undo.run)();
        });
        view! { <button type="button" class="button small" data-testid="undo" on:click=run>{undo.label}</button> }
            .seal()
    });
    view! {
        <div class="toast" data-testid="toast">
            <span>{toast.text}</span>
            {undo}
            <button
                type="button"
                class="toast-close"
                aria-label="Dismiss"
                on:click=on_click(move |_| dismiss(number))
            >
                "×"
            </button>
        </div>
    }
    .seal()
}
