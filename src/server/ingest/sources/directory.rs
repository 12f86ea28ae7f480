//! A folder of the server's machine: an item for each file below it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ReadItems;
use crate::domain::{DocumentId, Job};
use crate::server::ingest::failures::{path_failure, too_many_files, unreadable};
use crate::server::ingest::folders::{Found, PathError};
use crate::server::ingest::run::{Item, ItemKind, Piece, Reader, Stopped};
use crate::server::store::{BlobRef, Failure};

/// Where the folder is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source(pub PathBuf);

impl ReadItems for Source {
    fn blobs(&self) -> Vec<BlobRef> {
        Vec::new()
    }

    fn is_bulk(&self) -> bool {
        true
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
        reader.progress.bytes_total = 0;
        for file in reader.shelves.folders.files_below(&folder) {
            if reader.stop.is_cancelled() {
                return Err(Stopped::Told);
            }
            if (reader.delivered.len() + files.len()) as u64 >= DocumentId::MAX_ITEMS {
                return Err(too_many_files(&self.0.display().to_string()).into());
            }
            reader.progress.bytes_total += file.size_bytes;
            if delivered.contains(file.name.as_str()) {
                reader.progress.bytes_done += file.size_bytes;
            } else {
                files.push(file);
            }
        }
        reader.progress.items_total = (reader.delivered.len() + files.len()) as u64;
        if reader.progress.items_total == 0 {
            return Err(empty(&self.0).into());
        }
        reader.by_name = true;
        reader.next = reader.delivered.last_key_value().map_or(0, |(last, _)| last + 1);
        for file in files {
            if reader.stop.is_cancelled() {
                return Err(Stopped::Told);
            }
            let item = Item::new(ItemKind::File, job, &file.name);
            match &file.unreadable {
                None => reader.path(&item, &file.path)?,
                Some(cause) => reader.failed(&item, unreadable(&file.name, cause))?,
            }
        }
        Ok(())
    }
}

fn empty(path: &Path) -> Failure {
    let message = format!("There are no files in {}. Put some there and retry.", path.display());
    Failure::new("empty_folder", message)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::domain::{Chunking, OnDuplicate, Progress};
    use crate::server::blobs::Blobs;
    use crate::server::data_folder::DataFolder;
    use crate::server::ingest::extract::worker::Workers;
    use crate::server::ingest::folders::AllowedFolders;
    use crate::server::ingest::run::{PieceContent, Shelves};
    use crate::server::ingest::sources::Input;

    /// Number, name and failure of an item.
    type ReadItem = (u64, String, Option<&'static str>);

    /// Reads a folder of which items were delivered before, and returns what is read now, and the progress
    /// after the last item.
    fn read(folder: &Path, delivered: &[(u64, &str)]) -> (Vec<ReadItem>, Progress) {
        let data = tempfile::tempdir().unwrap();
        let shelves = Shelves {
            blobs: Blobs::open(&DataFolder::new(data.path())).unwrap(),
            folders: AllowedFolders::new(&[folder.to_owned()]).unwrap(),
            workers: Workers::new("unused".into()),
            chunking: Chunking::default(),
        };
        let delivered: BTreeMap<_, _> =
            delivered.iter().map(|(item, name)| (*item, (*name).to_owned())).collect();
        let (mut items, mut progress) = (Vec::new(), Progress::default());
        let sink = |piece: Piece| {
            if let PieceContent::Item(item, _) = piece.content {
                items.push((item.item, item.name, item.outcome.failure().map(|it| it.code)));
                progress = piece.progress;
            }
            true
        };
        let before = Progress { items_done: delivered.len() as u64, ..Progress::default() };
        let stop = CancellationToken::new();
        let mut reader = Reader::new(&shelves, &delivered, &stop, before, sink);
        let job = Job { attempt: 3, ..Job::example() };
        let input = Input {
            source: Source(folder.to_owned()).into(),
            chunking: None,
            on_duplicate: OnDuplicate::Allow,
        };
        reader.read(&job, &input, None).unwrap();
        (items, progress)
    }

    #[test]
    fn a_folder_that_changed_between_two_attempts_is_taken_up_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.txt", "b.txt", "c.txt"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let (items, progress) = read(folder.path(), &[(0, "b.txt"), (1, "gone.txt")]);
        assert_eq!(items, [(2, "a.txt".into(), None), (3, "c.txt".into(), None)]);
        assert_eq!((progress.items_done, progress.items_total), (4, 4));
    }

    #[test]
    fn what_cannot_be_listed_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.txt"), "a").unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
        let (items, _) = read(folder.path(), &[]);
        assert_eq!(items, [(0, "a.txt".into(), None), (1, "loop".into(), Some("unreadable"))]);
    }
}
