//! The queue over REST: how it stands, paused and set.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;

use super::acting::OnBehalf;
use super::body::read_whole;
use super::extract::{Json, JsonBody};
use super::fields::{Fields, answer_or_back};
use crate::domain::parameters::{number, switch};
use crate::domain::{Problem, QueueChange, QueueState};
use crate::server::jobs::JobManager;
use crate::server::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route("/queue", get(show).patch(change).post(change_by_form))
}

async fn show(State(jobs): State<JobManager>) -> Result<Json<QueueState>, Problem> {
    Ok(Json(jobs.queue().await?))
}

async fn change(
    OnBehalf(jobs): OnBehalf<JobManager>,
    JsonBody { value: change, .. }: JsonBody<QueueChange>,
) -> Result<Json<QueueState>, Problem> {
    Ok(Json(jobs.change_queue(change).await?))
}

/// For forms, which cannot `PATCH`.
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
