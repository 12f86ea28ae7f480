//! What comes in over REST: every call submits a job, and some wait for its end.

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::HeaderMap;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acting::OnBehalf;
use super::asked::Asked;
use super::contract::{bodies, parameters};
use super::extract::{Json, JsonBody, Query};
use super::fields::is_browser_form;
use super::form::{IngestForm, RawMetadata};
use super::problem::{bad_request, not_awaited, not_completed};
use crate::domain::parameters::switch;
use crate::domain::{
    DocumentId, Duplicate, Job, JobId, JobStatus, JobSummary, Metadata, OnDuplicate, Problem, json,
};
use crate::server::ingest::sources::batch::Message;
use crate::server::jobs::{JobManager, Options};
use crate::server::state::AppState;

/// Takes in a text, files or a path; answers at once unless told to wait by `sync`.
#[utoipa::path(
    post,
    path = "/ingest",
    operation_id = "ingest",
    tag = "ingest",
    params(parameters::Sync, parameters::Duplicates, parameters::Idempotency),
    request_body(content(
        (ref("#/components/schemas/IngestForm") = "multipart/form-data"),
        (ref("#/components/schemas/IngestFields") = "application/x-www-form-urlencoded"),
        (ref("#/components/schemas/IngestRequest") = "application/json"),
    )),
    responses((status = 200, body = JobSummary),
        (status = 303, description = "The job's page, for a browser without scripts, which asks for HTML.")),
    security((), ("bearer" = ["ingest"])),
    extensions(("x-problems" = json!(["nothing_to_ingest", "ambiguous_source", "text", "path", "waiting"])))
)]
pub async fn ingest(
    OnBehalf(jobs): OnBehalf<JobManager>,
    Query(parameters): Query<SyncParameter>,
    headers: HeaderMap,
    form: IngestForm,
) -> Result<Response, Problem> {
    let asked = parameters.sync()?;
    let sync = form.sync || asked;
    let job = submit(&jobs, form).await?;
    if !sync && is_browser_form(&headers) {
        return Ok(Redirect::to(&format!("/app/jobs/{}", job.job_id)).into_response());
    }
    let summary = if sync { completed_summary(&jobs, job).await? } else { JobSummary::from(&job) };
    Ok(Json(summary).into_response())
}

/// Takes in a text, files or a path, and answers at once.
#[utoipa::path(
    post,
    path = "/ingest/async",
    operation_id = "ingest_async",
    tag = "ingest",
    params(parameters::Duplicates, parameters::Idempotency),
    request_body(content(
        (ref("#/components/schemas/IngestForm") = "multipart/form-data"),
        (ref("#/components/schemas/IngestFields") = "application/x-www-form-urlencoded"),
        (ref("#/components/schemas/IngestRequest") = "application/json"),
    )),
    responses((status = 200, body = JobSummary)),
    security((), ("bearer" = ["ingest"])),
    extensions(("x-problems" = json!(["nothing_to_ingest", "ambiguous_source", "text", "path"])))
)]
pub async fn ingest_async(
    OnBehalf(jobs): OnBehalf<JobManager>,
    form: IngestForm,
) -> Result<Json<JobSummary>, Problem> {
    Ok(Json(JobSummary::from(&submit(&jobs, form).await?)))
}

async fn submit(jobs: &JobManager, mut form: IngestForm) -> Result<Job, Problem> {
    let given = form.given()?;
    Ok(jobs.take_in(given, std::mem::take(&mut form.options)).await?)
}

/// Waits for a job and tells how it ended.
async fn completed(jobs: &JobManager, id: JobId) -> Result<Job, Problem> {
    let job = jobs.wait(id).await.map_err(|error| not_awaited(id, error))?;
    if job.status == JobStatus::Completed { Ok(job) } else { Err(not_completed(&job)) }
}

async fn completed_summary(jobs: &JobManager, job: Job) -> Result<JobSummary, Problem> {
    Ok(JobSummary::from(&completed(jobs, job.job_id).await?))
}

/// A text with its metadata.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(expecting = "an object with text_content")]
pub struct TextBody {
    #[schema(schema_with = bodies::text)]
    text_content: String,
    #[serde(default)]
    #[schema(value_type = Option<Metadata>)]
    metadata: RawMetadata,
    /// In characters, in place of the server's setting.
    #[serde(default, deserialize_with = "json::whole_or_none")]
    #[schema(minimum = 50, maximum = 20000)]
    chunk_size: Option<u32>,
    /// At most half of a chunk.
    #[serde(default, deserialize_with = "json::whole_or_none")]
    #[schema(maximum = 10000)]
    chunk_overlap: Option<u32>,
    /// What to do with content that a document has already.
    on_duplicate: Option<OnDuplicate>,
    #[schema(schema_with = bodies::callback_url_or_null, required = false)]
    callback_url: Option<String>,
}

