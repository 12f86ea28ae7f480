//! Request bodies that are held in memory as a whole: together they share a budget.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use bytesize::ByteSize;
use http_body_util::BodyExt;
use tokio::sync::OwnedSemaphorePermit;

use super::pace::{LEAST_RATE, TooSlow};
use super::problem::bad_request;
use crate::domain::{Limits, Problem};
use crate::server::state::AppState;

/// Where the server functions are.
pub const SERVER_FUNCTIONS: &str = "/_fn/";

/// Why a body could not be read to its end.
pub fn broken_off(error: &(dyn std::error::Error + 'static), limits: &Limits) -> Problem {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<TooSlow>() {
            let detail = format!(
                "The body stopped coming: for {} s (--client-timeout), or at less than {LEAST_RATE} bytes a second. \
                 Nothing was accepted.",
                limits.client_timeout
            );
            return Problem::new(408, "request_timeout", detail);
        }
        cause = error.source();
    }
    bad_request(
        "incomplete_body",
        format!("The body could not be read to its end, so nothing was accepted: {error}."),
    )
}

/// Memory that bodies held as a whole take; free again when dropped.
#[derive(Debug, Default)]
pub struct Room(Option<OwnedSemaphorePermit>);

impl Room {
    /// Takes more, or says that all is taken.
    pub fn grow(&mut self, bytes: usize, state: &AppState) -> Result<(), Problem> {
        let mine = self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if (mine + bytes) as u64 > state.limits.max_body_memory {
            let most = state.limits.max_body_memory;
            return Err(too_large("the texts of one request", most, "--max-body-memory"));
        }
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let more = state.places.body_memory.clone().try_acquire_many_owned(bytes);
        let more = more.map_err(|_| no_room(&state.limits))?;
        match &mut self.0 {
            Some(room) => room.merge(more),
            None => self.0 = Some(more),
        }
        Ok(())
    }
}

fn no_room(limits: &Limits) -> Problem {
    let most = ByteSize(limits.max_body_memory).display().iec();
    let detail = format!(
        "Other requests hold all of the {most} that this server has for texts and JSON (--max-body-memory). Try again \
         soon."
    );
    Problem::new(429, "too_many_bodies", detail)
}

/// Reads a body that is held as a whole.
pub async fn read_whole(request: Request, state: &AppState) -> Result<(Vec<u8>, Room), Problem> {
    let (head, body) = request.into_parts();
    read_body(&head.headers, body, state).await
}

/// Reads the bodies of server functions, which Leptos would read without a bound; and where it answers 500 to what it
/// cannot read, the answer gets the status of its problem.
pub async fn hold(State(state): State<AppState>, request: Request, next: Next) -> Result<Response, Problem> {
    if !request.uri().path().starts_with(SERVER_FUNCTIONS) {
        return Ok(next.run(request).await);
    }
    let (head, body) = request.into_parts();
    let (bytes, _room) = read_body(&head.headers, body, &state).await?;
    let response = next.run(Request::from_parts(head, Body::from(bytes))).await;
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return Ok(response);
    }
    let body = response.into_body().collect().await.map_err(|_| Problem::internal())?.to_bytes();
    Err(serde_json::from_slice(&body).unwrap_or_else(|_| Problem::internal()))
}

async fn read_body(
    headers: &HeaderMap,
    mut body: Body,
    state: &AppState,
) -> Result<(Vec<u8>, Room), Problem> {
    let limits = &state.limits;
    let announced = headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limits.max_text_size) {
        return Err(text_too_large(limits));
    }
    let (mut bytes, mut room) = (Vec::new(), Room::default());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken_off(&error, limits))?;
        let Ok(piece) = frame.into_data() else { continue };
        if (bytes.len() + piece.len()) as u64 > limits.max_text_size {
            return Err(text_too_large(limits));
        }
        room.grow(piece.len(), state)?;
        bytes.extend_from_slice(&piece);
    }
    Ok((bytes, room))
}

/// The type of a body, without its parameters.
pub fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A body of text or JSON over its limit.
pub fn text_too_large(limits: &Limits) -> Problem {
    too_large("text or JSON", limits.max_text_size, "--max-text-size")
}

/// A body with files over its limit.
pub fn upload_too_large(limits: &Limits) -> Problem {
    too_large("a request with files", limits.max_upload_size, "--max-upload-size")
}

fn too_large(what: &str, limit: u64, setting: &str) -> Problem {
    let limit = ByteSize(limit).display().iec();
    let detail = format!(
        "The body is larger than {limit}, the most this server takes as {what} ({setting}). Send smaller parts."
    );
    Problem::new(413, "too_large", detail)
}
