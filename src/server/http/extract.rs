//! What handlers take and give: axum's extractors, rejecting with a [`Problem`].

#![expect(clippy::disallowed_types, reason = "this is where axum's own are wrapped")]

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytesize::ByteSize;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::problem::bad_request;
use crate::domain::Problem;
use crate::server::state::{AppState, Limits};

/// A JSON body, in or out.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        match axum::Json::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(json_problem(&rejection, &state.limits)),
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

fn json_problem(rejection: &JsonRejection, limits: &Limits) -> Problem {
    match rejection {
        JsonRejection::MissingJsonContentType(_) => Problem::new(
            415,
            "unsupported_media_type",
            "The body must be JSON; send it with the header Content-Type: application/json.",
        ),
        JsonRejection::BytesRejection(cause) if cause.status().as_u16() == 413 => text_too_large(limits),
        other => bad_request(
            "invalid_json",
            format!("The body is not the JSON this call takes: {}.", cause(other)),
        ),
    }
}

/// The innermost cause, which says the place and what was expected.
fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// A body of text or JSON over its limit.
pub fn text_too_large(limits: &Limits) -> Problem {
    too_large("text or JSON", limits.max_text_size, "--max-text-size")
}

/// A body with files over its limit.
pub fn upload_too_large(limits: &Limits) -> Problem {
    too_large("a request with files", limits.max_upload_size, "--max-upload-size")
}

fn too_large(what: &str, limit: usize, setting: &str) -> Problem {
    let limit = ByteSize(limit as u64).display().iec();
    let detail = format!(
        "The body is larger than {limit}, the most this server takes as {what} ({setting}). Send smaller parts."
    );
    Problem::new(413, "too_large", detail)
}

/// The query string.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(query_problem(&rejection)),
        }
    }
}

fn query_problem(rejection: &QueryRejection) -> Problem {
    bad_request("invalid_parameter", format!("The query string cannot be read: {}.", cause(rejection)))
}

/// The id in a path such as `/jobs/{id}`.
#[derive(Clone, Copy, Debug)]
pub struct Id<T>(pub T);

impl<T: std::str::FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| bad_request("invalid_id", cause(&rejection)))?;
        text.parse().map(Self).map_err(|_| {
            bad_request(
                "invalid_id",
                format!("{text:?} is not an id; one looks like 0190b5a4-7c1e-7000-8000-3f2a91d0c6e4."),
            )
        })
    }
}

/// A whole number in the query string, from `least` to `most`.
pub fn number(name: &str, value: Option<&str>, default: u32, least: u32, most: u32) -> Result<u32, Problem> {
    let Some(text) = value else { return Ok(default) };
    match text.parse::<u32>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(bad_request(
            "invalid_parameter",
            format!("{name} is {text:?}; it must be a whole number from {least} to {most}."),
        )),
    }
}

/// A value in the query string that has a text form of its own.
pub fn parsed<T: std::str::FromStr>(name: &str, value: Option<&str>) -> Result<Option<T>, Problem>
where
    T::Err: std::fmt::Display,
{
    let parsed = value.filter(|text| !text.is_empty()).map(str::parse).transpose();
    parsed.map_err(|error| {
        let given = value.unwrap_or_default();
        bad_request("invalid_parameter", format!("{name} is {given:?}, which cannot be read: {error}."))
    })
}
