//! `sluice restore`: makes a data folder of a backup.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tar::{Archive, Entry};

use super::{Ending, Manifest, OperatorError, parent};
use crate::server::data_folder::DataFolder;
use crate::server::store::sqlite::inspect::Inspector;
use crate::server::store::{BlobRef, StoreError, Totals};

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    pub jobs: u64,
    pub totals: Totals,
    pub blobs: u64,
    /// Attempts that were under way when the backup was made: they begin anew.
    pub released: u64,
}

/// Makes the data folder `folder`, which must not be there or be empty, of the backup `file`. It becomes one
/// with the last step, when everything is on disk. Blocks.
pub fn restore(file: &Path, folder: &DataFolder) -> Result<Restored, OperatorError> {
    let target = folder.path();
    let cannot_write = |error| OperatorError::CannotWrite(target.to_owned(), error);
    let cannot_read = |error| OperatorError::CannotRead(file.to_owned(), error);
    let archive = Archive::new(BufReader::with_capacity(1 << 20, File::open(file).map_err(cannot_read)?));
    let is_new = !target.exists();
    if !is_new && std::fs::read_dir(target).map_err(cannot_write)?.next().is_some() {
        return Err(OperatorError::FolderNotEmpty(target.to_owned()));
    }
    std::fs::create_dir_all(target).map_err(cannot_write)?;
    // Within the target, which may be a disk of its own.
    let staging = tempfile::Builder::new().prefix(".restoring-").tempdir_in(target).map_err(cannot_write)?;
    let unpacking = Unpacking { file, staging: staging.path() };
    let restored = unpacking.unpack(archive).and_then(|blobs| unpacking.take_up(blobs));
    if restored.is_err() && is_new {
        drop(staging);
        // What is left of a failure is at worst an empty folder.
        let _ = std::fs::remove_dir(target);
        return restored;
    }
    let restored = restored?;

    let put = |from: &str, to: &Path| std::fs::rename(staging.path().join(from), to);
    let sync = |folder: &Path| File::open(folder).and_then(|it| it.sync_all());
    put(Manifest::BLOBS, &folder.blobs()).map_err(cannot_write)?;
    put(Manifest::DATABASE, &folder.database()).map_err(cannot_write)?;
    drop(staging);
    sync(target).and_then(|()| sync(parent(target))).map_err(cannot_write)?;
    Ok(restored)
}

type BackupEntry<'a> = Entry<'a, BufReader<File>>;

struct Unpacking<'a> {
    file: &'a Path,
    staging: &'a Path,
}

