//! Webhooks: receivers are told when a job has ended, in calls that they can check to be ours.
//!
//! [`callback`] says who may be told, when a job is accepted; the store adds what is to be told in the transaction
//! that ends the job; [`sender`] takes it from there, and [`call`] makes one call. [`Webhooks`] is what REST asks how
//! it went. The form of a call is that of Standard Webhooks.

mod address;
pub mod call;
pub mod callback;
mod names;
mod schedule;
pub mod sender;
mod sign;

use std::sync::Arc;

use crate::domain::access::{Action, Actor, Scope, Scopes};
use crate::domain::webhook::without_query;
use crate::domain::{JobId, WebhookDelivery, WebhookFilter, WebhookId, WebhookPage};
use crate::server::clock;
use crate::server::config::Config;
use crate::server::store::{Deed, Store, StoreError};

use address::AllowedAddresses;
use call::Caller;
pub use callback::origin;
pub use callback::{CallbackError, Callbacks};
use sender::AT_ONCE;
use sign::{BadSecret, Secrets};

/// Deliveries shown with a job.
const SHOWN_WITH_JOB: u32 = 50;

/// How the settings want webhooks to be.
#[derive(Debug)]
pub struct Setup {
    pub callbacks: Callbacks,
    /// Nothing where they are off.
    pub caller: Option<Caller>,
}

/// Why webhooks cannot be as the settings want them.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error(transparent)]
    Secret(#[from] BadSecret),
    #[error("--webhook-urls are to be told, but there is no --webhook-secrets to sign with")]
    NoSecret,
    #[error("URL {number} of --webhook-urls {reason}; write it as https://app.example/hooks/sluice")]
    BadUrl { number: usize, reason: &'static str },
    #[error("URL {number} of --webhook-urls is not a public address; --webhook-networks allows private ones")]
    NotAllowed { number: usize },
    #[error("what sends webhooks cannot be set up: {0}")]
    Client(#[from] reqwest::Error),
}

impl Setup {
    pub fn of(config: &Config) -> Result<Self, SetupError> {
        let secrets = Secrets::parse(&config.webhook_secrets)?;
        let urls: Vec<_> = config.webhook_urls.iter().filter(|it| !it.is_empty()).cloned().collect();
        if secrets.is_empty() {
            let is_off = urls.is_empty();
            let off = Self { callbacks: Callbacks::off(), caller: None };
            return if is_off { Ok(off) } else { Err(SetupError::NoSecret) };
        }
        let allowed = AllowedAddresses::new(&config.webhook_networks);
        let callbacks = Callbacks::new(&urls, allowed.clone()).map_err(|(url, error)| {
            // By its number: it may hold secrets.
            let number = urls.iter().position(|it| *it == url).map_or(1, |place| place + 1);
            match error {
                CallbackError::Invalid(reason) => SetupError::BadUrl { number, reason },
                CallbackError::NotAllowed(_) | CallbackError::Off => SetupError::NotAllowed { number },
            }
        })?;
        Ok(Self { callbacks, caller: Some(Caller::new(secrets, allowed, AT_ONCE)?) })
    }
}

/// Shows how deliveries went, and has them sent again.
#[derive(Clone, Debug)]
pub struct Webhooks {
    store: Arc<dyn Store>,
    is_on: bool,
    /// On whose behalf they are sent again.
    by: Actor,
}

/// Why a wish about webhooks was not met.
#[derive(Debug, thiserror::Error)]
pub enum WebhooksError {
    #[error("There is no webhook {0}. It is forgotten a week after its end.")]
    NotFound(WebhookId),
    #[error("This server sends no webhooks; the operator turns them on with --webhook-secrets.")]
    Off,
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
}

impl Webhooks {
    pub fn new(store: Arc<dyn Store>, is_on: bool) -> Self {
        Self { store, is_on, by: Actor::server() }
    }

    /// The same service, acting for someone.
    pub fn on_behalf_of(&self, by: Actor) -> Self {
        Self { by, ..self.clone() }
    }

    /// The newest deliveries that match, or those older than `before`.
    pub async fn list(
        &self,
        filter: WebhookFilter,
        before: Option<WebhookId>,
        limit: u32,
    ) -> Result<WebhookPage, WebhooksError> {
        Ok(self.store.webhooks(filter, before, limit.clamp(1, WebhookPage::MAX_LIMIT)).await?)
    }

    pub async fn get(&self, id: WebhookId) -> Result<WebhookDelivery, WebhooksError> {
        self.store.webhook(id).await?.ok_or(WebhooksError::NotFound(id))
    }

    /// Has a delivery sent again now, also one that has ended.
    pub async fn retry(&self, id: WebhookId) -> Result<WebhookDelivery, WebhooksError> {
        if !self.is_on {
            return Err(WebhooksError::Off);
        }
        if !self.store.retry_webhook(id, clock::now()).await? {
            return Err(WebhooksError::NotFound(id));
        }
        let deed = Deed {
            by: self.by.clone(),
            action: Action::RetryWebhook,
            subject: id.to_string(),
            detail: String::new(),
        };
        if let Err(error) = self.store.record(deed, clock::now()).await {
            tracing::error!(%error, webhook.id = %id, "the audit trail lacks an entry");
        }
        self.get(id).await
    }

    /// The last deliveries of a job, for someone with these scopes: URLs may hold secrets, so who may not manage
    /// sees only where they lead.
    pub async fn of_job(&self, job: JobId, scopes: Scopes) -> Result<Vec<WebhookDelivery>, WebhooksError> {
        let filter = WebhookFilter { job: Some(job), status: None };
        let mut page = self.list(filter, None, SHOWN_WITH_JOB).await?;
        for delivery in &mut page.deliveries {
            delivery.url = match scopes.allow(Scope::Manage) {
                true => without_query(&delivery.url).to_owned(),
                false => origin(&delivery.url),
            };
        }
        Ok(page.deliveries)
    }
}
