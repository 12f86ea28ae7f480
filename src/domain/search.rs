//! A question and its answer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DocumentId, Metadata, json};

/// What someone wants to know. Any word may match, rarer words count more; a part in double quotes
/// must occur as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Query {
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = "[^\\u0009-\\u000d\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]"
    )]
    pub question: String,
    #[serde(default = "Query::default_max_chunks", deserialize_with = "json::whole")]
    #[schema(minimum = 1, maximum = 100, default = 5)]
    pub max_chunks: u32,
}

impl Query {
    /// How many passages an answer rests on when the caller does not say.
    pub const DEFAULT_MAX_CHUNKS: u32 = 5;
    /// The most passages one can ask for.
    pub const MAX_CHUNKS: u32 = 100;
    /// The longest question, in characters.
    pub const MAX_QUESTION: usize = 2000;

    fn default_max_chunks() -> u32 {
        Self::DEFAULT_MAX_CHUNKS
    }
}

/// What the documents say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Answer {
    /// The best sentences of the best passages, each followed by the number of its source in
    /// brackets, counted from 1; or a sentence saying that nothing was found.
    pub answer: String,
    /// The passages, best first.
    pub sources: Vec<Source>,
    pub metadata: AnswerMetadata,
}

/// A passage that matched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Source {
    /// The whole passage.
    pub content: String,
    /// BM25 score; comparable within one answer only.
    pub score: f32,
    pub metadata: Metadata,
    pub document_id: DocumentId,
    pub document_name: String,
    pub chunk_index: u64,
    /// Where the passage starts in its document's text, in characters.
    pub start: u64,
    /// Where it ends, in characters, exclusive.
    pub end: u64,
    /// Where the passage is in the source: `member`, `page`, `slide`, `sheet`, `rows`, `chapter`, `part` and `headings`, as far
    /// as its format knows them.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub location: Metadata,
    /// The same in words; empty if nothing is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// The part of the passage around the matches, as HTML: matches in `<mark>`, all else escaped.
    pub snippet: String,
}

/// About the answer itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AnswerMetadata {
    /// Time the server took, in milliseconds.
    pub took_ms: f64,
}
