//! What those ask who run the server: whether it lives, whether it is ready, and its metrics.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Json;
use crate::server::metrics::scrape::{self, Scraper};
use crate::server::metrics::{Metrics, method_label};
use crate::server::readiness::{Check, Readiness};
use crate::server::state::AppState;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(live)).routes(routes!(ready)).routes(routes!(metrics))
}

/// Whether the process answers.
///
/// Nothing else is looked at, so that nothing else has it restarted.
#[utoipa::path(
    get,
    path = "/livez",
    operation_id = "get_live",
    tag = "server",
    responses((status = 200, body = String, content_type = "text/plain")),
    security(())
)]
pub async fn live() -> &'static str {
    "ok"
}

/// What `GET /readyz` answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadyAnswer {
    /// `ready` when all checks are well, else `not_ready`.
    status: &'static str,
    checks: Vec<Check>,
}

/// Whether the server should be sent requests.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "get_ready",
    tag = "server",
    responses((status = 200, body = ReadyAnswer), (status = 503, body = ReadyAnswer, description = "It should be sent nothing now.")),
    security(())
)]
pub async fn ready(State(readiness): State<Readiness>) -> Response {
    let checks = readiness.checks().await;
    let (code, status) = if checks.iter().all(|check| check.ok) {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not_ready")
    };
    (code, [(header::CACHE_CONTROL, "no-store")], Json(ReadyAnswer { status, checks })).into_response()
}

/// What Prometheus scrapes.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "get_metrics",
    tag = "server",
    responses((status = 200, body = String, content_type = "text/plain")),
    security((), ("bearer" = ["read"]))
)]
pub async fn metrics(State(scraper): State<Scraper>) -> Response {
    ([(header::CONTENT_TYPE, scrape::MEDIA_TYPE)], scraper.text().await).into_response()
}

/// Counts each request under the template of its route.
pub async fn measure(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = method_label(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map(MatchedPath::as_str);
    metrics.requests().note(method, route, response.status(), started.elapsed());
    response
}
