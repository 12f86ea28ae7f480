//! Jobs over REST.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acting::OnBehalf;
use super::body::media_type;
use super::bulk;
use super::contract::parameters;
use super::download::{Download, download};
use super::extract::{Id, Json, JsonBody, Query};
use super::form::IngestForm;
use crate::domain::parameters::{NEXT_NUMBER, number, one_of, parsed, switch};
use crate::domain::{
    History, HistoryRange, ItemFilter, Job, JobCause, JobDetails, JobId, JobItemPage, JobLog, JobPage,
    JobQuery, JobStats, Problem,
};
use crate::server::clock;
use crate::server::jobs::JobManager;
use crate::server::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, bulk::delete))
        .routes(routes!(stats))
        .routes(routes!(causes))
        .routes(routes!(history))
        .routes(routes!(super::events::events))
        .routes(routes!(detail, cancel))
        .routes(routes!(items))
        .routes(routes!(log))
        .routes(routes!(source))
        .routes(routes!(retry))
}

/// A page of jobs, newest first.
#[utoipa::path(
    get,
    path = "/jobs",
    operation_id = "list_jobs",
    tag = "jobs",
    params(parameters::Filter, parameters::JobsPage),
    responses((status = 200, body = JobPage)),
    security((), ("bearer" = ["read"]))
)]
async fn list(
    State(jobs): State<JobManager>,
    Query(parameters): Query<HashMap<String, String>>,
) -> Result<Json<JobPage>, Problem> {
    let query = JobQuery::from_parameters(&|name| parameters.get(name).cloned())?;
    Ok(Json(jobs.list(query).await?))
}

/// How many jobs there are in each state.
#[utoipa::path(
    get,
    path = "/jobs/stats",
    operation_id = "get_job_stats",
    tag = "jobs",
    responses((status = 200, body = JobStats)),
    security((), ("bearer" = ["read"]))
)]
async fn stats(State(jobs): State<JobManager>) -> Result<Json<JobStats>, Problem> {
    Ok(Json(jobs.stats().await?))
}

/// Why jobs need attention.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobCauses)]
struct Causes {
    causes: Vec<JobCause>,
}

/// Why jobs need attention, the most frequent cause first.
#[utoipa::path(
    get,
    path = "/jobs/causes",
    operation_id = "list_job_causes",
    tag = "jobs",
    responses((status = 200, body = Causes)),
    security((), ("bearer" = ["read"]))
)]
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

/// One job with all there is to say about it.
#[utoipa::path(
    get,
    path = "/jobs/{id}",
    operation_id = "get_job",
    tag = "jobs",
    params(
        ("id" = JobId, Path, description = "The job's id."),
        parameters::Wait,
    ),
    responses((status = 200, body = JobDetails)),
    security((), ("bearer" = ["read"])),
    extensions(("x-problems" = json!(["job_not_found"])))
)]
async fn detail(
    State(jobs): State<JobManager>,
    Id(id): Id<JobId>,
    Query(parameters): Query<DetailParameters>,
) -> Result<Json<JobDetails>, Problem> {
    let wait = parameters.wait.as_deref().filter(|it| !it.is_empty());
    let wait = number("wait", wait, 0, 0, LONGEST_WAIT)?;
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

/// How each item of a batch or folder ended.
#[utoipa::path(
    get,
    path = "/jobs/{id}/items",
    operation_id = "list_job_items",
    tag = "jobs",
    params(("id" = JobId, Path, description = "The job's id."), parameters::Items),
    responses((status = 200, body = JobItemPage)),
    security((), ("bearer" = ["read"])),
    extensions(("x-problems" = json!(["job_not_found"])))
)]
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

/// What happened over time, and how long it took.
#[utoipa::path(
    get,
    path = "/jobs/history",
    operation_id = "get_job_history",
    tag = "jobs",
    params(parameters::Range),
    responses((status = 200, body = History)),
    security((), ("bearer" = ["read"]))
)]
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

