//! The browser's files, inside the executable: wasm, JavaScript and style under a path that names
//! their content, so that browsers keep them for good.

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::domain::Problem;

/// What `cargo leptos build` left; empty in a build without a browser half.
#[derive(RustEmbed)]
#[folder = "target/site"]
#[allow_missing = true]
struct Site;

/// Where cargo-leptos puts the generated files.
const PACKAGE: &str = "pkg";

/// Encodings the build has made, best first, with the ending of their files.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// The folder pages refer to: it changes whenever the content does.
pub static PACKAGE_FOLDER: LazyLock<String> = LazyLock::new(package_folder);

/// Whether this build has a browser half; without one pages are plain HTML.
pub fn is_there() -> bool {
    Site::iter().any(|file| file.starts_with(PACKAGE))
}

fn package_folder() -> String {
    let mut files: Vec<Cow<'static, str>> = Site::iter().filter(|it| it.starts_with(PACKAGE)).collect();
    files.sort();
    let mut hash = Sha256::new();
    for file in files.iter().filter_map(|name| Site::get(name)) {
        hash.update(file.metadata.sha256_hash());
    }
    format!("{PACKAGE}/{}", &hex::encode(hash.finalize())[..16])
}

/// `GET /pkg/{hash}/{*file}`.
pub async fn package_file(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    // A page of an older server may still ask for its own files: it gets today's, but must not keep them.
    let current = path.starts_with(PACKAGE_FOLDER.as_str());
    let caching = if current { "public, max-age=31536000, immutable" } else { "no-cache" };
    let file = path.splitn(3, '/').nth(2).unwrap_or_default();
    file_named(&format!("{PACKAGE}/{file}"), caching, &headers).unwrap_or_else(|| {
        Problem::new(404, "not_found", format!("This server has no file {file}.")).into_response()
    })
}

/// Whether a path is that of a file at the top.
pub fn is_public(path: &str) -> bool {
    Site::get(path.trim_start_matches('/')).is_some()
}

/// A file at the top, such as `/favicon.svg`.
pub fn public_file(uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    file_named(uri.path().trim_start_matches('/'), "public, max-age=3600", headers)
}

fn file_named(name: &str, caching: &'static str, headers: &HeaderMap) -> Option<Response> {
    let plain = Site::get(name)?;
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let encoded = ENCODINGS
        .iter()
        .filter(|(encoding, _)| accepts(accepted, encoding))
        .find_map(|(encoding, ending)| Some((*encoding, Site::get(&format!("{name}{ending}"))?)));
    let (encoding, file) = match encoded {
        Some((encoding, file)) => (Some(encoding), file),
        None => (None, plain),
    };
    let mut response = axum::body::Body::from(file.data).into_response();
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(name)));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Some(response)
}

fn accepts(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|it| {
        let mut parts = it.split(';');
        parts.next().is_some_and(|name| name.trim() == encoding)
            && !parts.any(|parameter| matches!(parameter.trim(), "q=0" | "q=0.0"))
    })
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "ico" => "image/x-icon",
        "png" => "image/png",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_accepted_unless_its_weight_is_zero() {
        for (header, accepted) in [
            ("gzip, br", true),
            ("gzip;q=1.0, br;q=0.5", true),
            ("br;q=0", false),
            ("gzip", false),
            ("", false),
        ] {
            assert_eq!(accepts(header, "br"), accepted, "{header}");
        }
    }
}
