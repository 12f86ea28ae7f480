//! What is told of the attempts at a job.
//!
//! Most of it follows from their times, so a job that goes as it should writes no line of its own: that it was
//! claimed, read, indexed, put back or ended is said when someone asks. The store keeps only what the times do not
//! say.

use super::{JobManager, JobsError};
use crate::domain::format::FORMATS;
use crate::domain::words::{counted, duration};
use crate::domain::{AttemptOutcome, Document, Job, JobAttempt, JobId, JobLog, LogLevel, LogLine};
use crate::server::store::KeptAttempt;

impl JobManager {
    /// What happened in an attempt, or in the last ones.
    pub async fn log(&self, id: JobId, attempt: Option<u32>) -> Result<JobLog, JobsError> {
        let job = self.get(id).await?;
        let mut attempts = self.0.store.attempts(id).await?;
        attempts.retain(|it| attempt.is_none_or(|attempt| it.attempt.attempt == attempt));
        let kept = self.0.store.log_lines(id, attempt).await?;
        let document = self.document_of(&job).await?;
        Ok(JobLog { lines: lines(&job, &attempts, document.as_ref(), kept) })
    }
}

/// The last lines, in the order of time: those that were kept, and those that follow from the attempts.
pub(super) fn lines(
    job: &Job,
    attempts: &[KeptAttempt],
    document: Option<&Document>,
    kept: Vec<LogLine>,
) -> Vec<LogLine> {
    let (mut begun, mut ended) = (Vec::new(), Vec::new());
    for past in attempts {
        follow(job, past, document, &mut begun, &mut ended);
    }
    // Sorting keeps the order of what happened at the same time: a beginning before all else, an end after it.
    let mut lines: Vec<_> = begun.into_iter().chain(kept).chain(ended).collect();
    lines.sort_by_key(|it| it.at);
    lines.drain(..lines.len().saturating_sub(LogLine::MOST));
    lines
}

/// What follows from an attempt's times and its end.
fn follow(
    job: &Job,
    past: &KeptAttempt,
    document: Option<&Document>,
    begun: &mut Vec<LogLine>,
    ended: &mut Vec<LogLine>,
) {
    let attempt = &past.attempt;
    let line = |at, level, text| LogLine { attempt: attempt.attempt, at, level, text };
    begun.push(line(attempt.started_at, LogLevel::Info, claimed(attempt)));
    if let Some(read_at) = attempt.read_at {
        ended.push(line(read_at, LogLevel::Info, read(job, attempt, document)));
    }
    let Some(ended_at) = attempt.ended_at else { return };
    let (level, text) = match (attempt.outcome, attempt.error_message.as_str()) {
        (AttemptOutcome::Running, _) => return,
        (AttemptOutcome::Completed, _) if !is_present(job, attempt) => {
            (LogLevel::Info, "Completed.".to_owned())
        }
        (AttemptOutcome::Completed, _) => (LogLevel::Info, format!("Completed: {}", job.message)),
        (AttemptOutcome::Cancelled, _) => (LogLevel::Info, "Cancelled.".to_owned()),
        (AttemptOutcome::Failed, why) => (LogLevel::Error, format!("Failed: {why}")),
        (AttemptOutcome::Released, "") => (LogLevel::Info, "Put back: the server was stopping.".to_owned()),
        (AttemptOutcome::Released, why) => (LogLevel::Warning, format!("Put back: {why}")),
    };
    ended.push(line(ended_at, level, text));
    if let Some(retry_at) = past.retry_at {
        let wait = milliseconds(retry_at - ended_at);
        ended.push(line(ended_at, LogLevel::Info, format!("To be tried again in {}.", duration(wait))));
    }
}

/// Whether it is the attempt that the job's row and its document speak of.
fn is_present(job: &Job, attempt: &JobAttempt) -> bool {
    attempt.ended_at.is_none() || attempt.ended_at == job.completed_at
}

fn claimed(attempt: &JobAttempt) -> String {
    match milliseconds(attempt.started_at - attempt.queued_at) {
        0..1000 => "Claimed by a worker.".to_owned(),
        waited => format!("Claimed by a worker after {} in the queue.", duration(waited)),
    }
}

fn read(job: &Job, attempt: &JobAttempt, document: Option<&Document>) -> String {
    let has_read = matches!(attempt.outcome, AttemptOutcome::Running | AttemptOutcome::Completed);
    if !has_read || !is_present(job, attempt) {
        return "Read everything. Waiting for the index.".to_owned();
    }
    let what = document.map_or("everything".to_owned(), what_it_is);
    format!("Read {what} and wrote {}. Waiting for the index.", counted(job.chunks_created, "chunk"))
}

