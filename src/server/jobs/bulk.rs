//! Acting on many jobs: which they are is settled first, then they are changed step by step.

use super::{JobManager, JobsError};
use crate::domain::access;
use crate::domain::{BulkOutcome, Job, JobId, JobSelection, JobStatus, Problem};
use crate::server::clock;
use crate::server::store::{Change, StoreError};

/// Jobs changed in one transaction, so that nobody else waits long.
const JOBS_AT_ONCE: usize = 500;

/// What is done to each job.
#[derive(Clone, Copy, Debug)]
enum Action {
    Cancel,
    Retry,
    Delete,
}

impl Action {
    /// As the audit trail calls it.
    fn in_words(self) -> access::Action {
        match self {
            Self::Cancel => access::Action::CancelJobs,
            Self::Retry => access::Action::RetryJobs,
            Self::Delete => access::Action::DeleteJobs,
        }
    }
}

impl JobManager {
    /// Cancels the jobs: pending ones at once, running ones are told to stop.
    pub async fn cancel_many(&self, selection: JobSelection) -> Result<BulkOutcome, JobsError> {
        self.act_on_many(selection, Action::Cancel).await
    }

    /// Puts the jobs back into the queue that can be retried.
    pub async fn retry_many(&self, selection: JobSelection) -> Result<BulkOutcome, JobsError> {
        self.act_on_many(selection, Action::Retry).await
    }

    /// Takes the jobs off the list that have ended. Their documents stay.
    pub async fn delete_many(&self, selection: JobSelection) -> Result<BulkOutcome, JobsError> {
        self.act_on_many(selection, Action::Delete).await
    }

    async fn act_on_many(&self, selection: JobSelection, action: Action) -> Result<BulkOutcome, JobsError> {
        if selection.is_empty() {
            return Err(JobsError::NothingSelected);
        }
        // On its own, because whoever asked may go, and half of it done is what nobody wanted.
        let manager = self.clone();
        let acted = tokio::spawn(async move {
            let wish = selection.to_string();
            let ids = manager.0.store.select(selection, clock::now()).await?;
            let outcome = manager.act_on(&ids, action).await?;
            let detail = format!("{} of {} jobs; {wish}", outcome.changed, outcome.matched);
            manager.record(action.in_words(), None, detail).await;
            Ok(outcome)
        });
        acted.await.map_err(|_| JobsError::Store(StoreError::Panicked))?
    }

    async fn act_on(&self, ids: &[JobId], action: Action) -> Result<BulkOutcome, JobsError> {
        let mut outcome = BulkOutcome { matched: ids.len() as u64, ..BulkOutcome::default() };
        let mut left = ids;
        while !left.is_empty() {
            if self.0.stopping.is_cancelled() {
                outcome.add_unchanged(Problem::STOPPING, "The server is stopping.", left.len() as u64);
                break;
            }
            let some = left[..left.len().min(JOBS_AT_ONCE)].to_vec();
            let (store, now) = (&self.0.store, clock::now());
            let changes = match action {
                Action::Cancel => store.cancel_many(some, now).await?,
                Action::Retry => store.retry_many(some, self.0.settings.max_attempts, now).await?,
                Action::Delete => store.delete_many(some, JOBS_AT_ONCE as u32).await?,
            };
            // A job with many items may take a step of its own, or several.
            left = &left[changes.len()..];
            let changed = sort_out(changes, action, &mut outcome);
            match action {
                Action::Cancel => self.follow_cancelled(&changed),
                Action::Retry if !changed.is_empty() => self.0.new_job.notify_one(),
                Action::Retry | Action::Delete => {}
            }
        }
        Ok(outcome)
    }

    /// Sees to jobs that were just cancelled, or marked for it.
    pub(super) fn follow_cancelled(&self, jobs: &[Job]) {
        let (ended, going_on): (Vec<_>, Vec<_>) =
            jobs.iter().partition(|job| job.status == JobStatus::Cancelled);
        let ended: Vec<JobId> = ended.iter().map(|job| job.job_id).collect();
        ended.iter().for_each(|id| self.0.passwords.forget(*id));
        self.announce(&ended);
        self.stop_work(&going_on);
    }
}

/// Counts what became of each job, and returns those that were changed.
fn sort_out(changes: Vec<Change>, action: Action, outcome: &mut BulkOutcome) -> Vec<Job> {
    let mut changed = Vec::new();
    for change in changes {
        let (code, reason) = match change {
            Change::Done(job) => {
                outcome.add_changed(job.job_id);
                changed.push(job);
                continue;
            }
            Change::Unknown => {
                (Problem::JOB_NOT_FOUND, "They were cleaned up meanwhile; their documents stay.")
            }
            Change::SourceGone(_) => (
                Problem::SOURCE_GONE,
                "What they read was not kept when they completed; send what failed again.",
            ),
            Change::Refused(job) => match action {
                Action::Cancel if job.cancel_requested => {
                    (Problem::JOB_CANCELLING, "They are being cancelled already.")
                }
                Action::Cancel => (
                    Problem::JOB_ALREADY_FINAL,
                    "They have ended already; only pending and running jobs can be cancelled.",
                ),
                Action::Retry => (
                    Problem::JOB_NOT_RETRYABLE,
                    "Only failed and cancelled jobs can be retried, and completed ones with failed items.",
                ),
                Action::Delete => (
                    Problem::JOB_ACTIVE,
                    "They are pending or running; cancel them first, or wait for their end.",
                ),
            },
        };
        outcome.add_unchanged(code, reason, 1);
    }
    changed
}
