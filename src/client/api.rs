//! A thin typed client of the REST API: one method per call, no second tries and no printing.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::TryStreamExt;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, RequestBuilder, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use crate::domain::{
    Answer, DocumentId, JobDetails, JobId, JobPage, JobQuery, JobStats, JobSummary, Metadata, Problem, Query,
};

type Result<T> = std::result::Result<T, ClientError>;

/// Where a server listens when nobody says otherwise.
pub const DEFAULT_URL: &str = "http://127.0.0.1:8011";

/// For calls that the server answers at once; an upload takes as long as it takes.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// How much of a file is read at a time.
const READ_BYTES: usize = 128 * 1024;

/// A running server, as seen over HTTP.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    /// Without a slash at its end.
    url: String,
}

/// Why a call gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("{url:?} is not the address of a server ({reason}); {DEFAULT_URL} would be one")]
    BadUrl { url: String, reason: String },
    /// Nothing was sent.
    #[error("could not reach {url}: is the server running? ({reason})")]
    Unreachable { url: String, reason: String },
    /// The server may have done what it was asked.
    #[error("the connection to {url} broke before the server had answered ({reason})")]
    Broken { url: String, reason: String },
    #[error("{problem}")]
    Refused { problem: Box<Problem>, retry_after: Option<Duration> },
    #[error("{url} answered {status} with something that is not Sluice's: {start:?}")]
    Strange { url: String, status: StatusCode, retry_after: Option<Duration>, start: String },
    #[error("could not read {}: {cause}", path.display())]
    File { path: PathBuf, cause: std::io::Error },
}

impl ClientError {
    /// The server is there and asks to come back later.
    pub fn is_busy(&self) -> bool {
        match self {
            Self::Refused { problem, .. } => matches!(problem.status, 429 | 503),
            Self::Strange { status, .. } => matches!(status.as_u16(), 429 | 503),
            _ => false,
        }
    }

    /// When the server asked to come back, if it said.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } | Self::Strange { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// One text of a batch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message {
    pub text: String,
    #[serde(skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

/// What a server says about itself.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Health {
    pub status: String,
    pub version: String,
}

#[derive(Serialize)]
struct TextRequest<'a> {
    text_content: &'a str,
    metadata: &'a Metadata,
}

#[derive(Serialize)]
struct BatchRequest<'a> {
    messages: &'a [Message],
    metadata: &'a Metadata,
}

