//! What mends and tidies in the background: lost leases, chunks of nobody, old jobs, unused blobs.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{JobManager, JobsError};
use crate::server::clock;
use crate::server::store::{BlobRef, CleanUp, RequestKey, WEBHOOKS_KEPT};

/// How often lost leases and loose chunks are looked for.
const MEND_INTERVAL: Duration = Duration::from_secs(10);

/// Jobs that ended within this time stay, however many they are: someone may still wait for their end.
const JUST_ENDED: TimeDelta = TimeDelta::minutes(10);

/// How long after a start the first clean-up comes.
const FIRST_CLEAN_UP: Duration = Duration::from_secs(5 * 60);

/// Rows deleted in one transaction, so that writers never wait long.
const ROWS_AT_ONCE: u32 = 500;

/// Blobs asked about at once.
const BLOBS_AT_ONCE: usize = 1000;

impl JobManager {
    /// Takes up what a former run of the server left: it held the data folder alone, so every lease in
    /// it has lost its worker.
    pub async fn take_over(&self) -> Result<(), JobsError> {
        self.rescue(DateTime::<Utc>::MAX_UTC).await
    }

    /// Mends and tidies until `stop`. Each step is whole in itself, so this may end between any two.
    ///
    /// `indexed` is the change number from which the index would go on after a restart.
    pub async fn keep_up(self, stop: CancellationToken, indexed: watch::Receiver<u64>) {
        let work = async {
            tokio::join!(self.rescue_regularly(), self.sweep_regularly(), self.tidy_regularly(indexed))
        };
        stop.run_until_cancelled(work).await;
    }

    async fn rescue_regularly(&self) {
        let mut ticks = ticks(MEND_INTERVAL);
        loop {
            ticks.tick().await;
            report(self.rescue(clock::now()).await);
        }
    }

    async fn sweep_regularly(&self) {
        let mut ticks = ticks(MEND_INTERVAL);
        loop {
            ticks.tick().await;
            report(self.sweep().await);
        }
    }

    async fn sweep(&self) -> Result<(), JobsError> {
        while self.0.store.sweep(ROWS_AT_ONCE).await? {}
        Ok(())
    }

    async fn tidy_regularly(&self, indexed: watch::Receiver<u64>) {
        let mut last_time = self.latest_change();
        // Whoever has just restarted the server still finds its jobs.
        let interval = self.0.settings.clean_up_interval;
        let mut ticks = ticks(interval);
        ticks.reset_after(FIRST_CLEAN_UP.min(interval));
        loop {
            ticks.tick().await;
            let seen_by_all = last_time.min(*indexed.borrow());
            last_time = self.latest_change();
            report(self.tidy(seen_by_all).await);
        }
    }

    async fn rescue(&self, expired: DateTime<Utc>) -> Result<(), JobsError> {
        let rescued = self.0.store.rescue(expired, clock::now()).await?;
        rescued.failed.iter().for_each(|job| self.0.passwords.forget(*job));
        if rescued.requeued > 0 || !rescued.failed.is_empty() {
            tracing::warn!(
                requeued = rescued.requeued,
                failed = rescued.failed.len(),
                "found jobs whose worker is gone"
            );
            self.0.new_job.notify_one();
        }
        self.announce(&rescued.failed);
        if !rescued.to_withdraw.is_empty() {
            // Beside other work, which need not wait for a large job to be taken back.
            let manager = self.clone();
            tokio::spawn(async move {
                for fence in rescued.to_withdraw {
                    manager.withdraw(fence).await;
                }
            });
        }
        Ok(())
    }

    /// Removals up to `seen_by_all` are forgotten: the index has passed them, and so has every event
    /// stream that was not away between two clean-ups.
    async fn tidy(&self, seen_by_all: u64) -> Result<(), JobsError> {
        self.0.store.forget_removals(seen_by_all).await?;
        self.0.store.fold_history(clock::now()).await?;
        self.forget_requests(clock::now()).await?;
        let deleted = self.clean_up(clock::now()).await?;
        let blobs = self.collect_blobs().await?;
        if deleted > 0 || blobs > 0 {
            tracing::info!(jobs = deleted, blobs, "cleaned up");
        }
        Ok(())
    }

    /// Forgets what was done and told, and which requests came, long ago.
    async fn forget_requests(&self, now: DateTime<Utc>) -> Result<(), JobsError> {
        let before = now - self.0.settings.audit_age;
        while self.0.store.forget_audit(before, ROWS_AT_ONCE).await? {}
        while self.0.store.forget_request_keys(now - RequestKey::KEPT, ROWS_AT_ONCE).await? {}
        while self.0.store.forget_webhooks(now - WEBHOOKS_KEPT, ROWS_AT_ONCE).await? {}
        Ok(())
    }

    /// Deletes the rows of final jobs that are too old or too many. Documents stay.
    pub async fn clean_up(&self, now: DateTime<Utc>) -> Result<u64, JobsError> {
        let settings = &self.0.settings;
        let rule = CleanUp {
            older_than: now - settings.max_age,
            keep: settings.max_jobs,
            spare_after: now - JUST_ENDED,
        };
        let mut deleted = 0;
        loop {
            let cleaned = self.0.store.clean_up(rule, ROWS_AT_ONCE).await?;
            deleted += u64::from(cleaned.jobs);
            if !cleaned.more {
                return Ok(deleted);
            }
        }
    }

    /// Removes blobs that no job and no document needs.
    async fn collect_blobs(&self) -> Result<u64, JobsError> {
        let blobs = self.blobs().clone();
        // Not while a backup copies them: it goes by what the database said when it began.
        let Some(_right) = blocking({
            let blobs = blobs.clone();
            move || blobs.begin_removal()
        })
        .await?
        else {
            return Ok(0);
        };
        let now = SystemTime::now();
        let old = blocking(move || blobs.old(now)).await?;
        let mut removed = 0;
        for some in old.chunks(BLOBS_AT_ONCE) {
            let unused: Vec<BlobRef> = self.0.store.unreferenced_blobs(some.to_vec()).await?;
            removed += unused.len() as u64;
            let blobs = self.blobs().clone();
            blocking(move || unused.into_iter().try_for_each(|blob| blobs.remove(blob, now))).await?;
        }
        Ok(removed)
    }
}

fn ticks(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn report(done: Result<(), JobsError>) {
    if let Err(error) = done {
        tracing::error!(%error, "upkeep failed; trying again later");
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other)?
}
