//! The store in one SQLite file: a single writer thread with group commit, and readers that never
//! wait for it (WAL).

mod access;
mod attempts;
mod bulk;
mod claims;
mod documents;
mod duplicates;
mod follow;
mod history;
pub mod inspect;
mod jobs;
mod kept_attempts;
mod listing;
mod log;
mod queue;
mod readers;
mod request_keys;
mod rescue;
mod rows;
mod waiting;
mod webhooks;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};
use tokio::sync::watch;

use super::*;
use queue::Lane;
use readers::Readers;
use writer::{Tx, Writer};

/// Applied in order; one that has been released never changes.
const MIGRATIONS: &[M<'static>] = &[
    M::up(include_str!("migrations/0001_start.sql")),
    M::up(include_str!("migrations/0002_places_and_warnings.sql")),
    M::up(include_str!("migrations/0003_choosing_and_queue.sql")),
    M::up(include_str!("migrations/0004_history_and_log.sql")),
    M::up(include_str!("migrations/0005_access.sql")),
    M::up(include_str!("migrations/0006_duplicates.sql")),
    M::up(include_str!("migrations/0007_webhooks.sql")),
];

/// What the writing connection keeps of the database in memory, in KiB.
const WRITER_CACHE: i64 = 32 << 10;

/// A store in one file.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    /// Damage was met: nothing more is taken in, because it might be lost.
    damaged: AtomicBool,
}

impl SqliteStore {
    /// Opens the database at `path`, making or migrating it as needed.
    ///
    /// Blocks; the caller must hold the data folder's lock, because change numbers are counted in
    /// memory.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_telling(path, Arc::new(|_| ()))
    }

    /// The same, telling `listener` what happens to jobs.
    pub fn open_telling(path: &Path, listener: Listener) -> Result<Self> {
        let mut connection = connect(path)?;
        // Only a new database takes a page size. Eight kilobytes hold several chunks with little waste.
        connection.pragma_update(None, "page_size", 8192)?;
        // The pages that change all the time should stay in memory.
        connection.pragma_update(None, "cache_size", -WRITER_CACHE)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        // Fewer, larger checkpoints: a page that changes often is copied into the database once.
        connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
        connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
        Migrations::from_slice(MIGRATIONS).to_latest(&mut connection)?;
        // What a savepoint may have to undo stays in memory: past eight pages SQLite makes a file for it, with each request.
        // Not for migrations, which may sort a whole table.
        connection.pragma_update(None, "temp_store", "memory")?;
        let seq = connection.query_row("select seq from change_counter", [], |row| row.get(0))?;
        Ok(Self {
            writer: Writer::start(connection, seq, listener)?,
            readers: Readers::new(path),
            damaged: AtomicBool::new(false),
        })
    }

    /// Whether the database has all migrations of this version, and none of a later one. Blocks.
    pub fn is_current(path: &Path) -> Result<bool> {
        let pending = Migrations::from_slice(MIGRATIONS).pending_migrations(&connect(path)?)?;
        Ok(pending == 0)
    }

    /// The API keys in a database, which is left as it is: none if it is not there, or is from before there were keys.
    /// Blocks.
    pub fn keys_in(path: &Path) -> Result<Vec<ApiKey>> {
        if !path.is_file() {
            return Ok(Vec::new());
        }
        let connection = connect(path)?;
        let has_keys = "select count(*) from sqlite_schema where name = 'api_key'";
        match connection.query_row(has_keys, [], |row| row.get(0))? {
            0 => Ok(Vec::new()),
            _ => access::keys(&connection),
        }
    }

    /// A step that a client waits for.
    async fn write<T: Send + 'static>(
        &self,
        step: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.noting_damage(self.writer.run(Lane::Client, step).await)
    }

    /// A step of the work on jobs, which must not keep clients waiting.
    async fn work<T: Send + 'static>(
        &self,
        step: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.noting_damage(self.writer.run(Lane::Background, step).await)
    }

    async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.noting_damage(self.readers.run(question).await)
    }

    fn noting_damage<T>(&self, result: Result<T>) -> Result<T> {
        if matches!(result, Err(StoreError::Damaged(_))) {
            self.damaged.store(true, Ordering::Relaxed);
        }
        result
    }
}

fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(connection)
}

