//! What kind of file it is: its first bytes say, and its name where they do not.

use super::extract::encodings::wide;
use super::extract::text::UTF_32_MARK;
use crate::domain::format::{Format, Reading};

/// So many bytes are enough to tell.
pub const HEAD: usize = 4096;

/// The mark of a PDF file is within so many bytes (ISO 32000-1, annex H.3).
const PDF_MARK: usize = 1024;

/// The format of a file, or what kind of file it is instead, as far as that is known.
pub fn recognise(name: &str, head: &[u8]) -> Result<&'static Format, Option<&'static str>> {
    let named = Format::of_name(name);
    if let Some(reading) = by_content(head, named) {
        // Of several formats that are read alike, the name knows which.
        return Ok(named.filter(|it| it.reading == reading).unwrap_or_else(|| Format::of_reading(reading)));
    }
    // Marked-up text begins in many ways, and is told by its name.
    let is_bytes = |it: &infer::Type| it.matcher_type() != infer::MatcherType::Text;
    let kind = || infer::get(head).filter(is_bytes).map(|it| it.mime_type());
    match named {
        // Words can begin like a picture; but they have no zero bytes.
        Some(format) if format.is_text() => {
            if !is_wide(head) && head.contains(&0) {
                Err(kind())
            } else {
                Ok(format)
            }
        }
        // Bytes of no known kind may be of a damaged file: its reader will say.
        Some(format) => kind().map_or(Ok(format), |kind| Err(Some(kind))),
        None => Err(kind()),
    }
}

fn by_content(head: &[u8], named: Option<&'static Format>) -> Option<Reading> {
    let contains = |mark: &[u8]| head.windows(mark.len()).any(|it| it == mark);
    let starts = |mark: &[u8]| head.starts_with(mark);
    let plain = named.is_none_or(|it| it.reading == Reading::Text && it.name == "plain text");
    if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") {
        return Some(zipped(head, named.map(|it| it.reading)));
    }
    if starts(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        // Old Office files, and new ones that are encrypted.
        let is_sheet = named.is_some_and(|it| it.reading == Reading::Sheets);
        return Some(if is_sheet { Reading::Sheets } else { Reading::Office });
    }
    if starts(b"{\\rtf") {
        return Some(Reading::Rtf);
    }
    if starts(b"\x1f\x8b") || head.get(257..262) == Some(b"ustar") {
        return Some(Reading::Archive);
    }
    // Other bytes may come before the mark; but a text may be about it.
    if starts(b"%PDF-") || !plain && head[..head.len().min(PDF_MARK)].windows(5).any(|it| it == b"%PDF-") {
        return Some(Reading::Pdf);
    }
    if !plain {
        return None;
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let begins =
        |mark: &str| text.get(..mark.len()).is_some_and(|it| it.eq_ignore_ascii_case(mark.as_bytes()));
    if begins("<!doctype html") || begins("<html") {
        Some(Reading::Html)
    } else if named.is_none() && begins("<?xml") {
        Some(Reading::Xml)
    } else if starts(b"From ") && MAIL.iter().any(|it| contains(&[b"\n", it.as_bytes()].concat())) {
        Some(Reading::Archive)
    } else if MAIL.iter().any(|it| begins(it)) {
        Some(Reading::Mail)
    } else {
        None
    }
}

/// Fields a mail begins with.
const MAIL: [&str; 5] = ["Return-Path: ", "Received: ", "Delivered-To: ", "MIME-Version: ", "Message-ID: "];

/// How the names of parts of an Office document begin.
const OFFICE_PARTS: [&[u8]; 7] =
    [b"[Content_Types].xml", b"_rels/", b"docProps/", b"customXml/", b"word/", b"xl/", b"ppt/"];

/// The name of the first entry of a ZIP file (APPNOTE 4.3.7).
fn first_name(head: &[u8]) -> &[u8] {
    let length = head.get(26..28).map_or(0, |it| usize::from(u16::from_le_bytes([it[0], it[1]])));
    head.get(30..30 + length).unwrap_or_default()
}

