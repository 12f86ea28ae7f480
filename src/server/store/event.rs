//! What happens to jobs, as the store tells it to whoever counts: each event once, when it is on disk.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::{AttemptOutcome, JobId, TimedStage};

/// Something that happened to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Accepted,
    Completed {
        chunks: u64,
    },
    /// A job that had completed before has more chunks now.
    Added {
        chunks: u64,
    },
    Failed,
    Cancelled,
    AttemptEnded(AttemptOutcome),
    /// A stage is over; it took so many milliseconds.
    Took(TimedStage, u64),
    /// A document was written, or written again.
    Wrote {
        chunks: u64,
        bytes: u64,
    },
    /// Someone wants the job to be cancelled.
    CancelAsked(JobId),
    /// That wish is settled: nothing works on the job any more, and what was to be taken back is.
    CancelSettled(JobId),
    /// There are webhooks to send.
    WebhooksAdded,
}

impl Event {
    /// A stage that began at `since`, in milliseconds since 1970, is over.
    pub(super) fn took(stage: TimedStage, since: i64, now: DateTime<Utc>) -> Self {
        // A clock may have been set back.
        Self::Took(stage, (now.timestamp_millis() - since).max(0) as u64)
    }
}

/// Is told of the events of each transaction, with when they happened. Must not block: what waits for the
/// transaction waits for this, too.
pub type Listener = Arc<dyn Fn(&[(DateTime<Utc>, Event)]) + Send + Sync>;
