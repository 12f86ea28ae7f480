//! The theme of the dashboard, for pages without JavaScript.

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};

use super::body::read_whole;
use super::fields::{Fields, page_before};
use crate::domain::{Problem, Theme};
use crate::server::state::AppState;

/// `POST /app/theme`: keeps the choice in a cookie, and goes back to the page it came from.
pub async fn choose(State(state): State<AppState>, request: Request) -> Result<Response, Problem> {
    let back = page_before(request.headers());
    let (body, _room) = read_whole(request, &state).await?;
    let mut fields = Fields::default();
    fields.add(&body)?;
    let theme = Theme::named(&fields.get("theme").unwrap_or_default());
    Ok(([(header::SET_COOKIE, theme.cookie())], Redirect::to(&back)).into_response())
}
