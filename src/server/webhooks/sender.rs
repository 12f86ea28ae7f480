//! What sends webhooks: a task that takes what is due from the store, some at a time.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt;
use tokio::sync::Notify;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::call::{Called, Caller};
use super::schedule::wait_after;
use crate::domain::{WebhookAttempt, WebhookId};
use crate::server::clock;
use crate::server::metrics::WebhookMetrics;
use crate::server::store::{AfterTry, DueWebhook, Store, WebhookTried, WebhooksWanted};

/// Calls at the same time.
pub const AT_ONCE: usize = 32;

/// Of these to one origin, so that a receiver that does not answer holds up no other.
const PER_ORIGIN: u32 = 4;

/// How long calls may go on after a stop; those that are cut off are made again.
const GRACE: Duration = Duration::from_secs(2);

/// How often the store is asked though nothing was heard of: a clock may have been set.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// How long to wait for a store that refuses.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Sends webhooks.
#[derive(Debug)]
pub struct Sender {
    store: Arc<dyn Store>,
    caller: Caller,
    metrics: WebhookMetrics,
    /// Told when there is something to send.
    added: Arc<Notify>,
    calls: JoinSet<Ended>,
    /// The origins of those on their way, and of those whose outcome is not written yet.
    taken: HashMap<WebhookId, String>,
    /// Outcomes to write.
    tried: Vec<WebhookTried>,
    /// The origin that had its turn last.
    last_origin: String,
}

/// A call that is over.
#[derive(Debug)]
struct Ended {
    outcome: Called,
    tried: WebhookTried,
}

impl Sender {
    pub fn new(store: Arc<dyn Store>, caller: Caller, metrics: WebhookMetrics, added: Arc<Notify>) -> Self {
        Self {
            store,
            caller,
            metrics,
            added,
            calls: JoinSet::new(),
            taken: HashMap::new(),
            tried: Vec::new(),
            last_origin: String::new(),
        }
    }

    /// Sends what is due until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let wait = self.save_and_start().await;
            tokio::select! {
                () = stop.cancelled() => {}
                // Keeps one permit, so what is added while we are busy is not missed.
                () = self.added.notified() => {}
                Some(ended) = self.calls.join_next() => self.take(ended),
                () = sleep(wait) => {}
            }
            while let Some(ended) = self.calls.try_join_next() {
                self.take(ended);
            }
        }
        let _ = timeout(GRACE, async {
            while let Some(ended) = self.calls.join_next().await {
                self.take(ended);
            }
        })
        .await;
        self.save().await;
    }

    /// Writes outcomes, starts what is due, and says how long there is nothing to do.
    async fn save_and_start(&mut self) -> Duration {
        if !self.save().await {
            return STORE_PAUSE;
        }
        let now = clock::now();
        let room = AT_ONCE.saturating_sub(self.taken.len());
        if room == 0 {
            return LOOK_AGAIN;
        }
        let wanted = WebhooksWanted {
            taken: self.taken.keys().copied().collect(),
            after: self.last_origin.clone(),
            per_origin: PER_ORIGIN,
            limit: room as u32,
        };
        let found = match self.store.due_webhooks(wanted, now).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "the webhooks to send cannot be read; trying again soon");
                return STORE_PAUSE;
            }
        };
        for webhook in found.due {
            self.last_origin.clone_from(&webhook.origin);
            let to_origin = self.taken.values().filter(|it| **it == webhook.origin).count();
            if to_origin < PER_ORIGIN as usize {
                self.taken.insert(webhook.id, webhook.origin.clone());
                self.calls.spawn(try_once(self.caller.clone(), webhook));
            }
        }
        found.next.map_or(LOOK_AGAIN, |at| (at - now).to_std().unwrap_or_default().min(LOOK_AGAIN))
    }

    fn take(&mut self, ended: Result<Ended, JoinError>) {
        // A call does not panic: see `try_once`.
        if let Ok(Ended { outcome, tried }) = ended {
            self.metrics.count(&outcome);
            self.tried.push(tried);
        }
    }

    /// Writes the outcomes; `false` if they could not be.
    async fn save(&mut self) -> bool {
        if self.tried.is_empty() {
            return true;
        }
        match self.store.record_webhooks(self.tried.clone()).await {
            Ok(()) => {
                for tried in self.tried.drain(..) {
                    self.taken.remove(&tried.id);
                }
                true
            }
            Err(error) => {
                tracing::error!(%error, "how webhooks went cannot be written; trying again soon");
                false
            }
        }
    }
}

/// Calls the receiver, and says what follows.
async fn try_once(caller: Caller, webhook: DueWebhook) -> Ended {
    let at = clock::now();
    let called = AssertUnwindSafe(caller.call(&webhook, at)).catch_unwind().await;
    let outcome = called.unwrap_or_else(|_| Called::Unreachable("the server failed on it".to_owned()));
    let now = clock::now();
    let then = after(&outcome, webhook.tries + 1, fastrand::f64(), now);
    let error = outcome.error();
    let (id, to, tries) = (webhook.id, webhook.origin, webhook.tries);
    match then {
        AfterTry::Delivered => tracing::debug!(webhook.id = %id, to, "a webhook was delivered"),
        AfterTry::Again(at) => {
            tracing::info!(webhook.id = %id, to, reason = error, again_at = %at, "a webhook is to be sent again");
        }
        AfterTry::Failed => tracing::warn!(webhook.id = %id, to, reason = error, "a webhook is given up"),
    }
    let took_ms = (now - at).num_milliseconds().max(0).unsigned_abs();
    let attempt = WebhookAttempt { at, status: outcome.status(), error, took_ms };
    Ended { outcome, tried: WebhookTried { id, tries, attempt, then } }
}

/// What follows try number `tries`; `random` is from 0 to 1.
fn after(outcome: &Called, tries: u32, random: f64, now: DateTime<Utc>) -> AfterTry {
    let asked = match outcome {
        Called::Delivered(_) => return AfterTry::Delivered,
        Called::Refused(GONE, _) => return AfterTry::Failed,
        Called::Refused(_, asked) => *asked,
        Called::Unreachable(_) | Called::Blocked(_) => None,
    };
    let wait = wait_after(tries, asked, random).and_then(|it| TimeDelta::from_std(it).ok());
    wait.map_or(AfterTry::Failed, |wait| AfterTry::Again(now + wait))
}

/// The status by which a receiver says that it wants no more.
const GONE: u16 = 410;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_delivered_is_tried_again_until_it_was_the_last_time() {
        let now = clock::now();
        let seconds = |outcome: &Called, tries| match after(outcome, tries, 0.0, now) {
            AfterTry::Again(at) => (at - now).num_seconds(),
            AfterTry::Failed => -1,
            AfterTry::Delivered => 0,
        };
        assert_eq!(seconds(&Called::Delivered(204), 1), 0);
        for outcome in [
            Called::Refused(301, None),
            Called::Refused(404, None),
            Called::Refused(500, None),
            Called::Unreachable("why".to_owned()),
            Called::Blocked("why".to_owned()),
        ] {
            assert_eq!([1, 2, 9, 10].map(|it| seconds(&outcome, it)), [5, 300, 86_400, -1], "{outcome:?}");
        }
        let busy = Called::Refused(429, Some(Duration::from_secs(77)));
        assert_eq!([1, 2].map(|it| seconds(&busy, it)), [77, 300]);
        assert_eq!(seconds(&Called::Refused(410, None), 1), -1, "at once");
    }
}
