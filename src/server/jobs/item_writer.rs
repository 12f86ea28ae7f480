//! Writes what an attempt reads: small items together, large documents in parts.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::JobManager;
use super::attempt::{Ended, panicked};
use super::duplicates::{LeftOut, leave_out};
use super::notices::Notices;
use crate::domain::{Chunk, Progress};
use crate::server::clock;
use crate::server::ingest::run::{Piece, PieceContent};
use crate::server::store::{
    Content, Delivery, Failure, Fence, ItemOutcome, ItemResult, Met, Verdict, Version,
};

/// Items are written together until they have this many chunks or are this many.
const CHUNKS_TOGETHER: usize = 1000;
const ITEMS_TOGETHER: usize = 500;

/// Finished items wait this long for others at most; also how often a lease is prolonged.
const WRITE_INTERVAL: Duration = Duration::from_millis(400);

/// A reading thread that says nothing for so long hangs, as on a file system that is gone.
const LONGEST_SILENCE: Duration = Duration::from_secs(5 * 60);

/// What is read and not written yet, and how far the attempt is.
pub(super) struct ItemWriter {
    jobs: JobManager,
    fence: Fence,
    has_items: bool,
    ready: Vec<ItemResult>,
    ready_chunks: usize,
    /// The open version of the document whose parts are coming.
    version: Option<Version>,
    first_failure: Option<Failure>,
    progress: Progress,
    /// What the store had already, and the reader told as read.
    left_out: LeftOut,
    notices: Notices,
}

impl ItemWriter {
    pub(super) fn new(jobs: JobManager, fence: Fence, progress: Progress, has_items: bool) -> Self {
        Self {
            jobs,
            fence,
            has_items,
            ready: Vec::new(),
            ready_chunks: 0,
            version: None,
            first_failure: None,
            progress,
            left_out: LeftOut::default(),
            notices: Notices::new(has_items, progress.chunks_created),
        }
    }

    /// Takes pieces until there are no more. What is ready then waits for [`Self::hand_over`].
    pub(super) async fn take_all(
        &mut self,
        mut pieces: mpsc::Receiver<Piece>,
        stop: &CancellationToken,
    ) -> Result<(), Ended> {
        let mut interval = tokio::time::interval(WRITE_INTERVAL);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        interval.tick().await;
        let mut last_piece = Instant::now();
        loop {
            // Only waiting happens in here, so nothing is dropped half-way.
            let piece = tokio::select! {
                () = stop.cancelled() => return Err(Ended::Told),
                () = sleep_until(last_piece + LONGEST_SILENCE) => return Err(Ended::Failed(stalled())),
                piece = pieces.recv() => Some(piece),
                _ = interval.tick() => None,
            };
            match piece {
                Some(Some(piece)) => {
                    self.take(piece).await?;
                    last_piece = Instant::now();
                }
                Some(None) => return Ok(()),
                None => {
                    if !self.ready.is_empty() {
                        self.write(false).await?;
                    }
                    self.heartbeat().await?;
                }
            }
        }
    }

    async fn take(&mut self, piece: Piece) -> Result<(), Ended> {
        self.progress = self.left_out.taken_off(piece.progress);
        self.notices.see(&self.progress);
        match piece.content {
            PieceContent::Part(chunks) => {
                // A document that broke off leaves its version open; nobody will ever see that.
                if chunks.first().is_some_and(|chunk| chunk.chunk_index == 0) {
                    self.version = None;
                }
                self.append(chunks).await?;
            }
            PieceContent::Nothing => return Ok(()),
            PieceContent::Item(mut item, rest) => {
                if !rest.is_empty() {
                    self.append(rest).await?;
                }
                let open = self.version.take();
                if let (Some(document), Some(open)) = (item.outcome.document_mut(), open)
                    && let Content::Version { version, .. } = &mut document.content
                {
                    *version = open;
                }
                match &item.outcome {
                    ItemOutcome::Read(document) => {
                        self.ready_chunks += document.content.chunk_count() as usize
                    }
                    ItemOutcome::Skipped(_) => {}
                    ItemOutcome::Failed(failure) => {
                        self.first_failure.get_or_insert_with(|| failure.clone());
                    }
                }
                self.ready.push(item);
            }
        }
        // The last items go with the job's last step.
        let more = self.progress.items_done < self.progress.items_total;
        if more && (self.ready_chunks >= CHUNKS_TOGETHER || self.ready.len() >= ITEMS_TOGETHER) {
            self.write(false).await?;
        }
        Ok(())
    }

