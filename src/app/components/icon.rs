//! Line icons, drawn in the text's colour and hidden from screen readers: the words beside them
//! say the same.

use leptos::prelude::*;

#[component]
pub fn Icon(
    /// The icon's lines as SVG path data in a square of 16.
    path: &'static str,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <path d=path></path>
        </svg>
    }
}