/// What happened in the attempts at a job.
#[utoipa::path(
    get,
    path = "/jobs/{id}/log",
    operation_id = "get_job_log",
    tag = "jobs",
    params(("id" = JobId, Path, description = "The job's id."), parameters::Attempt),
    responses((status = 200, body = JobLog)),
    security((), ("bearer" = ["read"])),
    extensions(("x-problems" = json!(["job_not_found"])))
)]
async fn log(
    State(jobs): State<JobManager>,
    Id(id): Id<JobId>,
    Query(parameters): Query<LogParameters>,
) -> Result<Json<JobLog>, Problem> {
    let attempt = parsed("attempt", parameters.attempt.as_deref(), "it must be the number of an attempt")?;
    Ok(Json(jobs.log(id, attempt).await?))
}

/// The text or file that a job reads, as it was sent.
#[utoipa::path(
    get,
    path = "/jobs/{id}/source",
    operation_id = "get_job_source",
    tag = "jobs",
    params(("id" = JobId, Path, description = "The job's id.")),
    responses(Download),
    security((), ("bearer" = ["read"])),
    extensions(("x-problems" = json!(["job_not_found", "source_not_kept", "job_has_items"])))
)]
async fn source(
    State(jobs): State<JobManager>,
    Id(id): Id<JobId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    download(jobs.original(id).await?, jobs.blobs(), &headers).await
}

/// Cancels a job that is pending or runs.
#[utoipa::path(
    delete,
    path = "/jobs/{id}",
    operation_id = "cancel_job",
    tag = "jobs",
    params(("id" = JobId, Path, description = "The job's id.")),
    responses((status = 200, body = Job, description = "A job that runs is marked, and stops soon.")),
    security((), ("bearer" = ["manage"])),
    extensions(("x-problems" = json!(["job_not_found", "job_already_final"])))
)]
async fn cancel(OnBehalf(jobs): OnBehalf<JobManager>, Id(id): Id<JobId>) -> Result<Json<Job>, Problem> {
    Ok(Json(jobs.cancel(id).await?))
}

/// Puts a job that failed or was cancelled back into the queue.
///
/// A completed job with failed items is retried for these alone. The body may bring the password of an encrypted file.
#[utoipa::path(
    post,
    path = "/jobs/{id}/retry",
    operation_id = "retry_job",
    tag = "jobs",
    params(("id" = JobId, Path, description = "The job's id.")),
    request_body(content(
        (ref("#/components/schemas/RetryRequest") = "application/json"),
        (ref("#/components/schemas/RetryForm") = "application/x-www-form-urlencoded"),
        (ref("#/components/schemas/RetryForm") = "multipart/form-data"),
    ), extensions(("x-optional" = json!(true)))),
    responses((status = 200, body = Job)),
    security((), ("bearer" = ["manage"])),
    extensions(("x-problems" = json!(["job_not_found", "job_not_retryable", "source_gone", "invalid_metadata", "invalid_parameter"])))
)]
async fn retry(
    State(state): State<AppState>,
    OnBehalf(jobs): OnBehalf<JobManager>,
    Id(id): Id<JobId>,
    request: Request,
) -> Result<Json<Job>, Problem> {
    let has_body = request.headers().contains_key(header::CONTENT_TYPE);
    let password = if !has_body {
        None
    } else if media_type(request.headers()) == "application/json" {
        let body = JsonBody::<RetryBody>::from_request(request, &state).await?;
        body.value.password.filter(|it| !it.expose_secret().is_empty())
    } else {
        IngestForm::from_request(request, &state).await?.options.password
    };
    Ok(Json(jobs.retry(id, password).await?))
}

/// What a retry may bring, as JSON.
#[derive(Deserialize)]
#[serde(expecting = "an object with password")]
struct RetryBody {
    password: Option<SecretString>,
}
