//! Where jobs, documents and chunks live: the only truth.
//!
//! Each method of [`Store`] is one atomic step, and none of them waits for work. Every change takes the
//! next *change number* (`seq`); whoever follows the store (the index, the event stream) asks for what
//! has a number above its own. `rules.rs` holds every backend to the same rules.

mod access;
mod attempt;
mod blob_ref;
mod content_hash;
mod error;
mod event;
mod feed;
#[cfg(test)]
pub mod hooked;
#[cfg(test)]
mod rules;
pub mod sqlite;
mod webhook;

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use uuid::Uuid;

use crate::domain::access::{Actor, AuditPage};
use crate::domain::pace::Done;
use crate::domain::{
    Chunk, Document, DocumentFilter, DocumentId, DocumentPage, DocumentWithChunks, History, HistoryRange,
    ItemFilter, Job, JobAttempt, JobCause, JobEvent, JobFilter, JobId, JobItem, JobItemPage, JobPage,
    JobQuery, JobSelection, JobStats, JobStatus, JobType, LogLevel, LogLine, Metadata, Progress, QueueChange,
    Warning, WebhookDelivery, WebhookFilter, WebhookId, WebhookPage,
};

pub use access::{ApiKey, Deed, NewSession, SecretHash};
pub use attempt::{
    Claim, Content, Delivery, Failure, Fence, ItemOutcome, ItemResult, KeptAttempt, Lease, Met, NewDocument,
    NewLine, Outcome, Verdict, WorkerId,
};
pub use blob_ref::BlobRef;
pub use content_hash::ContentHash;
pub use error::StoreError;
pub use event::{Event, Listener};
pub use feed::{ChunkKey, FeedCursor, IndexPage, Version};
pub use webhook::{AfterTry, DueWebhook, KEPT as WEBHOOKS_KEPT, WebhookTried, WebhooksDue, WebhooksWanted};

type Result<T> = std::result::Result<T, StoreError>;

