//! A job as the server and the browser both see it.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::cause::may_pass;
use super::{DocumentId, Duplicate, DuplicateOutcome, JobType, Metadata, Stage, Warning};

/// One piece of ingestion work: a text, a file, a batch of messages or files, or a folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    pub job_id: JobId,
    pub job_type: JobType,
    pub status: JobStatus,
    #[serde(with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "rfc3339::option")]
    #[schema(required)]
    pub started_at: Option<DateTime<Utc>>,
    #[serde(with = "rfc3339::option")]
    #[schema(required)]
    pub completed_at: Option<DateTime<Utc>>,
    /// 0.0 to 1.0; never goes back within an attempt.
    #[schema(minimum = 0.0, maximum = 1.0)]
    pub progress: f64,
    /// What happens now or has happened, in a sentence.
    pub message: String,
    /// Why the job failed, or the last attempt of one that waits for the next, in a sentence; empty
    /// otherwise.
    pub error_message: String,
    /// The stable name of that reason; empty otherwise.
    pub error_code: String,
    pub chunks_created: u64,
    pub total_items: u64,
    pub processed_items: u64,
    /// How many of the processed items failed.
    pub failed_items: u64,
    pub metadata: Metadata,
    /// The file's name, the first words of a text, or "batch of 12".
    pub name: String,
    pub size_bytes: u64,
    /// Where a running job is; `None` while it waits and after its end.
    #[schema(required)]
    pub stage: Option<Stage>,
    pub bytes_done: u64,
    pub chunks_indexed: u64,
    /// How often the job was started; 0 before its first start.
    pub attempt: u32,
    /// The number of the last attempt that it gets by itself; a retry by hand gives it as many more as a new job has.
    pub max_attempts: u32,
    /// When a job that waits for its next attempt is tried again.
    #[serde(default, with = "rfc3339::option")]
    #[schema(required)]
    pub retry_at: Option<DateTime<Utc>>,
    /// Someone asked to cancel, and the work has not stopped yet.
    pub cancel_requested: bool,
    /// A document that had the content already, and what became of it; of jobs without items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub duplicate: Option<Duplicate>,
    /// The number of the job's latest change; grows with every change of any job.
    pub seq: u64,
}

impl Job {
    /// Whether asking to cancel makes sense.
    pub fn can_cancel(&self) -> bool {
        !self.status.is_final() && !self.cancel_requested
    }

    /// Whether asking for another try makes sense: of all of it, or of the items that failed.
    pub fn can_retry(&self) -> bool {
        matches!(self.status, JobStatus::Failed | JobStatus::Cancelled) || self.completed_in_part()
    }

    /// Whether another try may end better as things are: not of a file that is damaged, say.
    pub fn is_worth_retrying(&self) -> bool {
        self.can_retry() && (self.status != JobStatus::Failed || may_pass(&self.error_code))
    }

    /// Which attempt it is at, and how many more it may get by itself. A retry by hand gives it as many again, so the
    /// number of the last one is nothing that people could know.
    pub fn attempt_in_words(&self) -> String {
        let more = self.max_attempts.saturating_sub(self.attempt);
        match (self.attempt, more) {
            (attempt, _) if self.status.is_final() => attempt.to_string(),
            (attempt, 0) => format!("{attempt}, the last one"),
            (0, more) => format!("none yet, up to {more}"),
            (attempt, more) => format!("{attempt}, up to {more} more if it fails"),
        }
    }

    /// Whether somebody should look at it: nothing became of it, or not of all its items.
    pub fn needs_attention(&self) -> bool {
        self.status == JobStatus::Failed || self.completed_in_part()
    }

    /// The job is complete, but for items that failed: these can be tried again.
    pub fn completed_in_part(&self) -> bool {
        self.status == JobStatus::Completed && self.failed_items > 0
    }

    /// The [`Self::cause`] of a completed job with failed items, and the error code of one all of whose items
    /// failed for no single reason.
    pub const ITEMS_FAILED: &'static str = "items_failed";

    /// The stable name of why it needs attention, or waits for another try; empty if it does neither.
    pub fn cause(&self) -> &str {
        if self.completed_in_part() { Self::ITEMS_FAILED } else { &self.error_code }
    }

    /// The document a completed job without items made, or that stands in for it.
    pub fn document_id(&self) -> Option<DocumentId> {
        let one = self.status == JobStatus::Completed && !self.job_type.has_items();
        one.then(|| self.only_document())
    }

    /// The document of a job without items, once it is there.
    pub fn only_document(&self) -> DocumentId {
        self.duplicate.and_then(Duplicate::stands_in).unwrap_or_else(|| DocumentId::of(self.job_id, 0))
    }

