//! What every store must do. A new backend adds a line to [`stores`].

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::sqlite::SqliteStore;
use super::*;
use crate::domain::{JobStatus, Stage};

/// A fresh store of each kind, with what must live as long as it.
fn stores() -> Vec<(&'static str, Arc<dyn Store>, tempfile::TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(&folder.path().join("sluice.db")).unwrap();
    vec![("sqlite", Arc::new(sqlite), folder)]
}

/// Seconds after the start of the test's time.
fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn worker(name: &str) -> WorkerId {
    WorkerId(name.to_owned())
}

fn new_job(job_type: JobType, items: u64) -> NewJob {
    NewJob {
        id: JobId(Uuid::now_v7()),
        job_type,
        name: "a name".into(),
        size_bytes: 100,
        total_items: items,
        metadata: Metadata::parse(r#"{"source": "test"}"#).unwrap(),
        source: Source::Text("some text".into()),
        max_attempts: 3,
    }
}

async fn given_a_text(store: &dyn Store) -> Job {
    store.accept(new_job(JobType::TextIngestion, 1), at(0)).await.unwrap()
}

async fn claim_one(store: &dyn Store, now: DateTime<Utc>) -> Lease {
    let mut leases = store.claim(&worker("w"), 1, now + TimeDelta::seconds(60), now).await.unwrap();
    assert_eq!(leases.len(), 1);
    leases.remove(0)
}

async fn given_a_claimed_text(store: &dyn Store) -> Lease {
    given_a_text(store).await;
    claim_one(store, at(0)).await
}

fn chunks(count: u64) -> Vec<Chunk> {
    (0..count)
        .map(|place| Chunk {
            chunk_index: place,
            start: place * 10,
            end: place * 10 + 9,
            text: format!("chunk {place}"),
        })
        .collect()
}

fn document(content: Content) -> NewDocument {
    NewDocument {
        media_type: "text/plain".into(),
        size_bytes: 100,
        characters: 100,
        metadata: Metadata::default(),
        blob: None,
        content,
    }
}

fn ingested(item: u64, chunk_count: u64) -> ItemResult {
    let content = Content::Chunks(chunks(chunk_count));
    ItemResult { item, name: format!("item {item}"), result: Ok(document(content)) }
}

fn failed(item: u64) -> ItemResult {
    let failure = Failure { code: "no_text", message: "It has no text.".into() };
    ItemResult { item, name: format!("item {item}"), result: Err(failure) }
}

fn progress(items: u64, failed: u64, chunks: u64) -> Progress {
    Progress {
        bytes_done: 100,
        bytes_total: 100,
        chunks_created: chunks,
        items_done: items,
        items_failed: failed,
        ..Progress::default()
    }
}

fn delivery(fence: Fence, items: Vec<ItemResult>, last: bool) -> Delivery {
    let failed = items.iter().filter(|it| it.result.is_err()).count() as u64;
    let chunks = items.iter().filter_map(|it| Some(it.result.as_ref().ok()?.content.chunk_count())).sum();
    Delivery { fence, progress: progress(items.len() as u64, failed, chunks), items, last }
}

async fn deliver(store: &dyn Store, delivery: Delivery) -> Verdict {
    store.deliver(vec![delivery], at(1)).await.unwrap()[0]
}

async fn job(store: &dyn Store, id: JobId) -> Job {
    store.job(id).await.unwrap().unwrap()
}

async fn status(store: &dyn Store, id: JobId) -> JobStatus {
    job(store, id).await.status
}

/// Takes a text through to its completion.
async fn given_a_completed_text(store: &dyn Store) -> Job {
    let lease = given_a_claimed_text(store).await;
    deliver(store, delivery(lease.fence(), vec![ingested(0, 2)], true)).await;
    store.complete_indexed(u64::MAX >> 1, 10, at(2)).await.unwrap();
    job(store, lease.job.job_id).await
}

async fn given_a_failed_text(store: &dyn Store) -> Job {
    let lease = given_a_claimed_text(store).await;
    let failure = Failure { code: "no_text", message: "It has no text.".into() };
    store.finish(lease.fence(), Outcome::Failed(failure), at(2)).await.unwrap();
    job(store, lease.job.job_id).await
}

async fn chunks_of(store: &dyn Store, id: DocumentId) -> Option<u64> {
    store.document(id, 0, 1000).await.unwrap().map(|it| it.chunks.len() as u64)
}

#[tokio::test]
async fn an_accepted_job_is_pending_with_all_it_was_given() {
    for (name, store, _folder) in stores() {
        let job = given_a_text(&*store).await;

        assert_eq!(job.status, JobStatus::Pending, "{name}");
        assert_eq!(store.job(job.job_id).await.unwrap(), Some(job.clone()), "{name}");
        assert_eq!((job.attempt, job.max_attempts, job.total_items), (0, 3, 1), "{name}");
        assert_eq!(job.created_at, at(0), "{name}");
        assert_eq!(job.metadata.0["source"], "test", "{name}");
        assert_eq!(store.stats().await.unwrap().pending, 1, "{name}");
    }
}

#[tokio::test]
async fn accepted_jobs_are_there_after_the_store_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sluice.db");
    let store = SqliteStore::open(&path).unwrap();
    let job = given_a_text(&store).await;
    let seq = *store.changes().borrow();
    drop(store);

    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.job(job.job_id).await.unwrap(), Some(job));
    assert_eq!(*store.changes().borrow(), seq, "change numbers go on where they ended");
}