/// The life of jobs and documents, in the words of the domain.
#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug {
    // A job's life.

    /// Adds a job to the queue; it is on disk when this returns. Refuses while `max_pending` jobs wait. A request
    /// that came before, as its key says, adds nothing. Content that a document has already is skipped or refused, if
    /// the job is for that: it is asked again when the job delivers.
    async fn accept(&self, job: NewJob, max_pending: u64, now: DateTime<Utc>) -> Result<Acceptance>;

    /// Gives a worker the job that has been due longest, or nothing when none is due. A bulk job counts
    /// as due half a minute later than it is, so that what people wait for goes first, and bulk goes on
    /// all the same.
    ///
    /// When that job is a small text, up to `group` small texts that follow it come along: each alone
    /// would cost less than the flush it waits for. A job that was tried before always comes alone, and
    /// of those that did not survive a crash only one runs at a time: so a job that kills the process
    /// takes each of the others down with it once at most.
    ///
    /// While the queue is paused nothing is due: once [`Store::change_queue`] has said so, no claim gives a job.
    async fn claim(&self, claim: Claim, now: DateTime<Utc>) -> Result<Vec<Lease>>;

    /// Keeps the lease, saves progress, and answers whether the worker should go on.
    async fn heartbeat(
        &self,
        fence: Fence,
        progress: Progress,
        lease_until: DateTime<Utc>,
    ) -> Result<Verdict>;

    /// Opens a document version whose chunks are written in several steps.
    ///
    /// Nobody sees them until [`Store::deliver`] names the version; if that never happens they are
    /// swept away by [`Store::sweep`].
    async fn open_version(&self, fence: Fence) -> Result<std::result::Result<Version, Verdict>>;

    /// Adds chunks to an open version and saves progress.
    async fn append_chunks(
        &self,
        fence: Fence,
        version: Version,
        chunks: Vec<Chunk>,
        progress: Progress,
    ) -> Result<Verdict>;

    /// Writes finished items: their documents with all chunks, and their results.
    ///
    /// Several jobs' deliveries are one transaction; each has its own verdict, in the same order. One with content that
    /// is not to be there twice, and is, is not written: see [`Verdict::Met`].
    async fn deliver(&self, deliveries: Vec<Delivery>, now: DateTime<Utc>) -> Result<Vec<Verdict>>;

    /// The items of the job that earlier attempts have already written, and their names.
    async fn delivered_items(&self, id: JobId) -> Result<BTreeMap<u64, String>>;

    /// Adds to the log of an attempt, as long as it may write and the log has room.
    async fn log(&self, fence: Fence, lines: Vec<NewLine>, now: DateTime<Utc>) -> Result<()>;

    /// Ends an attempt that did not succeed. Changes nothing if the lease has passed to another worker.
    async fn finish(&self, fence: Fence, outcome: Outcome, now: DateTime<Utc>) -> Result<Verdict>;

    /// Completes the jobs whose last change the index has passed, at most `limit`, and returns their ids.
    async fn complete_indexed(&self, indexed: u64, limit: u32, now: DateTime<Utc>) -> Result<Vec<JobId>>;

    /// Saves how many chunks of running jobs the index has taken in.
    async fn index_progress(&self, chunks: Vec<(JobId, u64)>) -> Result<()>;

    /// Cancels a job at once if nobody works on it and it has no documents; marks any other, to be ended
    /// by [`Store::withdraw`].
    async fn cancel(&self, id: JobId, now: DateTime<Utc>) -> Result<Change>;

    /// Takes back what a job marked for cancelling has written, `limit` documents or items at a time.
    ///
    /// Answers `true` once nothing is left and the job is `cancelled`, or is not ours to cancel. One that was tried
    /// again for its failed items loses nothing: it completes again without them.
    async fn withdraw(&self, fence: Fence, limit: u32, now: DateTime<Utc>) -> Result<bool>;

    /// Puts a failed or cancelled job back into the queue with `more_attempts` tries, or a completed one for
    /// those of its items that failed. What was ingested stays, and is not read again.
    async fn retry(&self, id: JobId, more_attempts: u32, now: DateTime<Utc>) -> Result<Change>;

    /// Cancels many jobs in one step, each as [`Store::cancel`] does; refuses those that are being cancelled.
    async fn cancel_many(&self, ids: Vec<JobId>, now: DateTime<Utc>) -> Result<Vec<Change>>;

    /// Retries many jobs in one step, each as [`Store::retry`] does.
    async fn retry_many(
        &self,
        ids: Vec<JobId>,
        more_attempts: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<Change>>;

    /// Deletes the rows of final jobs, and the results of their items, and refuses active ones: the first of
    /// `ids`, as many as `limit` rows allow. Documents stay.
    async fn delete_many(&self, ids: Vec<JobId>, limit: u32) -> Result<Vec<Change>>;

    /// Ends attempts whose lease ran out before `expired`: back to the queue, or failed when the job
    /// has no tries left.
    async fn rescue(&self, expired: DateTime<Utc>, now: DateTime<Utc>) -> Result<Rescued>;

    /// Deletes rows of final jobs by `rule`, and the results of their items: at most `limit` at a time.
    /// Documents stay.
    async fn clean_up(&self, rule: CleanUp, limit: u32) -> Result<CleanedUp>;

    // Reading jobs.

    async fn job(&self, id: JobId) -> Result<Option<Job>>;
    /// A job's attempts, oldest first; the present one, too.
    async fn attempts(&self, id: JobId) -> Result<Vec<KeptAttempt>>;
    /// What was written into a job's log beyond what its attempts say: of one attempt, or of all.
    async fn log_lines(&self, id: JobId, attempt: Option<u32>) -> Result<Vec<LogLine>>;
    /// What a job reads, as it was accepted; gone once it has completed.
    async fn source(&self, id: JobId) -> Result<Option<String>>;
    /// The last jobs of a type that completed after a while, newest first.
    async fn last_done(&self, job_type: JobType, limit: u32) -> Result<Vec<Done>>;
    /// What happened in each step of a range.
    async fn history(&self, range: HistoryRange, now: DateTime<Utc>) -> Result<History>;
    /// What was not as it should be, though the job went on.
    async fn warnings(&self, id: JobId) -> Result<Vec<Warning>>;
    /// How many jobs are claimed before this one, if it is pending.
    async fn jobs_ahead(&self, id: JobId) -> Result<Option<u64>>;
    /// The same of several jobs; nothing of those that are not pending, or stand too far behind.
    async fn places(&self, ids: Vec<JobId>) -> Result<Vec<(JobId, u64)>>;
    async fn jobs(&self, query: JobQuery, now: DateTime<Utc>) -> Result<JobPage>;
    /// The jobs of a selection, the oldest first.
    async fn select(&self, selection: JobSelection, now: DateTime<Utc>) -> Result<Vec<JobId>>;
    /// Why jobs need attention, the most frequent cause first.
    async fn causes(&self) -> Result<Vec<JobCause>>;
    async fn stats(&self) -> Result<JobStats>;
    /// How many jobs there are of each status and type; none of a kind that never was.
    async fn job_counts(&self) -> Result<Vec<JobCount>>;
    /// When the pending job that was accepted first was accepted.
    async fn oldest_pending(&self) -> Result<Option<DateTime<Utc>>>;
    /// What was changed of how the queue works.
    async fn queue_settings(&self) -> Result<QueueSettings>;
    async fn change_queue(&self, change: QueueChange) -> Result<QueueSettings>;
    /// Item results, failed ones first.
    async fn job_items(&self, id: JobId, limit: u32) -> Result<Vec<JobItem>>;
    /// Item results in their order.
    async fn job_item_page(&self, id: JobId, filter: ItemFilter) -> Result<JobItemPage>;
    /// Jobs changed or removed after `after`, in the order of their change numbers.
    async fn job_changes(&self, after: u64, limit: u32) -> Result<JobChanges>;
    /// Writes something small that changes nothing in the end, and returns once it is on disk.
    async fn check_writable(&self) -> Result<()>;
    /// Fails once damage was met: nothing more should be taken in or cleaned up.
    fn check_damage(&self) -> Result<()>;
    /// The latest change number, as it is committed.
    fn changes(&self) -> watch::Receiver<u64>;

    // Documents.

    async fn documents(
        &self,
        filter: DocumentFilter,
        before: Option<DocumentId>,
        limit: u32,
    ) -> Result<DocumentPage>;
    async fn document(&self, id: DocumentId, offset: u64, limit: u32) -> Result<Option<DocumentWithChunks>>;
    /// The oldest document with this content.
    async fn document_with(&self, hash: ContentHash) -> Result<Option<DocumentId>>;
    /// Deletes a document and its chunks; `false` if there is none.
    async fn delete_document(&self, id: DocumentId) -> Result<bool>;
    /// The chunks with these keys that still belong to a document, with it.
    async fn passages(&self, keys: Vec<ChunkKey>) -> Result<Vec<Passage>>;
    async fn totals(&self) -> Result<Totals>;

    // Who may do what, and who did what.

    /// Adds a key; `false` if a key in use has its name.
    async fn add_key(&self, key: ApiKey) -> Result<bool>;
    /// A key, whether it can still be used or not.
    async fn key(&self, id: Uuid) -> Result<Option<ApiKey>>;
    /// All keys, the oldest first.
    async fn keys(&self) -> Result<Vec<ApiKey>>;
    /// Ends a key and the sessions begun with it; `false` if it was not in use.
    async fn revoke_key(&self, id: Uuid, now: DateTime<Utc>) -> Result<bool>;
    async fn begin_session(&self, session: NewSession, now: DateTime<Utc>) -> Result<()>;
    /// The key with which a session was begun that has not ended.
    async fn session_key(&self, session: SecretHash, now: DateTime<Utc>) -> Result<Option<ApiKey>>;
    async fn end_session(&self, session: SecretHash) -> Result<()>;
    /// Adds to the audit trail. Accepted jobs are in it by [`Store::accept`].
    async fn record(&self, deed: Deed, now: DateTime<Utc>) -> Result<()>;
    /// The latest entries of the audit trail, or those before one.
    async fn audit(&self, before: Option<u64>, limit: u32) -> Result<AuditPage>;
    /// Deletes up to `limit` entries from before a moment. Answers whether there may be more.
    async fn forget_audit(&self, before: DateTime<Utc>, limit: u32) -> Result<bool>;
    /// Forgets up to `limit` keys of requests from before a moment. Answers whether there may be more.
    async fn forget_request_keys(&self, before: DateTime<Utc>, limit: u32) -> Result<bool>;
    /// On whose behalf a job was accepted.
    async fn accepted_by(&self, id: JobId) -> Result<Option<Actor>>;

    // Who is told of a job's end. What is to be told is written in the transaction that ends the job.

    /// Deliveries that are due, and when the next one is. Origins take turns.
    async fn due_webhooks(&self, wanted: WebhooksWanted, now: DateTime<Utc>) -> Result<WebhooksDue>;
    /// Writes down how tries went, and what follows them. Changes nothing of deliveries that have ended.
    async fn record_webhooks(&self, tried: Vec<WebhookTried>) -> Result<()>;
    /// The newest deliveries that match, or those older than `before`.
    async fn webhooks(
        &self,
        filter: WebhookFilter,
        before: Option<WebhookId>,
        limit: u32,
    ) -> Result<WebhookPage>;
    async fn webhook(&self, id: WebhookId) -> Result<Option<WebhookDelivery>>;
    /// Makes a delivery due now, whether it has ended or not; `false` if there is none.
    async fn retry_webhook(&self, id: WebhookId, now: DateTime<Utc>) -> Result<bool>;
    /// How many deliveries have not ended.
    async fn pending_webhooks(&self) -> Result<u64>;
    /// Forgets up to `limit` deliveries that ended before a moment. Answers whether there may be more.
    async fn forget_webhooks(&self, before: DateTime<Utc>, limit: u32) -> Result<bool>;

    // Following and upkeep.

    /// What the index must take in after `cursor`, about `max_bytes` of text.
    async fn index_page(&self, cursor: FeedCursor, max_bytes: usize) -> Result<IndexPage>;
    /// When the first of the documents was written whose change numbers are above `indexed`.
    async fn unindexed_since(&self, indexed: u64) -> Result<Option<DateTime<Utc>>>;
    /// Deletes up to `limit` chunks that belong to no document. Answers whether more are left.
    async fn sweep(&self, limit: u32) -> Result<bool>;
    /// Forgets removals up to `seq`: whoever follows from before it must start anew.
    async fn forget_removals(&self, seq: u64) -> Result<()>;
    /// Sums up the history of times so long ago that no range shows their minutes, and forgets what none shows.
    async fn fold_history(&self, now: DateTime<Utc>) -> Result<()>;
    /// Those of `blobs` that no job and no document refers to.
    async fn unreferenced_blobs(&self, blobs: Vec<BlobRef>) -> Result<Vec<BlobRef>>;
}

