//! What ingestion made: documents and their chunks.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::job::rfc3339;
use super::parameters::{BadParameter, parsed};
use super::{JobId, Metadata, Warning};

/// Identifies a document: the same source in the same job is the same document at every attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct DocumentId(pub Uuid);

impl DocumentId {
    /// The id of the document that item number `item` of a job becomes, the same at every attempt.
    ///
    /// Keeps the job's time before the item's number and the job's tail after it, so that ids sort by
    /// the job's time and then by item. The tail is 8 bits of what counts the jobs of one millisecond
    /// and 32 random bits (RFC 9562, 6.2, method 1, as the `uuid` crate does it): up to 256 jobs of one
    /// millisecond never share an id.
    pub fn of(job: JobId, item: u64) -> Self {
        debug_assert!(item < Self::MAX_ITEMS);
        let mut bytes = *job.0.as_bytes();
        bytes[8..11].copy_from_slice(&(item as u32).to_be_bytes()[1..]);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// The most items a job can have: 22 bits of the id name one.
    pub const MAX_ITEMS: u64 = 1 << 22;
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for DocumentId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// One ingested source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Document {
    pub document_id: DocumentId,
    /// The job that ingested it; that job's row may have been cleaned up since.
    pub job_id: JobId,
    /// The file's name, or the first words of a text.
    pub name: String,
    pub media_type: String,
    pub size_bytes: u64,
    /// Length of the extracted text in characters (Unicode scalar values).
    pub characters: u64,
    pub chunk_count: u64,
    pub metadata: Metadata,
    #[serde(with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// Of the original's bytes, as hexadecimal digits, if `GET /documents/{id}/source` has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sha256: Option<String>,
}

/// A passage of a document: what is indexed and what a query answers with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Chunk {
    /// Position in the document, from 0.
    pub chunk_index: u64,
    /// Where the passage starts in the document's text, in characters.
    pub start: u64,
    /// Where it ends, in characters, exclusive.
    pub end: u64,
    /// Where it is in the source: `member`, `page`, `slide`, `sheet`, `rows`, `chapter`, `part` and `headings`, as far
    /// as its format knows them.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub location: Metadata,
    /// The same in words; empty if nothing is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    pub text: String,
}

/// Which documents a list shows, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentFilter {
    /// Those with this in their name; `A` to `Z` count as `a` to `z`.
    #[serde(default)]
    pub text: Option<String>,
    /// Those that this job made.
    #[serde(default)]
    pub job: Option<JobId>,
}

impl DocumentFilter {
    /// Its parts as a query string has them.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let text = self.text.iter().map(|text| ("q", text.clone()));
        text.chain(self.job.map(|job| ("job_id", job.to_string()))).collect()
    }

    /// Reads it from an address's parameters; what is empty is no filter.
    pub fn from_parameters(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadParameter> {
        let text = get("q").map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
        Ok(Self { text, job: parsed("job_id", get("job_id").as_deref(), "it must be the id of a job")? })
    }
}

/// One page of documents, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DocumentPage {
    pub documents: Vec<Document>,
    /// All documents that match the filter, not only those of this page.
    pub total_count: u64,
    /// Where the next page starts, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<DocumentId>,
}

/// A document with some of its chunks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DocumentWithChunks {
    #[serde(flatten)]
    pub document: Document,
    /// What was not as it should be in its source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    pub chunks: Vec<Chunk>,
    /// The `offset` of the next chunks, if there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_offset: Option<u64>,
}

impl DocumentWithChunks {
    /// How many chunks are shown when the caller does not say.
    pub const DEFAULT_LIMIT: u32 = 50;
    /// The most chunks one can ask for at once.
    pub const MAX_LIMIT: u32 = 1000;
}

impl DocumentPage {
    /// How many documents a page has when the caller does not say.
    pub const DEFAULT_LIMIT: u32 = 50;
    /// The most documents a page can have.
    pub const MAX_LIMIT: u32 = 1000;
}

/// How much has been taken in, and whether the index has all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KnowledgeBase {
    pub documents: u64,
    pub chunks: u64,
    /// Size of the sources.
    pub bytes: u64,
    pub index: IndexState,
}

/// How far the full-text index has followed the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IndexState {
    /// A query finds everything that was completed.
    pub up_to_date: bool,
    /// Chunks the index holds, those of deleted documents not yet merged away excluded.
    pub chunks: u64,
    /// The change number the index has reached.
    pub seq: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_read_back_from_its_parameters() {
        let of = |given: &[(&'static str, String)]| {
            DocumentFilter::from_parameters(&|name| {
                given.iter().find(|(it, _)| *it == name).map(|(_, value)| value.clone())
            })
        };
        let both = DocumentFilter { text: Some("a b".into()), job: Some(JobId(Uuid::nil())) };
        for filter in [DocumentFilter::default(), both] {
            assert_eq!(of(&filter.parameters()), Ok(filter));
        }
        assert_eq!(of(&[("q", " ".into()), ("job_id", "".into())]), Ok(DocumentFilter::default()));
        let refused = of(&[("job_id", "x".into())]).unwrap_err();
        assert_eq!(refused.message, "job_id is \"x\"; it must be the id of a job.");
    }

    #[test]
    fn document_ids_sort_by_job_and_item_and_do_not_repeat() {
        let jobs = [
            JobId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001)),
            // One more job of the same millisecond, and one of the next.
            JobId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0001_0000_0000)),
            JobId(Uuid::from_u128(0x0190_0000_0001_7000_8000_0000_0000_0002)),
        ];
        let ids: Vec<_> = jobs
            .iter()
            .flat_map(|job| {
                [0, 1, 255, 256, DocumentId::MAX_ITEMS - 1].map(|item| DocumentId::of(*job, item))
            })
            .collect();
        assert!(ids[..5].is_sorted() && ids[..5] < ids[10..]);
        let different: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(different.len(), ids.len());
        assert_eq!(DocumentId::of(jobs[0], 1), ids[1]);
    }
}