/// Documents are archives, too: the name tells, or else the members that come first.
fn zipped(head: &[u8], named: Option<Reading>) -> Reading {
    if let Some(reading @ (Reading::Office | Reading::Sheets | Reading::OpenDocument | Reading::Epub)) = named
    {
        return reading;
    }
    let contains = |mark: &str| head.windows(mark.len()).any(|it| it == mark.as_bytes());
    // OpenDocument and EPUB have their type first, and not packed.
    if contains("mimetypeapplication/epub+zip") {
        Reading::Epub
    } else if contains("mimetypeapplication/vnd.oasis.opendocument.spreadsheet") {
        Reading::Sheets
    } else if contains("mimetypeapplication/vnd.oasis.opendocument") {
        Reading::OpenDocument
    } else if !contains("[Content_Types].xml")
        || !OFFICE_PARTS.iter().any(|it| first_name(head).starts_with(it))
    {
        // The documents in an archive may have such a part, too.
        Reading::Archive
    } else if contains("xl/") {
        Reading::Sheets
    } else {
        Reading::Office
    }
}

/// Whether it is text of two bytes a character, which may have zero bytes.
pub fn is_wide(head: &[u8]) -> bool {
    let is_four = head.starts_with(UTF_32_MARK);
    head.starts_with(&[0xff, 0xfe]) && !is_four || head.starts_with(&[0xfe, 0xff]) || wide(head).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The headers of a ZIP file's entries.
    fn zip(names: &[&str]) -> Vec<u8> {
        let entry = |name: &&str| {
            [b"PK\x03\x04", &[0; 22][..], &[name.len() as u8, 0, 0, 0], name.as_bytes()].concat()
        };
        names.iter().flat_map(entry).collect()
    }

    #[test]
    fn the_first_bytes_tell_the_kind_and_the_name_what_they_leave_open() {
        let tar = [vec![b'a'; 257], b"ustar\0".to_vec()].concat();
        for (name, head, expected) in [
            ("a.txt", &b"%PDF-1.7\n"[..], Ok("PDF")),
            ("a.unknown", b"%PDF-1.7\n", Ok("PDF")),
            ("a.pdf", b"junk before %PDF-1.4", Ok("PDF")),
            ("a.tar", &[tar.clone(), b"%PDF-".to_vec()].concat(), Ok("archive")),
            ("about-pdf.txt", b"A file starts with %PDF-", Ok("plain text")),
            ("a.pdf", b"neither this nor that", Ok("PDF")),
            ("a.docx", b"PK\x03\x04....[Content_Types].xml", Ok("Word")),
            ("a", &zip(&["[Content_Types].xml", "word/document.xml"]), Ok("Word")),
            ("a", &zip(&["_rels/.rels", "[Content_Types].xml", "xl/workbook.xml"]), Ok("Excel")),
            ("a.zip", &zip(&["notes.txt", "[Content_Types].xml", "xl/workbook.xml"]), Ok("archive")),
            ("a.zip", b"PK\x03\x04....mimetypeapplication/epub+zip", Ok("EPUB")),
            ("a.odt", b"PK\x03\x04....mimetypeapplication/vnd.oasis.opendocument.text", Ok("OpenDocument")),
            ("a.zip", b"PK\x03\x04....notes/a.txt", Ok("archive")),
            ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Ok("Excel")),
            ("a.bin", b"{\\rtf1\\ansi", Ok("RTF")),
            ("a.doc", b"{\\rtf1\\ansi", Ok("RTF")),
            ("a.tar", &tar, Ok("archive")),
            ("a.md", b"<html>in Markdown", Ok("Markdown")),
            ("a", b"\n<!DOCTYPE HTML>", Ok("HTML")),
            ("inbox", b"From a@b Thu Jan  1 00:00:00 1970\nReceived: by c", Ok("mailbox")),
            ("a", b"From here on\nall is text", Ok("plain text")),
            ("BM.txt", b"BM is how a picture starts, and a word", Ok("plain text")),
            ("a.png", b"\x89PNG\r\n\x1a\n\0", Err(Some("image/png"))),
            ("a.txt", b"\x89PNG\r\n\x1a\n\0", Err(Some("image/png"))),
            ("a.pdf", b"\x89PNG\r\n\x1a\n\0", Err(Some("image/png"))),
            ("a.txt", b"a\0b\0c\0 \0", Ok("plain text")),
            ("a.txt", b"ab\0c", Err(None)),
            ("a.unknown", b"words", Err(None)),
        ] {
            assert_eq!(recognise(name, head).map(|it| it.name), expected, "{name} {head:?}");
        }
    }
}