/// A job to add.
#[derive(Clone, Debug)]
pub struct NewJob {
    pub id: JobId,
    pub job_type: JobType,
    pub name: String,
    pub size_bytes: u64,
    pub total_items: u64,
    pub metadata: Metadata,
    /// Kept as it is until the job has completed, with none of its items failed.
    pub source: String,
    /// Kept as long as the source.
    pub blobs: Vec<BlobRef>,
    /// Large, so that nobody sits and waits for it.
    pub bulk: bool,
    pub max_attempts: u32,
    /// On whose behalf.
    pub by: Actor,
    /// By which it is told whether its request came before.
    pub request_key: Option<RequestKey>,
    /// The URLs that are told of its end.
    pub callbacks: Vec<String>,
    /// What it is all about, if that is known and is not to be there twice.
    pub alone: Option<Alone>,
}

/// Content that is not to be there twice.
#[derive(Clone, Copy, Debug)]
pub struct Alone {
    pub hash: ContentHash,
    /// Whether it is refused if it is there already, or else skipped.
    pub or_refused: bool,
}

/// What a sender calls a request that it may send again; see [`RequestKey::KEPT`].
#[derive(Clone, Debug)]
pub struct RequestKey {
    pub key: String,
    /// The SHA-256 of what was sent.
    pub fingerprint: [u8; 32],
}

