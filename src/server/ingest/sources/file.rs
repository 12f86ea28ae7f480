//! A file, uploaded or of the server's machine: one item.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ReadItems;
use crate::domain::Job;
use crate::server::ingest::run::{Item, ItemKind, Piece, Reader, Stopped};
use crate::server::store::{BlobRef, ContentHash};

/// Where a file is; its name is the job's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Uploaded(BlobRef),
    /// On the server's machine.
    Path(PathBuf),
}

impl ReadItems for Source {
    fn blobs(&self) -> Vec<BlobRef> {
        match self {
            Self::Uploaded(blob) => vec![*blob],
            Self::Path(_) => Vec::new(),
        }
    }

    fn hash(&self) -> Option<ContentHash> {
        match self {
            Self::Uploaded(blob) => Some((*blob).into()),
            Self::Path(_) => None,
        }
    }

    fn read_items<S>(&self, reader: &mut Reader<'_, S>, job: &Job) -> Result<(), Stopped>
    where
        S: FnMut(Piece) -> bool,
    {
        let item = Item::new(ItemKind::OnlyFile, job, &job.name);
        match self {
            Self::Uploaded(blob) => reader.uploaded(item, *blob, job.size_bytes),
            Self::Path(path) => reader.path(&item, path),
        }
    }
}