    async fn append(&mut self, chunks: Vec<Chunk>) -> Result<(), Ended> {
        let store = &self.jobs.0.store;
        let version = match self.version {
            Some(version) => version,
            None => store.open_version(self.fence).await?.map_err(Ended::Verdict)?,
        };
        self.version = Some(version);
        go_on(store.append_chunks(self.fence, version, chunks, self.progress).await?)
    }

    async fn heartbeat(&mut self) -> Result<(), Ended> {
        let lease_until = clock::now() + self.jobs.0.settings.lease;
        let notices = self.notices.take();
        if !notices.is_empty() {
            self.jobs.0.store.log(self.fence, notices, clock::now()).await?;
        }
        go_on(self.jobs.0.store.heartbeat(self.fence, self.progress, lease_until).await?)
    }

    pub(super) async fn write(&mut self, last: bool) -> Result<(), Ended> {
        self.ready_chunks = 0;
        loop {
            let items = std::mem::take(&mut self.ready);
            let keeps_out =
                |it: &ItemResult| it.outcome.document().is_some_and(|it| it.on_duplicate.keeps_out());
            let kept = if items.iter().any(keeps_out) { items.clone() } else { Vec::new() };
            let delivery = Delivery { fence: self.fence, items, progress: self.progress, last };
            let mut verdicts = self.jobs.0.store.deliver(vec![delivery], clock::now()).await?;
            let Some(Verdict::Met(met)) = verdicts.first() else {
                return go_on(verdicts.pop().unwrap_or(Verdict::LeaseLost));
            };
            self.ready = kept;
            self.leave_out(met);
            if last && self.all_failed() {
                return Ok(());
            }
        }
    }

    fn leave_out(&mut self, met: &[Met]) {
        let left_out = leave_out(&mut self.ready, met);
        self.progress = left_out.taken_off(self.progress);
        self.left_out += left_out;
        let failure = self.ready.iter().find_map(|item| item.outcome.failure());
        if let (None, Some(failure)) = (&self.first_failure, failure) {
            self.first_failure = Some(failure.clone());
        }
    }

    fn all_failed(&self) -> bool {
        self.progress.items_failed >= self.progress.items_total
    }

    /// Everything is read: writes the rest, and leaves the job to the index or fails it.
    pub(super) async fn hand_over(&mut self) -> Result<(), Ended> {
        if !self.all_failed() {
            self.write(true).await?;
        }
        if !self.all_failed() {
            return Ok(());
        }
        let first = self.first_failure.take();
        if !self.has_items {
            return Err(Ended::Failed(first.unwrap_or_else(panicked)));
        }
        self.write(false).await?;
        let failed = self.progress.items_failed;
        let (code, reason) = first.map_or(("items_failed", String::new()), |it| (it.code, it.message));
        let message = format!("None of the {failed} items could be ingested. {reason}").trim_end().to_owned();
        Err(Ended::Failed(Failure::new(code, message)))
    }
}

fn go_on(verdict: Verdict) -> Result<(), Ended> {
    match verdict {
        Verdict::GoOn => Ok(()),
        other => Err(Ended::Verdict(other)),
    }
}

fn stalled() -> Failure {
    let minutes = LONGEST_SILENCE.as_secs() / 60;
    let message =
        format!("Nothing could be read for {minutes} minutes. Is the file system that holds it well?");
    Failure::that_may_pass("stalled", message)
}
