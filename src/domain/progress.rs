//! How far a running job is, and the one rule that turns it into a fraction.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a running job is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The source is read, cut into chunks and written to the store.
    Reading,
    /// Everything is stored; the full-text index is taking it in.
    Indexing,
}

impl Stage {
    pub const ALL: [Self; 2] = [Self::Reading, Self::Indexing];

    /// The name used on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Indexing => "indexing",
        }
    }
}

/// How far one attempt has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub bytes_done: u64,
    pub bytes_total: u64,
    /// Chunks cut so far; their final number once all bytes are done.
    pub chunks_created: u64,
    pub chunks_indexed: u64,
    /// Known once a folder was listed; 0 before.
    pub items_total: u64,
    pub items_done: u64,
    pub items_failed: u64,
    /// How far a file is that is made of pages and the like.
    pub steps: Option<Steps>,
}

/// So many pages, slides, sheets or chapters of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    pub done: u64,
    pub total: u64,
    /// What one is called.
    pub unit: &'static str,
}

/// Reading a source takes about this share of the whole time, indexing the rest.
const READING_SHARE: f64 = 0.7;

impl Progress {
    /// What a running job does, in a sentence; empty if there is no more to say than its fraction.
    pub fn message(&self) -> String {
        self.steps
            .map_or(String::new(), |Steps { done, total, unit }| format!("Read {unit} {done} of {total}"))
    }

    /// The fraction done, below 1.0: only a completed job is at 1.0.
    pub fn fraction(&self) -> f64 {
        let read = share(self.bytes_done, self.bytes_total);
        let indexed = if read < 1.0 { 0.0 } else { share(self.chunks_indexed, self.chunks_created) };
        (READING_SHARE * read + (1.0 - READING_SHARE) * indexed).min(0.99)
    }
}

fn share(done: u64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { done.min(total) as f64 / total as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fraction_follows_bytes_then_indexed_chunks() {
        for (bytes_done, chunks_indexed, expected) in
            [(0, 0, 0.0), (50, 0, 0.35), (100, 0, 0.7), (100, 5, 0.85), (100, 10, 0.99)]
        {
            let progress = Progress {
                bytes_done,
                bytes_total: 100,
                chunks_created: 10,
                chunks_indexed,
                ..Progress::default()
            };
            assert!((progress.fraction() - expected).abs() < 1e-9, "{progress:?}");
        }
    }

    #[test]
    fn nothing_known_is_no_progress() {
        assert_eq!(Progress::default().fraction(), 0.0);
    }
}
