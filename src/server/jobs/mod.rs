//! The job manager: what REST and server functions both call, and the workers behind it.
//!
//! [`JobManager`] decides nothing about the wire; [`worker`] runs the jobs, `attempt` one try at one
//! job, [`upkeep`] mends and tidies.

mod attempt;
mod bulk;
mod duplicates;
mod error;
mod item_writer;
mod log;
pub mod names;
mod notices;
mod original;
mod paces;
mod passwords;
mod preview;
mod queue;
pub mod retry;
#[cfg(test)]
mod rules;
mod slots;
mod submit;
pub mod upkeep;
pub mod worker;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use secrecy::SecretString;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use crate::domain::access::{Action, Actor};
use crate::domain::{
    Document, History, HistoryRange, ItemFilter, Job, JobCause, JobDetails, JobId, JobItemPage, JobPage,
    JobQuery, JobStats, JobStatus, JobsView, Stage, queue::waits_for,
};
use crate::server::clock;
use crate::server::disk::Disk;
use crate::server::ingest::run::Shelves;
use crate::server::store::{Change, Deed, Fence, JobChanges, Store, StoreError};
use crate::server::webhooks::Callbacks;

pub use error::JobsError;
use paces::Paces;
use passwords::Passwords;
use slots::Slots;
pub use slots::SlotsInUse;
pub use submit::{Given, Options, Upload, check_format};

/// Items shown with a job.
const ITEMS_SHOWN: u32 = 100;

/// Documents taken back in one transaction when a job is cancelled.
const WITHDRAWN_AT_ONCE: u32 = 1000;

/// Jobs that are taken back at the same time.
const WITHDRAWN_TOGETHER: usize = 32;

/// How often someone who waits for a job looks by himself, should a message be missed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How the manager works; see the configuration for what each is for.
#[derive(Clone, Debug)]
pub struct JobSettings {
    /// Unless it was changed: see [`JobManager::change_queue`].
    pub max_concurrent_jobs: u32,
    pub max_attempts: u32,
    /// Before the second attempt; later ones wait longer.
    pub retry_delay: Duration,
    pub max_pending: u64,
    /// Messages of one batch.
    pub max_messages: u64,
    pub clean_up_interval: Duration,
    pub max_age: TimeDelta,
    pub max_jobs: u64,
    /// How long entries of the audit trail are kept.
    pub audit_age: TimeDelta,
    /// How long a job may go without a sign of life from its worker.
    pub lease: TimeDelta,
    /// Small texts claimed together at most.
    pub group: u32,
}

/// Accepts, shows, cancels and retries jobs.
///
/// A handle acts for someone, whom the audit trail names.
#[derive(Clone, Debug)]
pub struct JobManager(Arc<Shared>, Actor);

#[derive(Debug)]
struct Shared {
    store: Arc<dyn Store>,
    disk: Disk,
    shelves: Shelves,
    settings: JobSettings,
    callbacks: Callbacks,
    slots: Slots,
    changing_queue: tokio::sync::Mutex<()>,
    /// How to stop the attempts of this process.
    running: Mutex<HashMap<Fence, CancellationToken>>,
    /// Jobs that have just ended.
    ended: broadcast::Sender<Arc<[JobId]>>,
    /// Wakes the worker when there may be something to claim.
    new_job: Notify,
    stopping: CancellationToken,
    passwords: Passwords,
    paces: Paces,
    /// A job was refused for want of room in the queue, and none was accepted since.
    queue_was_full: AtomicBool,
}

impl JobManager {
    pub fn new(
        store: Arc<dyn Store>,
        disk: Disk,
        shelves: Shelves,
        settings: JobSettings,
        callbacks: Callbacks,
        stopping: CancellationToken,
    ) -> Self {
        let shared = Shared {
            store,
            disk,
            queue_was_full: AtomicBool::new(false),
            passwords: Passwords::default(),
            paces: Paces::default(),
            shelves,
            slots: Slots::new(settings.max_concurrent_jobs),
            changing_queue: tokio::sync::Mutex::default(),
            settings,
            callbacks,
            running: Mutex::default(),
            ended: broadcast::channel(256).0,
            new_job: Notify::new(),
            stopping,
        };
        Self(Arc::new(shared), Actor::server())
    }

    /// The same manager, acting for someone.
    pub fn on_behalf_of(&self, by: Actor) -> Self {
        Self(self.0.clone(), by)
    }

