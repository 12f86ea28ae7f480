//! A text: one item.

use std::io::Cursor;

use serde::{Deserialize, Serialize};

use super::ReadItems;
use crate::domain::Job;
use crate::domain::format::FORMATS;
use crate::server::ingest::run::{Item, ItemKind, Piece, Reader, Stopped};
use crate::server::store::{BlobRef, ContentHash};

/// Where a text is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Small enough for the database.
    Inline(String),
    Blob(BlobRef),
}

impl ReadItems for Source {
    fn blobs(&self) -> Vec<BlobRef> {
        match self {
            Self::Inline(_) => Vec::new(),
            Self::Blob(blob) => vec![*blob],
        }
    }

    fn hash(&self) -> Option<ContentHash> {
        Some(match self {
            Self::Inline(text) => ContentHash::of(text.as_bytes()),
            Self::Blob(blob) => (*blob).into(),
        })
    }

    fn read_items<S>(&self, reader: &mut Reader<'_, S>, job: &Job) -> Result<(), Stopped>
    where
        S: FnMut(Piece) -> bool,
    {
        let item = Item::new(ItemKind::Text, job, &job.name);
        match self {
            Self::Inline(text) => reader.text(&item, &FORMATS[0], Cursor::new(text)),
            Self::Blob(blob) => match reader.shelves.blobs.read(*blob) {
                Ok(file) => reader.text(&item, &FORMATS[0], file),
                Err(error) => reader.source_lost(&item, &error),
            },
        }
    }
}
