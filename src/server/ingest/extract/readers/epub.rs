//! E-books, chapter by chapter.

use std::io::Cursor;

use rbook::Epub;

use super::{Extracted, Sink, Unreadable, fact, html};
use crate::domain::Location;
use crate::server::ingest::extract::markdown;

pub fn read(bytes: Vec<u8>, at: &Location, sink: Sink<'_>) -> Result<(), Unreadable> {
    let book = Epub::options().strict(false).read(Cursor::new(bytes)).map_err(Unreadable::damaged)?;
    let facts = book.metadata();
    fact(sink, "title", facts.title().map(|it| it.value().to_owned()));
    fact(sink, "author", facts.creators().next().map(|it| it.value().to_owned()));
    fact(sink, "language", facts.language().map(|it| it.value().to_owned()));
    let total = book.spine().len() as u64;
    for (done, chapter) in (1..).zip(book.reader()) {
        match chapter {
            Ok(chapter) => {
                let text = html::to_markdown(chapter.content())?;
                let heading = text.lines().find_map(|line| line.strip_prefix('#'));
                let heading = heading.map(|it| it.trim_matches(['#', ' ']).to_owned());
                let title = heading.or_else(|| html::title(chapter.content()).filter(|it| !it.is_empty()));
                let title = title.unwrap_or_else(|| format!("chapter {done}"));
                let at = Location { chapter: Some(title), ..at.clone() };
                sink(Extracted::Place(at.clone()));
                markdown::extract(&text, &at, &mut *sink);
            }
            Err(error) => {
                super::warn(sink, "damaged", format!("Part {done} of the book could not be read: {error}."));
            }
        }
        sink(Extracted::Step { done, total });
    }
    Ok(())
}