impl TextBody {
    async fn submit(self, jobs: &JobManager, asked: Asked) -> Result<Job, Problem> {
        let Self { text_content, metadata, chunk_size, chunk_overlap, on_duplicate, callback_url } = self;
        let options = Options {
            metadata: metadata.read()?,
            chunk_size,
            chunk_overlap,
            on_duplicate,
            callback_url: callback_url.filter(|it| !it.is_empty()),
            ..Options::default()
        };
        Ok(jobs.submit_text(text_content, asked.with(options)?).await?)
    }
}

/// What `/ingest/text` and `/ingest/file` answer once the job is done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ingested {
    success: bool,
    message: String,
    chunks_created: u64,
    job_id: JobId,
    #[schema(required)]
    document_id: Option<DocumentId>,
    /// A document that had the content already, and what became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    duplicate: Option<Duplicate>,
}

impl From<Job> for Ingested {
    fn from(job: Job) -> Self {
        Self {
            success: true,
            document_id: job.document_id(),
            duplicate: job.duplicate,
            message: job.message,
            chunks_created: job.chunks_created,
            job_id: job.job_id,
        }
    }
}

/// Takes in a text, and answers when a query finds it.
#[utoipa::path(
    post,
    path = "/ingest/text",
    operation_id = "ingest_text",
    tag = "ingest",
    params(parameters::Duplicates, parameters::Idempotency),
    request_body(content = TextBody),
    responses((status = 200, body = Ingested)),
    security((), ("bearer" = ["ingest"])),
    extensions(("x-problems" = json!(["text", "waiting"])))
)]
pub async fn text(
    OnBehalf(jobs): OnBehalf<JobManager>,
    asked: Asked,
    JsonBody { value: body, room }: JsonBody<TextBody>,
) -> Result<Json<Ingested>, Problem> {
    let job = body.submit(&jobs, asked).await?;
    drop(room);
    Ok(Json(completed(&jobs, job.job_id).await?.into()))
}

/// Takes in a text, and answers at once.
#[utoipa::path(
    post,
    path = "/ingest/text/async",
    operation_id = "ingest_text_async",
    tag = "ingest",
    params(parameters::Duplicates, parameters::Idempotency),
    request_body(content = TextBody),
    responses((status = 200, body = JobSummary)),
    security((), ("bearer" = ["ingest"])),
    extensions(("x-problems" = json!(["text"])))
)]
pub async fn text_async(
    OnBehalf(jobs): OnBehalf<JobManager>,
    asked: Asked,
    JsonBody { value: body, room: _room }: JsonBody<TextBody>,
) -> Result<Json<JobSummary>, Problem> {
    let job = body.submit(&jobs, asked).await?;
    Ok(Json(JobSummary::from(&job)))
}

/// Takes in files or a path, and answers when a query finds them.
#[utoipa::path(
    post,
    path = "/ingest/file",
    operation_id = "ingest_file",
    tag = "ingest",
    params(parameters::Duplicates, parameters::Idempotency),
    request_body(content(
        (ref("#/components/schemas/FileForm") = "multipart/form-data"),
        (ref("#/components/schemas/FileFields") = "application/x-www-form-urlencoded"),
        (ref("#/components/schemas/FileRequest") = "application/json"),
    )),
    responses((status = 200, body = Ingested)),
    security((), ("bearer" = ["ingest"])),
    extensions(("x-problems" = json!(["nothing_to_ingest", "ambiguous_source", "path", "waiting"])))
)]
pub async fn file(OnBehalf(jobs): OnBehalf<JobManager>, form: IngestForm) -> Result<Json<Ingested>, Problem> {
    if form.files.is_empty() && form.file_path.is_none() {
        return Err(bad_request(
            "nothing_to_ingest",
            "There is no file. Send a file field, or file_path as JSON.",
        ));
    }
    let job = submit(&jobs, form).await?;
    Ok(Json(completed(&jobs, job.job_id).await?.into()))
}

