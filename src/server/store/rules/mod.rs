//! What every store must do. A new backend adds a line to [`stores`].

mod access;
mod attempts;
mod bulk;
mod choosing;
mod claiming;
mod documents;
mod duplicates;
mod ending;
mod following;
mod history;
mod request_keys;
mod telling;
mod webhooks;

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::sqlite::SqliteStore;
use super::*;
use crate::domain::{AttemptOutcome, JobStatus, Location, OnDuplicate, Stage};

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

/// A claim whose lease runs for a minute.
async fn claim(store: &dyn Store, group: u32, now: DateTime<Utc>) -> Vec<Lease> {
    let worker = WorkerId("w".into());
    let claim = Claim { worker, group, bulk: true, lease_until: now + TimeDelta::seconds(60) };
    store.claim(claim, now).await.unwrap()
}

async fn accept(store: &dyn Store, job: NewJob, now: DateTime<Utc>) -> Job {
    match store.accept(job, 1000, now).await.unwrap() {
        Acceptance::Added(job) => job,
        other => panic!("{other:?}"),
    }
}

fn new_job(job_type: JobType, items: u64) -> NewJob {
    NewJob {
        id: JobId(Uuid::now_v7()),
        job_type,
        name: "a name".into(),
        size_bytes: 100,
        total_items: items,
        metadata: Metadata::parse(r#"{"source": "test"}"#).unwrap(),
        source: "a source".into(),
        blobs: Vec::new(),
        bulk: false,
        by: Actor::new("a key", "a-request"),
        request_key: None,
        callbacks: Vec::new(),
        alone: None,
        max_attempts: 3,
    }
}

async fn given_a_text(store: &dyn Store) -> Job {
    accept(store, new_job(JobType::TextIngestion, 1), at(0)).await
}

async fn claim_one(store: &dyn Store, now: DateTime<Utc>) -> Lease {
    let mut leases = claim(store, 1, now).await;
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
            location: Location { page: Some(place as u32 + 1), ..Location::default() }.to_json(),
            place: format!("page {}", place + 1),
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
        warnings: Vec::new(),
        blob: None,
        hash: None,
        on_duplicate: OnDuplicate::Allow,
        content,
    }
}

fn ingested(item: u64, chunk_count: u64) -> ItemResult {
    let content = Content::Chunks(chunks(chunk_count));
    ItemResult { item, name: format!("item {item}"), outcome: ItemOutcome::Read(document(content)) }
}

fn failed(item: u64) -> ItemResult {
    let failure = Failure::new("no_text", "It has no text.");
    ItemResult { item, name: format!("item {item}"), outcome: ItemOutcome::Failed(failure) }
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
    let failed = items.iter().filter(|it| it.outcome.failure().is_some()).count() as u64;
    let chunks = items.iter().filter_map(|it| Some(it.outcome.document()?.content.chunk_count())).sum();
    Delivery { fence, progress: progress(items.len() as u64, failed, chunks), items, last }
}

async fn deliver(store: &dyn Store, delivery: Delivery) -> Verdict {
    store.deliver(vec![delivery], at(1)).await.unwrap().remove(0)
}

async fn page(store: &dyn Store, query: JobQuery) -> JobPage {
    store.jobs(query, at(100)).await.unwrap()
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
    let failure = Failure::new("no_text", "It has no text.");
    store.finish(lease.fence(), Outcome::Failed(failure), at(2)).await.unwrap();
    job(store, lease.job.job_id).await
}

async fn chunks_of(store: &dyn Store, id: DocumentId) -> Option<u64> {
    store.document(id, 0, 1000).await.unwrap().map(|it| it.chunks.len() as u64)
}
