//! What a text or a file would become.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Chunk, Metadata, Warning};

/// What would come of a request to ingest something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Preview {
    /// In characters, as in effect.
    pub chunk_size: u32,
    pub chunk_overlap: u32,
    /// One, or those of an archive.
    pub documents: Vec<PreviewedDocument>,
    /// Documents that are not shown.
    pub more_documents: u64,
}

impl Preview {
    /// Documents shown at most.
    pub const MOST_DOCUMENTS: usize = 50;
}

/// A document that does not exist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PreviewedDocument {
    pub name: String,
    pub media_type: String,
    /// Length of the text in characters.
    pub characters: u64,
    pub chunk_count: u64,
    /// What the source says of itself.
    pub metadata: Metadata,
    pub warnings: Vec<Warning>,
    /// The first of its chunks.
    pub chunks: Vec<Chunk>,
    /// Why it would fail; empty if it would not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error_code: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error_message: String,
}
