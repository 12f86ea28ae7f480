//! Word and PowerPoint, new and old.

use undoc::render::{RenderOptions, render_section_to_string, to_markdown};
use undoc::{ErrorKind, FormatType};

use super::{Extracted, Sink, Unreadable, Within, fact};
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
    let options = RenderOptions::default();
    if !matches!(document.format, FormatType::Pptx | FormatType::Ppt) {
        let text = to_markdown(&document, &options).map_err(Unreadable::damaged)?;
        sink(Extracted::Place(at.clone()));
        markdown::extract(&text, at, sink);
        return Ok(());
    }
    let total = document.sections.len() as u64;
    for (place, slide) in document.sections.iter().enumerate() {
        let number = place as u32 + 1;
        sink(Extracted::Place(Location { slide: Some(number), ..at.clone() }));
        let none = std::collections::HashMap::new();
        let mut text = render_section_to_string(slide, place, document.format, &options, &none);
        for note in slide.notes.iter().flatten().map(undoc::Paragraph::plain_text) {
            if !text.contains(&note) {
                text.push('\n');
                text.push_str(&note);
            }
        }
        sink(Extracted::Text(text));
        sink(Extracted::Step { done: number.into(), total });
    }
    Ok(())
}