#[tokio::test]
async fn the_job_that_waits_longest_is_claimed_first_and_only_once() {
    for (name, store, _folder) in stores() {
        let mut accepted = Vec::new();
        for second in [2, 0, 1] {
            let job = store.accept(new_job(JobType::FileIngestion, 1), at(second)).await.unwrap();
            accepted.push((second, job.job_id));
        }
        accepted.sort();

        let mut claimed = Vec::new();
        for _ in 0..3 {
            claimed.push(claim_one(&*store, at(10)).await.job.job_id);
        }

        assert_eq!(claimed, accepted.iter().map(|(_, id)| *id).collect::<Vec<_>>(), "{name}");
        assert!(store.claim(&worker("w"), 8, at(70), at(10)).await.unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_job_is_not_claimed_before_it_is_due() {
    for (name, store, _folder) in stores() {
        store.accept(new_job(JobType::TextIngestion, 1), at(5)).await.unwrap();
        assert!(store.claim(&worker("w"), 8, at(60), at(4)).await.unwrap().is_empty(), "{name}");
        claim_one(&*store, at(5)).await;
    }
}

#[tokio::test]
async fn small_texts_are_claimed_together_and_nothing_else_is() {
    for (name, store, _folder) in stores() {
        for _ in 0..5 {
            given_a_text(&*store).await;
        }
        store.accept(new_job(JobType::FileIngestion, 1), at(0)).await.unwrap();
        given_a_text(&*store).await;

        let mut sizes = Vec::new();
        for _ in 0..4 {
            sizes.push(store.claim(&worker("w"), 4, at(60), at(1)).await.unwrap().len());
        }

        assert_eq!(
            sizes,
            [4, 1, 1, 1],
            "{name}: four texts, the fifth before a file, the file, the last text"
        );
    }
}

#[tokio::test]
async fn a_text_that_was_tried_before_comes_alone() {
    for (name, store, _folder) in stores() {
        given_a_text(&*store).await;
        given_a_text(&*store).await;
        assert_eq!(store.claim(&worker("w"), 8, at(60), at(1)).await.unwrap().len(), 2, "{name}");
        store.rescue(at(61), at(61)).await.unwrap();

        assert_eq!(store.claim(&worker("w"), 8, at(120), at(62)).await.unwrap().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_claim_counts_an_attempt_and_starts_at_no_progress() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        assert_eq!((lease.job.status, lease.job.attempt), (JobStatus::Running, 1), "{name}");
        assert_eq!(lease.job.stage, Some(Stage::Reading), "{name}");
        assert_eq!(lease.job.started_at, Some(at(0)), "{name}");
        assert_eq!(lease.source, Source::Text("some text".into()), "{name}");
    }
}

#[tokio::test]
async fn a_heartbeat_keeps_the_lease_and_progress_never_goes_back() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        let half = Progress { bytes_done: 50, bytes_total: 100, ..Progress::default() };
        let verdict = store.heartbeat(lease.fence(), half, at(200)).await.unwrap();
        assert_eq!(verdict, Verdict::GoOn, "{name}");
        let shown = job(&*store, lease.job.job_id).await.progress;
        assert!(shown > 0.0, "{name}");

        let back = Progress { bytes_done: 10, bytes_total: 100, ..Progress::default() };
        store.heartbeat(lease.fence(), back, at(200)).await.unwrap();
        assert_eq!(job(&*store, lease.job.job_id).await.progress, shown, "{name}");

        assert_eq!(store.rescue(at(100), at(100)).await.unwrap(), Rescued::default(), "{name}");
        assert_eq!(store.rescue(at(201), at(201)).await.unwrap().requeued, 1, "{name}");
    }
}

#[tokio::test]
async fn a_lost_lease_changes_nothing() {
    for (name, store, _folder) in stores() {
        let first = given_a_claimed_text(&*store).await;
        store.rescue(at(61), at(61)).await.unwrap();
        let second = claim_one(&*store, at(62)).await;
        let before = job(&*store, second.job.job_id).await;
        let late = first.fence();

        let failure = Failure { code: "no_text", message: String::new() };
        assert_eq!(
            store.heartbeat(late, Progress::default(), at(300)).await.unwrap(),
            Verdict::LeaseLost,
            "{name}"
        );
        assert_eq!(store.open_version(late).await.unwrap(), Err(Verdict::LeaseLost), "{name}");
        assert_eq!(
            store.append_chunks(late, Version(1), chunks(1), Progress::default()).await.unwrap(),
            Verdict::LeaseLost,
            "{name}"
        );
        assert_eq!(
            deliver(&*store, delivery(late, vec![ingested(0, 1)], true)).await,
            Verdict::LeaseLost,
            "{name}"
        );
        assert_eq!(
            store.finish(late, Outcome::Failed(failure), at(63)).await.unwrap(),
            Verdict::LeaseLost,
            "{name}"
        );
        assert_eq!(
            store.finish(late, Outcome::Released, at(63)).await.unwrap(),
            Verdict::LeaseLost,
            "{name}"
        );

        assert_eq!(job(&*store, second.job.job_id).await, before, "{name}");
        assert_eq!(store.totals().await.unwrap(), Totals::default(), "{name}");
    }
}

#[tokio::test]
async fn a_delivered_job_completes_when_the_index_has_passed_it() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        let id = lease.job.job_id;
        assert_eq!(
            deliver(&*store, delivery(lease.fence(), vec![ingested(0, 2)], true)).await,
            Verdict::GoOn
        );

        let waiting = job(&*store, id).await;
        assert_eq!((waiting.status, waiting.stage), (JobStatus::Running, Some(Stage::Indexing)), "{name}");
        assert!(store.complete_indexed(lease.job.seq, 10, at(2)).await.unwrap().is_empty(), "{name}");
        let page = store.index_page(FeedCursor::default(), 1 << 20).await.unwrap();
        assert_eq!(page.chunks.len(), 2, "{name}");
        assert_eq!(store.complete_indexed(page.cursor.seq, 10, at(2)).await.unwrap(), [id], "{name}");

        let done = job(&*store, id).await;
        assert_eq!(
            (done.status, done.progress, done.chunks_created),
            (JobStatus::Completed, 1.0, 2),
            "{name}"
        );
        assert_eq!(
            (done.completed_at, done.message.as_str()),
            (Some(at(2)), "Text ingested successfully"),
            "{name}"
        );
        assert_eq!(store.stats().await.unwrap().total_chunks_created, 2, "{name}");
    }
}

