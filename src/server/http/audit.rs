//! Who did what.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;

use super::extract::{Json, Query};
use crate::domain::Problem;
use crate::domain::access::AuditPage;
use crate::domain::parameters::{NEXT_NUMBER, number, parsed};
use crate::server::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route("/audit", get(list))
}

/// The query string of `GET /audit`.
#[derive(Debug, Deserialize)]
struct AuditParameters {
    before: Option<String>,
    limit: Option<String>,
}

async fn list(
    State(state): State<AppState>,
    Query(parameters): Query<AuditParameters>,
) -> Result<Json<AuditPage>, Problem> {
    let before = parsed("before", parameters.before.as_deref(), NEXT_NUMBER)?;
    let limit = parameters.limit.as_deref();
    let limit = number("limit", limit, AuditPage::DEFAULT_LIMIT, 1, AuditPage::MAX_LIMIT)?;
    Ok(Json(state.access.audit(before, limit).await?))
}
