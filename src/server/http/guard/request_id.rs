//! Each request has an id. It stands in the log, in the answer, in Problems, and with the jobs it brought.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use uuid::Uuid;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a client or a proxy.
const LONGEST: usize = 128;

tokio::task_local! {
    static CURRENT: RequestId;
}

/// Identifies a request.
#[derive(Clone, Debug)]
pub struct RequestId(pub Arc<str>);

impl Default for RequestId {
    fn default() -> Self {
        Self("".into())
    }
}

/// The id of the request that this task answers.
pub fn current() -> Option<RequestId> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Gives a request its id: the one it brings, if that is fit for a log, or a new one.
pub async fn identify(mut request: Request, next: Next) -> Response {
    let brought = request.headers().get(HEADER).and_then(|it| it.to_str().ok()).filter(|it| is_fit(it));
    let id = RequestId(match brought {
        Some(id) => id.into(),
        None => Uuid::now_v7().simple().to_string().into(),
    });
    request.extensions_mut().insert(id.clone());
    let mut response = CURRENT.scope(id.clone(), next.run(request)).await;
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

fn is_fit(id: &str) -> bool {
    (1..=LONGEST).contains(&id.len())
        && id.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_.:/+=".contains(&it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_a_log_cannot_take_is_not_kept() {
        for (id, fit) in [
            ("0190b5a4-7c1e-7000", true),
            ("Root=1-67891233-abcdef012345678912345678", true),
            ("", false),
            ("two words", false),
            ("\u{1b}[31m", false),
            (&"x".repeat(129), false),
        ] {
            assert_eq!(is_fit(id), fit, "{id:?}");
        }
    }
}
