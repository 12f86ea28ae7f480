//! The bytes that were sent, for those who want them back.

use crate::domain::JobType;
use crate::server::store::BlobRef;

/// What was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    pub name: String,
    /// As it was recognised; empty if it was not yet.
    pub media_type: String,
    pub bytes: Bytes,
}

/// Where its bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bytes {
    Blob(BlobRef),
    /// A short text, which the database holds until its job has completed.
    Text(String),
}

impl Bytes {
    /// The SHA-256 of the bytes as hexadecimal digits, where it is known.
    pub fn sha256(&self) -> Option<String> {
        match self {
            Self::Blob(blob) => Some(blob.to_string()),
            Self::Text(_) => None,
        }
    }

    /// Whether they are a text that was sent as such.
    pub fn is_text(&self, job_type: JobType) -> bool {
        matches!(self, Self::Text(_)) || job_type == JobType::TextIngestion
    }
}

/// Why there is no original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    #[error(
        "The original is not kept by itself. A text is kept until its job has completed, and an uploaded file as long as \
         its document; a message of a batch, a part of an archive and a file of the server's machine are never copied."
    )]
    NoCopy,
    #[error("The original is a file of the server's machine; the server keeps no copy of it.")]
    OnServer,
    #[error("The job has several items; ask for the originals of its documents (GET /documents?job_id=…).")]
    Items,
}
