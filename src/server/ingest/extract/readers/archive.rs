//! ZIP, in which most document formats come: what is inside, and whether unpacking it is affordable.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::Unreadable;
use crate::domain::format::Reading;

/// What a document may unpack to, in bytes.
const MOST: u64 = 1 << 30;

/// What a file of some size may unpack to, times its size. Text packs to a tenth, repetitions to a thousandth.
const RATIO: u64 = 250;

/// Below this no ratio is too much, in bytes.
const SMALL: u64 = 64 << 20;

/// Members of one document.
const MEMBERS: usize = 20_000;

pub type Members<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// Whether this is how a ZIP file begins, be it empty.
pub fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// What a file of this size may unpack to, in bytes.
pub fn allowance(size: u64) -> u64 {
    SMALL.max(size.saturating_mul(RATIO))
}

pub fn open(bytes: &[u8]) -> Result<Members<'_>, Unreadable> {
    ZipArchive::new(Cursor::new(bytes)).map_err(Unreadable::damaged)
}

/// Fails for a document that is too expensive to unpack, by what it says of itself.
pub fn check(bytes: &[u8]) -> Result<(), Unreadable> {
    let mut archive = open(bytes)?;
    if archive.len() > MEMBERS {
        return Err(expensive(format!("it has {} members", archive.len())));
    }
    let mut unpacked: u64 = 0;
    for member in 0..archive.len() {
        let member = archive.by_index_raw(member).map_err(Unreadable::damaged)?;
        unpacked = unpacked.saturating_add(member.size());
    }
    if unpacked > allowance(bytes.len() as u64).min(MOST) {
        return Err(expensive(format!("its {} bytes unpack to {unpacked}", bytes.len())));
    }
    Ok(())
}

fn expensive(reason: String) -> Unreadable {
    Unreadable::new("too_expensive", reason)
}

/// The kind of document that a ZIP file is, by its members.
pub fn reading_of(bytes: &[u8]) -> Result<Reading, Unreadable> {
    let mut archive = open(bytes)?;
    let names: Vec<_> = archive.file_names().filter_map(Result::ok).map(|name| name.into_owned()).collect();
    let has = |prefix: &str| names.iter().any(|name| name.starts_with(prefix));
    let is_office = names.iter().any(|name| name == "[Content_Types].xml");
    if is_office && (has("word/") || has("ppt/")) || has("word/document.xml") {
        return Ok(Reading::Office);
    }
    if has("xl/") {
        return Ok(Reading::Sheets);
    }
    let kind = member(&mut archive, "mimetype").unwrap_or_default();
    match kind.trim_ascii() {
        b"application/epub+zip" => Ok(Reading::Epub),
        kind if kind.starts_with(b"application/vnd.oasis.opendocument.spreadsheet") => Ok(Reading::Sheets),
        kind if kind.starts_with(b"application/vnd.oasis.opendocument") => Ok(Reading::OpenDocument),
        _ if has("META-INF/container.xml") => Ok(Reading::Epub),
        _ if is_office => Ok(Reading::Office),
        _ => Ok(Reading::Archive),
    }
}

/// The bytes of one member, as many as the archive says there are.
pub fn member(archive: &mut Members<'_>, name: &str) -> Result<Vec<u8>, Unreadable> {
    let member = archive.by_name(name).map_err(Unreadable::damaged)?;
    let mut bytes = Vec::new();
    member.take(MOST).read_to_end(&mut bytes).map_err(Unreadable::damaged)?;
    Ok(bytes)
}
