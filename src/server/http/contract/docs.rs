//! `/docs`: the document as a page to read and to try, by Swagger UI. The page needs no other host.

use std::io::{Cursor, Read};
use std::sync::LazyLock;

use axum::Router;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

use crate::domain::Problem;
use crate::server::state::AppState;

/// Only our own scripts and styles; pictures may also lie in the style.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sluice API</title>
<link rel="icon" href="/favicon.svg">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<script src="/docs/swagger-ui-bundle.js" defer></script>
<script src="/docs/start.js" defer></script>
</head>
<body>
<div id="docs"></div>
<noscript><p>This page needs JavaScript. The document it shows is <a href="/openapi.json">openapi.json</a>.</p></noscript>
</body>
</html>
"#;

const START: &str = r##"SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#docs",
    deepLinking: true,
    validatorUrl: null,
    displayRequestDuration: true,
    presets: [SwaggerUIBundle.presets.apis],
});
"##;

/// The files of Swagger UI that the page uses, unpacked when someone first asks for them.
static STYLE: LazyLock<Option<Vec<u8>>> = LazyLock::new(|| unpacked("swagger-ui.css"));
static SCRIPT: LazyLock<Option<Vec<u8>>> = LazyLock::new(|| unpacked("swagger-ui-bundle.js"));

/// The page and its files: no calls of the API, so the document does not name them.
pub fn routes() -> Router<AppState> {
    Router::new().route("/docs", get(page)).route("/docs/{file}", get(file))
}

async fn page() -> Response {
    ([(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))], Html(PAGE)).into_response()
}

async fn file(uri: Uri) -> Response {
    let name = uri.path().trim_start_matches("/docs/").to_owned();
    let (media_type, bytes): (_, Option<&'static [u8]>) = match name.as_str() {
        "swagger-ui.css" => ("text/css; charset=utf-8", STYLE.as_deref()),
        "swagger-ui-bundle.js" => ("text/javascript; charset=utf-8", SCRIPT.as_deref()),
        "start.js" => ("text/javascript; charset=utf-8", Some(START.as_bytes())),
        _ => ("", None),
    };
    let Some(bytes) = bytes else {
        return Problem::new(404, "not_found", format!("This server has no file {name}.")).into_response();
    };
    let headers = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, bytes).into_response()
}

/// A file of the archive that the crate brings.
fn unpacked(name: &str) -> Option<Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED)).ok()?;
    let ending = format!("/dist/{name}");
    let path = archive.file_names().flatten().find(|it| it.ends_with(&ending))?.into_owned();
    let mut bytes = Vec::new();
    archive.by_name(&path).ok()?.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_the_page_are_there() {
        assert!(STYLE.is_some() && SCRIPT.is_some());
    }
}
