//! PDF, page by page.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_oxide::PdfDocument;
use serde_json::Value;

use super::{Extracted, Sink, Unreadable, warn};
use crate::domain::Location;

pub fn read(bytes: Vec<u8>, at: &Location, sink: Sink<'_>) -> Result<(), Unreadable> {
    let document = PdfDocument::from_bytes(bytes).map_err(Unreadable::damaged)?;
    // Many files are encrypted with no password at all. Unasked, such a file would be read as empty.
    if document.is_encrypted() && !document.authenticate(b"").unwrap_or(false) {
        return Err(Unreadable::encrypted());
    }
    let pages = document.page_count().map_err(Unreadable::damaged)?;
    sink(Extracted::Fact("page_count".to_owned(), Value::from(pages)));
    let (mut silent, mut unreadable) = (0, Vec::new());
    for page in 0..pages {
        let number = page as u32 + 1;
        let read = catch_unwind(AssertUnwindSafe(|| document.extract_text(page)));
        match read {
            Ok(Ok(text)) if text.trim().is_empty() => silent += 1,
            Ok(Ok(text)) => {
                sink(Extracted::Place(Location { page: Some(number), ..at.clone() }));
                sink(Extracted::Text(text));
            }
            Ok(Err(_)) | Err(_) => unreadable.push(number.to_string()),
        }
        sink(Extracted::Step { done: number.into(), total: pages as u64 });
    }
    if !unreadable.is_empty() {
        let shown: Vec<_> = unreadable.iter().take(10).cloned().collect();
        let more = if unreadable.len() > shown.len() { " and more" } else { "" };
        let pages = format!("{}{more}", shown.join(", "));
        warn(sink, "damaged", format!("Pages that could not be read, as they are damaged: {pages}."));
    }
    if silent > 0 {
        warn(
            sink,
            "no_text_layer",
            format!("{silent} of {pages} pages have no text; they look like scans and need OCR."),
        );
    }
    Ok(())
}
