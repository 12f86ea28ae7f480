//! Ingestion requests as they come: multipart, urlencoded or JSON, read into one shape.
//!
//! Files stream to blobs and are checked on the way; a request that breaks off leaves nothing behind.

use std::borrow::Cow;
use std::error::Error as _;

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, FromRequestParts, Multipart, Request};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::OwnedSemaphorePermit;

use super::asked::Asked;
use super::body::{Room, broken_off, media_type, read_whole, text_too_large, upload_too_large};
use super::extract::from_json;
use super::problem::{bad_request, data_folder};
use crate::domain::limits::FixedLimits;
use crate::domain::parameters::switch;
use crate::domain::{Limits, Metadata, OnDuplicate, Problem, json};
use crate::server::ingest::failures::unsupported;
use crate::server::ingest::recognise::{HEAD, is_wide};
use crate::server::jobs::{Given, JobsError, Options, Upload, check_format, names};
use crate::server::state::AppState;

/// Paths and switches are small, in bytes.
const SMALL_FIELD: u64 = FixedLimits::VALUES.max_field_size;

/// Characters of a refused file name that are shown.
const NAME_SHOWN: usize = 60;

/// What one request wants to have ingested.
#[derive(Debug, Default)]
pub struct IngestForm {
    pub files: Vec<Upload>,
    pub text_content: Option<String>,
    pub file_path: Option<String>,
    pub options: Options,
    pub sync: bool,
    /// The memory its texts take.
    room: Room,
    /// Its place among the uploads.
    _place: Option<OwnedSemaphorePermit>,
}

impl FromRequest<AppState> for IngestForm {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let asked = Asked::from_request_parts(&mut parts, state).await?;
        let mut form = Self::read(Request::from_parts(parts, body), state).await?;
        form.options = asked.with(form.options)?;
        Ok(form)
    }
}

impl IngestForm {
    async fn read(request: Request, state: &AppState) -> Result<Self, Problem> {
        match media_type(request.headers()).as_str() {
            "multipart/form-data" => Self::from_multipart(request, state).await,
            "application/x-www-form-urlencoded" => Self::from_urlencoded(request, state).await,
            "application/json" => {
                let (body, room) = read_whole(request, state).await?;
                let form = Self::try_from(from_json::<JsonForm>(body).await?)?;
                Ok(Self { room, ..form })
            }
            other => Err(Problem::new(
                415,
                "unsupported_media_type",
                format!(
                    "The body is {}; send multipart/form-data, application/x-www-form-urlencoded or \
                     application/json.",
                    if other.is_empty() { "of no stated type" } else { other }
                ),
            )),
        }
    }
}

/// The JSON twin of the form.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object with text_content or file_path")]
pub struct JsonForm {
    text_content: Option<String>,
    file_path: Option<String>,
    #[serde(default)]
    metadata: RawMetadata,
    #[serde(default, deserialize_with = "json::whole_or_none")]
    chunk_size: Option<u32>,
    #[serde(default, deserialize_with = "json::whole_or_none")]
    chunk_overlap: Option<u32>,
    password: Option<SecretString>,
    on_duplicate: Option<OnDuplicate>,
    callback_url: Option<String>,
    #[serde(default)]
    sync: bool,
}

impl TryFrom<JsonForm> for IngestForm {
    type Error = Problem;

    fn try_from(body: JsonForm) -> Result<Self, Problem> {
        Ok(Self {
            text_content: body.text_content,
            file_path: body.file_path.filter(|path| !path.is_empty()),
            options: Options {
                metadata: body.metadata.read()?,
                chunk_size: body.chunk_size,
                chunk_overlap: body.chunk_overlap,
                password: body.password.filter(|it| !it.expose_secret().is_empty()),
                on_duplicate: body.on_duplicate,
                idempotency_key: None,
                callback_url: body.callback_url.filter(|it| !it.is_empty()),
            },
            sync: body.sync,
            ..Self::default()
        })
    }
}

/// Metadata in a JSON body, not looked at yet: read, it could take many times its size.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct RawMetadata(Option<Box<RawValue>>);

impl RawMetadata {
    /// Reads it, if it is metadata.
    pub fn read(&self) -> Result<Metadata, Problem> {
        Metadata::parse(self.0.as_ref().map_or("", |raw| raw.get()))
            .map_err(|error| bad_request("invalid_metadata", format!("{error}.")))
    }
}

impl IngestForm {
    /// The one thing that is to be ingested. The form keeps the room that it takes.
    pub fn given(&mut self) -> Result<Given, Problem> {
        let files = std::mem::take(&mut self.files);
        // A form in a page sends its empty text field along.
        let text = self.text_content.take().filter(|it| files.is_empty() || !it.trim().is_empty());
        match (files.is_empty(), text, self.file_path.take()) {
            (false, None, None) => Ok(Given::Files(files)),
            (true, Some(text), None) => Ok(Given::Text(text)),
            (true, None, Some(path)) => Ok(Given::Path(path)),
            (true, None, None) => Err(bad_request(
                "nothing_to_ingest",
                "There is nothing to ingest. Send text_content, one or more file fields, or file_path.",
            )),
            _ => Err(bad_request(
                "ambiguous_source",
                "Send only one of text_content, file and file_path in a request.",
            )),
        }
    }

