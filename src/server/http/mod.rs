//! Everything that speaks HTTP: REST, the event stream, pages, server functions and the site's files.

pub mod acting;
mod asked;
mod audit;
mod body;
mod bulk;
mod chunks;
pub mod connections;
pub mod contract;
mod documents;
mod download;
mod events;
mod extract;
mod fields;
mod form;
pub mod guard;
mod health;
mod ingest;
mod jobs;
mod login;
mod pace;
mod pages;
mod probes;
pub mod problem;
mod queue;
pub mod site;
mod theme;
pub mod told;
mod webhooks;

use std::any::Any;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{Extensions, HeaderMap, Method, StatusCode, Uri, Version, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use leptos_axum::{LeptosRoutes, generate_route_list_with_exclusions};
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::trace::TraceLayer;
use utoipa_axum::router::OpenApiRouter;

use self::contract::Document;
use self::guard::RequestId;
use crate::app::App;
use crate::domain::Problem;
use crate::server::state::AppState;

/// The whole service.
pub fn router(state: AppState) -> Router {
    let options = state.leptos.clone();
    // These pages also take a form.
    let pages = generate_route_list_with_exclusions(
        App,
        Some(vec!["/app/preview".to_owned(), "/app/login".to_owned()]),
    );
    let (api, document) = OpenApiRouter::with_openapi(contract::about())
        .merge(ingest::routes(&state))
        .merge(chunks::routes(&state))
        .merge(jobs::routes())
        .merge(bulk::routes())
        .merge(queue::routes())
        .merge(documents::routes())
        .merge(webhooks::routes())
        .merge(audit::routes())
        .merge(health::routes())
        .merge(probes::routes())
        .merge(contract::routes())
        .split_for_parts();
    api.layer(Extension(Document::of(document)))
        .merge(contract::docs::routes())
        .merge(login::routes())
        .route("/app/login", get(pages::page).post(login::log_in))
        .route("/app/theme", post(theme::choose))
        .route("/pkg/{hash}/{*file}", get(site::package_file))
        .leptos_routes(&state, pages, move || pages::write(options.clone()))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(state.limits.max_text_size as usize))
        .layer(middleware::from_fn_with_state(state.clone(), body::hold))
        .layer(middleware::from_fn_with_state(state.clone(), pace::keep_pace))
        .layer(middleware::from_fn_with_state(state.clone(), guard::admit))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(
            CompressionLayer::new()
                .quality(CompressionLevel::Precise(6))
                .compress_when(SizeAbove::new(LEAST_COMPRESSED).and(is_page_or_json)),
        )
        .layer(middleware::from_fn(guard::protect))
        .layer(cors(&state))
        .layer(middleware::from_fn_with_state(state.clone(), probes::measure))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .layer(middleware::from_fn(guard::identify))
        .with_state(state)
}

/// Shorter answers are sent as they are, in bytes.
const LEAST_COMPRESSED: u16 = 1024;

/// What is packed while it is sent. The site's files are packed beforehand; originals, which are told by their being
/// files to keep, and event streams stay as they are.
fn is_page_or_json(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let is_original = headers.contains_key(header::CONTENT_DISPOSITION);
    !is_original && (kind.starts_with("text/html") || kind.starts_with("application/json"))
}

fn span(request: &Request) -> tracing::Span {
    let id = request.extensions().get::<RequestId>().cloned().unwrap_or_default();
    tracing::info_span!("request", id = &*id.0, method = %request.method(), path = request.uri().path())
}

/// What pages of other sites may do that the operator has named: use the API, with a key.
fn cors(state: &AppState) -> CorsLayer {
    let origins = state.trusted.origins();
    if origins.is_empty() {
        return CorsLayer::new();
    }
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([header::RETRY_AFTER])
        .max_age(Duration::from_secs(600))
}

/// A page for people, a Problem for programs.
async fn not_found(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
    request: Request,
) -> Response {
    if let Some(file) = site::public_file(&uri, &headers) {
        return file;
    }
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if !accept.is_some_and(|accept| accept.contains("text/html")) {
        let detail = format!("There is nothing at {}. The README lists all addresses.", uri.path());
        return Problem::new(404, "not_found", detail).into_response();
    }
    let mut page = pages::render(&state, request, || {}).await;
    if page.status() == StatusCode::OK {
        *page.status_mut() = StatusCode::NOT_FOUND;
    }
    page
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    let detail = format!("{} does not take {method}; see the Allow header.", uri.path());
    Problem::new(405, "method_not_allowed", detail)
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    Problem::internal().into_response()
}
