//! The queue over REST: how it stands, paused and set.

use axum::extract::{Request, State};
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acting::OnBehalf;
use super::body::read_whole;
use super::extract::{Json, JsonBody};
use super::fields::{Fields, answer_or_back};
use crate::domain::parameters::{number, switch};
use crate::domain::{Problem, QueueChange, QueueState};
use crate::server::jobs::JobManager;
use crate::server::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(show, change, change_by_form))
}

/// How the queue stands.
#[utoipa::path(
    get,
    path = "/queue",
    operation_id = "get_queue",
    tag = "queue",
    responses((status = 200, body = QueueState)),
    security((), ("bearer" = ["read"]))
)]
async fn show(State(jobs): State<JobManager>) -> Result<Json<QueueState>, Problem> {
    Ok(Json(jobs.queue().await?))
}

/// Pauses the queue or lets it go on, and says how many jobs it works on at once.
#[utoipa::path(
    patch,
    path = "/queue",
    operation_id = "change_queue",
    tag = "queue",
    request_body(content = QueueChange),
    responses((status = 200, body = QueueState)),
    security((), ("bearer" = ["manage"])),
    extensions(("x-problems" = json!(["invalid_parameter"])))
)]
async fn change(
    OnBehalf(jobs): OnBehalf<JobManager>,
    JsonBody { value: change, .. }: JsonBody<QueueChange>,
) -> Result<Json<QueueState>, Problem> {
    Ok(Json(jobs.change_queue(change).await?))
}

/// The same for forms, which cannot `PATCH`.
#[utoipa::path(
    post,
    path = "/queue",
    operation_id = "change_queue_by_form",
    tag = "queue",
    request_body(content(
        (ref("#/components/schemas/QueueForm") = "application/x-www-form-urlencoded"),
    ), extensions(("x-optional" = json!(true)))),
    responses((status = 200, body = QueueState), (status = 303, description = "The way back to its page, for a browser without scripts, which asks for HTML.")),
    security((), ("bearer" = ["manage"])),
    extensions(("x-problems" = json!(["invalid_parameter"])))
)]
async fn change_by_form(
    State(state): State<AppState>,
    OnBehalf(jobs): OnBehalf<JobManager>,
    request: Request,
) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let (body, _room) = read_whole(request, &state).await?;
    let mut fields = Fields::default();
    fields.add(&body)?;
    fields.check(&["paused", "max_concurrent_jobs", "back"])?;
    let paused = fields.get("paused").map(|value| switch("paused", &value)).transpose()?;
    let most = fields.get("max_concurrent_jobs");
    let most = most
        .map(|value| number("max_concurrent_jobs", Some(&value), 1, 1, QueueState::MOST_SLOTS))
        .transpose()?;
    let queue = jobs.change_queue(QueueChange { paused, max_concurrent_jobs: most }).await?;
    Ok(answer_or_back(&headers, fields.get("back").as_deref(), queue))
}
