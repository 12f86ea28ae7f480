//! What handlers take and give: axum's extractors, rejecting with a [`Problem`].

#![expect(clippy::disallowed_types, reason = "this is where axum's own are wrapped")]

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::body::{Room, media_type, read_whole};
use super::problem::bad_request;
use crate::domain::Problem;
use crate::server::state::AppState;

/// A JSON body that comes in.
#[derive(Debug)]
pub struct JsonBody<T> {
    pub value: T,
    /// The memory it takes; to be dropped when the value is put away.
    pub room: Room,
}

impl<T: DeserializeOwned + Send + 'static> FromRequest<AppState> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let media_type = media_type(request.headers());
        if media_type != "application/json" && !media_type.ends_with("+json") {
            return Err(Problem::new(
                415,
                "unsupported_media_type",
                "The body must be JSON; send it with the header Content-Type: application/json.",
            ));
        }
        let (bytes, room) = read_whole(request, state).await?;
        Ok(Self { value: from_json(bytes).await?, room })
    }
}

/// JSON up to this size is read at once, larger on a thread for blocking work; in bytes.
const READ_AT_ONCE: usize = 1 << 20;

/// Reads JSON that came in; says where it is not what is wanted.
pub async fn from_json<T: DeserializeOwned + Send + 'static>(bytes: Vec<u8>) -> Result<T, Problem> {
    // An array would be read as an object's fields in their order.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(bad_request("invalid_json", "The body is a JSON array; this call takes an object."));
    }
    let small = bytes.len() <= READ_AT_ONCE;
    let read = move || axum::Json::from_bytes(&bytes);
    let read = if small {
        read()
    } else {
        tokio::task::spawn_blocking(read).await.map_err(|_| Problem::internal())?
    };
    match read {
        Ok(axum::Json(value)) => Ok(value),
        Err(rejection) => Err(bad_request(
            "invalid_json",
            format!("The body is not the JSON this call takes: {}.", cause(&rejection)),
        )),
    }
}

/// A JSON body that goes out.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
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