impl RequestKey {
    /// For so long a request is known again.
    pub const KEPT: TimeDelta = TimeDelta::hours(24);
}

/// What became of a job that was to be added.
#[derive(Clone, Debug, PartialEq)]
pub enum Acceptance {
    Added(Job),
    /// The same request came before, and brought this job.
    Known(Job),
    /// The same request came before; the row of its job was cleaned up.
    Gone(JobId),
    /// Another request came with the same key.
    KeyTaken,
    /// A document has its content, so the job was added and is completed.
    Skipped(Job),
    /// This document has its content, so nothing was added.
    Refused(DocumentId),
    /// Too many jobs wait.
    Full,
}

/// Which rows of final jobs go.
#[derive(Clone, Copy, Debug)]
pub struct CleanUp {
    /// All that ended before this go.
    pub older_than: DateTime<Utc>,
    /// Of the others, the ones that ended first go until this many are left …
    pub keep: u64,
    /// … but none that ended after this: someone may still wait for its end.
    pub spare_after: DateTime<Utc>,
}

/// What [`Store::clean_up`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanedUp {
    pub jobs: u32,
    /// The limit was reached: there may be more.
    pub more: bool,
}

/// What became of a wish to change a job.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Unknown,
    /// The job's state does not allow it; here it is.
    Refused(Job),
    /// What it read was not kept; here it is.
    SourceGone(Job),
    Done(Job),
}

/// How the queue works, as far as it was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueSettings {
    pub paused: bool,
    /// In place of the configured number.
    pub max_concurrent_jobs: Option<u32>,
}

/// What [`Store::rescue`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rescued {
    pub requeued: u64,
    pub failed: Vec<JobId>,
    /// Marked for cancelling, with nobody left to end them.
    pub to_withdraw: Vec<Fence>,
}

/// How many jobs of a kind there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobCount {
    pub status: JobStatus,
    pub job_type: JobType,
    pub jobs: u64,
}

/// Changes of jobs in order.
#[derive(Clone, Debug, Default)]
pub struct JobChanges {
    /// Change number and event.
    pub events: Vec<(u64, JobEvent)>,
    /// Removals after `after` have been forgotten: the follower must load everything anew.
    pub too_old: bool,
}

/// A chunk with the document it belongs to.
#[derive(Clone, Debug)]
pub struct Passage {
    pub key: ChunkKey,
    pub chunk: Chunk,
    pub document: Document,
}

/// How much the store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub documents: u64,
    pub chunks: u64,
    pub bytes: u64,
}
