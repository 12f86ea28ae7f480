//! OpenDocument's texts and slides: a walk over `content.xml`.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{Extracted, Sink, Unreadable, Within, archive, fact, xml};
use crate::domain::Location;
use crate::server::ingest::extract::markdown;

pub fn read(bytes: &[u8], within: &Within<'_>, sink: Sink<'_>) -> Result<(), Unreadable> {
    let mut archive = open(bytes, sink)?;
    let content = archive::member(&mut archive, "content.xml")?;
    walk(&content, &within.at, sink)
}

/// Opens a document that is not encrypted, and tells what it says about itself.
pub fn open<'a>(bytes: &'a [u8], sink: Sink<'_>) -> Result<archive::Members<'a>, Unreadable> {
    let mut archive = archive::open(bytes)?;
    if archive::member(&mut archive, "META-INF/manifest.xml")
        .is_ok_and(|manifest| manifest.windows(15).any(|it| it == b"encryption-data"))
    {
        return Err(Unreadable::locked());
    }
    if let Ok(meta) = archive::member(&mut archive, "meta.xml") {
        for (element, name) in
            [("dc:title", "title"), ("meta:initial-creator", "author"), ("dc:date", "modified")]
        {
            fact(sink, name, text_of(&meta, element));
        }
    }
    Ok(archive)
}

/// The text of the first element of this name.
fn text_of(xml: &[u8], element: &str) -> Option<String> {
    let mut reader = Reader::from_reader(xml);
    let mut found: Option<String> = None;
    loop {
        match (reader.read_event().ok()?, &mut found) {
            (Event::Start(start), None) if start.name().as_ref() == element => found = Some(String::new()),
            (Event::Text(text), Some(found)) => found.push_str(text.as_ref()),
            (Event::GeneralRef(entity), Some(found)) => found.push_str(&xml::character(&entity)),
            (Event::End(_), Some(_)) => return found,
            (Event::Eof, _) => return None,
            _ => {}
        }
    }
}

/// Gathers the text as Markdown, and gives it at each slide and at the end.
fn walk(xml: &[u8], at: &Location, sink: Sink<'_>) -> Result<(), Unreadable> {
    let mut reader = Reader::from_reader(xml);
    let (mut text, mut place, mut slides) = (String::new(), at.clone(), 0);
    let mut skipped = 0;
    let mut give = |text: &mut String, place: &Location| {
        if !text.trim().is_empty() {
            sink(Extracted::Place(place.clone()));
            markdown::extract(text, place, &mut *sink);
        }
        text.clear();
    };
    loop {
        match reader.read_event().map_err(Unreadable::damaged)? {
            Event::Eof => break,
            Event::Start(start) => match start.name().as_ref() {
                // Removed text, and what the program itself wrote.
                "text:tracked-changes" | "office:annotation" => skipped += 1,
                "text:h" => text.push_str(&format!("{} ", "#".repeat(level(&start)))),
                "draw:page" => {
                    give(&mut text, &place);
                    slides += 1;
                    place = Location { slide: Some(slides), ..at.clone() };
                }
                _ => {}
            },
            Event::End(end) => match end.name().as_ref() {
                "text:tracked-changes" | "office:annotation" => skipped -= 1,
                "text:h" | "text:p" => text.push_str("\n\n"),
                "table:table-cell" if text.ends_with("\n\n") => {
                    text.truncate(text.len() - 2);
                    text.push_str(" | ");
                }
                "table:table-row" => text.push('\n'),
                _ => {}
            },
            Event::Empty(empty) => match empty.name().as_ref() {
                "text:tab" | "text:s" => text.push(' '),
                "text:line-break" => text.push('\n'),
                _ => {}
            },
            Event::Text(words) if skipped == 0 => {
                text.push_str(words.as_ref());
            }
            Event::GeneralRef(entity) if skipped == 0 => {
                text.push_str(&xml::character(&entity));
            }
            _ => {}
        }
    }
    give(&mut text, &place);
    Ok(())
}

fn level(heading: &BytesStart<'_>) -> usize {
    let level = heading.try_get_attribute("text:outline-level").ok().flatten();
    let level = level.and_then(|it| it.value.parse().ok());
    level.unwrap_or(1).clamp(1, 6)
}
