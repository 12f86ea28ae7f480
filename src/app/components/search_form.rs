//! The question field. A plain form, so that it works without JavaScript; once the page is live the
//! answer comes without a new page.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use leptos_router::location::Url;
use web_sys::HtmlInputElement;

use super::{Seal, Text, field, on_submit, text};

#[component]
pub fn SearchForm(
    /// The question on show.
    #[prop(default = text(String::new))]
    question: Text,
    /// The full form with its button, as the search page has it.
    #[prop(optional)]
    large: bool,
) -> impl IntoView {
    let navigate = use_navigate();
    let submit = on_submit(move |event| {
        let Some(input) = field::<HtmlInputElement>(&event, "input") else { return };
        event.prevent_default();
        navigate(&format!("/app/search?q={}", Url::escape(&input.value())), Default::default());
    });
    view! {
        <form
            class=if large { "search-form large" } else { "search-form" }
            role="search"
            action="/app/search"
            method="get"
            on:submit=submit
        >
            <input
                type="search"
                name="q"
                aria-label="Search the documents"
                placeholder="Search the documents"
                autocomplete="off"
                maxlength="2000"
                value=Arc::clone(&question)
                prop:value=move || question()
                data-testid="search-input"
            />
            <button class=if large { "button primary" } else { "button" }>"Search"</button>
        </form>
    }
    .seal()
}
