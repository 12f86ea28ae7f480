//! The question field: a plain form.

use leptos::prelude::*;

use super::Seal;

#[component]
pub fn SearchForm(
    /// The question on show.
    #[prop(optional)]
    question: String,
    /// The full form with its button, as the search page has it.
    #[prop(optional)]
    large: bool,
) -> impl IntoView {
    view! {
        <form
            class=if large { "search-form large" } else { "search-form" }
            role="search"
            action="/app/search"
            method="get"
        >
            <input
                type="search"
                name="q"
                aria-label="Search the documents"
                placeholder="Search the documents"
                autocomplete="off"
                maxlength="2000"
                value=question
                data-testid="search-input"
            />
            <button class=if large { "button primary" } else { "button" }>"Search"</button>
        </form>
    }
    .seal()
}
