//! A receiver of webhooks on this machine.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, Uri};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::eventually;

/// A secret to sign with, and another one.
pub const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
pub const OTHER_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLjSw";

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Call {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether one of the signatures was made with the secret, as a receiver finds out.
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap();
        let signed = format!("{}.{}.{}", self.id(), self.header("webhook-timestamp"), self.body);
        self.header("webhook-signature").split(' ').any(|signature| {
            let signature = STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap();
            let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            mac.chain_update(&signed).verify_slice(&signature).is_ok()
        })
    }
}

/// Keeps what it was called with, and answers as it is told to.
pub struct Receiver {
    shared: Arc<Shared>,
    port: u16,
}

/// A status and headers.
type Planned = (u16, Vec<(&'static str, String)>);

struct Shared {
    calls: Mutex<Vec<Call>>,
    /// The next answers. Then 204.
    answers: Mutex<VecDeque<Planned>>,
    /// While it is so, nobody is answered.
    holds: watch::Sender<bool>,
}

impl Receiver {
    pub async fn new() -> Self {
        let shared = Arc::new(Shared {
            calls: Mutex::default(),
            answers: Mutex::default(),
            holds: watch::channel(false).0,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = Router::new().fallback(receive).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shared, port }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// How it answers next.
    pub fn answer(&self, status: u16, headers: &[(&'static str, &str)]) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.shared.answers.lock().unwrap().push_back((status, headers));
    }

    /// Whether it keeps its callers waiting.
    pub fn hold(&self, holds: bool) {
        self.shared.holds.send_replace(holds);
    }

    pub fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().unwrap().clone()
    }

    /// Waits until it was called so often, and returns the calls.
    pub async fn called(&self, times: usize) -> Vec<Call> {
        eventually(async || {
            let calls = self.calls();
            assert!(calls.len() <= times, "called too often: {calls:?}");
            (calls.len() == times).then_some(calls)
        })
        .await
    }
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let body = String::from_utf8(body.to_vec()).unwrap();
    shared.calls.lock().unwrap().push(Call { path: uri.to_string(), headers, body });
    let _ = shared.holds.subscribe().wait_for(|holds| !holds).await;
    let (status, headers) = shared.answers.lock().unwrap().pop_front().unwrap_or((204, Vec::new()));
    let mut answer = Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(name, value);
    }
    answer.body(Body::empty()).unwrap()
}
