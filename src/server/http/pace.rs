//! Request bodies must keep coming: a sender that stalls is given up.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::domain::limits::FixedLimits;
use crate::domain::{Limits, Problem};

/// A sender must bring so many bytes a second, or our patience is used up.
pub const LEAST_RATE: u64 = FixedLimits::VALUES.least_body_rate;

/// Of a body that nobody wanted so much is taken all the same, in bytes. A connection closed on a client that
/// still sends is reset, and the answer lost.
const TAKEN_UNWANTED: usize = 16 << 20;

/// Cuts off senders that stall, on every request.
pub async fn keep_pace(State(limits): State<Arc<Limits>>, request: Request, next: Next) -> Response {
    let encoding = request.headers().get(header::CONTENT_ENCODING);
    if let Some(encoding) = encoding.filter(|it| !it.as_bytes().eq_ignore_ascii_case(b"identity")) {
        let detail =
            format!("The body is encoded as {encoding:?}. Send it as it is, without Content-Encoding.");
        return Problem::new(415, "unsupported_encoding", detail).into_response();
    }
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let patience = Duration::from_secs(limits.client_timeout);
    // Who asks first whether to send a body sends none when it is refused at once.
    let unasked = request.headers().contains_key(header::EXPECT);
    let paced = |body| {
        Body::new(PacedBody { inner: body, patience: Patience::new(patience), alarm: None, ended: unasked })
    };
    next.run(request.map(paced)).await
}

/// The sender stalled.
#[derive(Debug, thiserror::Error)]
#[error("the body stopped coming")]
pub struct TooSlow;

/// How long a sender may still let us wait. Only waiting counts, not what we do with the bytes; bytes that
/// come earn time, up to the whole patience again.
#[derive(Debug)]
struct Patience {
    whole: Duration,
    left: Duration,
    waiting_since: Option<Instant>,
}

impl Patience {
    fn new(whole: Duration) -> Self {
        Self { whole, left: whole, waiting_since: None }
    }

    fn came(&mut self, bytes: usize, now: Instant) {
        let waited = self.waiting_since.take().map_or(Duration::ZERO, |since| now - since);
        let earned = Duration::from_millis(bytes as u64 * 1000 / LEAST_RATE);
        self.left = (self.left.saturating_sub(waited) + earned).min(self.whole);
    }

    /// When the next bytes must be there.
    fn deadline(&mut self, now: Instant) -> Instant {
        *self.waiting_since.get_or_insert(now) + self.left
    }
}

struct PacedBody {
    inner: Body,
    patience: Patience,
    alarm: Option<Pin<Box<Sleep>>>,
    /// There is nothing more to take, or nobody has asked for it yet.
    ended: bool,
}

impl Drop for PacedBody {
    fn drop(&mut self) {
        let runtime = tokio::runtime::Handle::try_current();
        let ended = self.ended || self.inner.is_end_stream();
        if let (false, Ok(runtime)) = (ended, runtime) {
            let (body, patience) = (std::mem::take(&mut self.inner), self.patience.whole);
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
        this.ended = false;
        match Pin::new(&mut this.inner).poll_frame(context) {
            Poll::Ready(frame) => {
                let bytes = frame.as_ref().and_then(|it| it.as_ref().ok()?.data_ref());
                this.patience.came(bytes.map_or(0, Bytes::len), Instant::now());
                this.alarm = None;
                this.ended = !matches!(frame, Some(Ok(_)));
                Poll::Ready(frame)
            }
            Poll::Pending => {
                let patience = &mut this.patience;
                let alarm = this
                    .alarm
                    .get_or_insert_with(|| Box::pin(sleep_until(patience.deadline(Instant::now()))));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_may_pause_but_neither_long_nor_for_ever() {
        let patience = Duration::from_secs(30);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut sender = Patience::new(patience);
        assert_eq!(sender.deadline(at(0)), at(30));
        sender.came(10, at(20));
        // What the server does meanwhile does not count: it asks again after a minute.
        let left = sender.deadline(at(80)) - at(80);
        assert!(left.as_secs() == 10 && left.subsec_millis() < 20, "ten seconds are left: {left:?}");
        sender.came(1000 * LEAST_RATE as usize, at(85));
        assert_eq!(
            sender.deadline(at(85)),
            at(115),
            "however much came, no more is earned than the patience"
        );
    }
}
