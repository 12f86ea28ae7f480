//! Reading connections, opened as needed and kept for the next reader.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::server::store::StoreError;

/// Questions answered at the same time; more wait.
const READERS: usize = 16;

/// Idle connections kept; more are opened under load and closed again.
const KEPT: usize = 4;

#[derive(Clone, Debug)]
pub(super) struct Readers(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    places: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: &Path) -> Self {
        Self(Arc::new(Pool {
            path: path.to_owned(),
            idle: Mutex::default(),
            places: Arc::new(Semaphore::new(READERS)),
        }))
    }

    /// Runs `question` on a thread for blocking work, in one read transaction: all its statements see
    /// the same moment.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        // Goes along into the thread: whoever asked may stop waiting before the question ends.
        let place = self.0.places.clone().acquire_owned().await.map_err(|_| StoreError::Stopped)?;
        let pool = self.0.clone();
        let answer = tokio::task::spawn_blocking(move || {
            let mut connection = pool.take()?;
            let moment = connection.transaction()?;
            let answer = question(&moment);
            moment.finish()?;
            pool.put_back(connection);
            drop(place);
            answer
        });
        answer.await.map_err(|_| StoreError::Panicked)?
    }
}

impl Pool {
    fn take(&self) -> Result<Connection, StoreError> {
        if let Some(connection) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Ok(connection);
        }
        let connection = super::connect(&self.path)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cache_size", -2048)?;
        Ok(connection)
    }

    fn put_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
    }
}
