//! What an operator does with a data folder beside serving it: check it, copy it, bring a copy back.

pub mod backup;
pub mod check;
pub mod command;
pub mod keys;
pub mod restore;

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::server::data_folder::FolderError;
use crate::server::store::{BlobRef, StoreError};

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("the database in {0} cannot be used: {1}")]
    Database(PathBuf, StoreError),
    #[error("{0} is there already; name a new file")]
    FileExists(PathBuf),
    #[error("{0} is not empty; restore into a new folder")]
    FolderNotEmpty(PathBuf),
    #[error("{0} cannot be written: {1}")]
    CannotWrite(PathBuf, io::Error),
    #[error("{0} cannot be read: {1}")]
    CannotRead(PathBuf, io::Error),
    #[error("{0} is not a backup of Sluice: {1}")]
    NotABackup(PathBuf, String),
    #[error("{0} is damaged: {1}. Nothing was restored")]
    DamagedBackup(PathBuf, String),
}

/// The first entry of a backup: what the others are.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    /// The form of the backup: [`Manifest::FORMAT`].
    format: u32,
    /// The version of Sluice that made it.
    version: String,
    created_at: String,
}

impl Manifest {
    const FORMAT: u32 = 1;
    const NAME: &str = "sluice-backup.json";
    const DATABASE: &str = "sluice.db";
    const BLOBS: &str = "blobs";
}

/// The last entry of a backup: without it, the others are not all there.
#[derive(Debug, Serialize, Deserialize)]
struct Ending {
    /// How many blobs came before it.
    blobs: u64,
    /// Those of them that were damaged already.
    damaged: Vec<BlobRef>,
    /// The SHA-256 of the database.
    database: BlobRef,
}

impl Ending {
    const NAME: &str = "sluice-backup-end.json";
}

/// The folder that a path is in.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
