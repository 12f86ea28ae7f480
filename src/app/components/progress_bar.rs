//! How far something is.

use leptos::prelude::*;

use super::{Seal, Text};

/// The browser's own progress element: screen readers know it, and it needs no inline style.
#[component]
pub fn ProgressBar(percent: Text, #[prop(into)] label: String, testid: &'static str) -> impl IntoView {
    view! {
        <progress
            class="bar"
            role="progressbar"
            max="100"
            value=percent
            aria-label=label
            data-testid=testid
        ></progress>
    }
    .seal()
}