#[async_trait]
impl Store for SqliteStore {
    async fn accept(&self, job: NewJob, max_pending: u64, now: DateTime<Utc>) -> Result<Acceptance> {
        self.check_damage()?;
        self.write(move |tx| jobs::accept(tx, &job, max_pending, now)).await
    }

    async fn claim(&self, claim: Claim, now: DateTime<Utc>) -> Result<Vec<Lease>> {
        self.work(move |tx| claims::claim(tx, &claim, now)).await
    }

    async fn heartbeat(
        &self,
        fence: Fence,
        progress: Progress,
        lease_until: DateTime<Utc>,
    ) -> Result<Verdict> {
        self.work(move |tx| attempts::heartbeat(tx, fence, progress, lease_until)).await
    }

    async fn open_version(&self, fence: Fence) -> Result<std::result::Result<Version, Verdict>> {
        self.work(move |tx| attempts::open_version(tx, fence)).await
    }

    async fn append_chunks(
        &self,
        fence: Fence,
        version: Version,
        chunks: Vec<Chunk>,
        progress: Progress,
    ) -> Result<Verdict> {
        self.work(move |tx| attempts::append_chunks(tx, fence, version, &chunks, progress)).await
    }

    async fn deliver(&self, deliveries: Vec<Delivery>, now: DateTime<Utc>) -> Result<Vec<Verdict>> {
        self.work(move |tx| deliveries.iter().map(|it| attempts::deliver(tx, it, now)).collect()).await
    }

    async fn delivered_items(&self, id: JobId) -> Result<BTreeMap<u64, String>> {
        self.read(move |connection| jobs::delivered_items(connection, id)).await
    }

    async fn finish(&self, fence: Fence, outcome: Outcome, now: DateTime<Utc>) -> Result<Verdict> {
        self.work(move |tx| attempts::finish(tx, fence, &outcome, now)).await
    }

    async fn complete_indexed(&self, indexed: u64, limit: u32, now: DateTime<Utc>) -> Result<Vec<JobId>> {
        // Asked of a reader first: mostly nobody waits, and then the writer need not flush.
        if !self.read(move |connection| attempts::anyone_waits(connection, indexed)).await? {
            return Ok(Vec::new());
        }
        self.work(move |tx| attempts::complete_indexed(tx, indexed, limit, now)).await
    }

    async fn index_progress(&self, chunks: Vec<(JobId, u64)>) -> Result<()> {
        self.work(move |tx| attempts::index_progress(tx, &chunks)).await
    }

    async fn cancel(&self, id: JobId, now: DateTime<Utc>) -> Result<Change> {
        self.write(move |tx| jobs::cancel(tx, id, now)).await
    }

    async fn withdraw(&self, fence: Fence, limit: u32, now: DateTime<Utc>) -> Result<bool> {
        // Someone waits for it: a cancelled job should soon say so.
        self.write(move |tx| jobs::withdraw(tx, fence, limit, now)).await
    }

    async fn retry(&self, id: JobId, more_attempts: u32, now: DateTime<Utc>) -> Result<Change> {
        self.write(move |tx| jobs::retry(tx, id, more_attempts, now)).await
    }

    async fn cancel_many(&self, ids: Vec<JobId>, now: DateTime<Utc>) -> Result<Vec<Change>> {
        self.work(move |tx| bulk::cancel(tx, &ids, now)).await
    }

