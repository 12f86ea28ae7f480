//! What can go wrong with jobs, in the words of the domain.

use std::io;

use crate::domain::{Duplicate, JobId, JobStatus, QueueState};
use crate::server::disk::LowDisk;
use crate::server::ingest::folders::PathError;
use crate::server::originals::NotKept;
use crate::server::store::StoreError;
use crate::server::webhooks::CallbackError;

/// Why a wish about jobs was not met.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    #[error("There is no job {0}. It may have been cleaned up; its documents stay.")]
    NotFound(JobId),
    #[error("Job {id} has ended already ({status}); only a pending or running job can be cancelled.")]
    AlreadyFinal { id: JobId, status: JobStatus },
    #[error(
        "Job {id} is {status}; only a failed or cancelled job can be retried, or a completed one with failed items."
    )]
    NotRetryable { id: JobId, status: JobStatus },
    #[error("What job {0} read was not kept when it completed. Send what failed again.")]
    SourceGone(JobId),
    #[error(
        "Nothing says which jobs are meant. Name them with ids, or choose them with a filter such as status=failed."
    )]
    NothingSelected,
    #[error("max_concurrent_jobs is {0}; it must be a whole number from 1 to {most}.", most = QueueState::MOST_SLOTS)]
    SlotCount(u32),
    #[error("{0} is empty. Send some text.")]
    Empty(String),
    #[error("{field} has a NUL character at byte {place}, so it is not text. Send text without it.")]
    Nul { field: String, place: usize },
    #[error(
        "The batch has {count} messages; it can have at most {most} (--max-batch-messages). Send several."
    )]
    TooManyItems { count: usize, most: u64 },
    #[error(
        "The metadata of the batch is too large to go with each of its {0} messages. Shorten it, or send fewer."
    )]
    SharedMetadata(usize),
    #[error("The batch has no messages. Send at least one, as {{\"messages\": [{{\"text\": \"…\"}}]}}.")]
    EmptyBatch,
    /// A whole sentence.
    #[error("{0}")]
    Unsupported(String),
    #[error("{0} is a folder. Only one file can be previewed at a time.")]
    FolderPreview(String),
    #[error("{0}.")]
    Chunking(String),
    #[error("{0} jobs wait already, as many as this server lets wait (--max-pending-jobs). Try again later.")]
    QueueFull(u64),
    #[error("Another request came with this Idempotency-Key. Send each new request with a new key.")]
    IdempotencyKeyTaken,
    #[error("This request came before, as job {0}, whose row was cleaned up; its documents stay.")]
    RequestJobGone(JobId),
    #[error("{0}")]
    Duplicate(Duplicate),
    #[error(transparent)]
    LowDisk(#[from] LowDisk),
    #[error(transparent)]
    Path(#[from] PathError),
    #[error(transparent)]
    Original(#[from] NotKept),
    #[error(transparent)]
    Callback(#[from] CallbackError),
    #[error("the server is stopping; the job goes on after its next start")]
    Stopping(JobId),
    #[error("the job store failed: {0}")]
    Store(#[from] StoreError),
    #[error("the data folder failed: {0}")]
    Data(#[from] io::Error),
}
