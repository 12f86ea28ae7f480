//! Claims jobs and runs their attempts.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::JobManager;
use crate::server::clock;
use crate::server::store::{Claim, WorkerId};

/// How often the queue is looked at when nobody tells of a new job: retries become due by themselves.
const POLL: Duration = Duration::from_secs(1);

/// Runs jobs, at most `max_concurrent_jobs` at a time.
#[derive(Debug)]
pub struct Worker {
    jobs: JobManager,
    id: WorkerId,
    slots: Arc<Semaphore>,
    /// Slots that bulk jobs may have: all but one, so that a small job never waits for a large one to end.
    bulk_slots: Arc<Semaphore>,
    /// How long running jobs may go on by themselves after a stop.
    grace: Duration,
}

impl Worker {
    pub fn new(jobs: JobManager, id: WorkerId, grace: Duration) -> Self {
        let slots = jobs.0.settings.max_concurrent_jobs as usize;
        let bulk_slots = Arc::new(Semaphore::new(slots.saturating_sub(1).max(1)));
        Self { jobs, id, slots: Arc::new(Semaphore::new(slots)), bulk_slots, grace }
    }

    /// Runs jobs until `stop`, then gives the running ones `grace` to end by themselves, and then puts
    /// them back into the queue.
    pub async fn run(self, stop: CancellationToken) {
        let give_up = CancellationToken::new();
        let mut attempts = JoinSet::new();

        // Asked of the token itself: `run_until_cancelled` prefers a future that is ready, so with a
        // free slot it alone would never notice the stop.
        while !stop.is_cancelled() {
            // A slot first and a job second: a claimed job always starts at once.
            let Some(slot) = stop.run_until_cancelled(self.free_slot()).await.flatten() else { break };
            self.claim_and_start(slot, &give_up, &mut attempts, &stop).await;
            while let Some(ended) = attempts.try_join_next() {
                report_panic(ended);
            }
        }

        if timeout(self.grace, drain(&mut attempts)).await.is_err() {
            give_up.cancel();
            drain(&mut attempts).await;
        }
    }

    async fn free_slot(&self) -> Option<OwnedSemaphorePermit> {
        self.slots.clone().acquire_owned().await.ok()
    }

    /// The claim is awaited to its end, never dropped half-way: it may have been committed.
    async fn claim_and_start(
        &self,
        slot: OwnedSemaphorePermit,
        give_up: &CancellationToken,
        attempts: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) {
        let now = clock::now();
        let settings = &self.jobs.0.settings;
        let bulk_slot = self.bulk_slots.clone().try_acquire_owned().ok();
        let claim = Claim {
            worker: self.id.clone(),
            group: settings.group,
            bulk: bulk_slot.is_some(),
            lease_until: now + settings.lease,
        };
        match self.jobs.0.store.claim(claim, now).await {
            Ok(leases) if leases.is_empty() => self.wait_for_work(stop).await,
            Ok(leases) => {
                let jobs = self.jobs.clone();
                let give_up = give_up.clone();
                let bulk_slot = bulk_slot.filter(|_| leases.iter().any(|lease| lease.bulk));
                attempts.spawn(async move {
                    jobs.attempt(leases, &give_up).await;
                    drop((slot, bulk_slot));
                    // A job that could not run beside this one now can.
                    jobs.0.new_job.notify_one();
                });
            }
            Err(error) => {
                tracing::warn!(%error, "could not claim a job; trying again soon");
                self.wait_for_work(stop).await;
            }
        }
    }

    /// Returns on a new job, on `stop`, or after a while, whichever comes first.
    async fn wait_for_work(&self, stop: &CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            // `notify_one` keeps one permit, so a job added while we were claiming is not missed.
            () = self.jobs.0.new_job.notified() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

async fn drain(attempts: &mut JoinSet<()>) {
    while let Some(ended) = attempts.join_next().await {
        report_panic(ended);
    }
}

fn report_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        // The lease runs out, and `rescue` finds the job.
        tracing::error!(%error, "an attempt panicked");
    }
}
