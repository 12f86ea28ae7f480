//! Whether the server is up.

use serde::Serialize;

use super::extract::Json;
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
