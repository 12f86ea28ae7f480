//! How things stand at the moment of a scrape.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Labels;
use crate::domain::{JobStatus, JobType, QueueState};
use crate::server::index::lag::IndexLag;
use crate::server::store::{JobCount, Totals};

/// A gauge of something that is not counted in whole numbers.
type Measure = Gauge<f64, AtomicU64>;

/// What the gauges show.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) jobs: Vec<JobCount>,
    pub(super) queue: QueueState,
    pub(super) oldest_pending_seconds: f64,
    pub(super) index_lag: IndexLag,
    pub(super) totals: Totals,
    pub(super) pending_webhooks: u64,
    /// Nothing where the system cannot tell.
    pub(super) free_disk: Option<u64>,
}

/// Writes gauges of how things stand, into a registry of their own: nothing old is ever shown.
pub(super) fn register(standing: &Standing, registry: &mut Registry) {
    let jobs = Family::<Labels<2>, Gauge>::default();
    for status in JobStatus::ALL {
        for job_type in JobType::ALL {
            drop(jobs.get_or_create(&kind(status, *job_type)));
        }
    }
    for found in &standing.jobs {
        jobs.get_or_create(&kind(found.status, found.job_type)).set(whole(found.jobs));
    }
    registry.register("sluice_jobs", "Jobs on the list, by status and type", jobs);

    let queue = &standing.queue;
    let totals = &standing.totals;
    for (name, help, value) in [
        ("sluice_queue_depth", "Jobs that are pending", queue.pending),
        ("sluice_queue_paused", "1 while the queue is paused, else 0", queue.paused.into()),
        ("sluice_slots_in_use", "Jobs that are being read", queue.running_slots.into()),
        ("sluice_slots", "Jobs that can be read at the same time", queue.max_concurrent_jobs.into()),
        ("sluice_index_lag_changes", "Changes that the index has not passed yet", standing.index_lag.changes),
        ("sluice_webhooks_pending", "Webhooks that have not been delivered yet", standing.pending_webhooks),
        ("sluice_documents", "Documents that can be found or soon will be", totals.documents),
        ("sluice_chunks", "Chunks of these documents", totals.chunks),
        ("sluice_document_bytes", "Bytes of what these documents were read from", totals.bytes),
    ] {
        let gauge = Gauge::<i64>::default();
        gauge.set(whole(value));
        registry.register(name, help, gauge);
    }
    for (name, help, value) in [
        (
            "sluice_oldest_pending_job_age_seconds",
            "How long ago the pending job was accepted that was accepted first; 0 if none is pending",
            standing.oldest_pending_seconds,
        ),
        (
            "sluice_index_lag_seconds",
            "How long ago the document was written that has waited longest for the index; 0 if none waits",
            standing.index_lag.seconds,
        ),
    ] {
        let gauge = Measure::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    }
    if let Some(free) = standing.free_disk {
        let gauge = Gauge::<i64>::default();
        gauge.set(whole(free));
        registry.register("sluice_disk_free_bytes", "Room on the data folder's disk", gauge);
    }
}

fn kind(status: JobStatus, job_type: JobType) -> Labels<2> {
    [("status", status.as_str()), ("type", job_type.as_str())]
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
