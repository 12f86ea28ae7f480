//! The theme of the dashboard, for pages without JavaScript.

use axum::Form;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::fields::own_page;
use crate::app::Theme;

/// A year, in seconds.
const KEPT: u32 = 31_536_000;

#[derive(Debug, Deserialize)]
pub struct Choice {
    #[serde(default)]
    theme: String,
}

/// `POST /app/theme`: keeps the choice in a cookie, and goes back to the page it came from.
pub async fn choose(headers: HeaderMap, Form(choice): Form<Choice>) -> Response {
    let theme = Theme::ALL.into_iter().find(|it| it.as_str() == choice.theme).unwrap_or_default();
    let cookie = format!("{}={}; Path=/; Max-Age={KEPT}; SameSite=Lax", Theme::COOKIE, theme.as_str());
    ([(header::SET_COOKIE, cookie)], Redirect::to(&page_before(&headers))).into_response()
}

/// The page that sent the form, on this server.
fn page_before(headers: &HeaderMap) -> String {
    let referer =
        headers.get(header::REFERER).and_then(|it| it.to_str().ok()).and_then(|it| it.parse::<Uri>().ok());
    own_page(referer.as_ref().and_then(Uri::path_and_query).map_or("/", |it| it.as_str())).to_owned()
}
