//! Webhooks as the store keeps them: added when a job ends, and taken from here to be sent.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{WebhookAttempt, WebhookId};

/// How long a delivery that has ended is kept.
pub const KEPT: TimeDelta = TimeDelta::days(7);

/// Which deliveries to take.
#[derive(Clone, Debug, Default)]
pub struct WebhooksWanted {
    /// On their way already.
    pub taken: Vec<WebhookId>,
    /// Origins take turns: the first is the one behind this.
    pub after: String,
    /// Of one origin at most, with those on their way.
    pub per_origin: u32,
    pub limit: u32,
}

/// Deliveries that are due.
#[derive(Clone, Debug, Default)]
pub struct WebhooksDue {
    pub due: Vec<DueWebhook>,
    /// When the first of those is due that are not yet.
    pub next: Option<DateTime<Utc>>,
}

/// A delivery to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueWebhook {
    pub id: WebhookId,
    pub url: String,
    /// The receiver, as scheme, host and port.
    pub origin: String,
    pub body: String,
    /// How often it was tried.
    pub tries: u32,
}

/// How a try went.
#[derive(Clone, Debug)]
pub struct WebhookTried {
    pub id: WebhookId,
    /// How often it had been tried before; if that has changed, it is to be sent again in any case.
    pub tries: u32,
    pub attempt: WebhookAttempt,
    pub then: AfterTry,
}

/// What follows a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterTry {
    Delivered,
    /// It was the last one.
    Failed,
    Again(DateTime<Utc>),
}