    /// Writes down what was done. It has been done: if this fails, only the log knows of it.
    async fn record(&self, action: Action, subject: Option<JobId>, detail: String) {
        let subject = subject.map(|id| id.to_string()).unwrap_or_default();
        let deed = Deed { by: self.1.clone(), action, subject, detail };
        if let Err(error) = self.0.store.record(deed, clock::now()).await {
            tracing::error!(%error, action = action.as_str(), by = &*self.1.name, "the audit trail lacks an entry");
        }
    }

    pub async fn get(&self, id: JobId) -> Result<Job, JobsError> {
        self.0.store.job(id).await?.ok_or(JobsError::NotFound(id))
    }

    /// A job with its place in the queue, its attempts, what happened in them, and the results of its items.
    pub async fn details(&self, id: JobId) -> Result<JobDetails, JobsError> {
        let store = &self.0.store;
        let job = self.get(id).await?;
        let (mut jobs_ahead, mut reason) = (None, None);
        if job.status == JobStatus::Pending {
            jobs_ahead = store.jobs_ahead(id).await?;
            reason = waits_for(&job, &self.queue().await?, jobs_ahead, clock::now());
        }
        let document = self.document_of(&job).await?;
        let attempts = store.attempts(id).await?;
        let log = log::lines(&job, &attempts, document.as_ref(), store.log_lines(id, None).await?);
        let attempts = attempts.into_iter().map(|it| it.attempt).collect();
        let items =
            if job.job_type.has_items() { store.job_items(id, ITEMS_SHOWN).await? } else { Vec::new() };
        let warnings = store.warnings(id).await?;
        let by = store.accepted_by(id).await?.unwrap_or_else(|| Actor::new("", ""));
        Ok(JobDetails {
            accepted_by: by.name.to_string(),
            request_id: by.request_id.to_string(),
            // It may have been deleted since.
            document_id: job.document_id().filter(|_| document.is_some()),
            source: self.source_info(&job, document.as_ref()).await?,
            job,
            jobs_ahead,
            waits_for: reason,
            warnings,
            attempts,
            log,
            items,
        })
    }

    /// The document of a job that makes one.
    async fn document_of(&self, job: &Job) -> Result<Option<Document>, JobsError> {
        if job.job_type.has_items() {
            return Ok(None);
        }
        let found = self.0.store.document(job.only_document(), 0, 0).await?;
        Ok(found.map(|it| it.document))
    }

    /// One page of a job's item results, in their order.
    pub async fn items(&self, id: JobId, filter: ItemFilter) -> Result<JobItemPage, JobsError> {
        self.get(id).await?;
        Ok(self.0.store.job_item_page(id, filter).await?)
    }

    /// One page of jobs.
    pub async fn list(&self, query: JobQuery) -> Result<JobPage, JobsError> {
        let limit = query.limit.clamp(1, JobQuery::MAX_LIMIT);
        Ok(self.0.store.jobs(JobQuery { limit, ..query }, clock::now()).await?)
    }

    /// Why jobs need attention, the most frequent cause first.
    pub async fn causes(&self) -> Result<Vec<JobCause>, JobsError> {
        Ok(self.0.store.causes().await?)
    }

    pub async fn stats(&self) -> Result<JobStats, JobsError> {
        Ok(self.0.store.stats().await?)
    }

    /// A page of jobs, the counts, the queue, and the change number from which to follow them.
    pub async fn view(&self, query: JobQuery) -> Result<JobsView, JobsError> {
        // Taken first: what changes meanwhile is then seen twice rather than never.
        let seq = self.latest_change();
        let page = self.list(query).await?;
        let stats = self.stats().await?;
        let queue = self.queue_beside(&stats).await?;
        Ok(JobsView { page, stats, queue, seq, paces: self.paces().await? })
    }

    /// What happened over time.
    pub async fn history(&self, range: HistoryRange, now: DateTime<Utc>) -> Result<History, JobsError> {
        Ok(self.0.store.history(range, now).await?)
    }

    /// Jobs changed after `after`, in order.
    pub async fn changes(&self, after: u64, limit: u32) -> Result<JobChanges, JobsError> {
        Ok(self.0.store.job_changes(after, limit).await?)
    }

    /// The number of the latest change.
    pub fn latest_change(&self) -> u64 {
        *self.0.store.changes().borrow()
    }

    /// The change number from which to follow a job that is looked at after this.
    pub async fn follow(&self, id: JobId) -> Result<u64, JobsError> {
        // Taken first: what changes meanwhile is then told again rather than never.
        let seq = self.latest_change();
        self.get(id).await?;
        Ok(seq)
    }

