//! Acting on many jobs over REST: chosen by the filter of `GET /jobs`, by their ids, or by both.

use axum::Router;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;

use super::acting::OnBehalf;
use super::body::{media_type, read_whole};
use super::extract::from_json;
use super::fields::{Fields, answer_or_back};
use crate::domain::parameters::parsed;
use crate::domain::{JobFilter, JobId, JobSelection, Problem};
use crate::server::jobs::{JobManager, JobsError};
use crate::server::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/jobs/cancel", post(cancel))
        .route("/jobs/retry", post(retry))
        // For forms, which cannot `DELETE`.
        .route("/jobs/delete", post(delete))
}

async fn cancel(
    OnBehalf(jobs): OnBehalf<JobManager>,
    headers: HeaderMap,
    wish: BulkWish,
) -> Result<Response, Problem> {
    let outcome = jobs.cancel_many(wish.selection).await?;
    Ok(answer_or_back(&headers, wish.back.as_deref(), outcome))
}

async fn retry(
    OnBehalf(jobs): OnBehalf<JobManager>,
    headers: HeaderMap,
    wish: BulkWish,
) -> Result<Response, Problem> {
    let outcome = jobs.retry_many(wish.selection).await?;
    Ok(answer_or_back(&headers, wish.back.as_deref(), outcome))
}

/// `DELETE /jobs` and `POST /jobs/delete`.
pub async fn delete(
    OnBehalf(jobs): OnBehalf<JobManager>,
    headers: HeaderMap,
    wish: BulkWish,
) -> Result<Response, Problem> {
    let outcome = jobs.delete_many(wish.selection).await?;
    Ok(answer_or_back(&headers, wish.back.as_deref(), outcome))
}

/// What a request asks for: a query string, a form, a JSON object with ids, or several of them.
#[derive(Debug)]
pub struct BulkWish {
    selection: JobSelection,
    /// The page a form came from.
    back: Option<String>,
}

/// The JSON body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with ids")]
struct Ids {
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
        Ok(Self { selection: JobSelection { filter, ids }, back: fields.get("back") })
    }
}
