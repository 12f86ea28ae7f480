//! Calls of webhooks' receivers, by how they went.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::{Labels, counters};
use crate::server::webhooks::call::Called;

/// A counter of calls.
#[derive(Clone, Debug)]
pub struct WebhookMetrics(Family<Labels<1>, Counter>);

impl WebhookMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let attempts = counters("outcome", Called::NAMES);
        let help = "Calls of webhooks' receivers, by how they went";
        registry.register("sluice_webhook_attempts", help, attempts.clone());
        Self(attempts)
    }

    /// Counts a call.
    pub fn count(&self, called: &Called) {
        self.0.get_or_create(&[("outcome", called.name())]).inc();
    }
}
