//! PDF, page by page.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_oxide::PdfDocument;
use pdf_oxide::extractors::TextExtractor;
use pdf_oxide::layout::TextChar;
use pdf_oxide::object::Object;
use serde_json::Value;

use super::page_text::{self, Glyph};
use super::{Extracted, Sink, Unreadable, Within, fact, warn};
use crate::domain::Location;
use crate::server::ingest::extract::Checkpoint;
use crate::server::ingest::extract::worker::Resume;

/// Numbers of pages told in a warning.
const TOLD: usize = 10;

/// Fields of a page that are read.
const MOST_FIELDS: usize = 2000;

/// The key of the text that replaces glyphs (ISO 32000-1, 14.9.4).
const ACTUAL_TEXT: &[u8] = b"/ActualText";

/// The advance of a letter that is not known, as a share of the size of its font.
const MEAN_ADVANCE: f32 = 0.5;

/// A whole file says in its last bytes that it is; so many of them are looked at.
const TAIL: usize = 2048;

/// Goes on behind the page that an earlier reader crashed on, if there was one.
pub fn read(
    bytes: Vec<u8>,
    within: &Within<'_>,
    resume: Option<&Resume>,
    sink: Sink<'_>,
) -> Result<(), Unreadable> {
    let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
    let is_cut = !tail.windows(5).any(|it| it == b"%%EOF");
    let document = PdfDocument::from_bytes(bytes).map_err(Unreadable::damaged)?;
    // Many files are encrypted with no password at all. Unasked, such a file would be read as empty.
    let opens = |password: &str| document.authenticate(password.as_bytes()).unwrap_or(false);
    if document.is_encrypted() && !opens("") && !within.password.is_some_and(opens) {
        return Err(within.encrypted());
    }
    let pages = document.page_count().map_err(Unreadable::damaged)? as u64;
    let mut state = match resume {
        None => {
            facts(&document, pages, sink);
            Checkpoint::default()
        }
        Some(Resume { after, .. }) => {
            let mut state = after.clone();
            state.next += 1;
            lost(&mut state);
            state
        }
    };
    while state.next < pages {
        sink(Extracted::Checkpoint(state.clone()));
        let page = state.next as usize;
        let read = catch_unwind(AssertUnwindSafe(|| {
            let text = page_text(&document, page)?;
            Ok::<_, pdf_oxide::Error>(
                filled_in(&document, page).into_iter().fold(text, |text, field| text + "\n" + &field),
            )
        }));
        state.next += 1;
        match read {
            Ok(Ok(text)) if text.trim().is_empty() => {
                state.silent += 1;
                state.blank += u64::from(is_blank(&document, page));
            }
            Ok(Ok(text)) => {
                sink(Extracted::Place(Location { page: Some(state.next as u32), ..within.at.clone() }));
                sink(Extracted::Text(text));
            }
            Ok(Err(_)) | Err(_) => lost(&mut state),
        }
        sink(Extracted::Step { done: state.next, total: pages });
    }
    if is_cut {
        let nothing = state.silent + state.unreadable == pages;
        if nothing {
            return Err(Unreadable::damaged("its end is missing"));
        }
        warn(sink, "damaged", "The end of the file is missing; so may be pages.".to_owned());
    }
    warn_of(&state, pages, sink);
    Ok(())
}

/// The text of a page: where its glyphs are tells more than how the library joins them, unless it finds none.
fn page_text(document: &PdfDocument, page: usize) -> pdf_oxide::Result<String> {
    let content = document.get_page_content_data(page)?;
    // Where the page says itself what its glyphs mean, the library knows.
    if content.windows(ACTUAL_TEXT.len()).any(|it| it == ACTUAL_TEXT) {
        return document.extract_text(page);
    }
    let object = document.get_page(page)?;
    let mut extractor = TextExtractor::new();
    extractor.set_page_index(page as u32);
    if let Some(resources) = object.as_dict().and_then(|it| it.get("Resources")) {
        extractor.set_resources(resources.clone());
        extractor.set_document(document);
        // Text in fonts that cannot be loaded is read by their standard encoding.
        let _ = document.load_fonts_public(resources, &mut extractor);
    }
    let characters = extractor.extract_owned(&content)?;
    let glyphs = glyphs(&characters);
    if page_text::is_vertical(&glyphs) {
        return document.extract_text(page);
    }
    let text = page_text::text(&glyphs);
    if text.trim().is_empty() { document.extract_text(page) } else { Ok(text) }
}

/// What was filled into the fields of a form, and remarks that are written on the page.
fn filled_in(document: &PdfDocument, page: usize) -> Vec<String> {
    let followed = |object: &Object| document.resolve_object(object).ok();
    let value = move |annotation: &Object| {
        let entries = annotation.as_dict()?;
        let key = match entries.get("Subtype")?.as_name()? {
            "Widget" => "V",
            "FreeText" => "Contents",
            _ => return None,
        };
        let parent = || followed(entries.get("Parent")?);
        let own = entries.get(key).cloned().or_else(|| parent()?.as_dict()?.get(key).cloned());
        let text = text_string(followed(&own?)?.as_string()?);
        (!text.trim().is_empty()).then_some(text)
    };
    let annotations = document.get_page(page).ok().and_then(|it| followed(it.as_dict()?.get("Annots")?));
    let annotations = annotations.and_then(|it| it.as_array().cloned()).unwrap_or_default();
    annotations.iter().take(MOST_FIELDS).filter_map(|it| value(&followed(it)?)).collect()
}

