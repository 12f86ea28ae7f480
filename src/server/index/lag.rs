//! How far the index is behind the store.

use chrono::{DateTime, Utc};

use super::FullTextIndex;
use crate::server::store::{Store, StoreError};

/// What the index has not passed yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IndexLag {
    /// Changes of any kind; jobs that change without documents are passed quickly.
    pub changes: u64,
    /// How long the document that waits longest has waited; 0 if none does.
    pub seconds: f64,
}

impl FullTextIndex {
    /// How far this index is behind `store`.
    pub async fn lag(&self, store: &dyn Store, now: DateTime<Utc>) -> Result<IndexLag, StoreError> {
        let latest = *store.changes().borrow();
        let indexed = self.indexed();
        let since = store.unindexed_since(indexed).await?;
        let waited = since.map_or(0, |since| (now - since).num_milliseconds().max(0));
        Ok(IndexLag { changes: latest.saturating_sub(indexed), seconds: waited as f64 / 1000.0 })
    }
}
