//! Jobs as they are answered: pages, and all there is to say about one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    DocumentId, Duplicate, Job, JobAttempt, JobCursor, JobStatus, LogLine, Pace, QueueState, Warning,
};

/// One page of jobs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobPage {
    pub jobs: Vec<Job>,
    /// All jobs that match the filter, not only those of this page.
    pub total_count: u64,
    /// Where the next page starts, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, nullable = false)]
    pub next: Option<JobCursor>,
}

/// What the job list shows at one moment, and the change number from which to follow it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JobsView {
    pub page: JobPage,
    pub stats: JobStats,
    pub queue: QueueState,
    /// The event stream started with `?after=` this number misses nothing.
    pub seq: u64,
    /// How fast jobs have been lately, for [`time_left`](super::time_left::time_left).
    #[serde(default)]
    pub paces: Vec<Pace>,
}

/// How one item of a batch or a folder ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobItem {
    /// Position in the job, from 0.
    pub item: u64,
    /// The file's name, relative to the folder for a folder; the first words of a message.
    pub name: String,
    /// The document the item became, or that stands in for it; none if it failed.
    #[schema(required)]
    pub document_id: Option<DocumentId>,
    pub chunks_created: u64,
    pub error_code: String,
    pub error_message: String,
    /// A document that had the content already, and what became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub duplicate: Option<Duplicate>,
}

/// One page of a job's items, in their order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobItemPage {
    pub items: Vec<JobItem>,
    /// The `after` of the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<u64>,
}

/// Which items of a job a page shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemFilter {
    pub failed_only: bool,
    /// Only items after this one: the `next` of the page before.
    pub after: Option<u64>,
    pub limit: u32,
}

impl ItemFilter {
    /// How many items a page has when the caller does not say.
    pub const DEFAULT_LIMIT: u32 = 100;
    /// The most items a page can have.
    pub const MAX_LIMIT: u32 = 1000;
}

/// A job with all there is to say about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobDetails {
    #[serde(flatten)]
    pub job: Job,
    /// On whose behalf it was accepted: the name of an API key, or `anonymous`. Empty for jobs of before.
    #[serde(default)]
    #[schema(required)]
    pub accepted_by: String,
    /// The id of the request that brought it, as it stands in the server's log.
    #[serde(default)]
    #[schema(required)]
    pub request_id: String,
    /// How many jobs are begun before this one, while it is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub jobs_ahead: Option<u64>,
    /// Why it waits, in a sentence, while it is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub waits_for: Option<String>,
    /// The document that a completed job without items made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub document_id: Option<DocumentId>,
    /// What was not as it should be, though the job went on; the first few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// All attempts, oldest first; the present one, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<JobAttempt>,
    /// What happened in the last attempts, in the order of time; at most 200 lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<LogLine>,
    /// What the job reads, if that is one text or file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub source: Option<SourceInfo>,
    /// The results of its items, failed ones first.
    /// At most the first hundred; single texts and files have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<JobItem>,
}

/// What a job reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceInfo {
    pub name: String,
    pub size_bytes: u64,
    /// Of its bytes, as hexadecimal digits, where they are kept as a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sha256: Option<String>,
    /// Whether `GET /jobs/{id}/source` has it.
    pub available: bool,
}

/// Counts over all jobs the server still knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobStats {
    pub total_jobs: u64,
    pub pending: u64,
    pub running: u64,
    pub completed: u64,
    pub failed: u64,
    pub cancelled: u64,
    pub total_chunks_created: u64,
    /// Failed jobs, and completed ones with failed items.
    #[serde(default)]
    #[schema(required)]
    pub needs_attention: u64,
}

impl JobStats {
    /// The count of one state.
    pub fn of(&self, status: JobStatus) -> u64 {
        match status {
            JobStatus::Pending => self.pending,
            JobStatus::Running => self.running,
            JobStatus::Completed => self.completed,
            JobStatus::Failed => self.failed,
            JobStatus::Cancelled => self.cancelled,
        }
    }
}
