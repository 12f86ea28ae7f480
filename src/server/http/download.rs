//! Originals as files to keep: streamed, never shown by the browser as a page of this server.

use std::collections::BTreeMap;
use std::io::{self, SeekFrom};
use std::ops::RangeInclusive;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;
use utoipa::IntoResponses;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{self, KnownFormat, RefOr, SchemaFormat};

use super::problem::data_folder;
use crate::domain::Problem;
use crate::server::blobs::Blobs;
use crate::server::originals::{Bytes, NotKept, Original};
use crate::server::store::BlobRef;

/// Bytes sent at once.
const PIECE: usize = 64 << 10;

/// What a browser could take for a page or a script is none of these.
const HARMLESS: [&str; 8] = [
    "text/plain",
    "text/markdown",
    "text/csv",
    "application/json",
    "application/pdf",
    "application/zip",
    "application/rtf",
    "application/epub+zip",
];

const UNKNOWN: &str = "application/octet-stream";

/// The answers of [`download`], for the document of the API.
#[derive(Debug)]
pub struct Download;

impl IntoResponses for Download {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        let bytes = || {
            let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
            let bytes = ObjectBuilder::new().schema_type(Type::String).format(Some(format)).build();
            ContentBuilder::new().schema(Some(bytes)).build()
        };
        let with_bytes = |about: &str| {
            let types = [UNKNOWN].into_iter().chain(HARMLESS);
            let response = types.fold(openapi::ResponseBuilder::new(), |it, kind| it.content(kind, bytes()));
            response.description(about)
        };
        let empty = |about: &str| openapi::ResponseBuilder::new().description(about);
        openapi::ResponsesBuilder::new()
            .response("200", with_bytes("The bytes as they were sent."))
            .response("206", with_bytes("The part that `Range` asks for."))
            .response("304", empty("`If-None-Match` names these bytes."))
            .response("416", empty("The part that `Range` asks for lies behind the end."))
            .build()
            .into()
    }
}

/// Hands out an original, or the part of it that was asked for.
pub async fn download(original: Original, blobs: &Blobs, asked: &HeaderMap) -> Result<Response, Problem> {
    let mut response = match original.bytes {
        Bytes::Text(text) => text.into_response(),
        Bytes::Blob(blob) => blob_response(blob, blobs, asked).await?,
    };
    let name = match original.media_type.as_str() {
        // A text's name is its first words.
        "text/plain" if !original.name.contains('.') => format!("{}.txt", original.name),
        _ => original.name,
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(harmless(&original.media_type)));
    headers.insert(header::CONTENT_DISPOSITION, attachment(&name));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    Ok(response)
}

async fn blob_response(blob: BlobRef, blobs: &Blobs, asked: &HeaderMap) -> Result<Response, Problem> {
    let tag = format!("\"{blob}\"");
    let given = |name| asked.get(name).and_then(|value| value.to_str().ok());
    let known = given(header::IF_NONE_MATCH);
    if known.is_some_and(|known| known.split(',').any(|it| it.trim().trim_start_matches("W/") == tag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let (mut file, size) = open(blob, blobs).await?;
    // A part is wanted only of the same bytes as before.
    let same = given(header::IF_RANGE).is_none_or(|before| before == tag);
    let part = given(header::RANGE).filter(|_| same).and_then(|range| part_of(range, size));
    let headers = [(header::ETAG, tag), (header::ACCEPT_RANGES, "bytes".to_owned())];
    let (status, range, length) = match part {
        None => (StatusCode::OK, None, size),
        Some(Err(Unsatisfiable)) => {
            let range = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, headers, range).into_response());
        }
        Some(Ok(part)) => {
            file.seek(SeekFrom::Start(*part.start())).await.map_err(|error| data_folder(&error))?;
            let (first, last) = part.into_inner();
            (StatusCode::PARTIAL_CONTENT, Some(format!("bytes {first}-{last}/{size}")), last - first + 1)
        }
    };
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(length), PIECE));
    let range = range.map(|range| [(header::CONTENT_RANGE, range)]);
    let length = [(header::CONTENT_LENGTH, length.to_string())];
    Ok(match range {
        Some(range) => (status, headers, range, length, body).into_response(),
        None => (status, headers, length, body).into_response(),
    })
}

