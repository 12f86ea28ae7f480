//! Documents and questions over REST.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use super::acting::OnBehalf;
use super::download::download;
use super::extract::{Id, Json, JsonBody, Query};
use crate::domain::parameters::{NEXT_ID, number, parsed};
use crate::domain::{
    Answer, DocumentFilter, DocumentId, DocumentPage, DocumentWithChunks, KnowledgeBase, Problem, search,
};
use crate::server::library::Library;
use crate::server::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/query", post(query))
        .route("/documents", get(list))
        .route("/documents/{id}", get(detail).delete(delete))
        .route("/documents/{id}/source", get(source))
        .route("/knowledge-base/info", get(info))
}

async fn query(
    State(library): State<Library>,
    JsonBody { value: query, .. }: JsonBody<search::Query>,
) -> Result<Json<Answer>, Problem> {
    Ok(Json(library.ask(query).await?))
}

/// The query string of `GET /documents`.
#[derive(Debug, Deserialize)]
struct ListParameters {
    q: Option<String>,
    job_id: Option<String>,
    before: Option<String>,
    limit: Option<String>,
}

async fn list(
    State(library): State<Library>,
    Query(parameters): Query<ListParameters>,
) -> Result<Json<DocumentPage>, Problem> {
    let filter = DocumentFilter::from_parameters(&|name| match name {
        "q" => parameters.q.clone(),
        _ => parameters.job_id.clone(),
    })?;
    let before = parsed("before", parameters.before.as_deref(), NEXT_ID)?;
    let limit = parameters.limit.as_deref();
    let limit = number("limit", limit, DocumentPage::DEFAULT_LIMIT, 1, DocumentPage::MAX_LIMIT)?;
    Ok(Json(library.documents(filter, before, limit).await?))
}

/// The query string of `GET /documents/{id}`: which chunks to show.
#[derive(Debug, Deserialize)]
struct DetailParameters {
    offset: Option<String>,
    limit: Option<String>,
}

async fn detail(
    State(library): State<Library>,
    Id(id): Id<DocumentId>,
    Query(parameters): Query<DetailParameters>,
) -> Result<Json<DocumentWithChunks>, Problem> {
    let offset = number("offset", parameters.offset.as_deref(), 0, 0, u32::MAX)?;
    let limit = parameters.limit.as_deref();
    let limit = number("limit", limit, DocumentWithChunks::DEFAULT_LIMIT, 1, DocumentWithChunks::MAX_LIMIT)?;
    Ok(Json(library.document(id, offset.into(), limit).await?))
}

async fn source(
    State(state): State<AppState>,
    Id(id): Id<DocumentId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    download(state.library.original(id).await?, state.jobs.blobs(), &headers).await
}

async fn delete(OnBehalf(library): OnBehalf<Library>, Id(id): Id<DocumentId>) -> Result<StatusCode, Problem> {
    library.delete_document(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn info(State(library): State<Library>) -> Result<Json<KnowledgeBase>, Problem> {
    Ok(Json(library.knowledge_base().await?))
}
