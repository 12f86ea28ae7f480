//! Services that act on behalf of whoever sent the request.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use leptos::prelude::{expect_context, use_context};

use crate::domain::Problem;
use crate::domain::access::{Actor, Scopes, Visitor};
use crate::server::jobs::JobManager;
use crate::server::library::Library;
use crate::server::state::{AppState, Services};
use crate::server::webhooks::Webhooks;

/// A service, for handlers that change something.
#[derive(Clone, Debug)]
pub struct OnBehalf<T>(pub T);

impl FromRequestParts<AppState> for OnBehalf<JobManager> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        Ok(Self(state.jobs.on_behalf_of(actor(parts)?)))
    }
}

impl FromRequestParts<AppState> for OnBehalf<Library> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        Ok(Self(state.library.on_behalf_of(actor(parts)?)))
    }
}

impl FromRequestParts<AppState> for OnBehalf<Webhooks> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        Ok(Self(state.webhooks.on_behalf_of(actor(parts)?)))
    }
}

/// Every request that was let in has one.
fn actor(parts: &Parts) -> Result<Actor, Problem> {
    parts.extensions.get::<Visitor>().map(|it| it.actor.clone()).ok_or_else(Problem::internal)
}

/// What whoever asks a server function may do; nothing if that is not known.
pub fn scopes() -> Scopes {
    let visitor = use_context::<Parts>().and_then(|it| it.extensions.get::<Visitor>().cloned());
    visitor.map(|it| it.scopes).unwrap_or_default()
}

/// The services, for a server function that changes something.
pub fn acting() -> Result<Services, Problem> {
    let state = expect_context::<AppState>();
    let parts = use_context::<Parts>().ok_or_else(Problem::internal)?;
    let by = actor(&parts)?;
    Ok(Services {
        jobs: state.jobs.on_behalf_of(by.clone()),
        library: state.library.on_behalf_of(by),
        ..Services::clone(&state)
    })
}