    async fn from_multipart(request: Request, state: &AppState) -> Result<Self, Problem> {
        match Self::from_multipart_so_far(request, state).await {
            (form, None) => Ok(form),
            (_, Some(problem)) => Err(problem),
        }
    }

    /// What was read of the form, and why not all of it: a page shows again what was typed into it.
    pub async fn from_multipart_so_far(request: Request, state: &AppState) -> (Self, Option<Problem>) {
        let mut form = Self::default();
        let problem = form.take_multipart(request, state).await.err();
        (form, problem)
    }

    async fn take_multipart(&mut self, request: Request, state: &AppState) -> Result<(), Problem> {
        let form = self;
        let mut multipart = Multipart::from_request(request, state).await.map_err(|rejection| {
            bad_request("invalid_form", format!("The form cannot be read: {}.", rejection.body_text()))
        })?;
        let place = state.places.uploads.clone().try_acquire_owned();
        let place = place.map_err(|_| too_many_uploads(&state.limits))?;
        form._place = Some(place);
        let mut parts = 0;
        while let Some(field) =
            multipart.next_field().await.map_err(|error| form_problem(&error, &state.limits))?
        {
            parts += 1;
            if parts > state.limits.max_form_parts {
                return Err(too_many_parts(&state.limits));
            }
            let name = field.name().unwrap_or_default().to_owned();
            if name == "file" || name == "files" {
                // A browser sends an empty part when no file was chosen.
                if field.file_name() == Some("") {
                    continue;
                }
                let file = store_file(field, state).await?;
                form.files.push(file);
            } else {
                let limit = match name.as_str() {
                    "text_content" => state.limits.max_text_size,
                    // Its own check says more of what is just too long.
                    "metadata" => 2 * FixedLimits::VALUES.max_metadata_size,
                    _ => SMALL_FIELD,
                };
                let value = text_field(&name, field, limit, &mut form.room, state).await?;
                form.set(&name, value)?;
            }
        }
        Ok(())
    }

    async fn from_urlencoded(request: Request, state: &AppState) -> Result<Self, Problem> {
        let (body, room) = read_whole(request, state).await?;
        let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(&body)
            .map_err(|error| bad_request("invalid_form", format!("The form cannot be read: {error}.")))?;
        // The decoder replaces invalid bytes; a text must not change on its way in.
        if let Some(at) = invalid_escape(&body) {
            return Err(not_utf8("The form", at));
        }
        let mut form = Self { room, ..Self::default() };
        for (name, value) in fields {
            form.set(&name, value)?;
        }
        Ok(form)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), Problem> {
        let is_empty = value.is_empty();
        match name {
            "text_content" if self.text_content.is_some() => {
                return Err(bad_request(
                    "ambiguous_source",
                    "text_content was sent twice. Send one text, or several as messages to /ingest/batch.",
                ));
            }
            "text_content" => self.text_content = Some(value),
            "file_path" => self.file_path = Some(value).filter(|path| !path.is_empty()),
            "metadata" => {
                self.options.metadata = Metadata::parse(&value)
                    .map_err(|error| bad_request("invalid_metadata", format!("{error}.")))?;
            }
            "chunk_size" => self.options.chunk_size = length(name, &value)?,
            "chunk_overlap" => self.options.chunk_overlap = length(name, &value)?,
            "password" => self.options.password = Some(value.into()).filter(|_| !is_empty),
            OnDuplicate::NAME => {
                self.options.on_duplicate = OnDuplicate::from_parameter(Some(&value))?;
            }
            "callback_url" => self.options.callback_url = Some(value).filter(|_| !is_empty),
            "sync" => self.sync = switch(name, &value)?,
            // Forms may carry fields of other services.
            _ => {}
        }
        Ok(())
    }
}

/// A number of characters; a form in a page sends its empty fields along.
fn length(name: &str, value: &str) -> Result<Option<u32>, Problem> {
    match value.trim() {
        "" => Ok(None),
        digits => digits.parse().map(Some).map_err(|_| {
            let detail = format!("{name} is {value:?}; it must be a number of characters, such as 1000.");
            bad_request("invalid_parameter", detail)
        }),
    }
}

/// The position of the first name or value that is not UTF-8 once its `%XX` escapes are undone.
fn invalid_escape(body: &[u8]) -> Option<u64> {
    let mut at = 0;
    for part in body.split(|byte| matches!(byte, b'&' | b'=')) {
        if std::str::from_utf8(&percent_decoded(part)).is_err() {
            return Some(at);
        }
        at += part.len() as u64 + 1;
    }
    None
}

fn percent_decoded(part: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(part.len());
    let mut rest = part;
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten();
        let byte = escaped.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match byte {
            Some(byte) => {
                decoded.push(byte);
                rest = &after[2..];
            }
            None => {
                decoded.push(*first);
                rest = after;
            }
        }
    }
    decoded
}

