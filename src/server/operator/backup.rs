//! `sluice backup`: a consistent copy of the database and the blobs in one file, also while a server works
//! on them.
//!
//! The file is a tar archive: a manifest, the database, a file for each blob, and an ending that says that it
//! is whole. The index is not in it: it is made anew from the database.

use std::fs::File;
use std::io::{self, BufWriter, Read};
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};
use tempfile::NamedTempFile;

use super::{Ending, Manifest, OperatorError, parent};
use crate::domain::job::rfc3339;
use crate::server::blobs::Blobs;
use crate::server::data_folder::DataFolder;
use crate::server::store::sqlite::inspect::{self, Inspector};
use crate::server::store::{BlobRef, StoreError, Totals};

/// How files begin whose backup is not finished.
const UNFINISHED: &str = ".sluice-backup-";

/// What a backup holds.
#[derive(Debug)]
pub struct Backup {
    pub jobs: u64,
    pub totals: Totals,
    pub blobs: u64,
    /// Size of the file, in bytes.
    pub size: u64,
    /// Blobs that are damaged or missing in the data folder, and so in the backup.
    pub damaged: Vec<BlobRef>,
}

/// Writes a backup of the data folder to the new file `file`. Blocks.
pub fn backup(folder: &DataFolder, file: &Path, now: DateTime<Utc>) -> Result<Backup, OperatorError> {
    folder.must_exist()?;
    let cannot_write = |error| OperatorError::CannotWrite(file.to_owned(), error);
    if file.exists() {
        return Err(OperatorError::FileExists(file.to_owned()));
    }
    let beside = parent(file);
    // First the blobs are kept, then the database is copied: so every blob the copy names is there.
    let kept = Blobs::look_into(folder).forbid_removal().map_err(|error| folder.cannot_write(error))?;
    let staging = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(beside).map_err(cannot_write)?;
    let copy = staging.path().join(Manifest::DATABASE);
    let failed = |error: StoreError| match error {
        StoreError::DiskFull => cannot_write(io::ErrorKind::StorageFull.into()),
        error => OperatorError::Database(folder.database(), error),
    };
    inspect::copy(&folder.database(), &copy).map_err(failed)?;
    let database = Inspector::open(&copy).map_err(failed)?;
    // Better now than when it is needed.
    if let Some(damage) = database.damages().map_err(failed)?.into_iter().next() {
        return Err(failed(StoreError::Damaged(damage)));
    }
    let (jobs, totals) = database.stats().map_err(failed)?;
    let blobs = database.blobs().map_err(failed)?.into_keys().collect::<Vec<_>>();
    database.close().map_err(failed)?;

    let temporary = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(beside).map_err(cannot_write)?;
    let mut archive = Archive(Builder::new(BufWriter::with_capacity(1 << 20, temporary)));
    let (ending, missing) = archive.fill(&copy, &blobs, folder, now).map_err(cannot_write)?;
    drop(staging);
    drop(kept);
    let temporary = archive.finish().map_err(cannot_write)?;
    let size = temporary.as_file().metadata().map_err(cannot_write)?.len();
    temporary.persist_noclobber(file).map_err(|error| cannot_write(error.error))?;
    File::open(beside).and_then(|it| it.sync_all()).map_err(cannot_write)?;
    let Ending { blobs, mut damaged, .. } = ending;
    damaged.extend(missing);
    Ok(Backup { jobs: jobs.total_jobs, totals, blobs, size, damaged })
}

struct Archive(Builder<BufWriter<NamedTempFile>>);

impl Archive {
    /// Writes everything, and returns how it ended, and the blobs that were missing.
    fn fill(
        &mut self,
        database: &Path,
        blobs: &[BlobRef],
        folder: &DataFolder,
        now: DateTime<Utc>,
    ) -> io::Result<(Ending, Vec<BlobRef>)> {
        let manifest = Manifest {
            format: Manifest::FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created_at: rfc3339::text(&now),
        };
        self.add_json(Manifest::NAME, &manifest, now)?;
        let database = File::open(database)?;
        let database = self.add(Manifest::DATABASE, database.metadata()?.len(), database, now)?;
        let (mut ending, mut missing) = (Ending { blobs: 0, damaged: Vec::new(), database }, Vec::new());
        for blob in blobs {
            let opened = File::open(folder.blobs().join(blob.to_string()));
            // One that cannot be read must not cost all the others.
            let Ok((file, size)) = opened.and_then(|file| file.metadata().map(|facts| (file, facts.len())))
            else {
                missing.push(*blob);
                continue;
            };
            let name = format!("{}/{blob}", Manifest::BLOBS);
            if self.add(&name, size, file, now)? != *blob {
                ending.damaged.push(*blob);
            }
            ending.blobs += 1;
        }
        self.add_json(Ending::NAME, &ending, now)?;
        Ok((ending, missing))
    }

    fn add_json(&mut self, name: &str, value: &impl Serialize, now: DateTime<Utc>) -> io::Result<()> {
        let json = serde_json::to_vec_pretty(value)?;
        self.add(name, json.len() as u64, json.as_slice(), now).map(|_| ())
    }

    /// Adds a file, and returns the name a blob of its bytes has.
    fn add(&mut self, name: &str, size: u64, from: impl Read, now: DateTime<Utc>) -> io::Result<BlobRef> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(size);
        header.set_mode(0o600);
        header.set_mtime(now.timestamp().max(0) as u64);
        let mut bytes = Exactly { from, left: size, hash: Sha256::new() };
        self.0.append_data(&mut header, name, &mut bytes)?;
        Ok(BlobRef(bytes.hash.finalize().into()))
    }

    /// Ends the archive; it is on disk when this returns.
    fn finish(self) -> io::Result<NamedTempFile> {
        let temporary = self.0.into_inner()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        temporary.as_file().sync_all()?;
        Ok(temporary)
    }
}

/// Gives as many bytes as were announced, or the archive would be broken: zeros for what cannot be read, which
/// the hash then tells.
struct Exactly<R> {
    from: R,
    left: u64,
    hash: Sha256,
}

impl<R: Read> Read for Exactly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let buffer = &mut buffer[..most];
        let length = match self.from.read(buffer) {
            Ok(0) | Err(_) => {
                buffer.fill(0);
                buffer.len()
            }
            Ok(length) => length,
        };
        self.left -= length as u64;
        self.hash.update(&buffer[..length]);
        Ok(length)
    }
}