impl Unpacking<'_> {
    /// Unpacks everything, and returns how many blobs there were.
    fn unpack(&self, mut archive: Archive<BufReader<File>>) -> Result<u64, OperatorError> {
        let mut entries = archive.entries().map_err(|error| self.damaged(&error))?;
        let mut next = || entries.next().transpose().map_err(|error| self.damaged(&error));
        match next() {
            Ok(Some(entry)) => self.check_manifest(entry)?,
            _ => return Err(self.not_a_backup("it is no archive, or an empty one")),
        }
        let database = next()?.filter(|it| it.path_bytes().as_ref() == Manifest::DATABASE.as_bytes());
        let database = database.ok_or_else(|| self.damaged(&"the database is missing"))?;
        let database = self.write(database, &self.staging.join(Manifest::DATABASE))?;
        let folder = self.staging.join(Manifest::BLOBS);
        std::fs::create_dir(&folder).map_err(|error| self.cannot_write(error))?;
        let (mut found, mut changed) = (0, Vec::new());
        let ending = loop {
            let Some(entry) = next()? else { return Err(self.damaged(&"its end is missing")) };
            if entry.path_bytes().as_ref() == Ending::NAME.as_bytes() {
                break self.json::<Ending>(entry)?;
            }
            found += 1;
            changed.extend(self.blob(entry, &folder)?);
        };
        if database != ending.database {
            return Err(self.damaged(&"its database is not as it was"));
        }
        if found != ending.blobs || changed != ending.damaged {
            let (expected, changed) = (ending.blobs, changed.len());
            let reason = format!("of {expected} files it holds {found}, and {changed} are not as they were");
            return Err(self.damaged(&reason));
        }
        File::open(&folder).and_then(|it| it.sync_all()).map_err(|error| self.cannot_write(error))?;
        Ok(found)
    }

    /// Whether this is a backup of a form we know.
    fn check_manifest(&self, entry: BackupEntry<'_>) -> Result<(), OperatorError> {
        if entry.path_bytes().as_ref() != Manifest::NAME.as_bytes() {
            return Err(self.not_a_backup("it does not begin with a manifest"));
        }
        let manifest: Manifest = self.json(entry)?;
        if manifest.format != Manifest::FORMAT {
            let (format, version) = (manifest.format, &manifest.version);
            let known = Manifest::FORMAT;
            let reason =
                format!("it is of form {format}, made by Sluice {version}; this one knows form {known}");
            return Err(self.not_a_backup(&reason));
        }
        Ok(())
    }

    fn json<T: DeserializeOwned>(&self, entry: BackupEntry<'_>) -> Result<T, OperatorError> {
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        serde_json::from_reader(entry)
            .map_err(|error| self.damaged(&format!("{name} cannot be read: {error}")))
    }

    /// Unpacks a blob, and returns its name if its bytes are not those that were once written.
    fn blob(&self, entry: BackupEntry<'_>, folder: &Path) -> Result<Option<BlobRef>, OperatorError> {
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let named = name.strip_prefix(Manifest::BLOBS).and_then(|it| it.strip_prefix('/'));
        let Some(blob) = named.and_then(|it| it.parse::<BlobRef>().ok()) else {
            return Err(self.damaged(&format!("it holds {name:?}, which is no blob")));
        };
        let written = self.write(entry, &folder.join(blob.to_string()))?;
        Ok((written != blob).then_some(blob))
    }

    /// Writes a file to disk, and returns the name a blob of its bytes has.
    fn write(&self, mut entry: BackupEntry<'_>, path: &Path) -> Result<BlobRef, OperatorError> {
        let mut left = entry.size();
        let mut hash = Sha256::new();
        let mut file = File::create_new(path).map_err(|error| self.cannot_write(error))?;
        let mut block = vec![0; 256 << 10];
        while left > 0 {
            let length = entry.read(&mut block).map_err(|error| self.damaged(&error))?;
            if length == 0 {
                return Err(self.damaged(&"it ends in the middle of a file"));
            }
            hash.update(&block[..length]);
            file.write_all(&block[..length]).map_err(|error| self.cannot_write(error))?;
            left -= length as u64;
        }
        file.sync_all().map_err(|error| self.cannot_write(error))?;
        Ok(BlobRef(hash.finalize().into()))
    }

    /// Looks whether the database is sound, and makes it the present one.
    fn take_up(&self, blobs: u64) -> Result<Restored, OperatorError> {
        let path = self.staging.join(Manifest::DATABASE);
        let failed = |error: StoreError| match error {
            StoreError::Damaged(reason) => self.damaged(&reason),
            StoreError::DiskFull => self.cannot_write(io::ErrorKind::StorageFull.into()),
            error => OperatorError::Database(path.clone(), error),
        };
        let database = Inspector::open(&path).map_err(failed)?;
        if let Some(damage) = database.damages().map_err(failed)?.into_iter().next() {
            return Err(self.damaged(&damage));
        }
        let released = database.take_up().map_err(failed)? as u64;
        let (jobs, totals) = database.stats().map_err(failed)?;
        database.close().map_err(failed)?;
        Ok(Restored { jobs: jobs.total_jobs, totals, blobs, released })
    }

    fn damaged(&self, reason: &dyn std::fmt::Display) -> OperatorError {
        OperatorError::DamagedBackup(self.file.to_owned(), reason.to_string())
    }

    fn not_a_backup(&self, reason: &str) -> OperatorError {
        OperatorError::NotABackup(self.file.to_owned(), reason.to_owned())
    }

    fn cannot_write(&self, error: io::Error) -> OperatorError {
        OperatorError::CannotWrite(self.staging.to_owned(), error)
    }
}
