//! The document that says what the API takes and answers: made from the handlers, so that it cannot part from them.
//!
//! A handler's attribute names what is its own. What follows from the shape of a call, as the problems of a body
//! that is too large, is added here.

mod about;
pub mod bodies;
pub mod docs;
mod finish;
pub mod parameters;
mod problems;

use std::sync::Arc;

use axum::Extension;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{OpenApi, RefOr, Required};

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::server::state::AppState;

pub use about::about;

/// The finished document, as JSON.
#[derive(Clone, Debug)]
pub struct Document(Arc<str>);

impl Document {
    /// Completes what was gathered from the handlers.
    pub fn of(mut api: OpenApi) -> Self {
        for (path, item) in &mut api.paths.paths {
            for operation in operations(item) {
                problems::add(path, operation);
                complete(operation);
            }
        }
        Self(finish::finished(&api).to_string().into())
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, patch, delete, .. } = item;
    [get, put, post, patch, delete].into_iter().filter_map(Option::as_mut)
}

/// The extension of a body that can be left out.
const OPTIONAL: &str = "x-optional";

/// Says of a body whether it must be there, and of each answer something, as the standard wants it.
fn complete(operation: &mut Operation) {
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        let is_optional = body.extensions.take().is_some_and(|it| it.contains_key(OPTIONAL));
        body.required = Some(if is_optional { Required::False } else { Required::True });
    }
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            response.description = "Done.".to_owned();
        }
    }
}

/// The routes of this folder.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(openapi))
}

/// This document.
///
/// It describes every call of the API in the words of OpenAPI 3.1, for programs that generate clients or tests.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "get_openapi",
    tag = "server",
    security(()),
    responses((status = 200, body = utoipa::openapi::schema::Object, content_type = "application/json"))
)]
async fn openapi(Extension(Document(json)): Extension<Document>) -> Response {
    let json_type = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json_type)], json.to_string()).into_response()
}