impl Client {
    /// A client of the server at `url`; connects with the first call.
    pub fn new(url: &str) -> Result<Self> {
        let bad = |reason: String| ClientError::BadUrl { url: url.to_owned(), reason };
        let parsed = Url::parse(url).map_err(|error| bad(error.to_string()))?;
        if parsed.scheme() != "http" {
            return Err(bad(format!("it starts with {}://, only http:// works", parsed.scheme())));
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10));
        // A proxy set for the outer world cannot know this machine's own server.
        if parsed.host_str().is_some_and(is_loopback) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| bad(error.to_string()))?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned() })
    }

    /// The address this client was made for.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether the server is up, and which version it is.
    pub async fn health(&self) -> Result<Health> {
        self.answer(self.get("/health")).await
    }

    /// Sends a file under `name`, reading it piece by piece; `sent` hears of every piece.
    pub async fn ingest_file(
        &self,
        path: &Path,
        name: &str,
        metadata: &Metadata,
        fields: &[(&'static str, String)],
        sent: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<JobSummary> {
        let failed = |cause| ClientError::File { path: path.to_owned(), cause };
        let file = tokio::fs::File::open(path).await.map_err(failed)?;
        let size = file.metadata().await.map_err(failed)?.len();
        // A file that grows meanwhile, as logs do, must not outgrow the length announced.
        let pieces = ReaderStream::with_capacity(file.take(size), READ_BYTES)
            .inspect_ok(move |piece| sent(piece.len() as u64));
        let part = Part::stream_with_length(Body::wrap_stream(pieces), size).file_name(header_safe(name));
        let mut form = Form::new();
        if !metadata.is_empty() {
            form = form.text("metadata", json(metadata));
        }
        for (name, value) in fields {
            form = form.text(*name, value.clone());
        }
        self.answer(self.http.post(self.at("/ingest/async")).multipart(form.part("file", part))).await
    }

    /// Sends a text.
    pub async fn ingest_text_async(&self, text: &str, metadata: &Metadata) -> Result<JobSummary> {
        self.answer(self.post("/ingest/text/async", &TextRequest { text_content: text, metadata })).await
    }

    /// Sends messages that become one job.
    pub async fn ingest_batch_async(&self, messages: &[Message], metadata: &Metadata) -> Result<JobSummary> {
        self.answer(self.post("/ingest/batch/async", &BatchRequest { messages, metadata })).await
    }

    /// One job, or nothing when the server does not know it (any more).
    pub async fn job(&self, id: JobId) -> Result<Option<JobDetails>> {
        match self.answer(self.get(&format!("/jobs/{id}"))).await {
            Ok(job) => Ok(Some(job)),
            Err(ClientError::Refused { problem, .. }) if problem.status == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// One page of jobs.
    pub async fn jobs(&self, query: &JobQuery) -> Result<JobPage> {
        self.answer(self.get("/jobs").query(&query.parameters())).await
    }

    /// Counts over all jobs.
    pub async fn stats(&self) -> Result<JobStats> {
        self.answer(self.get("/jobs/stats")).await
    }

    /// Asks a question.
    pub async fn query(&self, query: &Query) -> Result<Answer> {
        self.answer(self.post("/query", query)).await
    }

    /// Deletes a document and its chunks.
    pub async fn delete_document(&self, id: DocumentId) -> Result<()> {
        let request = self.http.delete(self.at(&format!("/documents/{id}"))).timeout(ANSWER_WITHIN);
        self.body(request).await.map(|_| ())
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(self.at(path)).timeout(ANSWER_WITHIN)
    }

    fn post(&self, path: &str, body: &impl Serialize) -> RequestBuilder {
        self.http.post(self.at(path)).timeout(ANSWER_WITHIN).json(body)
    }

    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        let (status, body) = self.body(request).await?;
        serde_json::from_slice(&body).map_err(|_| self.strange(status, None, &body))
    }

    /// The body of an answer that says yes.
    async fn body(&self, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>)> {
        let response = request.send().await.map_err(|error| self.failed(&error))?;
        let status = response.status();
        let retry_after = response
            .headers()
            .get(reqwest::header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let body = response.bytes().await.map_err(|error| self.failed(&error))?.to_vec();
        if status.is_success() {
            return Ok((status, body));
        }
        Err(match serde_json::from_slice(&body) {
            Ok(problem) => ClientError::Refused { problem: Box::new(problem), retry_after },
            Err(_) => self.strange(status, retry_after, &body),
        })
    }

    fn failed(&self, error: &reqwest::Error) -> ClientError {
        let (url, reason) = (self.url.clone(), innermost(error));
        if error.is_connect() {
            ClientError::Unreachable { url, reason }
        } else {
            ClientError::Broken { url, reason }
        }
    }

    fn strange(&self, status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> ClientError {
        let start = String::from_utf8_lossy(body).trim().chars().take(200).collect();
        ClientError::Strange { url: self.url.clone(), status, retry_after, start }
    }
}

/// The cause at the bottom, such as "Connection refused": those above it only say that there is one.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// A file name may hold a line break, the header that carries it may not.
fn header_safe(name: &str) -> String {
    name.replace(char::is_control, "_")
}

fn json(metadata: &Metadata) -> String {
    serde_json::Value::Object(metadata.0.clone()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_checked_before_the_first_call() {
        for (url, part) in [("8011", "not the address"), ("https://localhost:8011", "only http://")] {
            assert!(Client::new(url).unwrap_err().to_string().contains(part), "{url}");
        }
        assert_eq!(Client::new("http://localhost:8011/").unwrap().url(), "http://localhost:8011");
    }

    #[test]
    fn this_machine_is_recognised() {
        for (host, expected) in
            [("localhost", true), ("127.0.0.1", true), ("[::1]", true), ("10.0.0.1", false)]
        {
            assert_eq!(is_loopback(host), expected, "{host}");
        }
    }
}