    /// What a completed job says, of whose items so many were skipped.
    pub fn success_message(&self, warnings: &[Warning], skipped: u64) -> String {
        let ingested = self.total_items.saturating_sub(self.failed_items + skipped);
        let done = match (self.job_type.has_items(), self.duplicate) {
            (false, Some(it)) if it.outcome == DuplicateOutcome::Skipped => it.to_string(),
            (false, Some(it)) => format!("{} ingested successfully. {it}", self.job_type.label()),
            (false, None) => format!("{} ingested successfully", self.job_type.label()),
            (true, _) => self.items_message(ingested, skipped),
        };
        match warnings {
            [] => done,
            [one] => format!("{done}. {}", one.message),
            [first, more @ ..] => format!("{done}. {} And {} more warnings.", first.message, more.len()),
        }
    }

    fn items_message(&self, ingested: u64, skipped: u64) -> String {
        let mut message = match (self.failed_items + skipped, ingested) {
            (0, 1) => "1 item ingested successfully".to_owned(),
            (0, _) => format!("{ingested} items ingested successfully"),
            _ => format!("{ingested} of {} items ingested", self.total_items),
        };
        if skipped > 0 {
            let what = if skipped == 1 { "a duplicate" } else { "duplicates" };
            message += &format!(", {skipped} skipped as {what}");
        }
        if self.failed_items > 0 {
            message += &format!(", {} failed", self.failed_items);
        }
        message
    }
}

/// Identifies a job. Only the server makes new ones, so the browser needs no source of randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct JobId(pub Uuid);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for JobId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Where a job is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    Pending,
    Running,
    Completed,
    Failed,
    Cancelled,
}

impl JobStatus {
    pub const ALL: [Self; 5] = [Self::Pending, Self::Running, Self::Completed, Self::Failed, Self::Cancelled];

    /// The name used on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// A job in a final state changes only when a person asks for another try.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Whether a job may move from this state to `next`.
    ///
    /// The stores guard each statement themselves; this table is what the tests hold them to.
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending, Self::Running | Self::Cancelled)
                // Back to the queue: an expired lease, or a server that is stopping.
                | (Self::Running, Self::Completed | Self::Failed | Self::Cancelled | Self::Pending)
                // A person asked for another try; of a completed job, for the items that failed.
                | (Self::Failed | Self::Cancelled | Self::Completed, Self::Pending)
        )
    }
}

/// Makes `Display` and `FromStr` speak the wire names of an enum that has `ALL` and `as_str`.
macro_rules! named {
    ($type:ty, $what:literal) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|it| it.as_str() == text).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|it| it.as_str()).collect();
                    format!("{text:?} is not a {}; one of {} is", $what, known.join(", "))
                })
            }
        }
    };
}
pub(super) use named;
named!(JobStatus, "job status");
named!(JobType, "job type");

/// The answer to an ingestion request: enough to follow the job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobSummary {
    pub job_id: JobId,
    pub job_type: JobType,
    pub status: JobStatus,
    #[serde(with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    pub message: String,
    /// Only when the request waited for the job's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub chunks_created: Option<u64>,
    /// Only when the request waited for the end of a job without items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub document_id: Option<DocumentId>,
    /// A document that had the content already, and what became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub duplicate: Option<Duplicate>,
}

impl From<&Job> for JobSummary {
    fn from(job: &Job) -> Self {
        Self {
            job_id: job.job_id,
            job_type: job.job_type,
            status: job.status,
            created_at: job.created_at,
            message: job.message.clone(),
            chunks_created: (job.status == JobStatus::Completed).then_some(job.chunks_created),
            document_id: job.document_id(),
            duplicate: job.duplicate,
        }
    }
}

