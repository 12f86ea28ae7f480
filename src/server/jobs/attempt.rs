//! One attempt at a job, or at a group of small texts: read on a thread, written as it comes by [`ItemWriter`].

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::SecretString;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use super::item_writer::ItemWriter;
use super::{JobManager, retry};
use crate::domain::{Job, Progress};
use crate::server::clock;
use crate::server::ingest::failures::source_lost;
use crate::server::ingest::run::{FindTwin, Piece, PieceContent, Reader, Shelves, Stopped};
use crate::server::ingest::sources::Input;
use crate::server::store::{Delivery, Failure, Fence, Lease, Outcome, StoreError, Verdict};

/// Pieces read ahead of writing; each holds up to a thousand chunks.
const READ_AHEAD: usize = 8;

/// Between two tries to record the end of an attempt.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// A job that met a full disk waits so long, as often as it takes.
const DISK_FULL_DELAY: TimeDelta = TimeDelta::seconds(15);

/// Why an attempt ended before its job was read and written.
#[derive(Debug)]
pub(super) enum Ended {
    Failed(Failure),
    Verdict(Verdict),
    /// The token was cancelled: the job's own, or that of the stopping server.
    Told,
    Store(StoreError),
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl JobManager {
    /// Works on claimed jobs until each has been handed to the index, ended, or been given back.
    pub(super) async fn attempt(&self, leases: Vec<Lease>, give_up: &CancellationToken) {
        let stops: Vec<_> = leases.iter().map(|lease| (lease.fence(), give_up.child_token())).collect();
        self.running().extend(stops.iter().cloned());

        if let [(fence, stop)] = stops.as_slice() {
            for lease in leases {
                self.work(lease, stop).instrument(span(*fence)).await;
            }
        } else {
            self.work_on_group(leases, &stops).await;
        }

        let mut running = self.running();
        for (fence, _) in &stops {
            running.remove(fence);
        }
    }

    /// Works on small texts: all read on one thread, all written in one transaction.
    async fn work_on_group(&self, leases: Vec<Lease>, stops: &[(Fence, CancellationToken)]) {
        let shelves = self.0.shelves.clone();
        let read = tokio::task::spawn_blocking(move || {
            let read = |lease: Lease| (read_small(&lease, &shelves), lease);
            leases.into_iter().map(read).collect::<Vec<_>>()
        });
        let Ok(read) = read.await else {
            return tracing::error!("reading a group of texts panicked");
        };
        let (mut deliveries, mut delivered) = (Vec::new(), Vec::new());
        for (delivery, lease) in read {
            match delivery {
                Ok(delivery) => {
                    deliveries.push(delivery);
                    delivered.push(lease);
                }
                Err(failure) => {
                    self.end(&lease.job, Ended::Failed(failure)).instrument(span(lease.fence())).await;
                }
            }
        }
        match self.0.store.deliver(deliveries, clock::now()).await {
            Ok(verdicts) => {
                for (lease, verdict) in delivered.into_iter().zip(verdicts) {
                    let (fence, span) = (lease.fence(), span(lease.fence()));
                    match (verdict, stops.iter().find(|(it, _)| *it == fence)) {
                        (Verdict::GoOn, _) => {}
                        // Alone, it finds what it met before it is read.
                        (Verdict::Met(_), Some((_, stop))) => self.work(lease, stop).instrument(span).await,
                        (verdict, _) => self.end(&lease.job, Ended::Verdict(verdict)).instrument(span).await,
                    }
                }
            }
            Err(error) => {
                for lease in &delivered {
                    let ended = Ended::Store(error.shared());
                    self.end(&lease.job, ended).instrument(span(lease.fence())).await;
                }
            }
        }
    }

    /// Works on one job.
    async fn work(&self, lease: Lease, stop: &CancellationToken) {
        let job = lease.job.clone();
        if let Err(ended) = self.read_and_write(lease, stop).await {
            self.end(&job, ended).await;
        }
    }

    async fn read_and_write(&self, lease: Lease, stop: &CancellationToken) -> Result<(), Ended> {
        let fence = lease.fence();
        let delivered = if lease.job.processed_items > 0 {
            self.0.store.delivered_items(fence.job).await?
        } else {
            BTreeMap::new()
        };
        let progress = Progress {
            items_total: lease.job.total_items,
            chunks_created: lease.job.chunks_created,
            items_done: lease.job.processed_items,
            items_failed: lease.job.failed_items,
            ..Progress::default()
        };
        let has_items = lease.job.job_type.has_items();
        let (pieces, waiting) = mpsc::channel(READ_AHEAD);
        let (shelves, told) = (self.0.shelves.clone(), stop.clone());
        let (password, twins) = (self.0.passwords.of(fence.job), self.twins_of(fence.job));
        let span = Span::current();
        let reading = tokio::task::spawn_blocking(move || {
            let _span = span.enter();
            let sink = |piece| pieces.blocking_send(piece).is_ok();
            let before = Before { delivered: &delivered, progress, find_twin: Some(&twins) };
            read(&lease, &shelves, &before, &told, password.as_ref(), sink)
        });

        let mut writer = ItemWriter::new(self.clone(), fence, progress, has_items);
        // When this ends early the thread's pieces have nowhere to go, so it ends soon, too; if it hangs
        // in a read, nobody waits for it, and whatever it reads is not written.
        writer.take_all(waiting, stop).await?;
        let stopped = match reading.await {
            Ok(Ok(())) => {
                writer.hand_over().await?;
                self.0.passwords.forget(fence.job);
                return Ok(());
            }
            Ok(Err(Stopped::Failed(failure))) => Ended::Failed(failure),
            Ok(Err(Stopped::Told)) => Ended::Told,
            Err(_) => Ended::Failed(panicked()),
        };
        // What is ready need not be read again.
        if has_items {
            writer.write(false).await?;
        }
        Err(stopped)
    }

    /// Records how an attempt ended without success.
    async fn end(&self, job: &Job, ended: Ended) {
        let fence = Fence::of(job);
        let outcome = match ended {
            Ended::Verdict(Verdict::StopCancelled) => return self.withdraw(fence).await,
            Ended::Verdict(_) => {
                return tracing::warn!("the lease was lost; the job goes on elsewhere");
            }
            Ended::Store(error) => {
                tracing::error!(%error, "could not write what was read");
                match error {
                    StoreError::DiskFull => Outcome::PutOff(disk_full(), clock::now() + DISK_FULL_DELAY),
                    _ => self.failed(job, not_written()),
                }
            }
            Ended::Failed(failure) => self.failed(job, failure),
            Ended::Told => Outcome::Released,
        };
        if matches!(outcome, Outcome::Failed(_)) {
            self.0.passwords.forget(fence.job);
        }
        // While the store cannot write, the slot stays taken: no other job could do better.
        loop {
            match self.0.store.finish(fence, outcome.clone(), clock::now()).await {
                // Told to stop by someone who cancels, or cancelled at the last moment.
                Ok(Verdict::StopCancelled) => return self.withdraw(fence).await,
                Ok(_) => return self.announce(&[fence.job]),
                Err(error) => {
                    tracing::error!(%error, "could not record the end of an attempt");
                    let pause = tokio::time::sleep(PAUSE_AFTER_FAILURE);
                    if self.0.stopping.run_until_cancelled(pause).await.is_none() {
                        // The next start takes the job up.
                        return;
                    }
                }
            }
        }
    }

    /// The end of an attempt that failed: there may be another.
    fn failed(&self, job: &Job, failure: Failure) -> Outcome {
        let now = clock::now();
        let next = retry::next_attempt(job, &failure, self.0.settings.retry_delay, now);
        tracing::info!(code = failure.code, again = next.is_some(), "an attempt failed");
        match next {
            Some(due_at) => Outcome::TryAgain(failure, due_at),
            None => Outcome::Failed(failure),
        }
    }
}

/// What all log lines of an attempt say.
fn span(fence: Fence) -> Span {
    tracing::info_span!("attempt", job.id = %fence.job, attempt = fence.attempt)
}

fn disk_full() -> Failure {
    let message = "The server's disk is full; the job goes on once there is room.";
    Failure::that_may_pass("disk_full", message)
}

fn not_written() -> Failure {
    let message = "The database could not take what was read; the server's log says why.";
    Failure::that_may_pass("store_failed", message)
}

/// What is there before an attempt reads.
struct Before<'a> {
    delivered: &'a BTreeMap<u64, String>,
    progress: Progress,
    find_twin: Option<FindTwin<'a>>,
}

