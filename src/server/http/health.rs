//! Whether the server is up, and what it takes.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;

use super::extract::Json;
use crate::domain::Limits;
use crate::domain::job::rfc3339;
use crate::server::clock;

#[derive(Debug, Serialize)]
pub struct Health {
    status: &'static str,
    timestamp: String,
    version: &'static str,
}

/// `GET /health`.
pub async fn health() -> Json<Health> {
    let timestamp = rfc3339::text(&clock::now());
    Json(Health { status: "healthy", timestamp, version: env!("CARGO_PKG_VERSION") })
}

/// `GET /limits`: every bound a client can meet, before it meets it.
pub async fn limits(State(limits): State<Arc<Limits>>) -> Json<Limits> {
    Json(limits.as_ref().clone())
}
