//! The attempts at a job, and what happened in each.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::job::{named, rfc3339};

/// How one attempt at a job went or goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobAttempt {
    /// From 1. An attempt that was released has the same number as the next one.
    pub attempt: u32,
    /// When the job began to wait for it.
    #[serde(with = "rfc3339")]
    pub queued_at: DateTime<Utc>,
    #[serde(with = "rfc3339")]
    pub started_at: DateTime<Utc>,
    /// When all was read and written, if it came so far.
    #[serde(default, with = "rfc3339::option")]
    #[schema(required)]
    pub read_at: Option<DateTime<Utc>>,
    /// `None` while it runs.
    #[serde(default, with = "rfc3339::option")]
    #[schema(required)]
    pub ended_at: Option<DateTime<Utc>>,
    pub outcome: AttemptOutcome,
    /// Why it failed or was put off; empty otherwise.
    pub error_code: String,
    pub error_message: String,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// It has not.
    Running,
    Completed,
    Failed,
    Cancelled,
    /// Given back without being counted: the server stopped, or its disk was full.
    Released,
}
named!(AttemptOutcome, "outcome");

impl AttemptOutcome {
    pub const ALL: [Self; 5] =
        [Self::Running, Self::Completed, Self::Failed, Self::Cancelled, Self::Released];

    /// The name used on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Released => "released",
        }
    }
}

/// What happened in attempts at a job, in the order of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobLog {
    pub lines: Vec<LogLine>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    pub attempt: u32,
    #[serde(with = "rfc3339")]
    pub at: DateTime<Utc>,
    pub level: LogLevel,
    /// A sentence; never a part of a document's text.
    pub text: String,
}

impl LogLine {
    /// The most lines kept of one attempt, and shown with a job.
    pub const MOST: usize = 200;
}

/// How grave it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    Info,
    Warning,
    Error,
}
named!(LogLevel, "level");

impl LogLevel {
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Error];

    /// The name used on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}
