//! The data folder: what lies where, and which process it belongs to.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// A folder that one server owns while it runs.
#[derive(Clone, Debug)]
pub struct DataFolder(PathBuf);

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error(
        "the data folder {0} is in use by another sluice; stop that one, or choose another folder with --data-dir"
    )]
    InUse(PathBuf),
    #[error("cannot write to the data folder {0}: {1}; choose another with --data-dir")]
    NotWritable(PathBuf, io::Error),
    #[error("there is no data folder of Sluice at {0}; name one with --data-dir")]
    Missing(PathBuf),
    #[error(
        "the database of the data folder {0} is missing, but files of its documents are there; restore a backup, or \
         move the folder away"
    )]
    DatabaseLost(PathBuf),
}

impl DataFolder {
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn database(&self) -> PathBuf {
        self.0.join("sluice.db")
    }

    pub fn index(&self) -> PathBuf {
        self.0.join("index")
    }

    pub fn blobs(&self) -> PathBuf {
        self.0.join("blobs")
    }

    /// Fails unless a server has been at work here.
    pub fn must_exist(&self) -> Result<(), FolderError> {
        if self.database().is_file() { Ok(()) } else { Err(FolderError::Missing(self.0.clone())) }
    }

    /// Fails if the folder has files of a database that is not there: a new one would have them cleaned up.
    pub fn check_database(&self) -> Result<(), FolderError> {
        let has_blobs = || std::fs::read_dir(self.blobs()).is_ok_and(|mut blobs| blobs.next().is_some());
        let lost = !self.database().exists() && has_blobs();
        if lost { Err(FolderError::DatabaseLost(self.0.clone())) } else { Ok(()) }
    }

    /// Claims the folder for this process, making it if it is missing. The lock goes with the process,
    /// however that ends.
    pub fn claim(&self) -> Result<File, FolderError> {
        std::fs::create_dir_all(&self.0).map_err(|error| self.cannot_write(error))?;
        let lock = File::create(self.0.join("lock")).map_err(|error| self.cannot_write(error))?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => Err(FolderError::InUse(self.0.clone())),
            Err(TryLockError::Error(error)) => Err(self.cannot_write(error)),
        }
    }

    pub fn cannot_write(&self, error: io::Error) -> FolderError {
        FolderError::NotWritable(self.0.clone(), error)
    }
}