#[tokio::test]
async fn waiting_for_the_index_needs_no_lease() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        deliver(&*store, delivery(lease.fence(), vec![ingested(0, 1)], true)).await;
        assert_eq!(store.rescue(at(9999), at(9999)).await.unwrap(), Rescued::default(), "{name}");
    }
}

#[tokio::test]
async fn the_parts_of_a_batch_have_results_and_are_not_done_twice() {
    for (name, store, _folder) in stores() {
        store.accept(new_job(JobType::BatchIngestion, 3), at(0)).await.unwrap();
        let first = claim_one(&*store, at(0)).await;
        let id = first.job.job_id;
        deliver(&*store, delivery(first.fence(), vec![ingested(0, 2), failed(1)], false)).await;
        store.rescue(at(61), at(61)).await.unwrap();

        let second = claim_one(&*store, at(62)).await;
        assert_eq!(store.delivered_items(id).await.unwrap(), [0, 1], "{name}");
        let counted = (second.job.processed_items, second.job.failed_items, second.job.chunks_created);
        assert_eq!(counted, (2, 1, 2), "{name}: it starts where the delivered items end");
        let mut rest = delivery(second.fence(), vec![ingested(2, 1)], true);
        rest.progress = progress(3, 1, 3);
        deliver(&*store, rest).await;
        store.complete_indexed(u64::MAX >> 1, 10, at(63)).await.unwrap();

        let done = job(&*store, id).await;
        assert_eq!(done.message, "2 of 3 items ingested, 1 failed", "{name}");
        let items = store.job_items(id, 10).await.unwrap();
        assert_eq!(
            items.iter().map(|it| it.item).collect::<Vec<_>>(),
            [1, 0, 2],
            "{name}: failed ones first"
        );
        assert_eq!(store.totals().await.unwrap(), Totals { documents: 2, chunks: 3, bytes: 200 }, "{name}");
    }
}

