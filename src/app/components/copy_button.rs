//! Copies a text; the desk does it, and says whether it could.

use leptos::prelude::*;

use super::Seal;

#[component]
pub fn CopyButton(
    label: &'static str,
    /// What is copied. `{origin}` stands for the address of this server as the browser knows it.
    what: String,
) -> impl IntoView {
    view! { <button type="button" class="button small needs-js" data-copy=what>{label}</button> }.seal()
}
