//! What happens to jobs, as the store tells it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::{Labels, counters};
use crate::domain::{AttemptOutcome, JobId, JobStatus, TimedStage};
use crate::server::store::Event;

/// The upper bounds of what is counted together, in seconds.
const STAGE_BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0];
const CANCEL_BUCKETS: [f64; 9] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 10.0];

/// Counters and histograms of jobs.
#[derive(Debug)]
pub(super) struct JobMetrics {
    accepted: Counter,
    ended: Family<Labels<1>, Counter>,
    attempts: Family<Labels<1>, Counter>,
    stages: Family<Labels<1>, Histogram, fn() -> Histogram>,
    cancels: Histogram,
    /// When it was asked to cancel the jobs that are being cancelled now.
    asked: Mutex<HashMap<JobId, DateTime<Utc>>>,
    documents: Counter,
    chunks: Counter,
    bytes: Counter,
}

impl JobMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let ended = JobStatus::ALL.into_iter().filter(|it| it.is_final()).map(JobStatus::as_str);
        let outcomes = AttemptOutcome::ALL.into_iter().filter(|it| *it != AttemptOutcome::Running);
        let all = Self {
            accepted: Counter::default(),
            ended: counters("status", ended),
            attempts: counters("outcome", outcomes.map(AttemptOutcome::as_str)),
            stages: Family::new_with_constructor(|| Histogram::new(STAGE_BUCKETS)),
            cancels: Histogram::new(CANCEL_BUCKETS),
            asked: Mutex::default(),
            documents: Counter::default(),
            chunks: Counter::default(),
            bytes: Counter::default(),
        };
        for stage in TimedStage::ALL {
            drop(all.stages.get_or_create(&[("stage", stage.as_str())]));
        }
        registry.register("sluice_jobs_accepted", "Jobs accepted", all.accepted.clone());
        registry.register("sluice_jobs_ended", "Jobs ended, by how; again after a retry", all.ended.clone());
        registry.register("sluice_attempts", "Attempts at jobs ended, by how", all.attempts.clone());
        registry.register(
            "sluice_stage_duration_seconds",
            "How long jobs were in a stage: waiting for a slot, reading, or waiting for the index",
            all.stages.clone(),
        );
        registry.register(
            "sluice_cancel_duration_seconds",
            "From the wish to cancel a job until it has stopped and its documents are taken back",
            all.cancels.clone(),
        );
        registry.register(
            "sluice_ingested_documents",
            "Documents written, also those written again",
            all.documents.clone(),
        );
        registry.register("sluice_ingested_chunks", "Chunks of these documents", all.chunks.clone());
        registry.register(
            "sluice_ingested_bytes",
            "Bytes of what these documents were read from",
            all.bytes.clone(),
        );
        all
    }

    /// Counts what a transaction has brought about; `now` is when it was committed.
    pub(super) fn note(&self, events: &[(DateTime<Utc>, Event)], now: DateTime<Utc>) {
        for (at, event) in events {
            match *event {
                Event::Accepted => drop(self.accepted.inc()),
                Event::Completed { .. } => self.end(JobStatus::Completed),
                Event::Failed => self.end(JobStatus::Failed),
                Event::Cancelled => self.end(JobStatus::Cancelled),
                Event::AttemptEnded(outcome) => {
                    self.attempts.get_or_create(&[("outcome", outcome.as_str())]).inc();
                }
                Event::Took(stage, milliseconds) => {
                    let seconds = milliseconds as f64 / 1000.0;
                    self.stages.get_or_create(&[("stage", stage.as_str())]).observe(seconds);
                }
                Event::Wrote { chunks, bytes } => {
                    self.documents.inc();
                    self.chunks.inc_by(chunks);
                    self.bytes.inc_by(bytes);
                }
                Event::CancelAsked(job) => drop(self.asked().insert(job, *at)),
                // The documents themselves are counted when they are written.
                Event::Added { .. } | Event::WebhooksAdded => {}
                Event::CancelSettled(job) => self.settle(job, now),
            }
        }
    }

    fn end(&self, status: JobStatus) {
        self.ended.get_or_create(&[("status", status.as_str())]).inc();
    }

    /// Not measured when it was another run of the server that was asked.
    fn settle(&self, job: JobId, now: DateTime<Utc>) {
        if let Some(asked) = self.asked().remove(&job) {
            // A clock may have been set back.
            self.cancels.observe((now - asked).num_milliseconds().max(0) as f64 / 1000.0);
        }
    }

    fn asked(&self) -> MutexGuard<'_, HashMap<JobId, DateTime<Utc>>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
