//! A folder of the server's machine: an item for each file below it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ReadItems;
use crate::domain::{DocumentId, Job};
use crate::server::ingest::folders::{Found, PathError};
use crate::server::ingest::run::{Item, Piece, Reader, Stopped, path_failure, unreadable};
use crate::server::store::{BlobRef, Failure};

/// Where the folder is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source(pub PathBuf);

impl ReadItems for Source {
    fn blobs(&self) -> Vec<BlobRef> {
        Vec::new()
    }

    fn read_items<S>(&self, reader: &mut Reader<'_, S>, job: &Job) -> Result<(), Stopped>
    where
        S: FnMut(Piece) -> bool,
    {
        let folder = match reader.shelves.folders.find(&self.0) {
            Ok(Found::Folder { path }) => path,
            Ok(Found::File { path, .. }) => return Err(path_failure(&PathError::Missing(path)).into()),
            Err(error) => return Err(path_failure(&error).into()),
        };
        // By name: the folder may have changed since an earlier attempt.
        let delivered: HashSet<&str> = reader.delivered.values().map(String::as_str).collect();
        let mut files = Vec::new();
        for file in reader.shelves.folders.files_below(&folder) {
            if reader.stop.is_cancelled() {
                return Err(Stopped::Told);
            }
            reader.progress.bytes_total += file.size_bytes;
            if delivered.contains(file.name.as_str()) {
                reader.progress.bytes_done += file.size_bytes;
            } else {
                files.push(file);
            }
        }
        reader.progress.items_total = (delivered.len() + files.len()) as u64;
        match reader.progress.items_total {
            0 => return Err(empty(&self.0).into()),
            1..=DocumentId::MAX_ITEMS => {}
            _ => return Err(too_many(&self.0).into()),
        }
        let first = reader.delivered.last_key_value().map_or(0, |(last, _)| last + 1);
        for (number, file) in (first..).zip(files) {
            if reader.stop.is_cancelled() {
                return Err(Stopped::Told);
            }
            let item = Item { number, name: &file.name, metadata: job.metadata.clone(), blob: None };
            match &file.unreadable {
                None => reader.path(&item, &file.path)?,
                Some(cause) => reader.failed(&item, unreadable(&file.name, cause))?,
            }
        }
        Ok(())
    }
}

fn empty(path: &Path) -> Failure {
    Failure {
        code: "empty_folder",
        message: format!("There are no files in {}. Put some there and retry.", path.display()),
    }
}

fn too_many(path: &Path) -> Failure {
    Failure {
        code: "too_many_items",
        message: format!(
            "There are more than {} files in {}. Send its folders one by one.",
            DocumentId::MAX_ITEMS,
            path.display()
        ),
    }
}
