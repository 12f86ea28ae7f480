//! What a child runs: a file for each family of formats. Nothing here is trusted, and nothing need be: a fault
//! costs the file that brought it about.

mod archive;
mod epub;
mod html;
mod mail;
mod office;
mod opendocument;
mod pdf;
mod sheets;

use std::fs::File;
use std::io::Read;

use serde_json::Value;

use super::{Extracted, Unreadable, text};
use crate::domain::format::{Format, Reading};
use crate::domain::{Location, Warning};

/// Files within files, as mails within mails.
const DEEPEST: u32 = 4;

/// Takes what is found.
type Sink<'a> = &'a mut dyn FnMut(Extracted);

/// Reads a file of the format that its bytes, or else its name, tell.
pub fn read(name: &str, mut file: File, size: u64, sink: Sink<'_>) -> Result<(), Unreadable> {
    let mut bytes = Vec::new();
    // Exact, so that memory is asked for once.
    bytes.try_reserve_exact(size as usize).map_err(|_| too_large())?;
    file.read_to_end(&mut bytes).map_err(|error| Unreadable::new("unreadable", error.to_string()))?;
    read_bytes(name, bytes, &Location::default(), 0, sink)
}

fn too_large() -> Unreadable {
    Unreadable::new("too_expensive", "it takes more memory than a file is given")
}

/// Reads the bytes of a file that is somewhere in another.
fn read_bytes(
    name: &str,
    bytes: Vec<u8>,
    at: &Location,
    depth: u32,
    sink: Sink<'_>,
) -> Result<(), Unreadable> {
    if depth > DEEPEST {
        return Err(Unreadable::new("too_expensive", "it is nested too deeply"));
    }
    let Some(reading) = reading_of(name, &bytes)? else {
        return Err(Unreadable::new("unsupported_format", "it is of a kind Sluice does not read"));
    };
    if bytes.starts_with(archive::ZIP) {
        archive::check(&bytes)?;
    }
    match reading {
        Reading::Text | Reading::Markdown => plain(&bytes, reading, at, sink),
        Reading::Html => html::read(&bytes, at, sink),
        Reading::Office => office::read(&bytes, at, sink),
        Reading::Sheets => sheets::read(bytes, at, sink),
        Reading::OpenDocument => opendocument::read(&bytes, at, sink),
        Reading::Epub => epub::read(bytes, sink),
        Reading::Pdf => pdf::read(bytes, at, sink),
        Reading::Mail => mail::read(&bytes, at, depth, sink),
    }
}

/// What the first bytes tell; else what the name tells.
fn reading_of(name: &str, bytes: &[u8]) -> Result<Option<Reading>, Unreadable> {
    let head = &bytes[..bytes.len().min(1024)];
    if head.windows(5).any(|it| it == b"%PDF-") {
        return Ok(Some(Reading::Pdf));
    }
    if bytes.starts_with(archive::ZIP) {
        return archive::reading_of(bytes).map(Some);
    }
    let named = Format::of_name(name).map(|format| format.reading);
    if bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        // Old Office files, and new ones that are encrypted.
        return Ok(Some(if named == Some(Reading::Sheets) { Reading::Sheets } else { Reading::Office }));
    }
    // The others are archives with marks of their own: without them this is not what its name says.
    match named {
        Some(Reading::Pdf | Reading::Office | Reading::Sheets | Reading::OpenDocument | Reading::Epub) => {
            Err(Unreadable::damaged("its first bytes are those of another kind"))
        }
        other => Ok(other),
    }
}

/// Text within another file, as an attachment.
fn plain(bytes: &[u8], reading: Reading, at: &Location, sink: Sink<'_>) -> Result<(), Unreadable> {
    let (text, guessed) = text::decode(bytes)
        .ok_or_else(|| Unreadable::new("unsupported_format", "it is no text, whatever its name says"))?;
    sink(Extracted::Place(at.clone()));
    if let Some(encoding) = guessed {
        sink(Extracted::Warning(text::guessed(encoding)));
    }
    match reading {
        Reading::Markdown => super::markdown::extract(&text, at, sink),
        _ => sink(Extracted::Text(text)),
    }
    Ok(())
}

/// Tells a fact if there is one.
fn fact(sink: Sink<'_>, name: &str, value: Option<impl Into<String>>) {
    let value = value.map(Into::into).filter(|it| !it.trim().is_empty());
    if let Some(value) = value {
        sink(Extracted::Fact(name.to_owned(), Value::String(value.trim().to_owned())));
    }
}

fn warn(sink: Sink<'_>, code: &str, message: String) {
    sink(Extracted::Warning(Warning::new(code, message)));
}
