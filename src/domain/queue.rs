//! The queue as a whole: whether it is paused, how many jobs it works on at once, and why a job waits in it.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::job::rfc3339;
use super::{Job, JobStatus, json};

/// How the queue stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueueState {
    /// Nothing new is begun; what runs goes on.
    pub paused: bool,
    /// Jobs that are read at the same time at most.
    pub max_concurrent_jobs: u32,
    /// Of these, so many are read now. Jobs that wait for the index hold no slot.
    pub running_slots: u32,
    pub pending: u64,
    /// When the pending job that was accepted first was accepted.
    #[serde(default, with = "rfc3339::option")]
    #[schema(required)]
    pub oldest_pending_at: Option<DateTime<Utc>>,
}

impl QueueState {
    /// The most jobs that can be read at the same time.
    pub const MOST_SLOTS: u32 = 256;

    /// How many slots are in use, in a sentence.
    pub fn slots_in_words(&self) -> String {
        format!("{} of {} slots in use", self.running_slots, self.max_concurrent_jobs)
    }
}

/// What is to be different; what is not said stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QueueChange {
    pub paused: Option<bool>,
    /// From 1 to 256.
    #[serde(deserialize_with = "json::whole_or_none")]
    #[schema(minimum = 1, maximum = 256)]
    pub max_concurrent_jobs: Option<u32>,
}

/// As in `paused=true, max_concurrent_jobs=4`.
impl fmt::Display for QueueChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paused = self.paused.map(|it| format!("paused={it}"));
        let most = self.max_concurrent_jobs.map(|it| format!("max_concurrent_jobs={it}"));
        let said: Vec<_> = paused.into_iter().chain(most).collect();
        f.write_str(&said.join(", "))
    }
}

/// Why a pending job waits, in a sentence; nothing for a job that does not. `ahead` jobs are begun before it, if
/// that is known.
pub fn waits_for(job: &Job, queue: &QueueState, ahead: Option<u64>, now: DateTime<Utc>) -> Option<String> {
    if job.status != JobStatus::Pending {
        return None;
    }
    let before = match ahead {
        None => String::new(),
        Some(0) => "it is the next".to_owned(),
        Some(1) => "1 job is before it".to_owned(),
        Some(count) => format!("{count} jobs are before it"),
    };
    Some(if job.cancel_requested {
        "It is being cancelled.".to_owned()
    } else if queue.paused {
        "The queue is paused.".to_owned()
    } else if let Some(time) = job.retry_at.filter(|time| *time > now) {
        let time = rfc3339::text(&time);
        format!("It is tried again at {} {} UTC.", &time[..10], &time[11..19])
    } else if queue.running_slots >= queue.max_concurrent_jobs {
        let slots = match queue.max_concurrent_jobs {
            1 => "The only slot is in use".to_owned(),
            slots => format!("All {slots} slots are in use"),
        };
        if before.is_empty() { format!("{slots}.") } else { format!("{slots}, and {before}.") }
    } else {
        match ahead {
            None | Some(0) => "It is begun as soon as a slot takes it.".to_owned(),
            Some(_) => format!("{before}."),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_says_why_it_waits() {
        let now = DateTime::from_timestamp(1_705_314_600, 0).unwrap();
        let pending = Job::example();
        let retried = Job { retry_at: Some(now + chrono::TimeDelta::seconds(90)), ..pending.clone() };
        let due = Job { retry_at: Some(now), ..pending.clone() };
        let cancelling = Job { cancel_requested: true, ..pending.clone() };
        let running = Job { status: JobStatus::Running, ..pending.clone() };
        let idle = QueueState { max_concurrent_jobs: 3, ..QueueState::default() };
        let busy = QueueState { running_slots: 3, ..idle.clone() };
        let one = QueueState { running_slots: 2, max_concurrent_jobs: 1, ..idle.clone() };
        let paused = QueueState { paused: true, ..busy.clone() };
        for (job, queue, ahead, expected) in [
            (&running, &busy, None, None),
            (&cancelling, &paused, Some(1), Some("It is being cancelled.")),
            (&retried, &paused, Some(1), Some("The queue is paused.")),
            (&retried, &busy, Some(1), Some("It is tried again at 2024-01-15 10:31:30 UTC.")),
            (&due, &busy, Some(1), Some("All 3 slots are in use, and 1 job is before it.")),
            (&pending, &busy, Some(12), Some("All 3 slots are in use, and 12 jobs are before it.")),
            (&pending, &busy, Some(0), Some("All 3 slots are in use, and it is the next.")),
            (&pending, &busy, None, Some("All 3 slots are in use.")),
            (&pending, &one, None, Some("The only slot is in use.")),
            (&pending, &idle, Some(12), Some("12 jobs are before it.")),
            (&pending, &idle, Some(0), Some("It is begun as soon as a slot takes it.")),
            (&pending, &idle, None, Some("It is begun as soon as a slot takes it.")),
        ] {
            assert_eq!(waits_for(job, queue, ahead, now).as_deref(), expected);
        }
    }
}
