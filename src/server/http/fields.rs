//! The fields of a request that brings no files: of its query string and of a form that was sent. A page without
//! scripts gets the page back that it came from.

use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Serialize;

use super::extract::Json;
use super::problem::{INVALID_PARAMETER, bad_request};
use crate::domain::Problem;

/// Names and values, in their order.
#[derive(Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Adds those of a query string or a form.
    pub fn add(&mut self, encoded: &[u8]) -> Result<(), Problem> {
        let more: Vec<_> = serde_urlencoded::from_bytes(encoded)
            .map_err(|error| bad_request("invalid_form", format!("The fields cannot be read: {error}.")))?;
        self.0.extend(more);
        Ok(())
    }

    /// Fails for a field that the call does not know: who misspells a filter means fewer jobs, not more.
    pub fn check(&self, known: &[&str]) -> Result<(), Problem> {
        let unknown = self.0.iter().find(|(name, _)| !known.contains(&name.as_str()));
        let Some((name, _)) = unknown else { return Ok(()) };
        let detail = format!("This call has no parameter {name:?}; it takes {}.", known.join(", "));
        Err(bad_request(INVALID_PARAMETER, detail))
    }

    /// The first value that is not empty: a form in a page sends its empty fields along.
    pub fn get(&self, name: &str) -> Option<String> {
        self.all(name).find(|value| !value.is_empty()).map(str::to_owned)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(it, _)| it == name).map(|(_, value)| value.as_str())
    }
}

/// A browser without scripts sent its form, and wants a page.
pub fn is_browser_form(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// The answer to a program, or for a browser without scripts the way back to its page.
pub fn answer_or_back<T: Serialize>(headers: &HeaderMap, back: Option<&str>, answer: T) -> Response {
    if is_browser_form(headers) {
        return Redirect::to(own_page(back.unwrap_or_default())).into_response();
    }
    Json(answer).into_response()
}

/// The page that sent the form, on this server.
pub fn page_before(headers: &HeaderMap) -> String {
    let before = referer(headers);
    own_page(before.as_ref().and_then(Uri::path_and_query).map_or("/", |it| it.as_str())).to_owned()
}

/// The address that the request names as the one it came from.
pub fn referer(headers: &HeaderMap) -> Option<Uri> {
    headers.get(header::REFERER)?.to_str().ok()?.parse().ok()
}

/// The page, if it is one of this server's: nobody is sent elsewhere by a link that names us.
pub fn own_page(back: &str) -> &str {
    // Browsers take a backslash for a slash.
    let elsewhere = back.get(1..2).is_some_and(|second| matches!(second, "/" | "\\"));
    let is_own = back.starts_with('/') && !elsewhere && !back.chars().any(char::is_control);
    if is_own { back } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_this_server_is_gone_back_to() {
        for (back, page) in [
            ("/", "/"),
            ("/?status=failed", "/?status=failed"),
            ("/app/jobs/7", "/app/jobs/7"),
            ("", "/"),
            ("//elsewhere.org", "/"),
            ("/\\elsewhere.org", "/"),
            ("https://elsewhere.org/", "/"),
            ("/\tx", "/"),
        ] {
            assert_eq!(own_page(back), page, "{back:?}");
        }
    }
}
