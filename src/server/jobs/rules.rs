//! What the worker must do, with a store that can be held up and a read that hangs.

use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::worker::Worker;
use super::*;
use crate::domain::{Chunking, JobSelection, Metadata, QueueChange, Stage};
use crate::server::blobs::Blobs;
use crate::server::data_folder::DataFolder;
use crate::server::disk::Disk;
use crate::server::ingest::extract::worker::Workers;
use crate::server::ingest::folders::AllowedFolders;
use crate::server::ingest::sources::batch::Message;
use crate::server::ingest::sources::{JobSource, text};
use crate::server::store::hooked::HookedStore;
use crate::server::store::sqlite::SqliteStore;
use crate::server::store::{BlobRef, StoreError, WorkerId};
use crate::server::webhooks::Callbacks;

/// Opens for a test's steps one by one, and counts who has come to it.
#[derive(Clone, Debug)]
struct Gate {
    step: &'static str,
    passes: Arc<Semaphore>,
    arrived: Arc<watch::Sender<usize>>,
}

impl Gate {
    fn before(step: &'static str) -> Self {
        Self { step, passes: Arc::new(Semaphore::new(0)), arrived: Arc::new(watch::channel(0).0) }
    }

    fn open() -> Self {
        Self::before("nothing")
    }

    async fn pass(self, step: &'static str) {
        if step == self.step {
            self.arrived.send_modify(|count| *count += 1);
            self.passes.acquire().await.unwrap().forget();
        }
    }

    fn let_pass(&self, count: usize) {
        self.passes.add_permits(count);
    }

    async fn arrivals(&self, count: usize) {
        self.arrived.subscribe().wait_for(|arrived| *arrived >= count).await.unwrap();
    }
}

/// A worker at work on a store behind a gate.
struct Scene {
    jobs: JobManager,
    worker: JoinHandle<()>,
    stop: CancellationToken,
    folder: tempfile::TempDir,
}

impl Scene {
    /// No grace: who is stopped gives its job back at once.
    fn with(gate: &Gate, max_concurrent_jobs: u32) -> Self {
        Self::with_grace(gate, max_concurrent_jobs, Duration::ZERO)
    }

    fn with_grace(gate: &Gate, max_concurrent_jobs: u32, grace: Duration) -> Self {
        let gate = gate.clone();
        Self::with_hook(max_concurrent_jobs, grace, move |step| gate.clone().pass(step).map(Ok).boxed())
    }

