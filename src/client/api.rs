//! A thin typed client of the REST API: one method per call, no second tries and no printing.

use std::path::Path;

use futures::TryStreamExt;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use super::ClientError;
use super::door::Door;
use crate::domain::{
    Answer, BulkOutcome, DocumentFilter, DocumentId, DocumentPage, DocumentWithChunks, Job, JobDetails,
    JobId, JobPage, JobQuery, JobSelection, JobStats, JobSummary, Metadata, Query, WebhookDelivery,
    WebhookFilter, WebhookId, WebhookPage,
};

type Result<T> = std::result::Result<T, ClientError>;

/// How much of a file is read at a time.
const READ_BYTES: usize = 128 * 1024;

/// A running server, as seen over HTTP.
#[derive(Clone, Debug)]
pub struct Client {
    door: Door,
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

/// What can be done to many jobs at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobAction {
    Cancel,
    Retry,
}

impl JobAction {
    fn path(self) -> &'static str {
        match self {
            Self::Cancel => "/jobs/cancel",
            Self::Retry => "/jobs/retry",
        }
    }
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
    /// A client of the server at `url`, which may ask for a key; connects with the first call.
    pub fn new(url: &str, key: Option<&SecretString>) -> Result<Self> {
        Ok(Self { door: Door::new(url, key)? })
    }

    /// Whether the server is up, and which version it is.
    pub async fn health(&self) -> Result<Health> {
        self.door.answer(self.door.get("/health")).await
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
            form = form.text("metadata", as_text(metadata));
        }
        for (name, value) in fields {
            form = form.text(*name, value.clone());
        }
        let request = self.door.upload(Method::POST, "/ingest/async").multipart(form.part("file", part));
        self.door.answer(request).await
    }

    /// Sends a text.
    pub async fn ingest_text_async(&self, text: &str, metadata: &Metadata) -> Result<JobSummary> {
        let request = TextRequest { text_content: text, metadata };
        self.door.answer(self.door.post("/ingest/text/async", &request)).await
    }

    /// Sends messages that become one job.
    pub async fn ingest_batch_async(&self, messages: &[Message], metadata: &Metadata) -> Result<JobSummary> {
        let request = BatchRequest { messages, metadata };
        self.door.answer(self.door.post("/ingest/batch/async", &request)).await
    }

    /// All there is to say about one job.
    pub async fn job(&self, id: JobId) -> Result<JobDetails> {
        self.door.answer(self.door.get(&format!("/jobs/{id}"))).await
    }

    /// One page of jobs.
    pub async fn jobs(&self, query: &JobQuery) -> Result<JobPage> {
        self.door.answer(self.door.get("/jobs").query(&query.parameters())).await
    }

    /// Counts over all jobs.
    pub async fn stats(&self) -> Result<JobStats> {
        self.door.answer(self.door.get("/jobs/stats")).await
    }

    /// Cancels or retries the jobs that are chosen.
    pub async fn act_on_jobs(&self, action: JobAction, selection: &JobSelection) -> Result<BulkOutcome> {
        let request = self.door.request(Method::POST, action.path()).query(&selection.filter.parameters());
        // An empty list of ids means no jobs, none at all means any that match.
        let request = match selection.ids.as_slice() {
            [] => request,
            ids => request.json(&json!({ "ids": ids })),
        };
        self.door.answer(request).await
    }

    /// Takes jobs that have ended off the list; their documents stay.
    pub async fn delete_jobs(&self, ids: &[JobId]) -> Result<BulkOutcome> {
        let request = self.door.request(Method::DELETE, "/jobs").json(&json!({ "ids": ids }));
        self.door.answer(request).await
    }

    /// Tries one job again, with the password of what it reads.
    pub async fn retry_with_password(&self, id: JobId, password: &SecretString) -> Result<Job> {
        let body = json!({ "password": password.expose_secret() });
        self.door.answer(self.door.post(&format!("/jobs/{id}/retry"), &body)).await
    }

    /// Asks a question.
    pub async fn query(&self, query: &Query) -> Result<Answer> {
        self.door.answer(self.door.post("/query", query)).await
    }

    /// One page of documents, those after `before`.
    pub async fn documents(
        &self,
        filter: &DocumentFilter,
        before: Option<DocumentId>,
        limit: u32,
    ) -> Result<DocumentPage> {
        let mut parameters = filter.parameters();
        parameters.push(("limit", limit.to_string()));
        parameters.extend(before.map(|before| ("before", before.to_string())));
        self.door.answer(self.door.get("/documents").query(&parameters)).await
    }

    /// A document with `limit` of its chunks, from number `offset` on.
    pub async fn document(&self, id: DocumentId, offset: u64, limit: u32) -> Result<DocumentWithChunks> {
        let parameters = [("offset", offset), ("limit", limit.into())];
        self.door.answer(self.door.get(&format!("/documents/{id}")).query(&parameters)).await
    }

    /// One page of webhooks, those after `before`.
    pub async fn webhooks(
        &self,
        filter: WebhookFilter,
        before: Option<WebhookId>,
        limit: u32,
    ) -> Result<WebhookPage> {
        let mut parameters = vec![("limit", limit.to_string())];
        parameters.extend(filter.job.map(|job| ("job_id", job.to_string())));
        parameters.extend(filter.status.map(|status| ("status", status.to_string())));
        parameters.extend(before.map(|before| ("before", before.to_string())));
        self.door.answer(self.door.get("/webhooks").query(&parameters)).await
    }

    /// Has a webhook sent again now.
    pub async fn retry_webhook(&self, id: WebhookId) -> Result<WebhookDelivery> {
        self.door.answer(self.door.request(Method::POST, &format!("/webhooks/{id}/retry"))).await
    }

    /// Deletes a document and its chunks.
    pub async fn delete_document(&self, id: DocumentId) -> Result<()> {
        self.door.done(self.door.delete(&format!("/documents/{id}"))).await
    }
}

/// A file name may hold a line break, the header that carries it may not.
fn header_safe(name: &str) -> String {
    name.replace(char::is_control, "_")
}

fn as_text(metadata: &Metadata) -> String {
    serde_json::Value::Object(metadata.0.clone()).to_string()
}
