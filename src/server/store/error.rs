//! What can go wrong in a store.

use rusqlite::ErrorCode;

/// A failure of the store itself, never of a caller's wish.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database refused: {0}")]
    Database(rusqlite::Error),
    #[error("the disk is full")]
    DiskFull,
    /// The disk or the file system refused; that may pass.
    #[error("the database cannot be read or written now: {0}")]
    Unavailable(String),
    /// What is on disk is not what was written.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    #[error("the transaction failed and was undone: {0}")]
    Undone(String),
    #[error("the database could not be brought to this version's form: {0}")]
    Migration(rusqlite_migration::Error),
    #[error("the database holds a value that cannot be read: {0}")]
    Corrupt(String),
    #[error("the store has stopped")]
    Stopped,
    #[error("a step of the store panicked; nothing of it was written")]
    Panicked,
}

impl From<rusqlite::Error> for StoreError {
    fn from(cause: rusqlite::Error) -> Self {
        use ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, NotADatabase, ReadOnly,
            SystemIoFailure,
        };
        match cause.sqlite_error_code() {
            Some(DiskFull) => Self::DiskFull,
            Some(SystemIoFailure | CannotOpen | ReadOnly | DatabaseBusy | DatabaseLocked) => {
                Self::Unavailable(cause.to_string())
            }
            Some(DatabaseCorrupt | NotADatabase) => Self::Damaged(cause.to_string()),
            _ => Self::Database(cause),
        }
    }
}

impl From<rusqlite_migration::Error> for StoreError {
    fn from(error: rusqlite_migration::Error) -> Self {
        match error {
            rusqlite_migration::Error::RusqliteError { err, .. } => err.into(),
            other => Self::Migration(other),
        }
    }
}

impl StoreError {
    /// What the others of a transaction are told that this error undid.
    pub fn shared(&self) -> Self {
        match self {
            Self::DiskFull => Self::DiskFull,
            Self::Unavailable(cause) => Self::Unavailable(cause.clone()),
            Self::Damaged(cause) => Self::Damaged(cause.clone()),
            other => Self::Undone(other.to_string()),
        }
    }
}