    fn with_hook(
        max_concurrent_jobs: u32,
        grace: Duration,
        hook: impl Fn(&'static str) -> BoxFuture<'static, Result<(), StoreError>> + Send + Sync + 'static,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let inner = Arc::new(SqliteStore::open(&folder.path().join("sluice.db")).unwrap());
        let hook = Box::new(hook);
        let shelves = Shelves {
            blobs: Blobs::open(&DataFolder::new(folder.path())).unwrap(),
            folders: AllowedFolders::default(),
            workers: Workers::new("unused".into()),
            chunking: Chunking::default(),
        };
        let settings = JobSettings {
            max_concurrent_jobs,
            max_attempts: 3,
            retry_delay: Duration::ZERO,
            max_pending: 100,
            max_messages: 10_000,
            clean_up_interval: Duration::from_secs(3600),
            max_age: TimeDelta::hours(1),
            max_jobs: 100,
            audit_age: TimeDelta::days(90),
            lease: TimeDelta::seconds(30),
            group: 1,
        };
        let stop = CancellationToken::new();
        let jobs = JobManager::new(
            Arc::new(HookedStore { inner, hook }),
            Disk::new(folder.path(), 0),
            shelves,
            settings,
            Callbacks::off(),
            stop.clone(),
        );
        let worker = Worker::new(jobs.clone(), WorkerId("w".into()), grace);
        Self { jobs, worker: tokio::spawn(worker.run(stop.clone())), stop, folder }
    }

    async fn given_texts(&self, count: usize) -> Vec<JobId> {
        let mut ids = Vec::new();
        for number in 0..count {
            let job =
                self.jobs.submit_text(format!("text {number}"), Metadata::default().into()).await.unwrap();
            ids.push(job.job_id);
        }
        ids
    }

    /// A job whose source is a pipe: reading it hangs until the writer that comes along is dropped.
    async fn given_a_hanging_job(&self) -> (JobId, Hanging) {
        let blob = BlobRef([7; 32]);
        let path = self.folder.path().join("blobs").join(blob.to_string());
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        let source = JobSource::from(text::Source::Blob(blob));
        let job =
            self.jobs.submit(source, "a pipe".into(), 100, 1, Metadata::default().into()).await.unwrap();
        // Open for both, so that opening it hangs neither here nor there.
        let writer = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        (job.job_id, Hanging { _path: path, _writer: writer })
    }

    async fn becomes(&self, id: JobId, wanted: impl Fn(&Job) -> bool) -> Job {
        let mut changes = self.jobs.watch();
        loop {
            let job = self.jobs.get(id).await.unwrap();
            if wanted(&job) {
                return job;
            }
            changes.changed().await.unwrap();
        }
    }

    async fn slots_taken(&self, count: u32) {
        self.jobs.watch_slots().wait_for(|slots| slots.taken == count).await.unwrap();
    }

    async fn stopped(&mut self) {
        self.stop.cancel();
        (&mut self.worker).await.unwrap();
    }
}

struct Hanging {
    _path: PathBuf,
    _writer: File,
}

fn is_indexing(job: &Job) -> bool {
    job.stage == Some(Stage::Indexing)
}

fn is_reading(job: &Job) -> bool {
    job.stage == Some(Stage::Reading)
}

#[tokio::test(start_paused = true)]
async fn no_more_jobs_are_worked_on_at_once_than_allowed() {
    let gate = Gate::before("deliver");
    let scene = Scene::with(&gate, 2);
    let ids = scene.given_texts(5).await;
    gate.arrivals(2).await;
    // The clock is paused: this lets everything happen that would within an hour.
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let stats = scene.jobs.stats().await.unwrap();
    assert_eq!((stats.running, stats.pending), (2, 3));

    gate.let_pass(1);
    gate.arrivals(3).await;
    gate.let_pass(4);
    for id in ids {
        scene.becomes(id, is_indexing).await;
    }
}

#[tokio::test]
async fn a_job_that_waits_for_the_index_holds_no_slot() {
    let scene = Scene::with(&Gate::open(), 1);
    for id in scene.given_texts(3).await {
        scene.becomes(id, is_indexing).await;
    }
}

#[tokio::test]
async fn a_stop_lets_running_jobs_end_within_the_grace() {
    let gate = Gate::before("deliver");
    let mut scene = Scene::with_grace(&gate, 1, Duration::from_secs(3600));
    let ids = scene.given_texts(2).await;
    gate.arrivals(1).await;
    scene.stop.cancel();
    gate.let_pass(1);
    scene.stopped().await;
    assert!(is_indexing(&scene.jobs.get(ids[0]).await.unwrap()));
    assert_eq!(scene.jobs.get(ids[1]).await.unwrap().status, JobStatus::Pending, "nothing new is begun");
}

#[tokio::test]
async fn after_the_grace_a_job_goes_back_to_the_queue_and_no_attempt_is_counted() {
    let mut scene = Scene::with(&Gate::open(), 1);
    let (id, _hanging) = scene.given_a_hanging_job().await;
    scene.becomes(id, is_reading).await;
    scene.stopped().await;
    let job = scene.jobs.get(id).await.unwrap();
    assert_eq!((job.status, job.attempt), (JobStatus::Pending, 0));
}

#[tokio::test]
async fn a_claim_under_way_at_a_stop_leaves_no_job_running() {
    let gate = Gate::before("claim");
    let mut scene = Scene::with(&gate, 1);
    let ids = scene.given_texts(1).await;
    gate.arrivals(1).await;
    scene.stop.cancel();
    gate.let_pass(1);
    scene.stopped().await;
    let job = scene.jobs.get(ids[0]).await.unwrap();
    assert!(job.status == JobStatus::Pending || is_indexing(&job), "{job:?}");
}

#[tokio::test]
async fn a_job_whose_read_hangs_is_cancelled_all_the_same_and_frees_its_slot() {
    let scene = Scene::with(&Gate::open(), 1);
    let (id, _hanging) = scene.given_a_hanging_job().await;
    scene.becomes(id, is_reading).await;
    let asked = scene.jobs.cancel(id).await.unwrap();
    assert!(asked.cancel_requested);
    scene.becomes(id, |job| job.status == JobStatus::Cancelled).await;
    for id in scene.given_texts(1).await {
        scene.becomes(id, is_indexing).await;
    }
}

#[tokio::test]
async fn a_job_cancelled_before_its_attempt_is_known_is_cancelled_when_that_writes() {
    let gate = Gate::before("deliver");
    let scene = Scene::with(&gate, 1);
    let id = scene.given_texts(1).await[0];
    gate.arrivals(1).await;
    // As if the worker had only just claimed it.
    let forgotten = scene.jobs.running().drain().count();
    assert_eq!(forgotten, 1);
    scene.jobs.cancel(id).await.unwrap();
    gate.let_pass(1);
    scene.becomes(id, |job| job.status == JobStatus::Cancelled).await;
}

#[tokio::test]
async fn a_slow_read_keeps_its_lease() {
    let gate = Gate::before("heartbeat");
    let scene = Scene::with(&gate, 1);
    let (_, _hanging) = scene.given_a_hanging_job().await;
    // In real time: a thread that reads holds the paused clock.
    for beat in 1..=3 {
        gate.arrivals(beat).await;
        gate.let_pass(1);
    }
}

#[tokio::test]
async fn an_input_that_cannot_be_read_any_more_fails_its_job_alone() {
    let scene = Scene::with(&Gate::open(), 1);
    let lost = JobSource::from(text::Source::Blob(BlobRef([9; 32])));
    let lost = scene.jobs.submit(lost, "lost".into(), 100, 1, Metadata::default().into()).await.unwrap();
    let good = scene.given_texts(1).await[0];
    let failed = scene.becomes(lost.job_id, |job| job.status == JobStatus::Failed).await;
    assert_eq!(failed.error_code, "source_lost");
    scene.becomes(good, is_indexing).await;
}

/// Fails the first `times` deliveries.
fn failing_deliveries(
    times: usize,
    error: fn() -> StoreError,
) -> impl Fn(&'static str) -> BoxFuture<'static, Result<(), StoreError>> {
    let left = AtomicUsize::new(times);
    move |step| {
        let one_less = |left: usize| left.checked_sub(1);
        let fails =
            step == "deliver" && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok();
        async move { if fails { Err(error()) } else { Ok(()) } }.boxed()
    }
}

fn undone() -> StoreError {
    StoreError::Undone("a test".into())
}

#[tokio::test]
async fn a_text_that_the_store_could_not_take_is_tried_again_and_keeps_why() {
    let scene = Scene::with_hook(1, Duration::ZERO, failing_deliveries(2, undone));
    let id = scene.given_texts(1).await[0];
    let job = scene.becomes(id, is_indexing).await;
    assert_eq!(job.attempt, 3);
    let details = scene.jobs.details(id).await.unwrap();
    let codes: Vec<_> = details.attempts.iter().map(|it| it.error_code.as_str()).collect();
    assert_eq!(codes, ["store_failed", "store_failed", ""], "the last one goes on");
}

#[tokio::test]
async fn a_job_fails_with_the_reason_when_its_attempts_are_used_up() {
    let scene = Scene::with_hook(1, Duration::ZERO, failing_deliveries(3, undone));
    let id = scene.given_texts(1).await[0];
    let job = scene.becomes(id, |job| job.status == JobStatus::Failed).await;
    assert_eq!((job.attempt, job.error_code.as_str()), (3, "store_failed"));
}

#[tokio::test]
async fn a_full_disk_costs_no_attempt_and_the_job_says_that_it_waits() {
    let scene = Scene::with_hook(1, Duration::ZERO, failing_deliveries(1, || StoreError::DiskFull));
    let id = scene.given_texts(1).await[0];
    let job = scene.becomes(id, |job| job.retry_at.is_some()).await;
    assert_eq!((job.status, job.attempt, job.error_code.as_str()), (JobStatus::Pending, 0, "disk_full"));
}

#[tokio::test]
async fn one_slot_is_kept_free_of_bulk_jobs() {
    let gate = Gate::before("deliver");
    let scene = Scene::with(&gate, 2);
    for _ in 0..2 {
        let message = Message { text: "a message".into(), metadata: Metadata::default() };
        scene.jobs.submit_messages(vec![message; 1001], Metadata::default().into()).await.unwrap();
    }
    gate.arrivals(1).await;
    let id = scene.given_texts(1).await[0];
    gate.arrivals(2).await;
    assert_eq!(scene.jobs.get(id).await.unwrap().status, JobStatus::Running);
}

/// The clock is paused: this lets everything happen that would within an hour.
async fn an_hour_passes() {
    tokio::time::sleep(Duration::from_secs(3600)).await;
}

#[tokio::test(start_paused = true)]
async fn a_paused_queue_begins_nothing_and_what_runs_goes_on() {
    let gate = Gate::before("deliver");
    let scene = Scene::with(&gate, 1);
    let ids = scene.given_texts(2).await;
    gate.arrivals(1).await;
    let pause = |paused| QueueChange { paused: Some(paused), max_concurrent_jobs: None };
    let queue = scene.jobs.change_queue(pause(true)).await.unwrap();
    assert_eq!((queue.paused, queue.running_slots, queue.pending), (true, 1, 1));
    gate.let_pass(2);
    scene.becomes(ids[0], is_indexing).await;
    scene.slots_taken(0).await;
    an_hour_passes().await;
    assert_eq!(scene.jobs.get(ids[1]).await.unwrap().status, JobStatus::Pending);

    scene.jobs.change_queue(pause(false)).await.unwrap();
    scene.becomes(ids[1], is_indexing).await;
}

#[tokio::test(start_paused = true)]
async fn more_slots_are_used_at_once_and_of_fewer_only_so_many() {
    let gate = Gate::before("deliver");
    let scene = Scene::with(&gate, 1);
    scene.given_texts(6).await;
    gate.arrivals(1).await;
    let slots = |most| QueueChange { paused: None, max_concurrent_jobs: Some(most) };
    scene.jobs.change_queue(slots(3)).await.unwrap();
    gate.arrivals(3).await;

    scene.jobs.change_queue(slots(1)).await.unwrap();
    for left in [2, 1] {
        gate.let_pass(1);
        scene.slots_taken(left).await;
        an_hour_passes().await;
        assert_eq!(*gate.arrived.borrow(), 3, "no other begins while more run than there are slots");
    }
    gate.let_pass(1);
    gate.arrivals(4).await;
    an_hour_passes().await;
    assert_eq!(*gate.arrived.borrow(), 4);
}

#[tokio::test]
async fn a_paused_queue_stops_like_any_other() {
    let mut scene = Scene::with(&Gate::open(), 1);
    let change = QueueChange { paused: Some(true), max_concurrent_jobs: None };
    scene.jobs.change_queue(change).await.unwrap();
    scene.given_texts(1).await;
    scene.stopped().await;
}

#[tokio::test]
async fn more_slots_are_more_for_bulk_jobs() {
    let gate = Gate::before("deliver");
    let scene = Scene::with(&gate, 2);
    for _ in 0..2 {
        let message = Message { text: "a message".into(), metadata: Metadata::default() };
        scene.jobs.submit_messages(vec![message; 1001], Metadata::default().into()).await.unwrap();
    }
    gate.arrivals(1).await;
    let change = QueueChange { paused: None, max_concurrent_jobs: Some(3) };
    scene.jobs.change_queue(change).await.unwrap();
    gate.arrivals(2).await;
}

#[tokio::test]
async fn attempts_are_told_when_their_jobs_are_cancelled_among_many() {
    let scene = Scene::with(&Gate::open(), 1);
    let (id, _hanging) = scene.given_a_hanging_job().await;
    scene.becomes(id, is_reading).await;
    let waiting = scene.given_texts(3).await;
    let ids = [vec![id], waiting.clone()].concat();
    let outcome = scene.jobs.cancel_many(JobSelection { ids, ..JobSelection::default() }).await.unwrap();
    assert_eq!((outcome.matched, outcome.changed), (4, 4));
    for id in [vec![id], waiting].concat() {
        scene.becomes(id, |job| job.status == JobStatus::Cancelled).await;
    }
}
