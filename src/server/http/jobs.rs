//! Jobs over REST.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::extract::{Id, Json, Query, number, parsed};
use crate::domain::{Job, JobDetails, JobFilter, JobId, JobPage, JobStats, Problem};
use crate::server::jobs::JobManager;
use crate::server::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/jobs", get(list))
        .route("/jobs/stats", get(stats))
        .route("/jobs/events", get(super::events::events))
        .route("/jobs/{id}", get(detail).delete(cancel))
        .route("/jobs/{id}/retry", post(retry))
}

/// The query string of `GET /jobs`.
#[derive(Debug, Deserialize)]
struct ListParameters {
    status: Option<String>,
    job_type: Option<String>,
    before: Option<String>,
    limit: Option<String>,
}

async fn list(
    State(jobs): State<JobManager>,
    Query(parameters): Query<ListParameters>,
) -> Result<Json<JobPage>, Problem> {
    let filter = JobFilter {
        status: parsed("status", parameters.status.as_deref())?,
        job_type: parsed("job_type", parameters.job_type.as_deref())?,
        before: parsed("before", parameters.before.as_deref())?,
        limit: number(
            "limit",
            parameters.limit.as_deref(),
            JobFilter::DEFAULT_LIMIT,
            1,
            JobFilter::MAX_LIMIT,
        )?,
    };
    Ok(Json(jobs.list(filter).await?))
}

async fn stats(State(jobs): State<JobManager>) -> Result<Json<JobStats>, Problem> {
    Ok(Json(jobs.stats().await?))
}

async fn detail(State(jobs): State<JobManager>, Id(id): Id<JobId>) -> Result<Json<JobDetails>, Problem> {
    Ok(Json(jobs.details(id).await?))
}

async fn cancel(State(jobs): State<JobManager>, Id(id): Id<JobId>) -> Result<Json<Job>, Problem> {
    Ok(Json(jobs.cancel(id).await?))
}

async fn retry(State(jobs): State<JobManager>, Id(id): Id<JobId>) -> Result<Json<Job>, Problem> {
    Ok(Json(jobs.retry(id).await?))
}
