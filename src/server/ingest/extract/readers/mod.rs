//! What a child runs: a file for each family of formats. Nothing here is trusted, and nothing need be: a fault
//! costs the file that brought it about.

mod archive;
mod code_pages;
mod epub;
mod html;
mod html_table;
mod layout;
mod locked;
mod logical_order;
mod mail;
mod members;
mod ods;
mod office;
mod office_parts;
mod office_text;
mod opendocument;
mod page_text;
mod pdf;
mod rtf;
mod rtf_words;
mod sheets;
mod xml;

use std::fs::File;
use std::io::{Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

use super::worker::Request;
use super::{Extracted, Unreadable, rows, text};
use crate::domain::format::Reading;
use crate::domain::{Location, Warning};
use crate::server::ingest::recognise::{HEAD, recognise};

/// Files within files, as mails within mails.
const DEEPEST: u32 = 4;

/// Takes what is found.
type Sink<'a> = &'a mut dyn FnMut(Extracted);

/// Where in the file that was sent a document is, and what opens it.
#[derive(Clone, Default)]
struct Within<'a> {
    at: Location,
    /// How many files it lies in.
    depth: u32,
    password: Option<&'a str>,
}

impl Within<'_> {
    /// One file deeper, at a place.
    fn inside(&self, at: Location) -> Self {
        Self { at, depth: self.depth + 1, password: self.password }
    }

    fn encrypted(&self) -> Unreadable {
        Unreadable::encrypted(self.password.is_some())
    }
}

/// Reads a file of the format that its bytes, or else its name, tell.
pub fn read(request: &Request, mut file: File, sink: Sink<'_>) -> Result<(), Unreadable> {
    let io = |error: std::io::Error| Unreadable::new("unreadable", error.to_string());
    // The descriptor is shared with the server, and with it the place it reads at.
    file.rewind().map_err(io)?;
    let mut head = Vec::new();
    file.by_ref().take(HEAD as u64).read_to_end(&mut head).map_err(io)?;
    let reading = reading_of(&request.name, &head)?;
    file.rewind().map_err(io)?;
    let within = Within { password: request.password.as_deref(), ..Within::default() };
    if reading == Reading::Archive {
        return members::read(file, request, &within, sink);
    }
    let mut bytes = Vec::new();
    // Exact, so that memory is asked for once.
    bytes.try_reserve_exact(request.size as usize).map_err(|_| too_large())?;
    file.read_to_end(&mut bytes).map_err(io)?;
    if reading == Reading::Pdf {
        return guarded(|| pdf::read(bytes, &within, request.resume.as_ref(), sink));
    }
    // Only pages and members can be left out.
    guarded(|| document(reading, bytes, &within, sink))
}

/// A reader that panics has read nothing, or a part: the child goes on.
fn guarded(read: impl FnOnce() -> Result<(), Unreadable>) -> Result<(), Unreadable> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(Unreadable::crashed()))
}

fn too_large() -> Unreadable {
    Unreadable::new("too_expensive", "it takes more memory than a file is given")
}

fn reading_of(name: &str, head: &[u8]) -> Result<Reading, Unreadable> {
    recognise(name, head).map(|format| format.reading).map_err(|kind| {
        let kind = kind.map_or_else(String::new, |kind| format!(" ({kind})"));
        Unreadable::new("unsupported_format", format!("it is of a kind Sluice does not read{kind}"))
    })
}

/// Reads a file that lies in another, as a part of the same document. Its steps are not those of the whole.
fn part(name: &str, bytes: Vec<u8>, within: &Within<'_>, sink: Sink<'_>) -> Result<(), Unreadable> {
    if within.depth > DEEPEST {
        return Err(Unreadable::new("too_expensive", "it is nested too deeply"));
    }
    let reading = reading_of(name, &bytes[..bytes.len().min(HEAD)])?;
    let sink: Sink<'_> = &mut |found| {
        if !matches!(found, Extracted::Step { .. } | Extracted::Checkpoint(_)) {
            sink(found);
        }
    };
    match reading {
        Reading::Archive => members::parts(name, bytes, within, sink),
        Reading::Pdf => pdf::read(bytes, within, None, sink),
        reading => document(reading, bytes, within, sink),
    }
}

/// Reads a document that is whole in memory.
fn document(reading: Reading, bytes: Vec<u8>, within: &Within<'_>, sink: Sink<'_>) -> Result<(), Unreadable> {
    let bytes = locked::opened(bytes, within);
    let reading = if archive::is_zip(&bytes) {
        archive::check(&bytes)?;
        archive::reading_of(&bytes)?
    } else {
        reading
    };
    let at = &within.at;
    match reading {
        Reading::Text | Reading::Markdown | Reading::Table => plain(&bytes, reading, at, sink),
        Reading::Html => html::read(&bytes, at, sink),
        Reading::Office => office::read(&bytes, within, sink),
        Reading::Sheets => sheets::read(bytes, within, sink),
        Reading::OpenDocument => opendocument::read(&bytes, within, sink),
        Reading::Epub => epub::read(bytes, at, sink),
        Reading::Pdf => pdf::read(bytes, within, None, sink),
        Reading::Rtf => rtf::read(&bytes, at, sink),
        Reading::Mail => mail::read(&bytes, within, sink),
        Reading::Xml => xml::read(&bytes, at, sink),
        Reading::Archive => Err(Unreadable::new(
            "unsupported_format",
            "it is an archive of files, and no document as its name says; name it .zip",
        )),
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
        Reading::Table => rows::extract(&text, at, sink),
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
