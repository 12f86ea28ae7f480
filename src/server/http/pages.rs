//! Pages that are no plain route of their own.

use axum::extract::{Request, State};
use axum::response::Response;
use leptos::IntoView;
use leptos::context::provide_context;
use leptos::prelude::LeptosOptions;

use super::guard::write_page_policy;
use crate::app::shell;
use crate::server::state::AppState;

/// Writes the document, and tells the browser what may run in it.
pub fn write(options: LeptosOptions) -> impl IntoView {
    write_page_policy();
    shell(options)
}

/// Answers with the page at the request's address.
pub async fn page(State(state): State<AppState>, request: Request) -> Response {
    render(&state, request, || {}).await
}

/// The same, with something more for the page to find.
pub async fn render(
    state: &AppState,
    request: Request,
    provide: impl Fn() + Clone + Send + Sync + 'static,
) -> Response {
    let (options, state) = (state.leptos.clone(), state.clone());
    let context = move || {
        provide_context(state.clone());
        provide();
    };
    leptos_axum::render_app_async_with_context(context, move || write(options.clone()))(request).await
}