/// Messages with their metadata, and metadata for all of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(expecting = "an object with messages")]
pub struct BatchBody {
    #[schema(min_items = 1)]
    messages: Vec<MessageBody>,
    #[serde(default)]
    #[schema(value_type = Option<Metadata>)]
    metadata: RawMetadata,
    /// In characters, in place of the server's setting.
    #[serde(default, deserialize_with = "json::whole_or_none")]
    #[schema(minimum = 50, maximum = 20000)]
    chunk_size: Option<u32>,
    /// At most half of a chunk.
    #[serde(default, deserialize_with = "json::whole_or_none")]
    #[schema(maximum = 10000)]
    chunk_overlap: Option<u32>,
    /// What to do with content that a document has already.
    on_duplicate: Option<OnDuplicate>,
    #[schema(schema_with = bodies::callback_url_or_null, required = false)]
    callback_url: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(expecting = "a message such as {\"text\": \"…\"}")]
pub struct MessageBody {
    #[schema(schema_with = bodies::text)]
    text: String,
    #[serde(default)]
    #[schema(value_type = Option<Metadata>)]
    metadata: RawMetadata,
}

/// `?sync=true`.
#[derive(Debug, Deserialize)]
pub struct SyncParameter {
    sync: Option<String>,
}

impl SyncParameter {
    fn sync(&self) -> Result<bool, Problem> {
        Ok(switch("sync", self.sync.as_deref().unwrap_or_default())?)
    }
}

/// Takes in many texts; answers at once unless told to wait by `?sync=true`.
#[utoipa::path(
    post,
    path = "/ingest/batch",
    operation_id = "ingest_batch",
    tag = "ingest",
    params(parameters::Sync, parameters::Duplicates, parameters::Idempotency),
    request_body(content = BatchBody),
    responses((status = 200, body = JobSummary)),
    security((), ("bearer" = ["ingest"])),
    extensions(("x-problems" = json!(["text", "empty_batch", "too_many_items", "waiting"])))
)]
pub async fn batch(
    OnBehalf(jobs): OnBehalf<JobManager>,
    asked: Asked,
    Query(parameters): Query<SyncParameter>,
    body: JsonBody<BatchBody>,
) -> Result<Json<JobSummary>, Problem> {
    let sync = parameters.sync()?;
    let job = submit_batch(&jobs, asked, body).await?;
    Ok(Json(if sync { completed_summary(&jobs, job).await? } else { JobSummary::from(&job) }))
}

/// Takes in many texts, and answers at once.
#[utoipa::path(
    post,
    path = "/ingest/batch/async",
    operation_id = "ingest_batch_async",
    tag = "ingest",
    params(parameters::Duplicates, parameters::Idempotency),
    request_body(content = BatchBody),
    responses((status = 200, body = JobSummary)),
    security((), ("bearer" = ["ingest"])),
    extensions(("x-problems" = json!(["text", "empty_batch", "too_many_items"])))
)]
pub async fn batch_async(
    OnBehalf(jobs): OnBehalf<JobManager>,
    asked: Asked,
    body: JsonBody<BatchBody>,
) -> Result<Json<JobSummary>, Problem> {
    Ok(Json(JobSummary::from(&submit_batch(&jobs, asked, body).await?)))
}

async fn submit_batch(
    jobs: &JobManager,
    asked: Asked,
    JsonBody { value: body, room: _room }: JsonBody<BatchBody>,
) -> Result<Job, Problem> {
    let mut messages = Vec::with_capacity(body.messages.len());
    for (place, message) in body.messages.into_iter().enumerate() {
        let metadata = message.metadata.read().map_err(|problem| {
            bad_request(&problem.code, format!("messages[{place}]: {}", problem.detail))
        })?;
        messages.push(Message { text: message.text, metadata });
    }
    let (metadata, on_duplicate) = (body.metadata.read()?, body.on_duplicate);
    let (chunk_size, chunk_overlap) = (body.chunk_size, body.chunk_overlap);
    let options = Options {
        metadata,
        chunk_size,
        chunk_overlap,
        on_duplicate,
        callback_url: body.callback_url.filter(|it| !it.is_empty()),
        ..Options::default()
    };
    Ok(jobs.submit_messages(messages, asked.with(options)?).await?)
}

/// Refuses before anything is read when nothing can be taken in.
async fn check_room(
    State(jobs): State<JobManager>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    jobs.check_room().await?;
    Ok(next.run(request).await)
}

/// The routes of this file. What may carry files may be larger than the rest.
pub fn routes(state: &AppState) -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(ingest))
        .routes(routes!(ingest_async))
        .routes(routes!(file))
        .layer(DefaultBodyLimit::max(state.limits.max_upload_size as usize))
        .routes(routes!(text))
        .routes(routes!(text_async))
        .routes(routes!(batch))
        .routes(routes!(batch_async))
        .route_layer(middleware::from_fn_with_state(state.clone(), check_room))
}
