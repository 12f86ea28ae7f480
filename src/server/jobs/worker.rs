//! Claims jobs and runs their attempts.

use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::JobManager;
use crate::server::clock;
use crate::server::store::{Claim, WorkerId};

/// How often the queue is looked at when nobody tells of a new job: retries become due by themselves.
const POLL: Duration = Duration::from_secs(1);

/// Runs jobs, as many at a time as the manager has slots.
#[derive(Debug)]
pub struct Worker {
    jobs: JobManager,
    id: WorkerId,
    /// How long running jobs may go on by themselves after a stop.
    grace: Duration,
}

impl Worker {
    pub fn new(jobs: JobManager, id: WorkerId, grace: Duration) -> Self {
        Self { jobs, id, grace }
    }

    /// Runs jobs until `stop`, then gives the running ones `grace` to end by themselves, and then puts
    /// them back into the queue.
    pub async fn run(self, stop: CancellationToken) {
        let give_up = CancellationToken::new();
        let mut attempts = JoinSet::new();

        // Asked of the token itself: `run_until_cancelled` prefers a future that is ready, so with a
        // free slot it alone would never notice the stop.
        while !stop.is_cancelled() {
            // A slot first and a job second: a claimed job always starts at once. Nobody else takes slots.
            let Some(()) = stop.run_until_cancelled(self.jobs.0.slots.free()).await else { break };
            self.claim_and_start(&give_up, &mut attempts, &stop).await;
            while let Some(ended) = attempts.try_join_next() {
                report_panic(ended);
            }
        }

        if timeout(self.grace, drain(&mut attempts)).await.is_err() {
            give_up.cancel();
            drain(&mut attempts).await;
        }
    }

    /// The claim is awaited to its end, never dropped half-way: it may have been committed.
    async fn claim_and_start(
        &self,
        give_up: &CancellationToken,
        attempts: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) {
        let now = clock::now();
        let settings = &self.jobs.0.settings;
        let claim = Claim {
            worker: self.id.clone(),
            group: settings.group,
            bulk: self.jobs.0.slots.allow_bulk(),
            lease_until: now + settings.lease,
        };
        match self.jobs.0.store.claim(claim, now).await {
            Ok(leases) if leases.is_empty() => self.wait_for_work(stop).await,
            Ok(leases) => {
                let jobs = self.jobs.clone();
                let give_up = give_up.clone();
                let slot = jobs.0.slots.take(leases.iter().any(|lease| lease.bulk));
                attempts.spawn(async move {
                    jobs.attempt(leases, &give_up).await;
                    drop(slot);
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
