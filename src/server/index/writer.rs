//! Follows the store's change numbers and brings the index up to them.
//!
//! The cursor lies in the index's own commit, so after any crash the index goes on exactly where its
//! last commit ended. Once it has passed a job's last change, the job is completed.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::{Index, IndexWriter, TantivyDocument, TantivyError, Term};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::FullTextIndex;
use crate::domain::JobId;
use crate::server::clock;
use crate::server::jobs::JobManager;
use crate::server::store::{FeedCursor, IndexPage, Store, StoreError};

/// Text read from the store at once, in bytes.
const PAGE: usize = 4 << 20;

/// Text after which a commit is made even though more waits, so that jobs complete meanwhile, in bytes.
const COMMIT_AFTER: usize = 32 << 20;

/// Changes without any text after which a commit is made all the same, so that what was removed can be
/// forgotten.
const CHANGES_UNCOMMITTED: u64 = 10_000;

/// Memory in which new postings are gathered, in bytes.
const MEMORY: usize = 64 << 20;

/// Between two commits lies at least this many times the duration of the first: a commit costs about
/// the same for one chunk as for hundreds.
const COMMIT_SHARE: u32 = 2;
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How often progress within large documents is saved.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

/// After a failure, before trying again.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(2);

/// How far the index steps back behind requests; 19 would be all the way.
const NICENESS: i32 = 10;

/// Jobs completed in one transaction.
const COMPLETED_AT_ONCE: u32 = 1000;

/// What a commit remembers.
#[derive(Serialize, Deserialize)]
struct Payload {
    seq: u64,
    began_at: u64,
}

/// How far the index's last commit has followed the store; a new index begins at nothing.
pub(super) fn committed_cursor(index: &Index) -> Result<FeedCursor, TantivyError> {
    let payload = index.load_metas()?.payload;
    let known = payload.and_then(|text| serde_json::from_str::<Payload>(&text).ok());
    Ok(known.map_or_else(FeedCursor::default, |it| FeedCursor {
        seq: it.seq,
        began_at: it.began_at,
        chunk: None,
    }))
}

/// Keeps the index up to date.
pub struct Follower {
    index: FullTextIndex,
    store: Arc<dyn Store>,
    jobs: JobManager,
    runtime: Handle,
    cursor: FeedCursor,
    uncommitted: bool,
    /// Text added since the last commit, in bytes.
    added: usize,
    last_commit: Instant,
    commit_took: Duration,
    progress: HashMap<JobId, u64>,
    progress_saved: Instant,
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follower").field("cursor", &self.cursor).finish_non_exhaustive()
    }
}

/// Why following was interrupted.
#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error("the index failed: {0}")]
    Index(#[from] TantivyError),
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
    #[error("the index writer panicked")]
    Panicked,
}

impl Follower {
    pub fn new(index: FullTextIndex, store: Arc<dyn Store>, jobs: JobManager, runtime: Handle) -> Self {
        Self {
            index,
            store,
            jobs,
            runtime,
            cursor: FeedCursor::default(),
            uncommitted: false,
            added: 0,
            last_commit: Instant::now(),
            commit_took: Duration::ZERO,
            progress: HashMap::new(),
            progress_saved: Instant::now(),
        }
    }

    /// Follows until `stop`. Blocks; meant for a thread of its own.
    pub fn run(mut self, stop: &CancellationToken) {
        step_back();
        let _following = self.index.follow();
        let runtime = self.runtime.clone();
        let _timers = runtime.enter();
        while !stop.is_cancelled() {
            let followed = catch_unwind(AssertUnwindSafe(|| self.follow(stop)));
            if let Err(error) = followed.unwrap_or(Err(FollowError::Panicked)) {
                tracing::error!(%error, "indexing was interrupted; going on from the last commit");
                self.wait(stop, PAUSE_AFTER_FAILURE);
            }
        }
    }

    fn follow(&mut self, stop: &CancellationToken) -> Result<(), FollowError> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(MEMORY)
            .build();
        let mut writer: IndexWriter = self.index.index.writer_with_options(options)?;
        let mut merges = LogMergePolicy::default();
        merges.set_min_layer_size(2000);
        merges.set_del_docs_ratio_before_merge(0.3);
        writer.set_merge_policy(Box::new(merges));

