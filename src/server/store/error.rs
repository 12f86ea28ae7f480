//! What can go wrong in a store.

use rusqlite::ErrorCode;

/// A failure of the store itself, never of a caller's wish.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database refused: {0}")]
    Database(rusqlite::Error),
    #[error("the transaction failed and was undone: {0}")]
    Undone(String),
    #[error("the database could not be brought to this version's form: {0}")]
    Migration(#[from] rusqlite_migration::Error),
    #[error("the database holds a value that cannot be read: {0}")]
    Corrupt(String),
    #[error("the disk is full")]
    DiskFull,
    #[error("the store has stopped")]
    Stopped,
    #[error("a step of the store panicked; nothing of it was written")]
    Panicked,
}

impl From<rusqlite::Error> for StoreError {
    fn from(cause: rusqlite::Error) -> Self {
        match cause.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            _ => Self::Database(cause),
        }
    }
}

impl StoreError {
    /// What the others of a transaction are told that this error undid.
    pub fn shared(&self) -> Self {
        match self {
            Self::DiskFull => Self::DiskFull,
            other => Self::Undone(other.to_string()),
        }
    }
}