/// Times on the wire: RFC 3339 in UTC with milliseconds and `Z`.
pub mod rfc3339 {
    use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    /// The text of a time as every answer shows it.
    pub fn text(time: &DateTime<Utc>) -> String {
        time.to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    pub fn serialize<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text(time))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        let text = String::deserialize(deserializer)?;
        read(&text).ok_or_else(|| D::Error::custom("expected a time such as 2024-01-15T10:30:00.000Z"))
    }

    /// Reads what [`text`] wrote, with or without the milliseconds, and nothing else: chrono's own
    /// reader knows many more forms, and would be a large part of the browser's bundle.
    pub fn read(time: &str) -> Option<DateTime<Utc>> {
        let (second, fraction) = time.strip_suffix('Z')?.split_at_checked(19)?;
        let number = |from: usize, to: usize| second.get(from..to)?.parse().ok();
        let milli = match fraction {
            "" => 0,
            _ => fraction.strip_prefix('.').filter(|it| it.len() == 3)?.parse().ok()?,
        };
        NaiveDate::from_ymd_opt(number(0, 4)? as i32, number(5, 7)?, number(8, 10)?)?
            .and_hms_milli_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?, milli)
            .map(|it| it.and_utc())
            .filter(|it| text(it).starts_with(second))
    }

    pub mod option {
        use super::*;

        #[derive(serde::Deserialize)]
        struct Time(#[serde(with = "super")] DateTime<Utc>);

        pub fn serialize<S: Serializer>(
            time: &Option<DateTime<Utc>>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match time {
                Some(time) => super::serialize(time, serializer),
                None => serializer.serialize_none(),
            }
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<DateTime<Utc>>, D::Error> {
            Option::deserialize(deserializer).map(|time| time.map(|Time(time)| time))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Job {
        /// A text that waits, for tests to change what they are about.
        pub fn example() -> Self {
            Self {
                job_id: JobId(Uuid::nil()),
                job_type: JobType::TextIngestion,
                status: JobStatus::Pending,
                created_at: DateTime::UNIX_EPOCH,
                started_at: None,
                completed_at: None,
                progress: 0.0,
                message: String::new(),
                error_message: String::new(),
                error_code: String::new(),
                chunks_created: 0,
                total_items: 1,
                processed_items: 0,
                failed_items: 0,
                metadata: Metadata::default(),
                name: String::new(),
                size_bytes: 0,
                stage: None,
                bytes_done: 0,
                chunks_indexed: 0,
                attempt: 0,
                max_attempts: 3,
                retry_at: None,
                cancel_requested: false,
                duplicate: None,
                seq: 0,
            }
        }
    }

    #[test]
    fn a_final_state_moves_only_back_to_pending() {
        for from in JobStatus::ALL.into_iter().filter(|it| it.is_final()) {
            for to in JobStatus::ALL {
                assert_eq!(from.may_become(to), to == JobStatus::Pending, "{from} to {to}");
            }
        }
    }

    #[test]
    fn a_completed_job_is_retried_only_for_items_that_failed() {
        for (status, failed_items, can_retry, needs_attention) in [
            (JobStatus::Pending, 1, false, false),
            (JobStatus::Running, 1, false, false),
            (JobStatus::Completed, 0, false, false),
            (JobStatus::Completed, 1, true, true),
            (JobStatus::Failed, 0, true, true),
            (JobStatus::Cancelled, 0, true, false),
        ] {
            let job = Job { status, failed_items, ..Job::example() };
            assert_eq!((job.can_retry(), job.needs_attention()), (can_retry, needs_attention), "{status}");
        }
    }

    #[test]
    fn a_retry_is_offered_only_where_it_may_help() {
        for (status, error_code, worth) in [
            (JobStatus::Failed, "encrypted", false),
            (JobStatus::Failed, "unsupported_format", false),
            (JobStatus::Failed, "unreadable", true),
            (JobStatus::Failed, Job::ITEMS_FAILED, true),
            (JobStatus::Cancelled, "", true),
            (JobStatus::Running, "unreadable", false),
        ] {
            let job = Job { status, error_code: error_code.into(), ..Job::example() };
            assert_eq!(job.is_worth_retrying(), worth, "{status} {error_code}");
        }
    }

    #[test]
    fn attempts_are_told_as_they_were_made_and_as_they_may_come() {
        for (status, attempt, max_attempts, words) in [
            (JobStatus::Pending, 0, 3, "none yet, up to 3"),
            (JobStatus::Running, 1, 3, "1, up to 2 more if it fails"),
            (JobStatus::Running, 2, 4, "2, up to 2 more if it fails"),
            (JobStatus::Running, 3, 3, "3, the last one"),
            (JobStatus::Failed, 2, 4, "2"),
            (JobStatus::Completed, 1, 3, "1"),
        ] {
            let job = Job { status, attempt, max_attempts, ..Job::example() };
            assert_eq!(job.attempt_in_words(), words);
        }
    }

    #[test]
    fn names_are_read_back() {
        for status in JobStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        for job_type in JobType::ALL {
            assert_eq!(job_type.as_str().parse().as_ref(), Ok(job_type));
            assert_eq!(serde_json::to_value(job_type).unwrap(), job_type.as_str());
        }
    }

    #[test]
    fn an_unknown_status_is_answered_with_the_known_ones() {
        let error = "done".parse::<JobStatus>().unwrap_err();
        assert_eq!(
            error,
            "\"done\" is not a job status; one of pending, running, completed, failed, cancelled is"
        );
    }

    #[test]
    fn times_end_in_z_and_are_read_back() {
        let time = DateTime::from_timestamp_millis(1_705_314_600_250).unwrap();
        let text = "2024-01-15T10:30:00.250Z";
        assert_eq!(rfc3339::text(&time), text);
        assert_eq!(rfc3339::read(text), Some(time));
        assert!(rfc3339::read("2024-01-15T10:30:00Z").is_some());
        for other in [
            "",
            "2024-01-15",
            "2024-01-15 10:30:00Z",
            "2024-13-15T10:30:00.000Z",
            "2024-01-15T10:30:00.250Zé",
        ] {
            assert_eq!(rfc3339::read(other), None, "{other}");
        }
    }
}
