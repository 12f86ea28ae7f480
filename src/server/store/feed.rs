//! What the index follows: chunks by their keys, and how far it is.

use crate::domain::JobId;

/// One writing of a document. Every writing has a new one, so that old and new chunks never mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// Identifies a chunk for the index: its document version and its place therein.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkKey(pub u64);

impl ChunkKey {
    /// Bits for the place: 16.7 million chunks a document, 5 * 10^11 versions.
    const PLACE_BITS: u32 = 24;
    /// The most chunks one document can have.
    pub const MAX_CHUNKS: u64 = 1 << Self::PLACE_BITS;

    pub fn new(version: Version, place: u64) -> Self {
        debug_assert!(place < Self::MAX_CHUNKS);
        Self(version.0 << Self::PLACE_BITS | place)
    }

    pub fn version(self) -> Version {
        Version(self.0 >> Self::PLACE_BITS)
    }

    pub fn place(self) -> u64 {
        self.0 & (Self::MAX_CHUNKS - 1)
    }
}

/// How far the index has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedCursor {
    /// All changes up to this one.
    pub seq: u64,
    /// Of the document with this change number, the next one, the chunks up to this one.
    pub chunk: Option<(u64, ChunkKey)>,
    /// The store's latest change when the index began from nothing: it never held what was removed
    /// before, so those removals may be forgotten.
    pub began_at: u64,
}

/// What the index must take in next. Apply removals last.
#[derive(Clone, Debug, Default)]
pub struct IndexPage {
    pub chunks: Vec<(ChunkKey, String)>,
    pub removed: Vec<Version>,
    /// Jobs with large documents among these chunks, and how many chunks each.
    pub jobs: Vec<(JobId, u64)>,
    pub cursor: FeedCursor,
    /// There is nothing after this page yet.
    pub caught_up: bool,
    /// Removals after the cursor have been forgotten: the index must begin from nothing, at this page's
    /// cursor.
    pub too_old: bool,
}
