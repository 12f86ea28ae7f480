//! Whether the server is up, and what it takes.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;

use super::extract::Json;
use crate::domain::format::FORMATS;
use crate::domain::job::rfc3339;
use crate::domain::{Limits, Problem};
use crate::server::clock;
use crate::server::jobs::JobManager;

#[derive(Debug, Serialize)]
pub struct Health {
    status: &'static str,
    timestamp: String,
    version: &'static str,
    /// Why nothing is taken in now, if so: the problem that an ingestion would be answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// `GET /health`: `healthy`, or `refusing` while nothing can be taken in.
pub async fn health(State(jobs): State<JobManager>) -> Json<Health> {
    let problem = jobs.check_room().await.err().map(Problem::from);
    Json(Health {
        status: if problem.is_none() { "healthy" } else { "refusing" },
        timestamp: rfc3339::text(&clock::now()),
        version: env!("CARGO_PKG_VERSION"),
        problem,
    })
}

/// `GET /formats`: what files are read, by the endings of their names.
pub async fn formats() -> Json<Vec<FormatShown>> {
    let shown = FORMATS.iter().map(|it| FormatShown {
        name: it.name,
        media_type: it.media_type(),
        extensions: it.extensions,
    });
    Json(shown.collect())
}

#[derive(Debug, Serialize)]
pub struct FormatShown {
    name: &'static str,
    media_type: &'static str,
    extensions: &'static [&'static str],
}

/// `GET /limits`: every bound a client can meet, before it meets it.
pub async fn limits(State(limits): State<Arc<Limits>>) -> Json<Limits> {
    Json(limits.as_ref().clone())
}
