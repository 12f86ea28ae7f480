//! The commands against a server that misbehaves in ways a real one does only now and then.

#![expect(clippy::disallowed_types, reason = "the fake answers in its own ways")]

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Multipart, Query as Parameters, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, extract};
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::timeout;
use uuid::Uuid;

use super::Client;
use super::connection::Connection;
use super::follow::follow;
use super::ingest::{IngestArgs, ingest};
use super::summary::Summary;
use crate::domain::JobId;

/// Takes every file and has ended its job at once: `failed`, `cancelled` and `forgotten` in a file's
/// name say how.
#[derive(Debug, Default)]
struct Fake {
    /// How many uploads are answered with 429 first.
    busy: AtomicU64,
    /// Ids, names and metadata of accepted files, oldest first.
    jobs: Mutex<Vec<(Uuid, String, String)>>,
    list_calls: AtomicU64,
}

impl Fake {
    async fn serve(self: Arc<Self>) -> String {
        let routes = Router::new()
            .route("/health", get(|| async { r#"{"status":"ok","version":"0"}"# }))
            .route("/ingest/async", post(accept))
            .route("/jobs", get(list))
            .route("/jobs/{id}", get(one))
            .with_state(self);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        url
    }
}

fn problem(status: StatusCode, code: &str) -> Response {
    let body = json!({"type": "", "title": "", "status": status.as_u16(), "detail": code, "code": code});
    (status, [("retry-after", "0")], body.to_string()).into_response()
}

fn job(id: Uuid, name: &str) -> Option<Value> {
    let status = match name {
        _ if name.contains("forgotten") => return None,
        _ if name.contains("waiting") => "pending",
        _ if name.contains("failed") => "failed",
        _ if name.contains("cancelled") => "cancelled",
        _ => "completed",
    };
    Some(json!({
        "job_id": id, "job_type": "file_ingestion", "status": status, "created_at": "2024-01-15T10:30:00Z",
        "started_at": null, "completed_at": null, "progress": 1.0, "message": "", "error_message": "",
        "error_code": "", "chunks_created": 2, "total_items": 1, "processed_items": 1, "failed_items": 0,
        "metadata": {}, "name": name, "size_bytes": 1, "stage": null, "bytes_done": 1, "chunks_indexed": 2,
        "attempt": 1, "max_attempts": 3, "cancel_requested": false, "seq": 1,
    }))
}

async fn accept(State(fake): State<Arc<Fake>>, mut form: Multipart) -> Response {
    let (mut name, mut metadata) = (String::new(), String::new());
    while let Some(field) = form.next_field().await.unwrap() {
        match field.name() {
            Some("metadata") => metadata = field.text().await.unwrap(),
            _ => {
                name = field.file_name().unwrap().to_owned();
                field.bytes().await.unwrap();
            }
        }
    }
    let busy = fake.busy.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    if busy.is_ok() {
        return problem(StatusCode::TOO_MANY_REQUESTS, "queue_full");
    }
    let id = Uuid::now_v7();
    fake.jobs.lock().unwrap().push((id, name, metadata));
    json!({
        "job_id": id, "job_type": "file_ingestion", "status": "pending",
        "created_at": "2024-01-15T10:30:00Z", "message": "",
    })
    .to_string()
    .into_response()
}

#[derive(serde::Deserialize)]
struct Page {
    before: Option<Uuid>,
    limit: usize,
}

async fn list(State(fake): State<Arc<Fake>>, Parameters(page): Parameters<Page>) -> String {
    fake.list_calls.fetch_add(1, Ordering::Relaxed);
    let mut known = fake.jobs.lock().unwrap().clone();
    known.sort();
    let matching = known.iter().rev().filter(|it| page.before.is_none_or(|before| it.0 < before));
    let mut jobs: Vec<_> = matching.filter_map(|(id, name, _)| job(*id, name)).collect();
    let total = jobs.len();
    jobs.truncate(page.limit);
    let next = jobs.last().filter(|_| total > page.limit).map(|job| job["job_id"].clone());
    json!({"jobs": jobs, "total_count": total, "next": next}).to_string()
}

async fn one(State(fake): State<Arc<Fake>>, extract::Path(id): extract::Path<Uuid>) -> Response {
    let known = fake.jobs.lock().unwrap().clone();
    let found = known.iter().find(|it| it.0 == id).and_then(|(id, name, _)| job(*id, name));
    found.map_or_else(
        || problem(StatusCode::NOT_FOUND, "job_not_found"),
        |job| job.to_string().into_response(),
    )
}

/// What is asked of the command where a test asks for nothing else.
fn arguments(url: String) -> IngestArgs {
    IngestArgs {
        paths: Vec::new(),
        connection: Connection { url, api_key: None, json: false },
        parallel: 4,
        metadata: String::new(),
        password: None,
        callback_url: None,
        chunk_size: None,
        chunk_overlap: None,
        on_duplicate: None,
        no_wait: false,
    }
}

async fn sent(fake: &Arc<Fake>, names: impl IntoIterator<Item = String>, no_wait: bool) -> Summary {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        std::fs::write(folder.path().join(name), "some text").unwrap();
    }
    let url = Arc::clone(fake).serve().await;
    let paths = vec![folder.path().to_owned()];
    let metadata = r#"{"source": "test"}"#.to_owned();
    ingest(IngestArgs { paths, metadata, no_wait, ..arguments(url) }).await.unwrap()
}

#[tokio::test]
async fn a_file_that_is_refused_for_now_is_sent_again_and_counted_once() {
    let fake = Arc::new(Fake { busy: AtomicU64::new(3), ..Fake::default() });
    let summary = sent(&fake, ["größe \"1\".md".to_owned(), "b.txt".to_owned()], false).await;
    assert!(summary.is_good(), "{summary}");
    assert_eq!((summary.files_sent, summary.bytes_sent), (2, 18));
    let jobs = fake.jobs.lock().unwrap();
    assert!(jobs.iter().any(|(_, name, _)| name.starts_with("größe")), "{jobs:?}");
    assert!(jobs.iter().all(|(_, _, metadata)| metadata.contains(r#""source":"test""#)), "{jobs:?}");
}

#[tokio::test]
async fn every_end_is_counted_and_one_bad_end_fails_the_run() {
    let fake = Arc::new(Fake::default());
    let names = ["good.txt", "failed.txt", "cancelled.txt", "forgotten.txt"];
    let summary = sent(&fake, names.map(str::to_owned), false).await;
    let jobs = summary.jobs.clone().unwrap();
    assert_eq!((jobs.completed, jobs.failed, jobs.cancelled, jobs.unknown), (1, 1, 1, 1));
    assert!(!summary.is_good());
}

#[tokio::test]
async fn thousands_of_jobs_are_followed_with_few_requests() {
    let fake = Arc::new(Fake::default());
    let summary = sent(&fake, (0..2000).map(|number| format!("{number}.txt")), false).await;
    assert!(summary.is_good(), "{summary}");
    assert_eq!(summary.jobs.unwrap().chunks, 4000);
    let calls = fake.list_calls.load(Ordering::Relaxed);
    assert!(calls < 200, "{calls} requests");
}

#[tokio::test]
async fn a_job_is_seen_to_end_also_between_others_that_wait_far_before_and_after_it() {
    let fake = Arc::new(Fake::default());
    let names = (0..2000).map(|number| format!("{number} of others")).collect::<Vec<_>>();
    let mut jobs: Vec<_> = names.into_iter().map(|name| (Uuid::now_v7(), name, String::new())).collect();
    let watched = [(0, "waiting"), (900, "failed"), (1999, "waiting")];
    for (place, name) in watched {
        name.clone_into(&mut jobs[place].1);
    }
    let (accepted, to_follow) = unbounded_channel();
    for (place, name) in watched {
        accepted.send((JobId(jobs[place].0), name.to_owned())).unwrap();
    }
    *fake.jobs.lock().unwrap() = jobs;
    let client = Client::new(&Arc::clone(&fake).serve().await, None).unwrap();
    let mut ended = Vec::new();
    let followed = follow(&client, to_follow, |name, news| {
        ended.extend(news.end().map(|_| name.to_owned()));
        if ended.is_empty() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    assert!(timeout(Duration::from_secs(30), followed).await.unwrap().is_ok());
    assert_eq!(ended, ["failed"]);
}

#[tokio::test]
async fn without_waiting_no_job_is_asked_for() {
    let fake = Arc::new(Fake::default());
    let summary = sent(&fake, ["failed.txt".to_owned()], true).await;
    assert_eq!((summary.files_sent, &summary.jobs, summary.is_good()), (1, &None, true));
    assert_eq!(fake.list_calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_one_clear_sentence() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let args = IngestArgs { paths: vec![".".into()], ..arguments(url) };
    let error = ingest(args).await.unwrap_err().to_string();
    assert!(error.starts_with("could not reach http://127.0.0.1:"), "{error}");
    assert!(error.contains("is the server running?"), "{error}");
}