#[tokio::test]
async fn writing_a_document_again_replaces_its_chunks() {
    for (name, store, _folder) in stores() {
        store.accept(new_job(JobType::BatchIngestion, 2), at(0)).await.unwrap();
        let lease = claim_one(&*store, at(0)).await;
        deliver(&*store, delivery(lease.fence(), vec![ingested(0, 5)], false)).await;
        let old = store.index_page(FeedCursor::default(), 1 << 20).await.unwrap();
        deliver(&*store, delivery(lease.fence(), vec![ingested(0, 2)], false)).await;

        let id = DocumentId::of(lease.job.job_id, 0);
        assert_eq!(chunks_of(&*store, id).await, Some(2), "{name}");
        assert_eq!(store.totals().await.unwrap().documents, 1, "{name}");
        let page = store.index_page(old.cursor, 1 << 20).await.unwrap();
        assert_eq!(page.chunks.len(), 2, "{name}: the index hears of the new version");
        assert_eq!(page.removed, [old.chunks[0].0.version()], "{name}: and drops the old one");
        let stale = old.chunks.iter().map(|(key, _)| *key).collect();
        assert!(store.passages(stale).await.unwrap().is_empty(), "{name}: old chunks are never shown");
    }
}

#[tokio::test]
async fn a_large_document_is_invisible_until_its_last_step() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        let version = store.open_version(lease.fence()).await.unwrap().unwrap();
        let part = store.append_chunks(lease.fence(), version, chunks(3), progress(0, 0, 3)).await.unwrap();
        assert_eq!(part, Verdict::GoOn, "{name}");
        assert_eq!(store.totals().await.unwrap(), Totals::default(), "{name}");
        assert!(store.index_page(FeedCursor::default(), 1 << 20).await.unwrap().chunks.is_empty(), "{name}");
        assert!(!store.sweep(10).await.unwrap(), "{name}: nobody sweeps what is being written");

        let content = Content::Version { version, chunk_count: 3 };
        let item = ItemResult { item: 0, name: "large".into(), result: Ok(document(content)) };
        deliver(&*store, delivery(lease.fence(), vec![item], true)).await;
        assert_eq!(store.index_page(FeedCursor::default(), 1 << 20).await.unwrap().chunks.len(), 3, "{name}");
    }
}

