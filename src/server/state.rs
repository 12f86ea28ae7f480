//! What handlers and server functions share.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRef;
use leptos::prelude::LeptosOptions;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::http::guard;
use super::jobs::JobManager;
use super::library::Library;
use super::metrics::Metrics;
use super::metrics::scrape::Scraper;
use super::readiness::Readiness;
use super::webhooks::Webhooks;
use crate::domain::Limits;

/// A handle to the services. A request passes through many layers and each takes one along, so it is one pointer.
#[derive(Clone, Debug)]
pub struct AppState(Arc<Services>);

impl From<Services> for AppState {
    fn from(services: Services) -> Self {
        Self(Arc::new(services))
    }
}

impl Deref for AppState {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}

/// Lets a handler ask for a service by its type.
macro_rules! services {
    ($($field:ident: $type:ty),* $(,)?) => {
        $(impl FromRef<AppState> for $type {
            fn from_ref(state: &AppState) -> Self {
                state.$field.clone()
            }
        })*
    };
}
services! {
    jobs: JobManager,
    library: Library,
    webhooks: Webhooks,
    leptos: LeptosOptions,
    limits: Arc<Limits>,
    readiness: Readiness,
    metrics: Metrics,
    scraper: Scraper,
}

/// The services, and how the server was set up.
#[derive(Clone, Debug)]
pub struct Services {
    pub jobs: JobManager,
    pub library: Library,
    pub webhooks: Webhooks,
    pub leptos: LeptosOptions,
    pub limits: Arc<Limits>,
    pub places: Places,
    pub access: Access,
    /// Who shows no key is not let in.
    pub needs_keys: bool,
    /// Where requests may come from, and where they may be sent to.
    pub trusted: Arc<guard::TrustedPlaces>,
    pub readiness: Readiness,
    pub metrics: Metrics,
    pub scraper: Scraper,
    /// Cancelled when the server stops.
    pub stopping: CancellationToken,
}

/// Previews at the same time: people wait for them, and each may start a process that reads.
const MOST_PREVIEWS: u64 = 8;

/// What is taken at the same time at most; who finds no place is told to come back.
#[derive(Clone, Debug)]
pub struct Places {
    /// Multipart forms being read.
    pub uploads: Arc<Semaphore>,
    /// Previews being read.
    pub previews: Arc<Semaphore>,
    /// Open event streams.
    pub event_streams: Arc<Semaphore>,
    /// Memory for bodies that are held as a whole, in bytes.
    pub body_memory: Arc<Semaphore>,
}

impl Places {
    pub fn new(limits: &Limits) -> Self {
        let places = |count: u64| Arc::new(Semaphore::new((count as usize).min(Semaphore::MAX_PERMITS)));
        Self {
            uploads: places(limits.max_concurrent_uploads),
            previews: places(MOST_PREVIEWS),
            event_streams: places(limits.max_event_streams),
            body_memory: places(limits.max_body_memory),
        }
    }
}
