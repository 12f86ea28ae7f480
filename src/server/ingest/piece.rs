//! What goes into the reading of an item, and what comes out of it.

use crate::domain::{Chunk, Job, Metadata, Progress};
use crate::server::store::{BlobRef, ContentHash, Failure, ItemResult};

/// What is known of an item before it is read.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    pub name: &'a str,
    pub metadata: Metadata,
    pub blob: Option<BlobRef>,
    /// The hash of its source and the size in bytes, if they are known before it is read.
    pub content: Option<(ContentHash, u64)>,
    pub kind: ItemKind,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// A text that was sent as such.
    Text,
    /// A file. An archive becomes as many items as it has files.
    File,
    /// The file of a job that has no other item, and cannot have more.
    OnlyFile,
}

impl<'a> Item<'a> {
    pub fn new(kind: ItemKind, job: &Job, name: &'a str) -> Self {
        Self { name, metadata: job.metadata.clone(), blob: None, content: None, kind }
    }
}

/// What was read, with how far the job is after it.
#[derive(Debug)]
pub struct Piece {
    pub content: PieceContent,
    pub progress: Progress,
}

/// What was read.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all pieces are items")]
pub enum PieceContent {
    /// Chunks of a document too large for one step; its item follows.
    Part(Vec<Chunk>),
    /// An item as a whole. After parts its content is a version for the worker to fill in, and these are its last
    /// chunks.
    Item(ItemResult, Vec<Chunk>),
    /// Only how far the job is.
    Nothing,
}

/// Why reading ended early.
#[derive(Debug)]
pub enum Stopped {
    /// The token was cancelled, or nobody takes the pieces any more.
    Told,
    Failed(Failure),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