async fn open(blob: BlobRef, blobs: &Blobs) -> Result<(tokio::fs::File, u64), Problem> {
    let blobs = blobs.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let file = blobs.open_file(blob)?;
        let size = file.metadata()?.len();
        Ok((file, size))
    });
    match opened.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
        Ok((file, size)) => Ok((tokio::fs::File::from_std(file), size)),
        // Deleted with its document at this moment.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(NotKept::NoCopy.into()),
        Err(error) => Err(data_folder(&error)),
    }
}

/// The part lies behind the end.
#[derive(Debug, PartialEq, Eq)]
struct Unsatisfiable;

/// The bytes a `Range` header asks for; `None` for all of them, also where it is not understood or names several.
fn part_of(range: &str, size: u64) -> Option<Result<RangeInclusive<u64>, Unsatisfiable>> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let end = size.checked_sub(1);
    let (first, last) = match (first.trim(), last.trim()) {
        ("", count) => {
            let count: u64 = count.parse().ok()?;
            if count == 0 {
                return Some(Err(Unsatisfiable));
            }
            (size.saturating_sub(count), u64::MAX)
        }
        (first, "") => (first.parse().ok()?, u64::MAX),
        (first, last) => (first.parse().ok()?, last.parse().ok()?),
    };
    if last < first {
        return None;
    }
    Some(end.filter(|end| first <= *end).map(|end| first..=last.min(end)).ok_or(Unsatisfiable))
}

fn harmless(media_type: &str) -> &'static str {
    let known = HARMLESS.into_iter().find(|it| *it == media_type);
    match known {
        // The bytes say nothing of their encoding; saying none leaves it to whoever opens the file.
        Some(known) => known,
        None => UNKNOWN,
    }
}

/// A file to be saved under the last part of a name: in ASCII, and as it is.
fn attachment(name: &str) -> HeaderValue {
    let name = name.rsplit(['/', '\\']).next().filter(|it| !it.trim().is_empty()).unwrap_or("original");
    let plain: String = name
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() || "-_. ".contains(it) { it } else { '_' })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    let value = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_the_header() {
        for (name, value) in [
            ("a.txt", "attachment; filename=\"a.txt\"; filename*=UTF-8''a.txt"),
            ("dir/été.pdf", "attachment; filename=\"_t_.pdf\"; filename*=UTF-8''%C3%A9t%C3%A9.pdf"),
            ("a\"; x=\r\n", "attachment; filename=\"a__ x___\"; filename*=UTF-8''a%22%3B%20x%3D%0D%0A"),
            ("", "attachment; filename=\"original\"; filename*=UTF-8''original"),
        ] {
            assert_eq!(attachment(name), value, "{name:?}");
        }
    }

    #[test]
    fn nothing_is_handed_out_as_a_page_or_a_script() {
        for (media_type, sent) in [
            ("text/plain", "text/plain"),
            ("application/pdf", "application/pdf"),
            ("text/html", "application/octet-stream"),
            ("image/svg+xml", "application/octet-stream"),
            ("application/xml", "application/octet-stream"),
            ("message/rfc822", "application/octet-stream"),
            ("", "application/octet-stream"),
        ] {
            assert_eq!(harmless(media_type), sent);
        }
    }

    #[test]
    fn a_part_lies_within_the_file() {
        for (range, part) in [
            ("bytes=0-4", Some(Ok(0..=4))),
            ("bytes=3-", Some(Ok(3..=9))),
            ("bytes=-3", Some(Ok(7..=9))),
            ("bytes=-99", Some(Ok(0..=9))),
            ("bytes=5-99", Some(Ok(5..=9))),
            ("bytes=10-", Some(Err(Unsatisfiable))),
            ("bytes=-0", Some(Err(Unsatisfiable))),
            ("bytes=4-2", None),
            ("bytes=0-1,3-4", None),
            ("lines=1-2", None),
        ] {
            assert_eq!(part_of(range, 10), part, "{range}");
        }
        assert_eq!(part_of("bytes=0-", 0), Some(Err(Unsatisfiable)));
    }
}
