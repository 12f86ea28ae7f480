//! Webhooks: calls by which the server tells a receiver that a job has ended.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::job::{named, rfc3339};
use super::{JobId, JobStatus};

/// Identifies a delivery: the same at every try, so that the receiver knows what it has had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct WebhookId(pub Uuid);

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for WebhookId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum WebhookEvent {
    #[serde(rename = "job.completed")]
    JobCompleted,
    #[serde(rename = "job.failed")]
    JobFailed,
    #[serde(rename = "job.cancelled")]
    JobCancelled,
}

impl WebhookEvent {
    pub const ALL: [Self; 3] = [Self::JobCompleted, Self::JobFailed, Self::JobCancelled];

    /// What is told of a job that has this status now, if it has ended.
    pub fn of(status: JobStatus) -> Option<Self> {
        match status {
            JobStatus::Completed => Some(Self::JobCompleted),
            JobStatus::Failed => Some(Self::JobFailed),
            JobStatus::Cancelled => Some(Self::JobCancelled),
            JobStatus::Pending | JobStatus::Running => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::JobCompleted => "job.completed",
            Self::JobFailed => "job.failed",
            Self::JobCancelled => "job.cancelled",
        }
    }
}

/// Whether a delivery has come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookStatus {
    /// It is to be tried, or tried again.
    Pending,
    Delivered,
    /// It was tried for the last time, or the receiver wants no more.
    Failed,
}

impl WebhookStatus {
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Failed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

named!(WebhookEvent, "webhook's event");
named!(WebhookStatus, "webhook's status");

/// One try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookAttempt {
    #[serde(with = "rfc3339")]
    pub at: DateTime<Utc>,
    /// What the receiver answered; `None` if it did not.
    #[schema(required)]
    pub status: Option<u16>,
    /// Why it did not succeed, in a sentence; empty if it did.
    pub error: String,
    pub took_ms: u64,
}

/// A receiver that is told of a job's end, and how that goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookDelivery {
    pub webhook_id: WebhookId,
    /// The job's row may have been cleaned up since.
    pub job_id: JobId,
    pub url: String,
    pub event: WebhookEvent,
    pub status: WebhookStatus,
    #[serde(with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// When it is tried next; `None` once it has ended.
    #[serde(with = "rfc3339::option")]
    #[schema(required)]
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The tries so far, the oldest first; of very many the last ones.
    pub attempts: Vec<WebhookAttempt>,
}

/// Which deliveries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebhookFilter {
    pub job: Option<JobId>,
    pub status: Option<WebhookStatus>,
}

/// Deliveries, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookPage {
    pub deliveries: Vec<WebhookDelivery>,
    /// The `before` of the next page, if there are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<WebhookId>,
}

impl WebhookPage {
    pub const DEFAULT_LIMIT: u32 = 50;
    pub const MAX_LIMIT: u32 = 1000;
}

/// A URL without the part in which secrets are often sent.
pub fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_are_sent() {
        for event in WebhookEvent::ALL {
            assert_eq!(serde_json::to_value(event).unwrap(), event.as_str());
            assert_eq!(event.as_str().parse(), Ok(event));
        }
        for status in WebhookStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }

    #[test]
    fn exactly_the_final_states_are_told() {
        for status in JobStatus::ALL {
            assert_eq!(WebhookEvent::of(status).is_some(), status.is_final(), "{status}");
        }
    }

    #[test]
    fn a_query_is_left_out() {
        for url in ["https://a.example/b", "https://a.example/b?key=c", "https://a.example/b#c?d"] {
            assert_eq!(without_query(url), "https://a.example/b");
        }
    }
}
