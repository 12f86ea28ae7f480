//! What a page without scripts is told on the page it comes back to: why its form was refused.
//!
//! It goes along in a cookie, for one page. The address could bring it, too, but then any link could put words into
//! this server's mouth.

use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::body::SERVER_FUNCTIONS;
use super::fields::{is_browser_form, page_before, referer};
use crate::domain::Problem;

/// The cookie's name.
const COOKIE: &str = "refusal";

/// For so long it waits for the page that follows, in seconds.
const WAITS: u32 = 60;

/// Sends the form that is being answered back to its page, which will tell the problem. Answers whether it is a form
/// of a page without scripts at all.
pub fn on_the_page_before(problem: &Problem) -> bool {
    let Some(request) = use_context::<Parts>() else { return false };
    if !request.uri.path().starts_with(SERVER_FUNCTIONS) || !is_browser_form(&request.headers) {
        return false;
    }
    let words = serde_json::to_string(problem).unwrap_or_default();
    keep(&utf8_percent_encode(&words, NON_ALPHANUMERIC).to_string(), WAITS);
    leptos_axum::redirect(&page_before(&request.headers));
    true
}

/// What the page that is being written is to tell; only once.
pub fn take() -> Option<Problem> {
    let request = use_context::<Parts>()?;
    let cookies = request.headers.get(header::COOKIE)?.to_str().ok()?;
    let value = cookies.split(';').find_map(|it| it.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
    keep("", 0);
    serde_json::from_str(&percent_decode_str(value).decode_utf8().ok()?).ok()
}

fn keep(value: &str, seconds: u32) {
    let cookie = format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax");
    if let (Some(response), Ok(cookie)) = (use_context::<ResponseOptions>(), HeaderValue::try_from(cookie)) {
        response.append_header(header::SET_COOKIE, cookie);
    }
}

/// Whether the form that is being answered came from another page than this one.
pub fn came_from_elsewhere(page: &str) -> bool {
    let before = use_context::<Parts>().and_then(|it| referer(&it.headers));
    before.is_some_and(|before| before.path() != page)
}
