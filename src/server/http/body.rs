//! Request bodies within bounds: of time, for those who send slowly, and of memory, for those that are held
//! as a whole.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use bytesize::ByteSize;
use http_body::{Body as _, Frame};
use http_body_util::BodyExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep_until};

use super::problem::bad_request;
use crate::domain::{Limits, Problem};
use crate::server::state::AppState;

/// A sender must bring so many bytes a second on the average, or its patience is used up.
const LEAST_RATE: u64 = 1024;

/// Where the server functions are.
const SERVER_FUNCTIONS: &str = "/_fn/";

/// Of a body that nobody wanted so much is taken all the same, in bytes. A connection closed on a client that
/// still sends is reset, and the answer lost.
const TAKEN_UNWANTED: usize = 16 << 20;

/// Cuts off senders that stall, on every request.
pub async fn keep_pace(State(limits): State<Arc<Limits>>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let patience = Duration::from_secs(limits.client_timeout);
    // Who asks first whether to send a body sends none when it is refused.
    let asks_first = request.headers().contains_key(header::EXPECT);
    let paced = |body| {
        Body::new(PacedBody { inner: body, pace: Pace::new(patience), alarm: None, ended: asks_first })
    };
    next.run(request.map(paced)).await
}

/// The sender stalled.
#[derive(Debug, thiserror::Error)]
#[error("the body stopped coming")]
struct TooSlow;

/// How long a sender may still let us wait. Only waiting counts, not what we do with the bytes.
#[derive(Debug)]
struct Pace {
    patience: Duration,
    received: u64,
    waited: Duration,
    waiting_since: Option<Instant>,
}

impl Pace {
    fn new(patience: Duration) -> Self {
        Self { patience, received: 0, waited: Duration::ZERO, waiting_since: None }
    }

    fn came(&mut self, bytes: usize, now: Instant) {
        self.received += bytes as u64;
        self.waited += self.waiting_since.take().map_or(Duration::ZERO, |since| now - since);
    }

    /// When the next bytes must be there.
    fn deadline(&mut self, now: Instant) -> Instant {
        let since = *self.waiting_since.get_or_insert(now);
        let earned = self.patience + Duration::from_secs(self.received / LEAST_RATE);
        since + self.patience.min(earned.saturating_sub(self.waited))
    }
}

struct PacedBody {
    inner: Body,
    pace: Pace,
    alarm: Option<Pin<Box<Sleep>>>,
    /// There is nothing more to take.
    ended: bool,
}

impl Drop for PacedBody {
    fn drop(&mut self) {
        let runtime = tokio::runtime::Handle::try_current();
        let ended = self.ended || self.inner.is_end_stream();
        if let (false, Ok(runtime)) = (ended, runtime) {
            let (body, patience) = (std::mem::take(&mut self.inner), self.pace.patience);
            runtime.spawn(tokio::time::timeout(patience, take_unwanted(body)));
        }
    }
}

async fn take_unwanted(mut body: Body) {
    let mut taken = 0;
    while let Some(Ok(frame)) = body.frame().await {
        taken += frame.data_ref().map_or(0, Bytes::len);
        if taken > TAKEN_UNWANTED {
            return;
        }
    }
}

impl http_body::Body for PacedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        match Pin::new(&mut this.inner).poll_frame(context) {
            Poll::Ready(frame) => {
                let bytes = frame.as_ref().and_then(|it| it.as_ref().ok()?.data_ref());
                this.pace.came(bytes.map_or(0, Bytes::len), Instant::now());
                this.alarm = None;
                this.ended |= !matches!(frame, Some(Ok(_)));
                Poll::Ready(frame)
            }
            Poll::Pending => {
                let pace = &mut this.pace;
                let alarm =
                    this.alarm.get_or_insert_with(|| Box::pin(sleep_until(pace.deadline(Instant::now()))));
                ready!(alarm.as_mut().poll(context));
                this.ended = true;
                Poll::Ready(Some(Err(axum::Error::new(TooSlow))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}

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

/// Reads the bodies of server functions, which Leptos would read without a bound.
pub async fn hold(State(state): State<AppState>, request: Request, next: Next) -> Result<Response, Problem> {
    if !request.uri().path().starts_with(SERVER_FUNCTIONS) {
        return Ok(next.run(request).await);
    }
    let (head, body) = request.into_parts();
    let (bytes, _room) = read_body(&head.headers, body, &state).await?;
    Ok(next.run(Request::from_parts(head, Body::from(bytes))).await)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_may_pause_but_neither_long_nor_for_ever() {
        let patience = Duration::from_secs(30);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pace = Pace::new(patience);
        assert_eq!(pace.deadline(at(0)), at(30));
        pace.came(1, at(20));
        // What the server does meanwhile does not count: it asks again after a minute.
        assert_eq!(pace.deadline(at(80)), at(90), "ten seconds are left");
        pace.came(100 * LEAST_RATE as usize, at(85));
        assert_eq!(
            pace.deadline(at(85)),
            at(115),
            "much was earned, but no pause is longer than the patience"
        );
    }
}
