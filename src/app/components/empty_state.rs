//! Says that there is nothing to show, and what to do about it.

use leptos::prelude::*;

use super::Seal;

#[component]
pub fn EmptyState(#[prop(into)] title: String, children: Children) -> impl IntoView {
    view! {
        <div class="empty">
            <p class="empty-title">{title}</p>
            <p>{children()}</p>
        </div>
    }
    .seal()
}
