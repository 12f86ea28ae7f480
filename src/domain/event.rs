//! What the event stream sends.

use serde::{Deserialize, Serialize};

use super::{Job, JobId, JobStats, QueueState};

/// One message of `GET /jobs/events`. Its SSE event name is [`JobEvent::name`], its data the JSON of
/// the value inside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum JobEvent {
    /// A job in its present state.
    Job(Box<Job>),
    /// A job's row is gone (cleaned up).
    Removed(RemovedJob),
    /// The counts after the changes sent before.
    Stats(JobStats),
    /// The queue as it stands after these.
    Queue(QueueState),
}

impl JobEvent {
    pub const JOB: &'static str = "job";
    pub const REMOVED: &'static str = "removed";
    pub const STATS: &'static str = "stats";
    pub const QUEUE: &'static str = "queue";

    /// The SSE event name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Job(_) => Self::JOB,
            Self::Removed(_) => Self::REMOVED,
            Self::Stats(_) => Self::STATS,
            Self::Queue(_) => Self::QUEUE,
        }
    }
}

/// Names a job that the server no longer knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedJob {
    pub job_id: JobId,
}
