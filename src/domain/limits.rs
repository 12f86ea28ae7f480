//! What the server takes, as `GET /limits` tells it beforehand.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DocumentId, JobQuery, Metadata, Query};

/// The bounds a client can meet. Sizes are in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Limits {
    /// A request with files (`--max-upload-size`).
    pub max_upload_size: u64,
    /// A text or JSON request: it is held in memory (`--max-text-size`).
    pub max_text_size: u64,
    /// Text and JSON requests that are held in memory at the same time, together (`--max-body-memory`).
    pub max_body_memory: u64,
    /// Fields and files of one form (`--max-form-parts`).
    pub max_form_parts: u64,
    /// Messages of one batch (`--max-batch-messages`).
    pub max_batch_messages: u64,
    /// Jobs that wait (`--max-pending-jobs`).
    pub max_pending_jobs: u64,
    /// Multipart forms that are read at the same time (`--max-concurrent-uploads`).
    pub max_concurrent_uploads: u64,
    /// Open connections (`--max-connections`).
    pub max_connections: u64,
    /// Open event streams (`--max-event-streams`).
    pub max_event_streams: u64,
    /// How long a client may keep the server waiting, in seconds (`--client-timeout`).
    pub client_timeout: u64,
    /// Nothing is taken in while the disk has less room (`--min-free-disk`).
    pub min_free_disk: u64,
    #[serde(flatten)]
    pub fixed: FixedLimits,
}

/// Bounds that no setting changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FixedLimits {
    /// A form field that is neither a text nor a file.
    pub max_field_size: u64,
    /// A file's name.
    pub max_file_name_size: u64,
    /// What a body must bring in a second, once it is later than `client_timeout`.
    pub least_body_rate: u64,
    /// A batch's own metadata times its messages: each keeps a copy.
    pub max_shared_metadata: u64,
    /// Metadata as JSON.
    pub max_metadata_size: u64,
    /// Objects and arrays inside each other in metadata.
    pub max_metadata_depth: u64,
    /// Items of one job, as files below a folder.
    pub max_items: u64,
    /// Jobs or documents of one page.
    pub max_page: u64,
    /// Characters of a question.
    pub max_question_length: u64,
    /// Passages of an answer.
    pub max_chunks: u64,
}

impl FixedLimits {
    pub const VALUES: Self = Self {
        max_field_size: 1 << 20,
        max_file_name_size: 255,
        least_body_rate: 1024,
        max_shared_metadata: 256 << 20,
        max_metadata_size: Metadata::MAX_SIZE as u64,
        max_metadata_depth: Metadata::MAX_DEPTH as u64,
        max_items: DocumentId::MAX_ITEMS,
        max_page: JobQuery::MAX_LIMIT as u64,
        max_question_length: Query::MAX_QUESTION as u64,
        max_chunks: Query::MAX_CHUNKS as u64,
    };
}
