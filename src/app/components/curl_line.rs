//! How to send a file from a terminal.

use leptos::prelude::use_context;

/// A line to copy, with the address that the page was asked of.
pub fn curl_line() -> String {
    let request = use_context::<http::request::Parts>();
    let host = request.as_ref().and_then(|it| it.headers.get(http::header::HOST)?.to_str().ok());
    format!("curl -F file=@report.pdf http://{}/ingest", host.unwrap_or("127.0.0.1:8011"))
}
