//! Whether the server can do its work now, check by check: what a balancer asks before it sends requests.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::clock;
use super::disk::Disk;
use super::index::FullTextIndex;
use super::index::lag::IndexLag;
use super::store::{Store, StoreError};

/// How long the database may take for a small write.
const WRITE_TIME: Duration = Duration::from_secs(2);

/// An index that is further behind than either is not following: queries miss what was taken in.
const MOST_LAG_SECONDS: f64 = 60.0;
const MOST_LAG_CHANGES: u64 = 1_000_000;

/// Looks at the parts of the server.
#[derive(Clone, Debug)]
pub struct Readiness {
    pub store: Arc<dyn Store>,
    pub index: FullTextIndex,
    pub disk: Disk,
    pub stopping: CancellationToken,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Check {
    pub name: &'static str,
    pub ok: bool,
    /// A sentence.
    pub detail: String,
}

impl Check {
    fn new(name: &'static str, result: Result<String, String>) -> Self {
        let ok = result.is_ok();
        Self { name, ok, detail: result.unwrap_or_else(|why| why) }
    }
}

impl Readiness {
    /// Looks at each part. The server is ready when all are well.
    pub async fn checks(&self) -> Vec<Check> {
        vec![
            Check::new("store", self.store_takes_writes().await),
            Check::new("index", self.index_follows().await),
            Check::new("disk", self.disk_has_room()),
            Check::new("stopping", self.goes_on()),
        ]
    }

    async fn store_takes_writes(&self) -> Result<String, String> {
        match timeout(WRITE_TIME, self.store.check_writable()).await {
            Ok(Ok(())) => Ok("The database takes writes.".into()),
            Ok(Err(StoreError::Damaged(_))) => {
                Err("The database is damaged. Stop the server, run `sluice check`, and restore a backup."
                    .into())
            }
            // The cause may name paths: it goes to the log and stops there.
            Ok(Err(error)) => {
                tracing::warn!(%error, "the database did not take a small write");
                Err("The database did not take a small write; the server's log says why.".into())
            }
            Err(_) => Err(format!("The database took no write within {} seconds.", WRITE_TIME.as_secs())),
        }
    }

    async fn index_follows(&self) -> Result<String, String> {
        if !self.index.is_followed() {
            return Err("Nothing brings the index up to date.".into());
        }
        let lag = self.index.lag(&*self.store, clock::now()).await.map_err(|error| {
            tracing::warn!(%error, "the database could not be asked how far the index is behind");
            "The database could not be asked how far the index is behind; the server's log says why."
        })?;
        is_close_enough(lag)
    }

    fn disk_has_room(&self) -> Result<String, String> {
        match self.disk.check() {
            Ok(()) => Ok("The disk has room.".into()),
            Err(low) => Err(low.to_string()),
        }
    }

    fn goes_on(&self) -> Result<String, String> {
        if self.stopping.is_cancelled() {
            return Err("The server is stopping.".into());
        }
        Ok("The server is not stopping.".into())
    }
}

fn is_close_enough(lag: IndexLag) -> Result<String, String> {
    let behind = format!("{} changes and {:.1} seconds behind", lag.changes, lag.seconds);
    if lag.seconds > MOST_LAG_SECONDS || lag.changes > MOST_LAG_CHANGES {
        return Err(format!(
            "The index is {behind}, so queries miss what was taken in; {MOST_LAG_CHANGES} changes and {MOST_LAG_SECONDS} \
             seconds are the most."
        ));
    }
    Ok(format!("The index follows, {behind}."))
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::server::store::hooked::{Hook, HookedStore};
    use crate::server::store::sqlite::SqliteStore;

    /// Whether a part is well, and what is said of it.
    async fn check(readiness: &Readiness, name: &str) -> (bool, String) {
        let found = readiness.checks().await.into_iter().find(|check| check.name == name).unwrap();
        (found.ok, found.detail)
    }

    fn given(hook: Hook) -> (Readiness, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let inner = Arc::new(SqliteStore::open(&folder.path().join("sluice.db")).unwrap());
        let readiness = Readiness {
            store: Arc::new(HookedStore { inner, hook }),
            index: FullTextIndex::open(&folder.path().join("index")).unwrap(),
            disk: Disk::new(folder.path(), 0),
            stopping: CancellationToken::new(),
        };
        (readiness, folder)
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_hangs_is_given_up_on() {
        let (readiness, _folder) = given(Box::new(|step| match step {
            "check_writable" => std::future::pending().boxed(),
            _ => std::future::ready(Ok(())).boxed(),
        }));
        let (ok, detail) = check(&readiness, "store").await;
        assert_eq!((ok, detail.as_str()), (false, "The database took no write within 2 seconds."));
    }

    #[tokio::test]
    async fn a_store_that_refuses_is_not_ready_and_its_cause_stays_in_the_log() {
        let refuse = || Err(StoreError::Unavailable("a path".into()));
        let (readiness, _folder) = given(Box::new(move |_| std::future::ready(refuse()).boxed()));
        for name in ["store", "index"] {
            let _following = readiness.index.follow();
            let (ok, detail) = check(&readiness, name).await;
            assert!(!ok && !detail.contains("a path"), "{name}: {detail}");
        }
    }

    #[test]
    fn an_index_far_behind_is_not_ready() {
        for (changes, seconds, ready) in [
            (0, 0.0, true),
            (MOST_LAG_CHANGES, 60.0, true),
            (0, 60.1, false),
            (MOST_LAG_CHANGES + 1, 0.0, false),
        ] {
            let judged = is_close_enough(IndexLag { changes, seconds });
            assert_eq!(judged.is_ok(), ready, "{judged:?}");
        }
    }

    #[tokio::test]
    async fn an_index_that_nobody_follows_is_not_ready() {
        let (readiness, _folder) = given(Box::new(|_| std::future::ready(Ok(())).boxed()));
        assert!(!check(&readiness, "index").await.0);
        let following = readiness.index.follow();
        assert!(check(&readiness, "index").await.0);
        drop(following);
        assert!(!check(&readiness, "index").await.0);
    }
}