        // The last commit may be newer than what searchers see.
        self.index.reader.reload()?;
        self.cursor = committed_cursor(&self.index.index)?;
        self.progress.clear();
        self.uncommitted = false;
        self.added = 0;
        let mut changes = self.store.changes();
        while !stop.is_cancelled() {
            changes.mark_unchanged();
            let page = self.runtime.block_on(self.store.index_page(self.cursor, PAGE))?;
            if page.too_old {
                self.start_anew(&mut writer, page.cursor)?;
                continue;
            }
            let caught_up = page.caught_up;
            self.take(&writer, page)?;
            // Only between documents: half a document is never committed.
            let whole = self.cursor.chunk.is_none();
            self.uncommitted |= self.cursor.seq > *self.index.committed.borrow() + CHANGES_UNCOMMITTED;
            if whole && (caught_up || self.added >= COMMIT_AFTER) {
                if self.uncommitted {
                    self.pause(stop);
                    self.commit(&mut writer)?;
                } else {
                    self.index.indexed.send_replace(self.cursor.seq);
                }
                self.complete()?;
            }
            if caught_up && !wait_for_change(&self.runtime, stop, &mut changes) {
                break;
            }
        }
        if self.uncommitted && self.cursor.chunk.is_none() {
            self.commit(&mut writer)?;
        }
        Ok(())
    }

    /// Adds what a page holds.
    fn take(&mut self, writer: &IndexWriter, page: IndexPage) -> Result<(), FollowError> {
        let fields = self.index.fields;
        self.uncommitted |= !page.chunks.is_empty() || !page.removed.is_empty();
        for (key, text) in page.chunks {
            self.added += text.len();
            let mut chunk = TantivyDocument::default();
            chunk.add_u64(fields.key, key.0);
            chunk.add_u64(fields.version, key.version().0);
            chunk.add_text(fields.text, text);
            writer.add_document(chunk)?;
        }
        for version in page.removed {
            writer.delete_term(Term::from_field_u64(fields.version, version.0));
        }
        self.cursor = page.cursor;
        for (job, chunks) in page.jobs {
            *self.progress.entry(job).or_default() += chunks;
        }
        if !self.progress.is_empty() && self.progress_saved.elapsed() >= PROGRESS_INTERVAL {
            self.progress_saved = Instant::now();
            let progress = self.progress.iter().map(|(job, chunks)| (*job, *chunks)).collect();
            self.runtime.block_on(self.store.index_progress(progress))?;
        }
        Ok(())
    }

    fn commit(&mut self, writer: &mut IndexWriter) -> Result<(), FollowError> {
        let started = Instant::now();
        let mut commit = writer.prepare_commit()?;
        let payload = Payload { seq: self.cursor.seq, began_at: self.cursor.began_at };
        commit.set_payload(
            &serde_json::to_string(&payload).map_err(std::io::Error::from).map_err(TantivyError::from)?,
        );
        commit.commit()?;
        self.index.reader.reload()?;
        self.index.indexed.send_replace(self.cursor.seq);
        self.index.committed.send_replace(self.cursor.seq.max(self.cursor.began_at));
        self.uncommitted = false;
        self.added = 0;
        self.progress.clear();
        self.last_commit = Instant::now();
        self.commit_took = started.elapsed();
        Ok(())
    }

    /// Completes the jobs the index has passed.
    fn complete(&self) -> Result<(), FollowError> {
        loop {
            let completed = self.runtime.block_on(self.store.complete_indexed(
                self.cursor.seq,
                COMPLETED_AT_ONCE,
                clock::now(),
            ))?;
            self.jobs.announce(&completed);
            if completed.len() < COMPLETED_AT_ONCE as usize {
                return Ok(());
            }
        }
    }

    /// Throws away what the index holds: the store no longer knows what happened since.
    fn start_anew(&mut self, writer: &mut IndexWriter, from: FeedCursor) -> Result<(), FollowError> {
        if self.cursor.seq == 0 {
            tracing::info!("the index is built from the store");
        } else {
            tracing::warn!(seq = self.cursor.seq, "the index does not fit the store; it is built anew");
        }
        writer.delete_all_documents()?;
        self.cursor = from;
        self.commit(writer)
    }

    /// Waits so long that commits do not crowd out the work between them.
    fn pause(&self, stop: &CancellationToken) {
        let pause = (self.commit_took * COMMIT_SHARE).min(LONGEST_PAUSE);
        self.wait(stop, pause.saturating_sub(self.last_commit.elapsed()));
    }

    fn wait(&self, stop: &CancellationToken, duration: Duration) {
        let _ = self.runtime.block_on(tokio::time::timeout(duration, stop.cancelled()));
    }
}

/// Lets requests go first when processors are short. The threads this one starts inherit it.
fn step_back() {
    // On Linux a priority is a thread's own; elsewhere it would be that of the whole process.
    if cfg!(target_os = "linux")
        && let Err(error) = rustix::process::nice(NICENESS)
    {
        tracing::debug!(%error, "the index cannot step back behind requests");
    }
}

/// Waits for a change; `false` when it is time to stop.
fn wait_for_change(
    runtime: &Handle,
    stop: &CancellationToken,
    changes: &mut tokio::sync::watch::Receiver<u64>,
) -> bool {
    let changed = runtime.block_on(stop.run_until_cancelled(changes.changed()));
    matches!(changed, Some(Ok(())))
}
