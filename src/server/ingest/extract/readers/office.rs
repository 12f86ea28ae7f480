//! Word and PowerPoint, new and old.

use undoc::{Document, ErrorKind, FormatType, OoxmlContainer, Paragraph};

use super::{Extracted, Sink, Unreadable, Within, archive, fact, office_parts, office_text};
use crate::domain::Location;
use crate::server::ingest::extract::markdown;

pub fn read(bytes: &[u8], within: &Within<'_>, sink: Sink<'_>) -> Result<(), Unreadable> {
    let at = &within.at;
    let document = undoc::parse_bytes(bytes).map_err(|error| match error.kind() {
        ErrorKind::Encrypted => within.encrypted(),
        _ => Unreadable::damaged(error),
    })?;
    let facts = &document.metadata;
    fact(sink, "title", facts.title.clone());
    fact(sink, "author", facts.author.clone());
    fact(sink, "created", facts.created.clone());
    fact(sink, "modified", facts.modified.clone());
    // Old documents have no parts: all that they have is in the model.
    let parts = archive::is_zip(bytes).then(|| OoxmlContainer::from_bytes(bytes.to_vec()).ok()).flatten();
    if matches!(document.format, FormatType::Pptx | FormatType::Ppt) {
        slides(&document, parts.as_ref(), at, sink);
    } else {
        pages(&document, parts.as_ref(), at, sink);
    }
    Ok(())
}

/// A document's text, and at the end what is beside it.
fn pages(document: &Document, parts: Option<&OoxmlContainer>, at: &Location, sink: Sink<'_>) {
    sink(Extracted::Place(at.clone()));
    let texts: String = document.sections.iter().map(|it| office_text::blocks(it, parts.is_none())).collect();
    markdown::extract(&texts, at, sink);
    let mut beside = parts.map(office_parts::beside).unwrap_or_default();
    beside.push_str(&around(document));
    if !beside.trim().is_empty() {
        sink(Extracted::Place(at.clone()));
        sink(Extracted::Text(beside));
    }
}

/// What is above and below the pages, each line once.
fn around(document: &Document) -> String {
    let mut around = String::new();
    let all = document.sections.iter().flat_map(|it| [&it.header, &it.footer]).flatten();
    for paragraphs in all {
        office_text::paragraphs(paragraphs, &mut around);
    }
    let mut seen = std::collections::HashSet::new();
    around
        .lines()
        .filter(|line| !line.trim().is_empty() && seen.insert(*line))
        .map(|it| format!("{it}\n"))
        .collect()
}

fn slides(document: &Document, parts: Option<&OoxmlContainer>, at: &Location, sink: Sink<'_>) {
    let total = document.sections.len() as u64;
    // The model pairs notes and slides by the numbers in their names, which can be others.
    let beside = parts.and_then(|it| office_parts::of_slides(it, document.sections.len()));
    for (place, slide) in document.sections.iter().enumerate() {
        let number = place as u32 + 1;
        sink(Extracted::Place(Location { slide: Some(number), ..at.clone() }));
        let mut text = office_text::blocks(slide, true);
        match &beside {
            Some(beside) => text.push_str(&beside[place]),
            None => {
                let notes: &[Paragraph] = slide.notes.as_deref().unwrap_or_default();
                office_text::paragraphs(notes, &mut text);
            }
        }
        sink(Extracted::Text(text));
        sink(Extracted::Step { done: number.into(), total });
    }
}