async fn text_field(
    name: &str,
    mut field: Field<'_>,
    limit: u64,
    room: &mut Room,
    state: &AppState,
) -> Result<String, Problem> {
    let mut value = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| form_problem(&error, &state.limits))? {
        if (value.len() + chunk.len()) as u64 > limit {
            return Err(match name {
                "text_content" => text_too_large(&state.limits),
                _ => Problem::new(
                    413,
                    "too_large",
                    format!("{name} is longer than {limit} bytes. Shorten it."),
                ),
            });
        }
        room.grow(chunk.len(), state)?;
        value.extend_from_slice(&chunk);
    }
    String::from_utf8(value).map_err(|error| not_utf8(name, error.utf8_error().valid_up_to() as u64))
}

fn not_utf8(what: &str, at: u64) -> Problem {
    bad_request(
        "invalid_utf8",
        format!("{what} is not UTF-8 text: byte {at} is not valid. Send it as UTF-8."),
    )
}

/// Streams one uploaded file to disk, and looks on the way whether it is what its name says.
async fn store_file(mut field: Field<'_>, state: &AppState) -> Result<Upload, Problem> {
    let name = file_name(&field)?;
    let mut writer = state.jobs.blobs().create().await.map_err(|error| data_folder(&error))?;
    let (mut head, mut format) = (Vec::new(), None);
    while let Some(chunk) = field.chunk().await.map_err(|error| form_problem(&error, &state.limits))? {
        let missing = HEAD - head.len();
        head.extend_from_slice(&chunk[..chunk.len().min(missing)]);
        if format.is_none() && head.len() == HEAD {
            format = Some(check_format(&name, &head)?);
        }
        // What is no text, whatever its name says, can be told at once.
        let is_text = format.is_some_and(|it| it.is_text()) && !is_wide(&head);
        if is_text && chunk.contains(&0) {
            return Err(JobsError::Unsupported(unsupported(&name, None).message).into());
        }
        writer.write(&chunk).await.map_err(|error| data_folder(&error))?;
    }
    let size_bytes = writer.size();
    if size_bytes == 0 {
        return Err(bad_request(
            "empty_file",
            format!(
                "{name} is empty, so nothing of this request was accepted. Leave it out, or send a file with text in it."
            ),
        ));
    }
    let format = match format {
        Some(format) => format,
        None => check_format(&name, &head)?,
    };
    let written = writer.finish().await.map_err(|error| data_folder(&error))?;
    Ok(Upload { name, format, size_bytes, written })
}

fn file_name(field: &Field<'_>) -> Result<String, Problem> {
    let Some(name) = field.file_name() else {
        return Err(bad_request(
            "invalid_file_name",
            "The field file has no file name. With curl, send it as -F file=@notes.txt.",
        ));
    };
    if names::is_plain(name) {
        return Ok(name.to_owned());
    }
    Err(bad_request(
        "invalid_file_name",
        format!(
            "The file name {:?} cannot be used: it must be a bare name of at most 255 bytes, without path \
             separators and control characters.",
            beginning(name)
        ),
    ))
}

/// Of a long name as much as tells which one is meant.
fn beginning(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(NAME_SHOWN) {
        Some((end, _)) => format!("{}…", &name[..end]).into(),
        None => name.into(),
    }
}

fn form_problem(error: &MultipartError, limits: &Limits) -> Problem {
    use multer::Error::{DecodeContentType, DecodeHeaderName, DecodeHeaderValue, ReadHeaderFailed};
    if error.status().as_u16() == 413 {
        return upload_too_large(limits);
    }
    let cause = error.source().and_then(|cause| cause.downcast_ref::<multer::Error>());
    match cause {
        Some(
            cause @ (ReadHeaderFailed(_)
            | DecodeHeaderName { .. }
            | DecodeHeaderValue { .. }
            | DecodeContentType(_)),
        ) => bad_request(
            "invalid_form",
            format!(
                "The head of a form field cannot be read: {cause}. Names of fields and files cannot have \
                 control characters."
            ),
        ),
        Some(cause) => broken_off(cause, limits),
        None => broken_off(error, limits),
    }
}

fn too_many_parts(limits: &Limits) -> Problem {
    let most = limits.max_form_parts;
    let detail =
        format!("The form has more than {most} fields and files (--max-form-parts). Send several requests.");
    Problem::new(413, "too_many_parts", detail)
}

fn too_many_uploads(limits: &Limits) -> Problem {
    let most = limits.max_concurrent_uploads;
    let detail = format!(
        "This server reads {most} uploads now, as many as it does at a time (--max-concurrent-uploads). Try again soon."
    );
    Problem::new(429, "too_many_uploads", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_not_echoed_whole() {
        assert_eq!(beginning("../a.txt"), "../a.txt");
        assert_eq!(beginning(&"ä".repeat(60)), "ä".repeat(60));
        assert_eq!(beginning(&"ä".repeat(300)), format!("{}…", "ä".repeat(60)));
    }
}
