//! A store that a test can hold up or break: a hook is awaited before every step.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

use super::*;

/// Given the step's name; what it answers instead of `Ok` the step answers, and does nothing.
pub type Hook = Box<dyn Fn(&'static str) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// A store behind a hook.
pub struct HookedStore {
    pub inner: Arc<dyn Store>,
    pub hook: Hook,
}

impl fmt::Debug for HookedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

macro_rules! hooked {
    ($($step:ident($($name:ident: $type:ty),*) -> $output:ty;)*) => {
        #[async_trait]
        impl Store for HookedStore {
            $(async fn $step(&self, $($name: $type),*) -> Result<$output> {
                (self.hook)(stringify!($step)).await?;
                self.inner.$step($($name),*).await
            })*

            fn check_damage(&self) -> Result<()> {
                self.inner.check_damage()
            }

            fn changes(&self) -> watch::Receiver<u64> {
                self.inner.changes()
            }
        }
    };
}
hooked! {
    accept(job: NewJob, max_pending: u64, now: DateTime<Utc>) -> Acceptance;
    claim(claim: Claim, now: DateTime<Utc>) -> Vec<Lease>;
    heartbeat(fence: Fence, progress: Progress, lease_until: DateTime<Utc>) -> Verdict;
    open_version(fence: Fence) -> std::result::Result<Version, Verdict>;
    append_chunks(fence: Fence, version: Version, chunks: Vec<Chunk>, progress: Progress) -> Verdict;
    deliver(deliveries: Vec<Delivery>, now: DateTime<Utc>) -> Vec<Verdict>;
    delivered_items(id: JobId) -> BTreeMap<u64, String>;
    finish(fence: Fence, outcome: Outcome, now: DateTime<Utc>) -> Verdict;
    complete_indexed(indexed: u64, limit: u32, now: DateTime<Utc>) -> Vec<JobId>;
    index_progress(chunks: Vec<(JobId, u64)>) -> ();
    cancel(id: JobId, now: DateTime<Utc>) -> Change;
    withdraw(fence: Fence, limit: u32, now: DateTime<Utc>) -> bool;
    retry(id: JobId, more_attempts: u32, now: DateTime<Utc>) -> Change;
    cancel_many(ids: Vec<JobId>, now: DateTime<Utc>) -> Vec<Change>;
    retry_many(ids: Vec<JobId>, more_attempts: u32, now: DateTime<Utc>) -> Vec<Change>;
    delete_many(ids: Vec<JobId>, limit: u32) -> Vec<Change>;
    rescue(expired: DateTime<Utc>, now: DateTime<Utc>) -> Rescued;
    clean_up(rule: CleanUp, limit: u32) -> CleanedUp;
    job(id: JobId) -> Option<Job>;
    attempts(id: JobId) -> Vec<KeptAttempt>;
    log(fence: Fence, lines: Vec<NewLine>, now: DateTime<Utc>) -> ();
    log_lines(id: JobId, attempt: Option<u32>) -> Vec<LogLine>;
    source(id: JobId) -> Option<String>;
    last_done(job_type: JobType, limit: u32) -> Vec<Done>;
    history(range: HistoryRange, now: DateTime<Utc>) -> History;
    fold_history(now: DateTime<Utc>) -> ();
    warnings(id: JobId) -> Vec<Warning>;
    jobs_ahead(id: JobId) -> Option<u64>;
    places(ids: Vec<JobId>) -> Vec<(JobId, u64)>;
    jobs(query: JobQuery, now: DateTime<Utc>) -> JobPage;
    select(selection: JobSelection, now: DateTime<Utc>) -> Vec<JobId>;
    causes() -> Vec<JobCause>;
    stats() -> JobStats;
    job_counts() -> Vec<JobCount>;
    check_writable() -> ();
    unindexed_since(indexed: u64) -> Option<DateTime<Utc>>;
    oldest_pending() -> Option<DateTime<Utc>>;
    queue_settings() -> QueueSettings;
    change_queue(change: QueueChange) -> QueueSettings;
    job_items(id: JobId, limit: u32) -> Vec<JobItem>;
    job_item_page(id: JobId, filter: ItemFilter) -> JobItemPage;
    job_changes(after: u64, limit: u32) -> JobChanges;
    documents(filter: DocumentFilter, before: Option<DocumentId>, limit: u32) -> DocumentPage;
    document(id: DocumentId, offset: u64, limit: u32) -> Option<DocumentWithChunks>;
    document_with(hash: ContentHash) -> Option<DocumentId>;
    delete_document(id: DocumentId) -> bool;
    passages(keys: Vec<ChunkKey>) -> Vec<Passage>;
    totals() -> Totals;
    index_page(cursor: FeedCursor, max_bytes: usize) -> IndexPage;
    sweep(limit: u32) -> bool;
    forget_removals(seq: u64) -> ();
    add_key(key: ApiKey) -> bool;
    key(id: Uuid) -> Option<ApiKey>;
    keys() -> Vec<ApiKey>;
    revoke_key(id: Uuid, now: DateTime<Utc>) -> bool;
    begin_session(session: NewSession, now: DateTime<Utc>) -> ();
    session_key(session: SecretHash, now: DateTime<Utc>) -> Option<ApiKey>;
    end_session(session: SecretHash) -> ();
    record(deed: Deed, now: DateTime<Utc>) -> ();
    audit(before: Option<u64>, limit: u32) -> AuditPage;
    forget_audit(before: DateTime<Utc>, limit: u32) -> bool;
    forget_request_keys(before: DateTime<Utc>, limit: u32) -> bool;
    due_webhooks(wanted: WebhooksWanted, now: DateTime<Utc>) -> WebhooksDue;
    record_webhooks(tried: Vec<WebhookTried>) -> ();
    webhooks(filter: WebhookFilter, before: Option<WebhookId>, limit: u32) -> WebhookPage;
    webhook(id: WebhookId) -> Option<WebhookDelivery>;
    retry_webhook(id: WebhookId, now: DateTime<Utc>) -> bool;
    pending_webhooks() -> u64;
    forget_webhooks(before: DateTime<Utc>, limit: u32) -> bool;
    accepted_by(id: JobId) -> Option<Actor>;
    unreferenced_blobs(blobs: Vec<BlobRef>) -> Vec<BlobRef>;
}