    async fn retry_many(
        &self,
        ids: Vec<JobId>,
        more_attempts: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<Change>> {
        self.work(move |tx| bulk::retry_all(tx, &ids, more_attempts, now)).await
    }

    async fn delete_many(&self, ids: Vec<JobId>, limit: u32) -> Result<Vec<Change>> {
        self.check_damage()?;
        self.work(move |tx| bulk::delete(tx, &ids, limit)).await
    }

    async fn rescue(&self, expired: DateTime<Utc>, now: DateTime<Utc>) -> Result<Rescued> {
        self.work(move |tx| rescue::rescue(tx, expired, now)).await
    }

    async fn clean_up(&self, rule: CleanUp, limit: u32) -> Result<CleanedUp> {
        self.check_damage()?;
        self.work(move |tx| jobs::clean_up(tx, &rule, limit)).await
    }

    async fn job(&self, id: JobId) -> Result<Option<Job>> {
        self.read(move |connection| jobs::job(connection, id)).await
    }

    async fn attempts(&self, id: JobId) -> Result<Vec<KeptAttempt>> {
        self.read(move |connection| kept_attempts::attempts(connection, id)).await
    }

    async fn log(&self, fence: Fence, lines: Vec<NewLine>, now: DateTime<Utc>) -> Result<()> {
        self.work(move |tx| attempts::log(tx, fence, &lines, now)).await
    }

    async fn log_lines(&self, id: JobId, attempt: Option<u32>) -> Result<Vec<LogLine>> {
        self.read(move |connection| log::lines(connection, id, attempt)).await
    }

    async fn source(&self, id: JobId) -> Result<Option<String>> {
        self.read(move |connection| jobs::source(connection, id)).await
    }

    async fn last_done(&self, job_type: JobType, limit: u32) -> Result<Vec<Done>> {
        self.read(move |connection| jobs::last_done(connection, job_type, limit)).await
    }

    async fn history(&self, range: HistoryRange, now: DateTime<Utc>) -> Result<History> {
        self.read(move |connection| history::history(connection, range, now)).await
    }

    async fn fold_history(&self, now: DateTime<Utc>) -> Result<()> {
        self.work(move |tx| history::fold(tx, now)).await
    }

    async fn warnings(&self, id: JobId) -> Result<Vec<Warning>> {
        self.read(move |connection| jobs::warnings(connection, id)).await
    }

    async fn jobs_ahead(&self, id: JobId) -> Result<Option<u64>> {
        self.read(move |connection| waiting::ahead(connection, id)).await
    }

    async fn places(&self, ids: Vec<JobId>) -> Result<Vec<(JobId, u64)>> {
        self.read(move |connection| waiting::places(connection, &ids)).await
    }

    async fn jobs(&self, query: JobQuery, now: DateTime<Utc>) -> Result<JobPage> {
        self.read(move |connection| listing::page(connection, &query, now)).await
    }

    async fn select(&self, selection: JobSelection, now: DateTime<Utc>) -> Result<Vec<JobId>> {
        self.read(move |connection| listing::select(connection, &selection, now)).await
    }

    async fn causes(&self) -> Result<Vec<JobCause>> {
        self.read(listing::causes).await
    }

    async fn stats(&self) -> Result<JobStats> {
        self.read(listing::stats).await
    }

    async fn job_counts(&self) -> Result<Vec<JobCount>> {
        self.read(listing::counts).await
    }

    async fn oldest_pending(&self) -> Result<Option<DateTime<Utc>>> {
        self.read(waiting::oldest).await
    }

    async fn queue_settings(&self) -> Result<QueueSettings> {
        self.read(waiting::settings).await
    }

    async fn change_queue(&self, change: QueueChange) -> Result<QueueSettings> {
        self.write(move |tx| waiting::change(tx, change)).await
    }

    async fn job_items(&self, id: JobId, limit: u32) -> Result<Vec<JobItem>> {
        self.read(move |connection| jobs::items(connection, id, limit)).await
    }

    async fn job_item_page(&self, id: JobId, filter: ItemFilter) -> Result<JobItemPage> {
        self.read(move |connection| jobs::item_page(connection, id, filter)).await
    }

    async fn job_changes(&self, after: u64, limit: u32) -> Result<JobChanges> {
        self.read(move |connection| follow::job_changes(connection, after, limit)).await
    }

    async fn check_writable(&self) -> Result<()> {
        self.check_damage()?;
        self.write(follow::try_to_write).await
    }

    fn check_damage(&self) -> Result<()> {
        if self.damaged.load(Ordering::Relaxed) {
            return Err(StoreError::Damaged("this was seen before".to_owned()));
        }
        Ok(())
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.writer.latest()
    }

    async fn documents(
        &self,
        filter: DocumentFilter,
        before: Option<DocumentId>,
        limit: u32,
    ) -> Result<DocumentPage> {
        self.read(move |connection| documents::page(connection, &filter, before, limit)).await
    }

    async fn document(&self, id: DocumentId, offset: u64, limit: u32) -> Result<Option<DocumentWithChunks>> {
        self.read(move |connection| documents::document(connection, id, offset, limit)).await
    }

    async fn document_with(&self, hash: ContentHash) -> Result<Option<DocumentId>> {
        self.read(move |connection| Ok(duplicates::oldest(connection, hash)?.map(|(id, _)| id))).await
    }

    async fn delete_document(&self, id: DocumentId) -> Result<bool> {
        self.write(move |tx| documents::delete(tx, id)).await
    }

    async fn passages(&self, keys: Vec<ChunkKey>) -> Result<Vec<Passage>> {
        self.read(move |connection| documents::passages(connection, &keys)).await
    }

    async fn totals(&self) -> Result<Totals> {
        self.read(documents::totals).await
    }

    async fn add_key(&self, key: ApiKey) -> Result<bool> {
        self.write(move |tx| access::add_key(tx, &key)).await
    }

    async fn key(&self, id: Uuid) -> Result<Option<ApiKey>> {
        self.read(move |connection| access::key(connection, id)).await
    }

    async fn keys(&self) -> Result<Vec<ApiKey>> {
        self.read(access::keys).await
    }

    async fn revoke_key(&self, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
        self.write(move |tx| access::revoke_key(tx, id, now)).await
    }

    async fn begin_session(&self, session: NewSession, now: DateTime<Utc>) -> Result<()> {
        self.write(move |tx| access::begin_session(tx, &session, now)).await
    }

    async fn session_key(&self, session: SecretHash, now: DateTime<Utc>) -> Result<Option<ApiKey>> {
        self.read(move |connection| access::session_key(connection, session, now)).await
    }

    async fn end_session(&self, session: SecretHash) -> Result<()> {
        self.write(move |tx| access::end_session(tx, session)).await
    }

    async fn record(&self, deed: Deed, now: DateTime<Utc>) -> Result<()> {
        self.write(move |tx| access::record(tx, &deed, now)).await
    }

    async fn audit(&self, before: Option<u64>, limit: u32) -> Result<AuditPage> {
        self.read(move |connection| access::audit(connection, before, limit)).await
    }

    async fn forget_audit(&self, before: DateTime<Utc>, limit: u32) -> Result<bool> {
        self.work(move |tx| access::forget_audit(tx, before, limit)).await
    }

    async fn forget_request_keys(&self, before: DateTime<Utc>, limit: u32) -> Result<bool> {
        self.work(move |tx| request_keys::forget(tx, before, limit)).await
    }

    async fn accepted_by(&self, id: JobId) -> Result<Option<Actor>> {
        self.read(move |connection| jobs::accepted_by(connection, id)).await
    }

    async fn due_webhooks(&self, wanted: WebhooksWanted, now: DateTime<Utc>) -> Result<WebhooksDue> {
        self.read(move |connection| webhooks::due(connection, &wanted, now)).await
    }

    async fn record_webhooks(&self, tried: Vec<WebhookTried>) -> Result<()> {
        self.work(move |tx| webhooks::record(tx, &tried)).await
    }

    async fn webhooks(
        &self,
        filter: WebhookFilter,
        before: Option<WebhookId>,
        limit: u32,
    ) -> Result<WebhookPage> {
        self.read(move |connection| webhooks::page(connection, filter, before, limit)).await
    }

    async fn webhook(&self, id: WebhookId) -> Result<Option<WebhookDelivery>> {
        self.read(move |connection| webhooks::webhook(connection, id)).await
    }

    async fn retry_webhook(&self, id: WebhookId, now: DateTime<Utc>) -> Result<bool> {
        self.write(move |tx| webhooks::retry(tx, id, now)).await
    }

    async fn pending_webhooks(&self) -> Result<u64> {
        self.read(webhooks::pending).await
    }

    async fn forget_webhooks(&self, before: DateTime<Utc>, limit: u32) -> Result<bool> {
        self.work(move |tx| webhooks::forget(tx, before, limit)).await
    }

    async fn index_page(&self, cursor: FeedCursor, max_bytes: usize) -> Result<IndexPage> {
        self.read(move |connection| follow::index_page(connection, cursor, max_bytes)).await
    }

    async fn unindexed_since(&self, indexed: u64) -> Result<Option<DateTime<Utc>>> {
        self.read(move |connection| follow::unindexed_since(connection, indexed)).await
    }

    async fn sweep(&self, limit: u32) -> Result<bool> {
        self.work(move |tx| documents::sweep(tx, limit)).await
    }

    async fn forget_removals(&self, seq: u64) -> Result<()> {
        self.work(move |tx| follow::forget_removals(tx, seq)).await
    }

    async fn unreferenced_blobs(&self, blobs: Vec<BlobRef>) -> Result<Vec<BlobRef>> {
        self.check_damage()?;
        self.read(move |connection| documents::unreferenced_blobs(connection, &blobs)).await
    }
}
