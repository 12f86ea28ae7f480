//! A whole server for a test: without a port here, as a process of its own in [`process`], with all it holds in
//! [`holdings`].

#![allow(dead_code, reason = "each test file uses its part")]

pub mod holdings;
pub mod pdf;
pub mod process;
pub mod receiver;

use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use clap::{Args, Command, FromArgMatches};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use sluice::server::config::Config;
use sluice::server::{RunningService, Service};
use tower::ServiceExt;

/// No wait in a test takes longer than this; reaching it is a failure.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A service with a data folder of its own.
pub struct TestServer {
    service: RunningService,
    pub folder: tempfile::TempDir,
}

impl TestServer {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// A server with these flags.
    pub async fn with(flags: &[&str]) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), flags).await
    }

    pub async fn in_folder(folder: tempfile::TempDir, flags: &[&str]) -> Self {
        let data = folder.path().join("data");
        let extractor = env!("CARGO_BIN_EXE_sluice");
        let data = data.to_str().unwrap();
        let always = ["sluice", "--data-dir", data, "--min-free-disk", "0", "--extractor", extractor];
        let found = Config::augment_args(Command::new("sluice").args_override_self(true))
            .try_get_matches_from([&always, flags].concat())
            .unwrap();
        let config = Config::from_arg_matches(&found).unwrap();
        let service = Service::open(config).await.unwrap().start().unwrap();
        Self { service, folder }
    }

    /// Stops the server, and hands back its folder for another one.
    pub async fn stop(self) -> tempfile::TempDir {
        self.service.stop().await;
        self.folder
    }

    pub fn service(&self) -> &RunningService {
        &self.service
    }

    pub fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.service.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.into_body().collect().await.unwrap().to_bytes().to_vec();
        Answer { status, headers, body }
    }

    /// The answer's stream, for those that do not end.
    pub async fn stream(&self, request: Request<Body>) -> axum::body::BodyDataStream {
        self.service.router.clone().oneshot(request).await.unwrap().into_body().into_data_stream()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Request::delete(path).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.post_as(path, "application/json", body.to_string()).await
    }

    pub async fn post_as(&self, path: &str, media_type: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post(path).header(header::CONTENT_TYPE, media_type);
        self.send(request.body(body.into()).unwrap()).await
    }

    pub async fn post_form(&self, path: &str, form: Form) -> Answer {
        self.post_as(path, Form::MEDIA_TYPE, form.end()).await
    }

    /// Ingests a text and waits until it can be found.
    pub async fn given_a_text(&self, text: &str) -> Value {
        self.post("/ingest/text", json!({ "text_content": text })).await.ok()
    }

    /// Waits until the job has the status.
    pub async fn wait_for(&self, job: &Value, status: &str) -> Value {
        let path = format!("/jobs/{}", job["job_id"].as_str().unwrap());
        eventually(async || {
            let job = self.get(&path).await.ok();
            let seen = job["status"].as_str().unwrap().to_owned();
            let ended = matches!(seen.as_str(), "completed" | "failed" | "cancelled");
            assert!(seen == status || !ended, "the job is {seen}: {job}");
            (seen == status).then_some(job)
        })
        .await
    }

    /// How many files lie below a folder of the data folder.
    pub fn files(&self, folder: &str) -> usize {
        files(&self.data().join(folder))
    }
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

/// Asks until there is an answer.
pub async fn eventually<T>(ask: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(PATIENCE, ask).await
}

/// The same with another patience.
pub async fn eventually_within<T>(patience: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(patience, asking).await.expect("it should have happened by now")
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The JSON of a 200.
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    /// Asserts that this is a well-formed Problem, and returns it.
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        let problem = self.json();
        assert_eq!(
            (problem["status"].as_u64(), problem["code"].as_str()),
            (Some(status.into()), Some(code)),
            "{problem}"
        );
        for field in ["type", "title", "detail"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field} in {problem}");
        }
        problem
    }
}

/// A multipart form.
#[derive(Debug, Default)]
pub struct Form(Vec<u8>);

impl Form {
    const BOUNDARY: &str = "a-boundary-of-the-tests";
    pub const MEDIA_TYPE: &str = "multipart/form-data; boundary=a-boundary-of-the-tests";

    pub fn field(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.part(&format!("name=\"{name}\""), value.as_ref())
    }

    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.part(&format!("name=\"file\"; filename=\"{name}\""), content.as_ref())
    }

    fn part(mut self, disposition: &str, content: &[u8]) -> Self {
        let head = format!("--{}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n", Self::BOUNDARY);
        self.0.extend_from_slice(head.as_bytes());
        self.0.extend_from_slice(content);
        self.0.extend_from_slice(b"\r\n");
        self
    }

    pub fn end(mut self) -> Vec<u8> {
        self.0.extend_from_slice(format!("--{}--\r\n", Self::BOUNDARY).as_bytes());
        self.0
    }

    /// The form without its end, as when the connection breaks.
    pub fn broken_off(self) -> Vec<u8> {
        self.0
    }
}