    /// Tells when there is a new change.
    pub fn watch(&self) -> tokio::sync::watch::Receiver<u64> {
        self.0.store.changes()
    }

    /// Cancels a pending job at once; a running one first shows that it is being cancelled.
    pub async fn cancel(&self, id: JobId) -> Result<Job, JobsError> {
        // On its own, because whoever asked may go, and half a cancel would leave the work running.
        let manager = self.clone();
        let cancelled = tokio::spawn(async move { manager.cancel_now(id).await });
        cancelled.await.map_err(|_| JobsError::Store(StoreError::Panicked))?
    }

    async fn cancel_now(&self, id: JobId) -> Result<Job, JobsError> {
        match self.0.store.cancel(id, clock::now()).await? {
            Change::Unknown => Err(JobsError::NotFound(id)),
            Change::Refused(job) | Change::SourceGone(job) => {
                Err(JobsError::AlreadyFinal { id, status: job.status })
            }
            Change::Done(job) => {
                self.follow_cancelled(std::slice::from_ref(&job));
                self.record(Action::CancelJob, Some(id), String::new()).await;
                Ok(job)
            }
        }
    }

    /// Stops the attempts at jobs that are being cancelled, or, where they wait for their next attempt or for
    /// the index, takes their documents back.
    fn stop_work(&self, jobs: &[&Job]) {
        let mut to_withdraw = Vec::new();
        for job in jobs {
            let fence = Fence::of(job);
            if job.stage != Some(Stage::Reading) {
                to_withdraw.push(fence);
            } else if let Some(attempt) = self.running().get(&fence) {
                attempt.cancel();
            } // An attempt that has only just been claimed is not there yet; it hears of it when it writes.
        }
        if to_withdraw.is_empty() {
            return;
        }
        let manager = self.clone();
        tokio::spawn(async move {
            let all = futures::stream::iter(to_withdraw);
            all.for_each_concurrent(WITHDRAWN_TOGETHER, |fence| manager.withdraw(fence)).await;
        });
    }

    /// Takes back what a cancelled job has written, until it is `cancelled`. What is left when the
    /// server stops is taken back after its next start.
    async fn withdraw(&self, fence: Fence) {
        while !self.0.stopping.is_cancelled() {
            match self.0.store.withdraw(fence, WITHDRAWN_AT_ONCE, clock::now()).await {
                Ok(true) => {
                    self.0.passwords.forget(fence.job);
                    return self.announce(&[fence.job]);
                }
                Ok(false) => {}
                Err(error) => {
                    // `rescue` finds it again.
                    return tracing::error!(%error, job.id = %fence.job, "could not finish cancelling a job");
                }
            }
        }
    }

    /// Puts a failed or cancelled job back into the queue, or a completed one for its failed items.
    pub async fn retry(&self, id: JobId, password: Option<SecretString>) -> Result<Job, JobsError> {
        let given = password.is_some();
        self.0.passwords.keep(id, password);
        let changed = self.0.store.retry(id, self.0.settings.max_attempts, clock::now()).await;
        if given && !matches!(changed, Ok(Change::Done(_))) {
            self.0.passwords.forget(id);
        }
        match changed? {
            Change::Unknown => Err(JobsError::NotFound(id)),
            Change::Refused(job) => Err(JobsError::NotRetryable { id, status: job.status }),
            Change::SourceGone(_) => Err(JobsError::SourceGone(id)),
            Change::Done(job) => {
                self.0.new_job.notify_one();
                self.record(Action::RetryJob, Some(id), String::new()).await;
                Ok(job)
            }
        }
    }

    /// Waits for a job's end and returns it as it then is.
    pub async fn wait(&self, id: JobId) -> Result<Job, JobsError> {
        // Listening before looking, so that an end in between is not missed.
        let mut ended = self.0.ended.subscribe();
        loop {
            let job = self.get(id).await?;
            if job.status.is_final() {
                return Ok(job);
            }
            let ours = async {
                // A listener who lags looks at the store, as after a message.
                while let Ok(ids) = ended.recv().await {
                    if ids.contains(&id) {
                        break;
                    }
                }
            };
            tokio::select! {
                () = ours => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = self.0.stopping.cancelled() => return Err(JobsError::Stopping(id)),
            }
        }
    }

    /// Tells those who wait that jobs have ended.
    pub fn announce(&self, ids: &[JobId]) {
        if !ids.is_empty() {
            // Nobody may be listening.
            let _ = self.0.ended.send(ids.into());
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Fence, CancellationToken>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