/// "PDF, 311 pages, 240,000 characters".
fn what_it_is(document: &Document) -> String {
    let format = FORMATS.iter().find(|it| it.media_type() == document.media_type);
    let mut parts = vec![format.map_or(document.media_type.as_str(), |it| it.name).to_owned()];
    parts.extend(
        document.metadata.0.get("page_count").and_then(|it| it.as_u64()).map(|it| counted(it, "page")),
    );
    parts.push(counted(document.characters, "character"));
    parts.join(", ")
}

fn milliseconds(time: chrono::TimeDelta) -> i64 {
    time.num_milliseconds().max(0)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;
    use crate::domain::JobStatus;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(milliseconds)
    }

    fn past(attempt: u32, started: i64, ended: i64, outcome: AttemptOutcome, error: &str) -> KeptAttempt {
        let attempt = JobAttempt {
            attempt,
            queued_at: at(0),
            started_at: at(started),
            read_at: None,
            ended_at: Some(at(ended)),
            outcome,
            error_code: String::new(),
            error_message: error.to_owned(),
        };
        KeptAttempt { attempt, retry_at: None }
    }

    fn told(attempts: &[KeptAttempt], kept: Vec<LogLine>) -> Vec<(u32, String)> {
        let message = "Text ingested successfully".into();
        let completed_at = attempts.last().and_then(|it| it.attempt.ended_at);
        let job = Job {
            status: JobStatus::Completed,
            completed_at,
            chunks_created: 1200,
            message,
            ..Job::example()
        };
        lines(&job, attempts, None, kept).into_iter().map(|it| (it.attempt, it.text)).collect()
    }

    #[test]
    fn what_follows_from_the_times_stands_around_what_was_kept() {
        let mut first = past(1, 2500, 3000, AttemptOutcome::Failed, "The disk is full.");
        first.retry_at = Some(at(23_000));
        // It waits for its turn from when it is due.
        let mut second = past(2, 25_000, 27_000, AttemptOutcome::Completed, "");
        second.attempt.queued_at = at(23_000);
        second.attempt.read_at = Some(at(26_000));
        let kept = LogLine { attempt: 2, at: at(26_000), level: LogLevel::Warning, text: "Odd.".into() };
        assert_eq!(
            told(&[first, second], vec![kept]),
            [
                (1, "Claimed by a worker after 2.5 s in the queue.".to_owned()),
                (1, "Failed: The disk is full.".into()),
                (1, "To be tried again in 20 s.".into()),
                (2, "Claimed by a worker after 2.0 s in the queue.".into()),
                (2, "Odd.".into()),
                (2, "Read everything and wrote 1,200 chunks. Waiting for the index.".into()),
                (2, "Completed: Text ingested successfully".into()),
            ]
        );
    }

    #[test]
    fn a_former_attempt_that_completed_does_not_speak_with_the_words_of_the_present_one() {
        let mut former = past(1, 0, 20, AttemptOutcome::Completed, "");
        former.attempt.read_at = Some(at(10));
        let present = past(2, 30, 40, AttemptOutcome::Completed, "");
        let told = told(&[former, present], Vec::new());
        assert_eq!(told[1].1, "Read everything. Waiting for the index.");
        assert_eq!(told[2].1, "Completed.");
        assert_eq!(told[4].1, "Completed: Text ingested successfully");
    }

    #[test]
    fn an_attempt_that_was_given_back_says_why() {
        for (outcome, error, end) in [
            (AttemptOutcome::Released, "", "Put back: the server was stopping."),
            (AttemptOutcome::Released, "The disk is full.", "Put back: The disk is full."),
            (AttemptOutcome::Cancelled, "", "Cancelled."),
        ] {
            assert_eq!(told(&[past(1, 0, 10, outcome, error)], Vec::new())[1].1, end);
        }
    }

    #[test]
    fn of_very_many_lines_the_last_are_told() {
        let attempts: Vec<_> =
            (1..=150).map(|it| past(it, it.into(), it.into(), AttemptOutcome::Failed, "No.")).collect();
        let told = told(&attempts, Vec::new());
        assert_eq!((told.len(), told[0].0, told[199].0), (LogLine::MOST, 51, 150));
    }
}
