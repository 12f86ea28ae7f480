//! The queue as a whole: shown, paused, and given more or fewer slots.

use super::slots::SlotsInUse;
use super::{JobManager, JobsError};
use crate::domain::access::Action;
use crate::domain::{JobId, JobStats, QueueChange, QueueState};
use crate::server::store::QueueSettings;

/// Jobs whose places are asked for at once.
const PLACES: usize = 200;

impl JobManager {
    /// Sets the queue as it was set when the server last ran.
    pub async fn take_up_queue(&self) -> Result<(), JobsError> {
        let settings = self.0.store.queue_settings().await?;
        self.set_queue(settings);
        Ok(())
    }

    pub async fn queue(&self) -> Result<QueueState, JobsError> {
        let stats = self.stats().await?;
        self.queue_beside(&stats).await
    }

    /// The queue, for who knows the counts already.
    pub async fn queue_beside(&self, stats: &JobStats) -> Result<QueueState, JobsError> {
        let slots = self.0.slots.now();
        let oldest_pending_at = match stats.pending {
            0 => None,
            _ => self.0.store.oldest_pending().await?,
        };
        Ok(QueueState {
            paused: slots.paused,
            max_concurrent_jobs: slots.most,
            running_slots: slots.taken,
            pending: stats.pending,
            oldest_pending_at,
        })
    }

    /// Tells when the slots stand differently.
    pub fn watch_slots(&self) -> tokio::sync::watch::Receiver<SlotsInUse> {
        self.0.slots.watch()
    }

    /// Pauses the queue or lets it go on, and sets how many jobs are read at once. It stays so after a restart.
    pub async fn change_queue(&self, change: QueueChange) -> Result<QueueState, JobsError> {
        if let Some(most) = change.max_concurrent_jobs
            && !(1..=QueueState::MOST_SLOTS).contains(&most)
        {
            return Err(JobsError::SlotCount(most));
        }
        // On its own, because whoever asked may go, and what is written must also be done.
        let manager = self.clone();
        let changed = tokio::spawn(async move {
            // One after the other, so that the last to be written is the last to be done.
            let _turn = manager.0.changing_queue.lock().await;
            let settings = manager.0.store.change_queue(change).await?;
            manager.set_queue(settings);
            manager.record(Action::ChangeQueue, None, change.to_string()).await;
            Ok::<_, JobsError>(())
        });
        changed.await.map_err(|_| JobsError::Store(crate::server::store::StoreError::Panicked))??;
        self.queue().await
    }

    fn set_queue(&self, settings: QueueSettings) {
        let most = settings.max_concurrent_jobs.unwrap_or(self.0.settings.max_concurrent_jobs);
        self.0.slots.set(settings.paused, most);
        // A bulk job that found no slot may find one now.
        self.0.new_job.notify_one();
    }

    /// How many jobs are begun before each of these; nothing of those that are not pending, or far behind.
    pub async fn places(&self, mut ids: Vec<JobId>) -> Result<Vec<(JobId, u64)>, JobsError> {
        ids.truncate(PLACES);
        Ok(self.0.store.places(ids).await?)
    }
}
