//! A scrape: what was counted since the start, and how things stand now.

use std::sync::Arc;

use prometheus_client::encoding::prometheus_text::{self, encode};
use prometheus_client::registry::Registry;

use super::gauges::{self, Standing};
use super::{Metrics, process};
use crate::server::clock;
use crate::server::disk::Disk;
use crate::server::index::FullTextIndex;
use crate::server::jobs::{JobManager, JobsError};
use crate::server::store::Store;

/// The media type of [`Scraper::text`]: the format that every scraper reads.
pub const MEDIA_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// Answers scrapes.
#[derive(Clone, Debug)]
pub struct Scraper {
    pub metrics: Metrics,
    pub store: Arc<dyn Store>,
    pub jobs: JobManager,
    pub index: FullTextIndex,
    pub disk: Disk,
}

impl Scraper {
    /// All metrics. Those of the store are left out while it cannot be asked: an old number would look well.
    pub async fn text(&self) -> String {
        let mut now = Registry::default();
        match self.standing().await {
            Ok(standing) => gauges::register(&standing, &mut now),
            Err(error) => tracing::warn!(%error, "the store could not be asked for its metrics"),
        }
        process::register(&mut now);
        let mut text = String::new();
        for registry in [&self.metrics.0.registry, &now] {
            // Into a string; that does not fail.
            let _ = encode(&mut text, registry);
        }
        text
    }

    async fn standing(&self) -> Result<Standing, JobsError> {
        let now = clock::now();
        let queue = self.jobs.queue().await?;
        let age = queue.oldest_pending_at.map_or(0, |since| (now - since).num_milliseconds().max(0));
        Ok(Standing {
            jobs: self.store.job_counts().await?,
            oldest_pending_seconds: age as f64 / 1000.0,
            queue,
            index_lag: self.index.lag(&*self.store, now).await?,
            totals: self.store.totals().await?,
            pending_webhooks: self.store.pending_webhooks().await?,
            free_disk: self.disk.free(),
        })
    }
}