#[tokio::test]
async fn chunks_of_an_attempt_that_ended_are_swept() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        let version = store.open_version(lease.fence()).await.unwrap().unwrap();
        store.append_chunks(lease.fence(), version, chunks(25), progress(0, 0, 25)).await.unwrap();
        store.rescue(at(61), at(61)).await.unwrap();

        let mut steps = 0;
        while store.sweep(10).await.unwrap() {
            steps += 1;
        }
        assert_eq!(steps, 3, "{name}: ten at a time");
    }
}

#[tokio::test]
async fn the_index_is_fed_in_pages_of_bounded_size_without_gaps() {
    for (name, store, _folder) in stores() {
        for size in [1, 40, 3] {
            let lease = given_a_claimed_text(&*store).await;
            deliver(&*store, delivery(lease.fence(), vec![ingested(0, size)], true)).await;
        }
        let mut keys = Vec::new();
        let mut cursor = FeedCursor::default();
        loop {
            let page = store.index_page(cursor, 64).await.unwrap();
            assert!(page.chunks.len() <= 10, "{name}");
            keys.extend(page.chunks.iter().map(|(key, _)| *key));
            cursor = page.cursor;
            if page.caught_up {
                break;
            }
        }
        assert_eq!(keys.len(), 44, "{name}");
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), 44, "{name}: each once");
        assert_eq!(cursor, FeedCursor { seq: *store.changes().borrow(), chunk: None }, "{name}");
    }
}

#[tokio::test]
async fn an_index_that_is_too_far_behind_or_ahead_is_told() {
    for (name, store, _folder) in stores() {
        let done = given_a_completed_text(&*store).await;
        store.delete_document(DocumentId::of(done.job_id, 0)).await.unwrap();
        let seq = *store.changes().borrow();
        store.forget_removals(seq).await.unwrap();

        let page = async |seq| store.index_page(FeedCursor { seq, chunk: None }, 100).await.unwrap();
        assert!(page(1).await.too_old, "{name}");
        assert!(page(seq + 1000).await.too_old, "{name}");
        assert!(!page(seq).await.too_old, "{name}");
        assert!(!page(0).await.too_old, "{name}: an empty index has nothing to remove");
    }
}

