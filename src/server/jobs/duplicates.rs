//! Content that is not to be there twice: looked for before it is read, and once more as it is written, because
//! another job may have been faster.

use std::ops::AddAssign;

use tokio::runtime::Handle;

use super::JobManager;
use crate::domain::{DocumentId, JobId, OnDuplicate, Progress};
use crate::server::ingest::failures;
use crate::server::store::{ContentHash, ItemOutcome, ItemResult, Met};

impl JobManager {
    /// What finds a document with the content of an item, other than the one the item itself became before. Blocks.
    pub(super) fn twins_of(&self, job: JobId) -> impl Fn(u64, ContentHash) -> Option<DocumentId> + use<> {
        let (store, runtime) = (self.0.store.clone(), Handle::current());
        move |item, hash| {
            // A store that cannot answer now is asked again when the item is written.
            let found = runtime.block_on(store.document_with(hash)).ok().flatten();
            found.filter(|twin| *twin != DocumentId::of(job, item))
        }
    }
}

/// What must be taken off the progress of a job: it was told before the store was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LeftOut {
    pub chunks: u64,
    /// Items that count as failed.
    pub failed: u64,
}

impl LeftOut {
    pub fn taken_off(self, told: Progress) -> Progress {
        Progress {
            chunks_created: told.chunks_created.saturating_sub(self.chunks),
            items_failed: told.items_failed + self.failed,
            ..told
        }
    }
}

impl AddAssign for LeftOut {
    fn add_assign(&mut self, more: Self) {
        self.chunks += more.chunks;
        self.failed += more.failed;
    }
}

/// Decides on items whose content documents have already.
pub(super) fn leave_out(items: &mut [ItemResult], met: &[Met]) -> LeftOut {
    let mut left_out = LeftOut::default();
    for Met { place, document } in met {
        let Some(ItemResult { outcome, .. }) = items.get_mut(*place) else { continue };
        let Some(read) = outcome.document() else { continue };
        left_out.chunks += read.content.chunk_count();
        *outcome = if read.on_duplicate == OnDuplicate::Error {
            left_out.failed += 1;
            ItemOutcome::Failed(failures::duplicate(*document))
        } else {
            ItemOutcome::Skipped(*document)
        };
    }
    left_out
}
