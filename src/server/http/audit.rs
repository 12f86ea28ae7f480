//! Who did what.

use axum::extract::State;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::contract::parameters;
use super::extract::{Json, Query};
use crate::domain::Problem;
use crate::domain::access::AuditPage;
use crate::domain::parameters::{NEXT_NUMBER, number, parsed};
use crate::server::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The query string of `GET /audit`.
#[derive(Debug, Deserialize)]
struct AuditParameters {
    before: Option<String>,
    limit: Option<String>,
}

/// Who did what, the latest first.
#[utoipa::path(
    get,
    path = "/audit",
    operation_id = "list_audit",
    tag = "server",
    params(parameters::AuditEntries),
    responses((status = 200, body = AuditPage)),
    security((), ("bearer" = ["admin"]))
)]
async fn list(
    State(state): State<AppState>,
    Query(parameters): Query<AuditParameters>,
) -> Result<Json<AuditPage>, Problem> {
    let before = parsed("before", parameters.before.as_deref(), NEXT_NUMBER)?;
    let limit = parameters.limit.as_deref();
    let limit = number("limit", limit, AuditPage::DEFAULT_LIMIT, 1, AuditPage::MAX_LIMIT)?;
    Ok(Json(state.access.audit(before, limit).await?))
}
