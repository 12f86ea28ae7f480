//! What the server counts and measures, in the words of Prometheus.
//!
//! There are three places where something is recorded: the store's events come to `jobs`, requests to
//! `requests`, and what can be asked is asked when a scrape comes, by [`scrape`]. All series are bounded:
//! their labels are names of ours, never something that a client sends.

mod gauges;
mod jobs;
mod process;
mod requests;
pub mod scrape;
mod webhooks;

use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::store::Listener;
use jobs::JobMetrics;
pub use requests::{RequestMetrics, method_label};
pub use webhooks::WebhookMetrics;

/// Labels whose values are known when this is compiled.
type Labels<const N: usize> = [(&'static str, &'static str); N];

/// What is counted as it happens, from the start of the server on.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Counted>);

#[derive(Debug)]
struct Counted {
    registry: Registry,
    jobs: Arc<JobMetrics>,
    requests: RequestMetrics,
    webhooks: WebhookMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let build = Family::<Labels<1>, Gauge>::default();
        build.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        registry.register("sluice_build_info", "Always 1; the version is in the label", build);
        let jobs = Arc::new(JobMetrics::new(&mut registry));
        let requests = RequestMetrics::new(&mut registry);
        let webhooks = WebhookMetrics::new(&mut registry);
        Self(Arc::new(Counted { registry, jobs, requests, webhooks }))
    }
}

impl Metrics {
    /// What the store tells its events to.
    pub fn listener(&self) -> Listener {
        let jobs = self.0.jobs.clone();
        Arc::new(move |events| jobs.note(events, super::clock::now()))
    }

    /// Where the calls of webhooks are counted.
    pub fn webhooks(&self) -> &WebhookMetrics {
        &self.0.webhooks
    }

    /// Where requests are counted.
    pub fn requests(&self) -> &RequestMetrics {
        &self.0.requests
    }
}

/// Counters with one label, all of whose values are there from the start.
fn counters(
    label: &'static str,
    values: impl IntoIterator<Item = &'static str>,
) -> Family<Labels<1>, Counter> {
    let family = Family::<Labels<1>, Counter>::default();
    for value in values {
        drop(family.get_or_create(&[(label, value)]));
    }
    family
}