/// Reads one job, whatever happens: a panic is that job's failure and nobody else's. Blocks.
fn read(
    lease: &Lease,
    shelves: &Shelves,
    before: &Before<'_>,
    stop: &CancellationToken,
    password: Option<&SecretString>,
    sink: impl FnMut(Piece) -> bool,
) -> Result<(), Stopped> {
    let mut reader = Reader::new(shelves, before.delivered, stop, before.progress, sink);
    if let Some(find_twin) = before.find_twin {
        reader.leave_out(find_twin);
    }
    let input: Input = serde_json::from_str(&lease.source).map_err(|error| source_lost(&error.into()))?;
    catch_unwind(AssertUnwindSafe(|| reader.read(&lease.job, &input, password)))
        .unwrap_or_else(|_| Err(panicked().into()))
}

pub(super) fn panicked() -> Failure {
    Failure::new("internal", "Reading this source ran into a fault of the server; its log says more.")
}

/// Reads a small text into the delivery that ends its job. Blocks.
fn read_small(lease: &Lease, shelves: &Shelves) -> Result<Delivery, Failure> {
    let fence = lease.fence();
    let mut delivery = Delivery { fence, items: Vec::new(), progress: Progress::default(), last: true };
    let stop = CancellationToken::new();
    // Whether others have its content already is asked as it is written.
    let before = Before { delivered: &BTreeMap::new(), progress: Progress::default(), find_twin: None };
    let read = read(lease, shelves, &before, &stop, None, |piece| {
        delivery.progress = piece.progress;
        if let PieceContent::Item(item, _) = piece.content {
            delivery.items.push(item);
        }
        true
    });
    let failure = match read {
        Err(Stopped::Failed(failure)) => Some(failure),
        Err(Stopped::Told) => Some(panicked()),
        Ok(()) => delivery.items.iter().find_map(|item| item.outcome.failure().cloned()),
    };
    failure.map_or(Ok(delivery), Err)
}
