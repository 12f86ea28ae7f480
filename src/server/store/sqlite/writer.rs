//! Group commit: one thread owns the only writing connection.
//!
//! It applies everything that waits in one transaction, each request in its own savepoint, commits
//! once, and only then answers all of them. Throughput so follows the batch and not the disk's flush
//! rate, and every answer is durable.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::history;
use super::queue::{Lane, Queue};
use crate::server::store::{Event, Listener, StoreError};

/// The most requests and the longest time one transaction takes, so that the first does not wait long.
const GROUP: usize = 512;
const GROUP_TIME: Duration = Duration::from_millis(20);

/// The door to the writing thread. The thread ends when this is dropped.
#[derive(Debug)]
pub(super) struct Writer {
    requests: Arc<Queue<Request>>,
    latest: watch::Receiver<u64>,
}

/// One step inside the present transaction.
pub(super) struct Tx<'a> {
    pub(super) connection: &'a Connection,
    seq: Cell<u64>,
    /// What happened, for the history: written once, before the commit.
    events: RefCell<Vec<(DateTime<Utc>, Event)>>,
}

impl<'a> Tx<'a> {
    /// `seq` is the latest change number in the database.
    pub(super) fn new(connection: &'a Connection, seq: u64) -> Self {
        Self { connection, seq: Cell::new(seq), events: RefCell::default() }
    }

    /// Counts something for the history. Costs no statement of its own.
    pub(super) fn note(&self, at: DateTime<Utc>, event: Event) {
        self.events.borrow_mut().push((at, event));
    }

    /// Writes down what was noted.
    pub(super) fn save_events(&self) -> Result<(), StoreError> {
        history::save(self.connection, &self.events.borrow())
    }

    /// Writes down the numbers taken since `before`.
    pub(super) fn save_seq(&self, before: u64) -> Result<(), StoreError> {
        let seq = self.seq.get();
        if seq != before {
            self.connection.prepare_cached("update change_counter set seq = ?1")?.execute([seq])?;
        }
        Ok(())
    }

    /// Takes the next change number.
    pub(super) fn next_seq(&self) -> u64 {
        self.seq.set(self.upcoming_seq());
        self.seq.get()
    }

    /// The change number [`Self::next_seq`] would take, for a statement that may change nothing.
    pub(super) fn upcoming_seq(&self) -> u64 {
        self.seq.get() + 1
    }
}

/// Does its step, unless there is no transaction, and answers whether it succeeded, and whom to tell after
/// the commit.
type Request = Box<dyn FnOnce(Result<&Tx<'_>, StoreError>) -> (Result<(), StoreError>, Reply) + Send>;
type Reply = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

impl Writer {
    /// Starts the thread. `seq` is the latest change number in the database; `listener` is told of each event
    /// once it is committed.
    pub(super) fn start(connection: Connection, seq: u64, listener: Listener) -> Result<Self, StoreError> {
        let requests = Arc::new(Queue::default());
        let waiting = requests.clone();
        let (committed, latest) = watch::channel(seq);
        std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || write_all(&connection, &waiting, &committed, &listener))
            .map_err(|_| StoreError::Stopped)?;
        Ok(Self { requests, latest })
    }

    /// The latest committed change number.
    pub(super) fn latest(&self) -> watch::Receiver<u64> {
        self.latest.clone()
    }

    /// Runs `step` in the next transaction and returns its result once that is on disk.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        step: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let request: Request = Box::new(move |tx| {
            let result = tx.and_then(|tx| {
                catch_unwind(AssertUnwindSafe(|| step(tx))).unwrap_or(Err(StoreError::Panicked))
            });
            let done = result.as_ref().map(|_| ()).map_err(StoreError::shared);
            let reply: Reply = Box::new(move |committed| {
                // Whoever asked may have gone; the step is done all the same.
                let _ = answer.send(result.and_then(|it| committed.map(|()| it)));
            });
            (done, reply)
        });
        self.requests.push(lane, request).map_err(|_| StoreError::Stopped)?;
        answered.await.map_err(|_| StoreError::Stopped)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.requests.close();
    }
}

fn write_all(
    connection: &Connection,
    waiting: &Queue<Request>,
    committed: &watch::Sender<u64>,
    listener: &Listener,
) {
    while let Some(first) = waiting.next() {
        let tx = Tx::new(connection, *committed.borrow());
        let mut replies = Vec::new();
        match group(&tx, first, waiting, &mut replies) {
            Ok(()) => {
                let seq = tx.seq.get();
                committed.send_if_modified(|latest| std::mem::replace(latest, seq) != seq);
                // First, so that who has an answer finds it counted.
                listener(&tx.events.borrow());
                replies.into_iter().for_each(|reply| reply(Ok(())));
            }
            Err(error) => {
                // Fails too when nothing was begun, which is as good.
                let _ = connection.execute_batch("rollback");
                tracing::error!(%error, requests = replies.len(), "a transaction failed; nothing of it was written");
                replies.into_iter().for_each(|reply| reply(Err(error.shared())));
            }
        }
    }
}

/// Applies `first` and all that wait in one transaction.
fn group(
    tx: &Tx<'_>,
    first: (Lane, Request),
    waiting: &Queue<Request>,
    replies: &mut Vec<Reply>,
) -> Result<(), StoreError> {
    let started = Instant::now();
    let before = tx.seq.get();
    let mut begun = tx.run("begin immediate");
    let mut next = Some(first);
    while let Some((lane, request)) = next {
        let began = Instant::now();
        let noted = tx.events.borrow().len();
        begun = begun.and_then(|()| tx.run("savepoint request"));
        let (done, reply) = request(begun.as_ref().map(|()| tx).map_err(StoreError::shared));
        replies.push(reply);
        begun.as_ref().map_err(StoreError::shared)?;
        if let Err(cause) = done {
            // A full disk and the like end the whole transaction.
            if tx.connection.is_autocommit() {
                return Err(cause);
            }
            tx.run("rollback to request")?;
            tx.events.borrow_mut().truncate(noted);
        }
        tx.run("release request")?;
        if lane == Lane::Background {
            waiting.rest_after(began.elapsed());
        }
        let room = replies.len() < GROUP && started.elapsed() < GROUP_TIME;
        next = if room { waiting.try_next() } else { None };
    }
    tx.save_seq(before)?;
    tx.save_events()?;
    tx.run("commit")
}

impl Tx<'_> {
    fn run(&self, sql: &'static str) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
