//! Whether the server is up, and what it takes.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Json;
use crate::domain::format::FORMATS;
use crate::domain::job::rfc3339;
use crate::domain::{Limits, Problem};
use crate::server::clock;
use crate::server::jobs::JobManager;
use crate::server::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(health)).routes(routes!(limits)).routes(routes!(formats))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `healthy` or `refusing`.
    #[schema(schema_with = status)]
    status: &'static str,
    #[schema(format = DateTime)]
    timestamp: String,
    version: &'static str,
    /// Why nothing is taken in now, if so: the problem that an ingestion would be answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<Problem>,
}

fn status() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["healthy", "refusing"]))
}

/// Whether the server takes in anything now: `healthy`, or `refusing`.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "get_health",
    tag = "server",
    responses((status = 200, body = Health)),
    security(())
)]
pub async fn health(State(jobs): State<JobManager>) -> Json<Health> {
    let problem = jobs.check_room().await.err().map(Problem::from);
    Json(Health {
        status: if problem.is_none() { "healthy" } else { "refusing" },
        timestamp: rfc3339::text(&clock::now()),
        version: env!("CARGO_PKG_VERSION"),
        problem,
    })
}

/// What files are read, by the endings of their names.
#[utoipa::path(
    get,
    path = "/formats",
    operation_id = "list_formats",
    tag = "server",
    responses((status = 200, body = Vec<FormatShown>)),
    security((), ("bearer" = ["read"]))
)]
pub async fn formats() -> Json<Vec<FormatShown>> {
    let shown = FORMATS.iter().map(|it| FormatShown {
        name: it.name,
        media_type: it.media_type(),
        extensions: it.extensions,
    });
    Json(shown.collect())
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Format)]
pub struct FormatShown {
    name: &'static str,
    media_type: &'static str,
    extensions: &'static [&'static str],
}

/// Every bound that a client can meet, before it meets it.
#[utoipa::path(
    get,
    path = "/limits",
    operation_id = "get_limits",
    tag = "server",
    responses((status = 200, body = Limits)),
    security((), ("bearer" = ["read"]))
)]
pub async fn limits(State(limits): State<Arc<Limits>>) -> Json<Limits> {
    Json(limits.as_ref().clone())
}