/// The characters that are seen, in the direction of their text.
fn glyphs(characters: &[TextChar]) -> Vec<Glyph> {
    let mut glyphs = Vec::with_capacity(characters.len());
    let mut after_space = false;
    for it in characters {
        if it.char.is_whitespace() {
            after_space = true;
            continue;
        }
        if it.char == char::REPLACEMENT_CHARACTER
            || it.font_size <= 0.0
            || !(it.font_size + it.origin_x + it.origin_y).is_finite()
        {
            continue;
        }
        let (sine, cosine) = it.rotation_degrees.to_radians().sin_cos();
        // The library gives the advance along the lower edge of the page.
        let slope = it.matrix.map_or(1.0, |[a, b, ..]| a.hypot(b) / a.abs());
        let turned = slope.is_finite() && slope < 50.0;
        glyphs.push(Glyph {
            character: it.char,
            along: it.origin_x * cosine + it.origin_y * sine,
            across: it.origin_y * cosine - it.origin_x * sine,
            advance: if turned { it.advance_width * slope } else { it.font_size * MEAN_ADVANCE },
            size: it.font_size,
            angle: it.rotation_degrees,
            after_space,
        });
        after_space = false;
    }
    glyphs
}

/// Whether nothing is drawn on a page: neither a picture nor a form, line or area.
fn is_blank(document: &PdfDocument, page: usize) -> bool {
    const DRAWING: [&[u8]; 12] =
        [b"Do", b"BI", b"sh", b"S", b"s", b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*"];
    let content = document.get_page_content_data(page).unwrap_or_default();
    !content.split(u8::is_ascii_whitespace).any(|it| DRAWING.contains(&it))
}

/// The page before the next one could not be read.
fn lost(state: &mut Checkpoint) {
    state.unreadable += 1;
    if state.first_unreadable.len() < TOLD {
        state.first_unreadable.push(state.next);
    }
}

fn warn_of(state: &Checkpoint, pages: u64, sink: Sink<'_>) {
    if state.unreadable > 0 {
        let told: Vec<_> = state.first_unreadable.iter().map(u64::to_string).collect();
        let more = if state.unreadable > told.len() as u64 { " and more" } else { "" };
        let told = told.join(", ");
        let message = format!("Pages that could not be read, as they are damaged: {told}{more}.");
        warn(sink, "damaged", message);
    }
    if state.silent > 0 {
        let what = match (state.blank, state.silent - state.blank) {
            (0, _) => "they look like scans and need OCR".to_owned(),
            (_, 0) => "nothing is drawn on them".to_owned(),
            (_, scans) => format!("{scans} of them look like scans and need OCR, the others are blank"),
        };
        let message = format!("{} of {pages} pages have no text; {what}.", state.silent);
        warn(sink, "no_text_layer", message);
    }
}

/// What the file says of itself.
fn facts(document: &PdfDocument, pages: u64, sink: Sink<'_>) {
    sink(Extracted::Fact("page_count".to_owned(), Value::from(pages)));
    let followed = |object: &Object| document.resolve_object(object).ok();
    let entries = document.trailer().as_dict().and_then(|it| it.get("Info")).and_then(followed);
    let text = |key: &str| {
        let value = entries.as_ref()?.as_dict()?.get(key).and_then(followed)?;
        Some(text_string(value.as_string()?))
    };
    fact(sink, "title", text("Title"));
    fact(sink, "author", text("Author"));
    fact(sink, "created", text("CreationDate").and_then(|it| date(&it)));
    fact(sink, "modified", text("ModDate").and_then(|it| date(&it)));
    let language = document.catalog().ok().and_then(|it| followed(it.as_dict()?.get("Lang")?));
    fact(sink, "language", language.and_then(|it| it.as_string().map(text_string)));
}

/// A text string of PDF: UTF-16 or UTF-8 with a mark, else close to Latin-1 (ISO 32000-1, 7.9.2.2).
fn text_string(bytes: &[u8]) -> String {
    let (text, _, _) = encoding_rs::WINDOWS_1252.decode(bytes);
    text.trim_matches(['\0', ' ']).to_owned()
}

/// `D:20240131120000+01'00'` as `2024-01-31T12:00:00+01:00`; all after the year may be missing.
fn date(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches("D:");
    let end = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
    let (digits, zone) = text.split_at(end.min(14));
    let part = |at: usize| digits.get(at..at + 2);
    let year = digits.get(..4)?;
    let Some(month) = part(4) else { return Some(year.to_owned()) };
    let day = part(6).unwrap_or("01");
    let Some(hour) = part(8) else { return Some(format!("{year}-{month}-{day}")) };
    let (minute, second) = (part(10).unwrap_or("00"), part(12).unwrap_or("00"));
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let zone = match (zone.chars().next(), digits.get(..4)) {
        (Some(sign @ ('+' | '-')), Some(offset)) => format!("{sign}{}:{}", &offset[..2], &offset[2..]),
        (Some('Z'), _) => "Z".to_owned(),
        _ => String::new(),
    };
    Some(format!("{year}-{month}-{day}T{hour}:{minute}:{second}{zone}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_everywhere_else() {
        for (given, expected) in [
            ("D:20240131120005+01'00'", Some("2024-01-31T12:00:05+01:00")),
            ("D:20240131120005Z", Some("2024-01-31T12:00:05Z")),
            ("20240131", Some("2024-01-31")),
            ("D:2024", Some("2024")),
            ("yesterday", None),
        ] {
            assert_eq!(date(given).as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn titles_are_in_the_encoding_they_are_marked_with() {
        assert_eq!(text_string(b"\xfe\xff\0H\0\xe4"), "Hä");
        assert_eq!(text_string(b"H\xe4"), "Hä");
    }
}
