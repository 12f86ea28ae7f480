//! Acting on many jobs over REST: chosen by the filter of `GET /jobs`, by their ids, or by both.

use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acting::OnBehalf;
use super::body::{media_type, read_whole};
use super::contract::parameters;
use super::extract::from_json;
use super::fields::{Fields, answer_or_back};
use crate::domain::parameters::parsed;
use crate::domain::{BulkOutcome, JobFilter, JobId, JobSelection, Problem};
use crate::server::jobs::{JobManager, JobsError};
use crate::server::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(cancel)).routes(routes!(retry)).routes(routes!(delete_by_form))
}

/// Cancels many jobs.
///
/// Jobs are chosen by the filter of `GET /jobs`, by ids, or by both; one of the two must say something.
#[utoipa::path(
    post,
    path = "/jobs/cancel",
    operation_id = "cancel_jobs",
    tag = "jobs",
    params(parameters::Filter, parameters::Ids),
    request_body(content(
        (ref("#/components/schemas/JobIds") = "application/json"),
        (ref("#/components/schemas/JobsForm") = "application/x-www-form-urlencoded"),
    ), extensions(("x-optional" = json!(true)))),
    responses((status = 200, body = BulkOutcome), (status = 303, description = "The way back to its page, for a browser without scripts, which asks for HTML.")),
    security((), ("bearer" = ["manage"])),
    extensions(("x-problems" = json!(["nothing_selected", "invalid_parameter"])))
)]
async fn cancel(
    OnBehalf(jobs): OnBehalf<JobManager>,
    headers: HeaderMap,
    wish: BulkWish,
) -> Result<Response, Problem> {
    let outcome = jobs.cancel_many(wish.selection).await?;
    Ok(answer_or_back(&headers, wish.back.as_deref(), outcome))
}

/// Puts many jobs back into the queue.
///
/// Jobs are chosen by the filter of `GET /jobs`, by ids, or by both; one of the two must say something.
#[utoipa::path(
    post,
    path = "/jobs/retry",
    operation_id = "retry_jobs",
    tag = "jobs",
    params(parameters::Filter, parameters::Ids),
    request_body(content(
        (ref("#/components/schemas/JobIds") = "application/json"),
        (ref("#/components/schemas/JobsForm") = "application/x-www-form-urlencoded"),
    ), extensions(("x-optional" = json!(true)))),
    responses((status = 200, body = BulkOutcome), (status = 303, description = "The way back to its page, for a browser without scripts, which asks for HTML.")),
    security((), ("bearer" = ["manage"])),
    extensions(("x-problems" = json!(["nothing_selected", "invalid_parameter"])))
)]
async fn retry(
    OnBehalf(jobs): OnBehalf<JobManager>,
    headers: HeaderMap,
    wish: BulkWish,
) -> Result<Response, Problem> {
    let outcome = jobs.retry_many(wish.selection).await?;
    Ok(answer_or_back(&headers, wish.back.as_deref(), outcome))
}

/// Takes many jobs off the list; their documents stay.
///
/// Jobs are chosen by the filter of `GET /jobs`, by ids, or by both; one of the two must say something.
/// Active jobs are not deleted.
#[utoipa::path(
    delete,
    path = "/jobs",
    operation_id = "delete_jobs",
    tag = "jobs",
    params(parameters::Filter, parameters::Ids),
    request_body(content(
        (ref("#/components/schemas/JobIds") = "application/json"),
        (ref("#/components/schemas/JobsForm") = "application/x-www-form-urlencoded"),
    ), extensions(("x-optional" = json!(true)))),
    responses((status = 200, body = BulkOutcome), (status = 303, description = "The way back to its page, for a browser without scripts, which asks for HTML.")),
    security((), ("bearer" = ["manage"])),
    extensions(("x-problems" = json!(["nothing_selected", "invalid_parameter"])))
)]
pub async fn delete(
    OnBehalf(jobs): OnBehalf<JobManager>,
    headers: HeaderMap,
    wish: BulkWish,
) -> Result<Response, Problem> {
    let outcome = jobs.delete_many(wish.selection).await?;
    Ok(answer_or_back(&headers, wish.back.as_deref(), outcome))
}

/// The same as `DELETE /jobs`, for forms, which cannot delete.
#[utoipa::path(
    post,
    path = "/jobs/delete",
    operation_id = "delete_jobs_by_form",
    tag = "jobs",
    params(parameters::Filter, parameters::Ids),
    request_body(content(
        (ref("#/components/schemas/JobIds") = "application/json"),
        (ref("#/components/schemas/JobsForm") = "application/x-www-form-urlencoded"),
    ), extensions(("x-optional" = json!(true)))),
    responses((status = 200, body = BulkOutcome), (status = 303, description = "The way back to its page, for a browser without scripts, which asks for HTML.")),
    security((), ("bearer" = ["manage"])),
    extensions(("x-problems" = json!(["nothing_selected", "invalid_parameter"])))
)]
async fn delete_by_form(
    jobs: OnBehalf<JobManager>,
    headers: HeaderMap,
    wish: BulkWish,
) -> Result<Response, Problem> {
    delete(jobs, headers, wish).await
}

/// What a request asks for: a query string, a form, a JSON object with ids, or several of them.
#[derive(Debug)]
pub struct BulkWish {
    selection: JobSelection,
    /// The page a form came from.
    back: Option<String>,
}

/// Jobs by their ids.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with ids")]
#[schema(as = JobIds)]
pub struct Ids {
    #[schema(min_items = 1)]
    ids: Vec<JobId>,
}

impl FromRequest<AppState> for BulkWish {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let mut fields = Fields::default();
        fields.add(request.uri().query().unwrap_or_default().as_bytes())?;
        let media_type = media_type(request.headers());
        let (body, _room) = read_whole(request, state).await?;
        let mut ids = None;
        match media_type.as_str() {
            _ if body.is_empty() => {}
            "application/json" => ids = Some(from_json::<Ids>(body).await?.ids),
            "application/x-www-form-urlencoded" => fields.add(&body)?,
            _ => {
                let detail = "The body must be JSON as {\"ids\": [\"…\"]}, or an urlencoded form.";
                return Err(Problem::new(415, "unsupported_media_type", detail));
            }
        }
        // An empty list means no jobs, not any.
        if ids.as_ref().is_some_and(Vec::is_empty) {
            return Err(JobsError::NothingSelected.into());
        }
        fields.check(&[&JobFilter::PARAMETERS[..], &["id", "back"]].concat())?;
        let mut ids = ids.unwrap_or_default();
        for id in fields.all("id") {
            let wanted = "it must be the id of a job";
            ids.extend(parsed::<JobId>("id", Some(id), wanted)?);
        }
        let filter = JobFilter::from_parameters(&|name| fields.get(name))?;
        // The first value counts, but one that is given beside it must be right, too.
        for (name, value) in fields.iter().filter(|(name, _)| JobFilter::PARAMETERS.contains(name)) {
            JobFilter::from_parameters(&|it| (it == name).then(|| value.to_owned()))?;
        }
        Ok(Self { selection: JobSelection { filter, ids }, back: fields.get("back") })
    }
}
