//! Documents and questions over REST.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acting::OnBehalf;
use super::contract::parameters;
use super::download::{Download, download};
use super::extract::{Id, Json, JsonBody, Query};
use crate::domain::parameters::{NEXT_ID, number, parsed};
use crate::domain::{
    Answer, DocumentFilter, DocumentId, DocumentPage, DocumentWithChunks, KnowledgeBase, Problem, search,
};
use crate::server::library::Library;
use crate::server::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(query))
        .routes(routes!(list))
        .routes(routes!(detail, delete))
        .routes(routes!(source))
        .routes(routes!(info))
}

/// Answers a question with the passages that say most about it.
#[utoipa::path(
    post,
    path = "/query",
    operation_id = "ask",
    tag = "query",
    request_body(content = search::Query),
    responses((status = 200, body = Answer)),
    security((), ("bearer" = ["read"])),
    extensions(("x-problems" = json!(["empty_question", "question_too_long", "invalid_max_chunks"])))
)]
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

/// A page of what was ingested, newest first.
#[utoipa::path(
    get,
    path = "/documents",
    operation_id = "list_documents",
    tag = "documents",
    params(parameters::Documents),
    responses((status = 200, body = DocumentPage)),
    security((), ("bearer" = ["read"]))
)]
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

/// One document with some of its chunks.
#[utoipa::path(
    get,
    path = "/documents/{id}",
    operation_id = "get_document",
    tag = "documents",
    params(("id" = DocumentId, Path, description = "The document's id."), parameters::Chunks),
    responses((status = 200, body = DocumentWithChunks)),
    security((), ("bearer" = ["read"])),
    extensions(("x-problems" = json!(["document_not_found"])))
)]
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

/// The file that became a document, as it was sent.
#[utoipa::path(
    get,
    path = "/documents/{id}/source",
    operation_id = "get_document_source",
    tag = "documents",
    params(("id" = DocumentId, Path, description = "The document's id.")),
    responses(Download),
    security((), ("bearer" = ["read"])),
    extensions(("x-problems" = json!(["document_not_found", "source_not_kept", "job_has_items"])))
)]
async fn source(
    State(state): State<AppState>,
    Id(id): Id<DocumentId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    download(state.library.original(id).await?, state.jobs.blobs(), &headers).await
}

/// Deletes a document: no query finds it any more.
#[utoipa::path(
    delete,
    path = "/documents/{id}",
    operation_id = "delete_document",
    tag = "documents",
    params(("id" = DocumentId, Path, description = "The document's id.")),
    responses((status = 204, description = "It is gone.")),
    security((), ("bearer" = ["manage"])),
    extensions(("x-problems" = json!(["document_not_found"])))
)]
async fn delete(OnBehalf(library): OnBehalf<Library>, Id(id): Id<DocumentId>) -> Result<StatusCode, Problem> {
    library.delete_document(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How much was ingested, and whether a query finds all of it.
#[utoipa::path(
    get,
    path = "/knowledge-base/info",
    operation_id = "get_knowledge_base",
    tag = "documents",
    responses((status = 200, body = KnowledgeBase)),
    security((), ("bearer" = ["read"]))
)]
async fn info(State(library): State<Library>) -> Result<Json<KnowledgeBase>, Problem> {
    Ok(Json(library.knowledge_base().await?))
}
