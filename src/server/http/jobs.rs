//! Jobs over REST.

use std::collections::HashMap;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};

use super::acting::OnBehalf;
use super::bulk;
use super::download::download;
use super::extract::{Id, Json, Query};
use super::form::IngestForm;
use crate::domain::parameters::{NEXT_NUMBER, number, one_of, parsed, switch};
use crate::domain::{
    History, HistoryRange, ItemFilter, Job, JobCause, JobDetails, JobId, JobItemPage, JobLog, JobPage,
    JobQuery, JobStats, Problem,
};
use crate::server::clock;
use crate::server::jobs::JobManager;
use crate::server::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/jobs", get(list).delete(bulk::delete))
        .route("/jobs/stats", get(stats))
        .route("/jobs/causes", get(causes))
        .route("/jobs/history", get(history))
        .route("/jobs/events", get(super::events::events))
        .route("/jobs/{id}", get(detail).delete(cancel))
        .route("/jobs/{id}/items", get(items))
        .route("/jobs/{id}/log", get(log))
        .route("/jobs/{id}/source", get(source))
        .route("/jobs/{id}/retry", post(retry))
}

async fn list(
    State(jobs): State<JobManager>,
    Query(parameters): Query<HashMap<String, String>>,
) -> Result<Json<JobPage>, Problem> {
    let query = JobQuery::from_parameters(&|name| parameters.get(name).cloned())?;
    Ok(Json(jobs.list(query).await?))
}

async fn stats(State(jobs): State<JobManager>) -> Result<Json<JobStats>, Problem> {
    Ok(Json(jobs.stats().await?))
}

/// Why jobs need attention.
#[derive(Debug, Serialize)]
struct Causes {
    causes: Vec<JobCause>,
}

async fn causes(State(jobs): State<JobManager>) -> Result<Json<Causes>, Problem> {
    Ok(Json(Causes { causes: jobs.causes().await? }))
}

/// The query string of `GET /jobs/{id}`.
#[derive(Debug, Deserialize)]
struct DetailParameters {
    wait: Option<String>,
}

/// Seconds for which someone may wait for a job's end in one request.
const LONGEST_WAIT: u32 = 300;

async fn detail(
    State(jobs): State<JobManager>,
    Id(id): Id<JobId>,
    Query(parameters): Query<DetailParameters>,
) -> Result<Json<JobDetails>, Problem> {
    let wait = number("wait", parameters.wait.as_deref(), 0, 0, LONGEST_WAIT)?;
    if wait > 0 {
        // However the waiting ends, as by a stop of the server: the answer says how the job is.
        let _ = tokio::time::timeout(Duration::from_secs(wait.into()), jobs.wait(id)).await;
    }
    Ok(Json(jobs.details(id).await?))
}

/// The query string of `GET /jobs/{id}/items`.
#[derive(Debug, Deserialize)]
struct ItemParameters {
    failed: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

async fn items(
    State(jobs): State<JobManager>,
    Id(id): Id<JobId>,
    Query(parameters): Query<ItemParameters>,
) -> Result<Json<JobItemPage>, Problem> {
    let (default, most) = (ItemFilter::DEFAULT_LIMIT, ItemFilter::MAX_LIMIT);
    let filter = ItemFilter {
        failed_only: switch("failed", parameters.failed.as_deref().unwrap_or_default())?,
        after: parsed("after", parameters.after.as_deref(), NEXT_NUMBER)?,
        limit: number("limit", parameters.limit.as_deref(), default, 1, most)?,
    };
    Ok(Json(jobs.items(id, filter).await?))
}

/// The query string of `GET /jobs/history`.
#[derive(Debug, Deserialize)]
struct HistoryParameters {
    range: Option<String>,
}

async fn history(
    State(jobs): State<JobManager>,
    Query(parameters): Query<HistoryParameters>,
) -> Result<Json<History>, Problem> {
    let names = HistoryRange::ALL.map(HistoryRange::as_str);
    let range = parsed("range", parameters.range.as_deref(), &one_of(&names))?.unwrap_or_default();
    Ok(Json(jobs.history(range, clock::now()).await?))
}

/// The query string of `GET /jobs/{id}/log`.
#[derive(Debug, Deserialize)]
struct LogParameters {
    attempt: Option<String>,
}

async fn log(
    State(jobs): State<JobManager>,
    Id(id): Id<JobId>,
    Query(parameters): Query<LogParameters>,
) -> Result<Json<JobLog>, Problem> {
    let attempt = parsed("attempt", parameters.attempt.as_deref(), "it must be the number of an attempt")?;
    Ok(Json(jobs.log(id, attempt).await?))
}

async fn source(
    State(jobs): State<JobManager>,
    Id(id): Id<JobId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    download(jobs.original(id).await?, jobs.blobs(), &headers).await
}

async fn cancel(OnBehalf(jobs): OnBehalf<JobManager>, Id(id): Id<JobId>) -> Result<Json<Job>, Problem> {
    Ok(Json(jobs.cancel(id).await?))
}

/// `POST /jobs/{id}/retry`: a form or JSON may bring the password of an encrypted file.
async fn retry(
    State(state): State<AppState>,
    OnBehalf(jobs): OnBehalf<JobManager>,
    Id(id): Id<JobId>,
    request: Request,
) -> Result<Json<Job>, Problem> {
    let has_body = request.headers().contains_key(header::CONTENT_TYPE);
    let password =
        if has_body { IngestForm::from_request(request, &state).await?.options.password } else { None };
    Ok(Json(jobs.retry(id, password).await?))
}
