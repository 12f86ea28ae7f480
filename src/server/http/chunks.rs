//! What a text or file would become, without ingesting it: for programs, and as a page.

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::contract::parameters;
use super::extract::{Json, Query};
use super::form::IngestForm;
use super::pages::render;
use crate::app::Previewed;
use crate::domain::parameters::number;
use crate::domain::{Chunking, DocumentWithChunks, Preview, Problem};
use crate::server::state::AppState;

/// The query string of `POST /chunks/preview`.
#[derive(Debug, Deserialize)]
struct PreviewParameters {
    limit: Option<String>,
}

/// What a text or file would become, without ingesting it.
///
/// Takes what `POST /ingest` takes, keeps nothing, and waits.
#[utoipa::path(
    post,
    path = "/chunks/preview",
    operation_id = "preview_chunks",
    tag = "ingest",
    params(parameters::PreviewLimit),
    request_body(content(
        (ref("#/components/schemas/IngestForm") = "multipart/form-data"),
        (ref("#/components/schemas/IngestFields") = "application/x-www-form-urlencoded"),
        (ref("#/components/schemas/IngestRequest") = "application/json"),
    )),
    responses((status = 200, body = Preview)),
    security((), ("bearer" = ["ingest"])),
    extensions(("x-problems" = json!(["nothing_to_ingest", "ambiguous_source", "text", "path", "callback", "too_many_previews"])))
)]
async fn preview(
    State(state): State<AppState>,
    Query(parameters): Query<PreviewParameters>,
    form: IngestForm,
) -> Result<Json<Preview>, Problem> {
    let limit = parameters.limit.as_deref();
    let (default, most) = (DocumentWithChunks::DEFAULT_LIMIT, DocumentWithChunks::MAX_LIMIT);
    let limit = number("limit", limit, default, 1, most)?;
    Ok(Json(previewed(&state, form, limit).await?))
}

async fn previewed(state: &AppState, mut form: IngestForm, limit: u32) -> Result<Preview, Problem> {
    let given = form.given()?;
    if let Some(url) = &form.options.callback_url {
        // What is sent for a preview is what will be sent to be ingested.
        state.jobs.check_callback(url).await?;
    }
    let _place = state.places.previews.try_acquire().map_err(|_| too_many_previews())?;
    Ok(state.jobs.preview(given, std::mem::take(&mut form.options), limit).await?)
}

/// The page has no fields by the names of the API, and forgets its file once it was sent.
fn in_words_of_the_page(problem: Problem) -> Problem {
    match problem.code.as_str() {
        "empty_text" | "nothing_to_ingest" => Problem {
            detail: "Choose a file, also if it is the same again, or type a text.".to_owned(),
            ..problem
        },
        "ambiguous_source" => {
            Problem { detail: "Choose a file or type a text, not both.".to_owned(), ..problem }
        }
        _ => problem,
    }
}

fn too_many_previews() -> Problem {
    let detail = "This server makes as many previews as it can at a time. Try again soon.";
    Problem::new(429, "too_many_previews", detail)
}

/// A text that is shown again in its field, in bytes; a longer one would only be carried to and fro.
const MOST_TEXT_KEPT: usize = 1 << 20;

/// `/app/preview`: the form, and below it what came of it once it was sent.
async fn page(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let again = Request::from_parts(parts.clone(), axum::body::Body::empty());
    let chunking = state.jobs.chunking(None, None).unwrap_or_default();
    let (mut lengths, mut text, mut answer) = (chunking, String::new(), None);
    if parts.method == axum::http::Method::POST {
        let (form, problem) =
            IngestForm::from_multipart_so_far(Request::from_parts(parts, body), &state).await;
        // As they were typed, also where they do not go together.
        lengths = Chunking {
            size: form.options.chunk_size.unwrap_or(chunking.size),
            overlap: form.options.chunk_overlap.unwrap_or(chunking.overlap),
        };
        let kept = form.text_content.as_deref().filter(|it| it.len() <= MOST_TEXT_KEPT);
        text = kept.unwrap_or_default().to_owned();
        answer = Some(match problem {
            None => previewed(&state, form, DocumentWithChunks::DEFAULT_LIMIT).await,
            Some(problem) => Err(problem),
        });
        answer = answer.map(|it| it.map_err(in_words_of_the_page));
    }
    let status = match &answer {
        Some(Err(problem)) => StatusCode::from_u16(problem.status).ok(),
        _ => None,
    };
    let previewed = Previewed { chunking: lengths, text, answer };
    let provide = move || leptos::context::provide_context(previewed.clone());
    let mut response = render(&state, again, provide).await;
    if let Some(status) = status {
        *response.status_mut() = status;
    }
    response
}

/// The routes of this file.
pub fn routes(state: &AppState) -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(preview))
        .route("/app/preview", get(page).post(page))
        .layer(DefaultBodyLimit::max(state.limits.max_upload_size as usize))
}
