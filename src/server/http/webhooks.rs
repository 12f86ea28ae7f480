//! Who was told of jobs' ends, over REST.

use axum::extract::State;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acting::OnBehalf;
use super::contract::parameters;
use super::extract::{Id, Json, Query};
use crate::domain::parameters::{NEXT_ID, number, one_of, parsed};
use crate::domain::{Problem, WebhookDelivery, WebhookFilter, WebhookId, WebhookPage, WebhookStatus};
use crate::server::state::AppState;
use crate::server::webhooks::Webhooks;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(detail)).routes(routes!(retry))
}

/// The query string of `GET /webhooks`.
#[derive(Debug, Deserialize)]
struct ListParameters {
    job_id: Option<String>,
    status: Option<String>,
    before: Option<String>,
    limit: Option<String>,
}

/// Webhooks with all their tries, the newest first.
#[utoipa::path(
    get,
    path = "/webhooks",
    operation_id = "list_webhooks",
    tag = "webhooks",
    params(parameters::Webhooks),
    responses((status = 200, body = WebhookPage)),
    security((), ("bearer" = ["manage"]))
)]
async fn list(
    State(webhooks): State<Webhooks>,
    Query(parameters): Query<ListParameters>,
) -> Result<Json<WebhookPage>, Problem> {
    let statuses = one_of(&WebhookStatus::ALL.map(WebhookStatus::as_str));
    let filter = WebhookFilter {
        job: parsed("job_id", parameters.job_id.as_deref(), "it must be the id of a job")?,
        status: parsed("status", parameters.status.as_deref(), &statuses)?,
    };
    let before = parsed("before", parameters.before.as_deref(), NEXT_ID)?;
    let limit = parameters.limit.as_deref();
    let limit = number("limit", limit, WebhookPage::DEFAULT_LIMIT, 1, WebhookPage::MAX_LIMIT)?;
    Ok(Json(webhooks.list(filter, before, limit).await?))
}

/// One webhook with its tries.
#[utoipa::path(
    get,
    path = "/webhooks/{id}",
    operation_id = "get_webhook",
    tag = "webhooks",
    params(("id" = WebhookId, Path, description = "The webhook's id.")),
    responses((status = 200, body = WebhookDelivery)),
    security((), ("bearer" = ["manage"])),
    extensions(("x-problems" = json!(["webhook_not_found"])))
)]
async fn detail(
    State(webhooks): State<Webhooks>,
    Id(id): Id<WebhookId>,
) -> Result<Json<WebhookDelivery>, Problem> {
    Ok(Json(webhooks.get(id).await?))
}

/// Sends a webhook again now, with the same id: also one that was delivered.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/retry",
    operation_id = "retry_webhook",
    tag = "webhooks",
    params(("id" = WebhookId, Path, description = "The webhook's id.")),
    responses((status = 200, body = WebhookDelivery)),
    security((), ("bearer" = ["manage"])),
    extensions(("x-problems" = json!(["webhook_not_found", "webhooks_off"])))
)]
async fn retry(
    OnBehalf(webhooks): OnBehalf<Webhooks>,
    Id(id): Id<WebhookId>,
) -> Result<Json<WebhookDelivery>, Problem> {
    Ok(Json(webhooks.retry(id).await?))
}
