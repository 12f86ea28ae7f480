//! Says what went wrong, in the words of the server.

use leptos::prelude::*;

use super::{Seal, on_click, part};
use crate::domain::Problem;

/// A problem in place of what could not be shown.
#[component]
pub fn ProblemNotice(problem: Problem) -> impl IntoView {
    view! {
        <div class="notice" role="alert">
            <p class="notice-title">{problem.title}</p>
            <p>{problem.detail}</p>
        </div>
    }
    .seal()
}

/// The problem of the last action, until it is dismissed or the next action begins.
#[component]
pub fn DismissableProblem(problem: RwSignal<Option<Problem>>) -> impl IntoView {
    part(move || {
        problem.get().map(|it| {
            view! {
                <div class="notice" role="alert">
                    <p class="notice-title">{it.title}</p>
                    <p>{it.detail}</p>
                    <button type="button" class="button small" on:click=on_click(move |_| problem.set(None))>
                        "Dismiss"
                    </button>
                </div>
            }
            .seal()
        })
    })
}