#[tokio::test]
async fn a_pending_job_is_cancelled_at_once() {
    for (name, store, _folder) in stores() {
        let pending = given_a_text(&*store).await;
        let Change::Done(cancelled) = store.cancel(pending.job_id, at(1)).await.unwrap() else {
            panic!("{name}")
        };
        assert_eq!((cancelled.status, cancelled.completed_at), (JobStatus::Cancelled, Some(at(1))), "{name}");
        assert!(store.claim(&worker("w"), 8, at(60), at(2)).await.unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_running_job_first_shows_that_it_is_being_cancelled_and_then_leaves_nothing() {
    for (name, store, _folder) in stores() {
        store.accept(new_job(JobType::BatchIngestion, 9), at(0)).await.unwrap();
        let lease = claim_one(&*store, at(0)).await;
        let (id, fence) = (lease.job.job_id, lease.fence());
        deliver(&*store, delivery(fence, (0..5).map(|item| ingested(item, 2)).collect(), false)).await;

        let Change::Done(asked) = store.cancel(id, at(1)).await.unwrap() else { panic!("{name}") };
        assert_eq!((asked.status, asked.cancel_requested), (JobStatus::Running, true), "{name}");
        assert_eq!(
            deliver(&*store, delivery(fence, vec![ingested(6, 1)], false)).await,
            Verdict::StopCancelled,
            "{name}"
        );
        assert_eq!(
            store.finish(fence, Outcome::Released, at(2)).await.unwrap(),
            Verdict::StopCancelled,
            "{name}"
        );

        let mut steps = 0;
        while !store.withdraw(fence, 2, at(3)).await.unwrap() {
            assert_eq!(status(&*store, id).await, JobStatus::Running, "{name}");
            steps += 1;
        }
        assert_eq!(steps, 2, "{name}: two documents at a time");
        let gone = job(&*store, id).await;
        assert_eq!((gone.status, gone.chunks_created), (JobStatus::Cancelled, 0), "{name}");
        assert_eq!(store.totals().await.unwrap(), Totals::default(), "{name}");
        assert!(store.job_items(id, 10).await.unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_job_that_waits_for_the_index_can_still_be_cancelled() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        deliver(&*store, delivery(lease.fence(), vec![ingested(0, 1)], true)).await;
        store.cancel(lease.job.job_id, at(2)).await.unwrap();

        assert!(store.complete_indexed(u64::MAX >> 1, 10, at(2)).await.unwrap().is_empty(), "{name}");
        assert_eq!(store.rescue(at(3), at(3)).await.unwrap().to_withdraw, [lease.fence()], "{name}");
        assert!(store.withdraw(lease.fence(), 10, at(3)).await.unwrap(), "{name}");
        assert_eq!(status(&*store, lease.job.job_id).await, JobStatus::Cancelled, "{name}");
        assert_eq!(store.totals().await.unwrap(), Totals::default(), "{name}");
    }
}

#[tokio::test]
async fn a_final_job_cannot_be_cancelled() {
    for (name, store, _folder) in stores() {
        for job in [given_a_completed_text(&*store).await, given_a_failed_text(&*store).await] {
            assert_eq!(store.cancel(job.job_id, at(9)).await.unwrap(), Change::Refused(job), "{name}");
        }
        assert_eq!(store.cancel(JobId(Uuid::now_v7()), at(9)).await.unwrap(), Change::Unknown, "{name}");
    }
}

#[tokio::test]
async fn a_failed_job_says_why_and_can_be_retried_with_its_source() {
    for (name, store, _folder) in stores() {
        let failed = given_a_failed_text(&*store).await;
        assert_eq!((failed.status, failed.error_code.as_str()), (JobStatus::Failed, "no_text"), "{name}");

        let Change::Done(again) = store.retry(failed.job_id, 3, at(5)).await.unwrap() else {
            panic!("{name}")
        };
        assert_eq!((again.status, again.error_code.as_str()), (JobStatus::Pending, ""), "{name}");
        assert_eq!(again.max_attempts, 4, "{name}: one was used, three more are given");
        let lease = claim_one(&*store, at(6)).await;
        assert_eq!((lease.job.attempt, lease.source), (2, Source::Text("some text".into())), "{name}");
    }
}

#[tokio::test]
async fn only_a_failed_or_cancelled_job_can_be_retried() {
    for (name, store, _folder) in stores() {
        let completed = given_a_completed_text(&*store).await;
        let pending = given_a_text(&*store).await;
        for job in [completed, pending] {
            assert_eq!(store.retry(job.job_id, 3, at(9)).await.unwrap(), Change::Refused(job), "{name}");
        }
    }
}

#[tokio::test]
async fn stopping_counts_no_attempt_and_crashing_counts_one_until_none_are_left() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        let id = lease.job.job_id;
        let half = Progress { items_done: 1, chunks_created: 7, ..Progress::default() };
        store.heartbeat(lease.fence(), half, at(60)).await.unwrap();
        store.finish(lease.fence(), Outcome::Released, at(1)).await.unwrap();
        let released = job(&*store, id).await;
        assert_eq!(
            (released.attempt, released.processed_items, released.chunks_created),
            (0, 0, 0),
            "{name}"
        );

        for crash in 1..=3 {
            let lease = claim_one(&*store, at(100 * crash)).await;
            assert_eq!(lease.job.attempt, crash as u32, "{name}");
            let rescued = store.rescue(at(100 * crash + 61), at(100 * crash + 61)).await.unwrap();
            assert_eq!(rescued.failed.len(), usize::from(crash == 3), "{name}");
        }
        let failed = job(&*store, id).await;
        assert_eq!((failed.status, failed.error_code.as_str()), (JobStatus::Failed, "crashed"), "{name}");
    }
}

#[tokio::test]
async fn clean_up_keeps_the_newest_and_never_touches_active_jobs_or_documents() {
    for (name, store, _folder) in stores() {
        let active = given_a_text(&*store).await;
        let mut done = Vec::new();
        for _ in 0..4 {
            let job = store.accept(new_job(JobType::FileIngestion, 1), at(-10)).await.unwrap();
            let lease = claim_one(&*store, at(-5)).await;
            assert_eq!(lease.job.job_id, job.job_id);
            deliver(&*store, delivery(lease.fence(), vec![ingested(0, 1)], true)).await;
            done.push(job.job_id);
        }
        store.complete_indexed(u64::MAX >> 1, 10, at(2)).await.unwrap();

        assert_eq!(
            store.clean_up(at(0), 3, 100).await.unwrap(),
            1,
            "{name}: five jobs, three are kept, one is active"
        );
        assert_eq!(store.job(done[0]).await.unwrap(), None, "{name}");
        assert_eq!(
            store.clean_up(at(3), 100, 2).await.unwrap(),
            2,
            "{name}: older than the limit, two at a time"
        );
        assert_eq!(store.clean_up(at(3), 100, 2).await.unwrap(), 1, "{name}");
        assert_eq!(status(&*store, active.job_id).await, JobStatus::Pending, "{name}");
        assert_eq!(store.totals().await.unwrap().documents, 4, "{name}");
        assert_eq!(store.stats().await.unwrap().total_jobs, 1, "{name}");
    }
}

#[tokio::test]
async fn a_follower_gets_each_changed_job_once_in_its_newest_state() {
    for (name, store, _folder) in stores() {
        let first = given_a_completed_text(&*store).await;
        let second = given_a_text(&*store).await;
        let changes = store.job_changes(0, 100).await.unwrap().events;
        let seen: Vec<_> = changes.iter().map(|(seq, event)| (*seq, event.clone())).collect();
        assert_eq!(
            seen,
            [
                (first.seq, JobEvent::Job(Box::new(first.clone()))),
                (second.seq, JobEvent::Job(Box::new(second.clone())))
            ],
            "{name}"
        );
        assert_eq!(store.job_changes(first.seq, 100).await.unwrap().events.len(), 1, "{name}");

        let before = *store.changes().borrow();
        store.clean_up(at(10), 100, 10).await.unwrap();
        let removed = store.job_changes(before, 100).await.unwrap();
        assert!(
            matches!(removed.events[..], [(_, JobEvent::Removed(gone))] if gone.job_id == first.job_id),
            "{name}"
        );
        let latest = *store.changes().borrow();
        store.forget_removals(latest).await.unwrap();
        assert!(store.job_changes(before, 100).await.unwrap().too_old, "{name}");
    }
}

#[tokio::test]
async fn lists_are_newest_first_in_pages_that_miss_nothing() {
    for (name, store, _folder) in stores() {
        for number in 0..7 {
            let job_type = if number % 2 == 0 { JobType::TextIngestion } else { JobType::FileIngestion };
            store.accept(new_job(job_type, 1), at(number)).await.unwrap();
        }
        store
            .cancel(
                store.jobs(JobFilter { limit: 1, ..JobFilter::default() }).await.unwrap().jobs[0].job_id,
                at(9),
            )
            .await
            .unwrap();

        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let page = store.jobs(JobFilter { limit: 3, before, ..JobFilter::default() }).await.unwrap();
            assert_eq!(page.total_count, 7, "{name}");
            seen.extend(page.jobs.iter().map(|job| job.job_id));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 7, "{name}");
        assert!(seen.is_sorted_by(|a, b| a > b), "{name}");

        for (filter, count) in [
            (JobFilter { status: Some(JobStatus::Pending), limit: 50, ..JobFilter::default() }, 6),
            (JobFilter { status: Some(JobStatus::Failed), limit: 50, ..JobFilter::default() }, 0),
            (JobFilter { job_type: Some(JobType::FileIngestion), limit: 50, ..JobFilter::default() }, 3),
        ] {
            let page = store.jobs(filter.clone()).await.unwrap();
            assert_eq!((page.jobs.len() as u64, page.total_count), (count, count), "{name}: {filter:?}");
        }
    }
}

#[tokio::test]
async fn documents_are_listed_shown_and_deleted() {
    for (name, store, _folder) in stores() {
        let done = given_a_completed_text(&*store).await;
        let id = DocumentId::of(done.job_id, 0);
        assert_eq!(store.documents(None, 10).await.unwrap().documents[0].document_id, id, "{name}");
        let shown = store.document(id, 0, 1).await.unwrap().unwrap();
        assert_eq!((shown.chunks.len(), shown.next_offset), (1, Some(1)), "{name}");
        let keys = store.index_page(FeedCursor::default(), 1 << 20).await.unwrap().chunks;
        let keys: Vec<_> = keys.into_iter().map(|(key, _)| key).collect();
        assert_eq!(store.passages(keys.clone()).await.unwrap().len(), 2, "{name}");

        assert!(store.delete_document(id).await.unwrap(), "{name}");
        assert!(!store.delete_document(id).await.unwrap(), "{name}");
        assert!(store.passages(keys).await.unwrap().is_empty(), "{name}");
        assert_eq!(store.totals().await.unwrap(), Totals::default(), "{name}");
        assert_eq!(status(&*store, done.job_id).await, JobStatus::Completed, "{name}: its job stays");
    }
}

#[tokio::test]
async fn blobs_are_needed_by_waiting_jobs_and_by_documents() {
    for (name, store, _folder) in stores() {
        let blob = |byte| BlobRef([byte; 32]);
        let file = StoredFile { name: "a.txt".into(), blob: blob(1), size_bytes: 3 };
        let job = NewJob { source: Source::File(file), ..new_job(JobType::FileIngestion, 1) };
        let id = store.accept(job, at(0)).await.unwrap().job_id;
        let unused = async || store.unreferenced_blobs(vec![blob(1), blob(2)]).await.unwrap();
        assert_eq!(unused().await, [blob(2)], "{name}");

        let lease = claim_one(&*store, at(0)).await;
        let document = NewDocument { blob: Some(blob(1)), ..document(Content::Chunks(chunks(1))) };
        let item = ItemResult { item: 0, name: "a.txt".into(), result: Ok(document) };
        deliver(&*store, delivery(lease.fence(), vec![item], true)).await;
        store.complete_indexed(u64::MAX >> 1, 10, at(2)).await.unwrap();
        assert_eq!(unused().await, [blob(2)], "{name}");

        store.delete_document(DocumentId::of(id, 0)).await.unwrap();
        assert_eq!(unused().await, [blob(1), blob(2)], "{name}");
    }
}

#[tokio::test]
async fn many_writers_share_transactions_and_each_gets_its_own_answer() {
    for (name, store, _folder) in stores() {
        let jobs = futures::future::join_all((0..300).map(|_| given_a_text(&*store))).await;
        let numbers: HashSet<u64> = jobs.iter().map(|job| job.seq).collect();
        assert_eq!(numbers.len(), 300, "{name}: no change number is used twice");
        assert_eq!(store.stats().await.unwrap().total_jobs, 300, "{name}");
    }
}
