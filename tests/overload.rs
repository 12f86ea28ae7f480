//! More than the server can do: it goes on answering, keeps what it accepted, and refuses the rest cleanly.
//!
//! `SLUICE_BIN` names the server to load (this build's by default), `SLUICE_OVERLOAD_SECONDS` says for how
//! long (60). Times are printed, not asserted: machines differ.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use common::holdings::at_rest;
use common::process::{ServerProcess, server_under_test};
use common::{Form, eventually};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// How many times what the server showed it can do it is asked to do at first; then more, until it refuses half.
const OVERLOAD: f64 = 3.0;

/// For how long it is found out what the server can do.
const CALIBRATION: Duration = Duration::from_secs(8);

/// Clients that find it out, and that read all the while.
const SENDERS: u64 = 8;
const READERS: usize = 4;

/// The server's memory stays below this, in bytes, however much it is asked.
const MEMORY: u64 = 1 << 30;

/// Jobs that may wait: some seconds of work.
const MAX_PENDING: &str = "500";

/// One at a time: each wants the machine for itself.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Requests as they are sent again and again.
struct Load {
    server: ServerProcess,
    requests: Vec<(&'static str, &'static str, Bytes)>,
    accepted: AtomicU64,
    refused: AtomicU64,
}

impl Load {
    async fn new(data: &std::path::Path) -> Self {
        let flags = ["--max-pending-jobs", MAX_PENDING, "--max-jobs", "1000000"];
        let server = ServerProcess::start_as(data, &flags, server_under_test).await;
        let json = "application/json";
        let mut requests = Vec::new();
        for variant in 0..20 {
            let messages: Vec<_> =
                (0..100).map(|it| json!({ "text": words(variant * 100 + it, 1_000) })).collect();
            let batch = json!({ "messages": messages }).to_string();
            let text = json!({ "text_content": words(variant + 5_000, 5_000) }).to_string();
            let file = Form::default().file("a.txt", words(variant + 6_000, 100_000)).end();
            requests.push(("/ingest/batch/async", json, batch.into()));
            requests.push(("/ingest/text/async", json, text.into()));
            requests.push(("/ingest/async", Form::MEDIA_TYPE, file.into()));
        }
        Self { server, requests, accepted: AtomicU64::new(0), refused: AtomicU64::new(0) }
    }

    /// Sends one request, which must be accepted or refused as a full server refuses.
    async fn send(&self, number: u64) -> bool {
        let (path, media_type, body) = self.requests[number as usize % self.requests.len()].clone();
        let request = self.server.client().post(self.server.at(path)).header("content-type", media_type);
        let answer = request.body(body).send().await.unwrap();
        let (status, later) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
        let body: Value = answer.json().await.unwrap();
        if status == 200 {
            self.accepted.fetch_add(1, Ordering::Relaxed);
            return true;
        }
        assert!(matches!(status, 429 | 503) && later && body["code"].is_string(), "{status}: {body}");
        self.refused.fetch_add(1, Ordering::Relaxed);
        false
    }

    async fn completed(&self) -> u64 {
        self.server.get("/jobs/stats").await["completed"].as_u64().unwrap()
    }

    /// How many jobs a second the server completes when it has always something to do.
    async fn capacity(&self) -> f64 {
        let until = Instant::now() + CALIBRATION;
        let sender = |first| async move {
            let mut number = first;
            while Instant::now() < until {
                if !self.send(number).await {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                number += SENDERS;
            }
        };
        let (before, started) = (self.completed().await, Instant::now());
        futures::future::join_all((0..SENDERS).map(sender)).await;
        (self.completed().await - before) as f64 / started.elapsed().as_secs_f64()
    }
}

/// About `length` bytes of text, different for each `seed`.
fn words(seed: u64, length: usize) -> String {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut text = String::new();
    while text.len() < length {
        let word = rng.u32(..4_000) * rng.u32(1..4);
        text.push_str(&format!("w{word} "));
    }
    text
}

/// Reads one thing after another, and notes how long each took.
async fn read(load: &Load, times: &Mutex<Vec<Duration>>) {
    for number in 0_usize.. {
        let started = Instant::now();
        match number % 4 {
            0 => drop(load.server.get("/jobs").await),
            1 => drop(load.server.get("/jobs/stats").await),
            2 => drop(load.server.get("/documents").await),
            _ => drop(load.server.post("/query", &json!({ "question": "w17 w4711" })).await.unwrap()),
        }
        times.lock().unwrap().push(started.elapsed());
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_three_times_what_it_can_do_the_server_goes_on_and_loses_nothing() {
    let _alone = ALONE.lock().await;
    let data = tempfile::tempdir().unwrap();
    let load = Arc::new(Load::new(data.path()).await);
    let capacity = load.capacity().await;
    let seconds = std::env::var("SLUICE_OVERLOAD_SECONDS").ok().and_then(|it| it.parse().ok()).unwrap_or(60);
    load.refused.store(0, Ordering::Relaxed);

    let times = Arc::new(Mutex::new(Vec::new()));
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let (load, times) = (load.clone(), times.clone());
            tokio::spawn(async move { read(&load, &times).await })
        })
        .collect();
    let (mut rate, mut due) = (capacity * OVERLOAD, tokio::time::Instant::now());
    let (until, mut sent, mut sending) = (Instant::now() + Duration::from_secs(seconds), 0, JoinSet::new());
    let mut memory = 0;
    while Instant::now() < until {
        tokio::time::sleep_until(due).await;
        due += Duration::from_secs_f64(1.0 / rate);
        if sent % 50 == 0 {
            memory = memory.max(load.server.memory());
            // It can do more than it showed while it also had to refuse as fast as it was asked.
            if load.refused.load(Ordering::Relaxed) < sent / 2 {
                rate *= 1.1;
            }
        }
        let load = load.clone();
        sending.spawn(async move { load.send(sent).await });
        sent += 1;
        while let Some(ended) = sending.try_join_next() {
            ended.unwrap();
        }
    }
    while let Some(ended) = sending.join_next().await {
        ended.unwrap();
    }
    for reader in &readers {
        assert!(!reader.is_finished(), "a reader was not answered");
        reader.abort();
    }
    let (accepted, refused) = (load.accepted.load(Ordering::Relaxed), load.refused.load(Ordering::Relaxed));
    assert!(refused > sent / 3, "it was to be overloaded: {refused} of {sent} were refused");
    at_rest(&load.server).await;
    let stats = load.server.get("/jobs/stats").await;
    assert_eq!((&stats["completed"], &stats["failed"]), (&json!(accepted), &json!(0)), "{stats}");
    let mut times = times.lock().unwrap().clone();
    times.sort();
    println!(
        "it can do {capacity:.0} jobs/s; asked {:.0}/s for {seconds} s: {sent} sent, {refused} refused, {accepted} \
         accepted in all and completed; {} reads: p50 {:.1?}, p99 {:.1?}, longest {:.1?}; memory at most {} MiB",
        sent as f64 / seconds as f64,
        times.len(),
        times[times.len() / 2],
        times[times.len() * 99 / 100],
        times.last().unwrap(),
        memory >> 20,
    );
    assert!(memory < MEMORY, "{} MiB", memory >> 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_batch_of_one_client_does_not_hold_up_the_uploads_of_others() {
    let _alone = ALONE.lock().await;
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start_as(data.path(), &[], server_under_test).await;
    let messages: Vec<_> = (0..50_000).map(|it| json!({ "text": words(it, 300) })).collect();
    let batch = server.post("/ingest/batch/async", &json!({ "messages": messages })).await.unwrap();
    let batch = format!("/jobs/{}", batch["job_id"].as_str().unwrap());
    eventually(async || (server.get(&batch).await["processed_items"].as_u64() > Some(0)).then_some(())).await;

    let mut waits = Vec::new();
    while server.get(&batch).await["status"] == "running" {
        let part = reqwest::multipart::Part::text("A single file among many.").file_name("a.txt");
        let form = reqwest::multipart::Form::new().part("file", part);
        let started = Instant::now();
        let sent = server.client().post(server.at("/ingest/file")).multipart(form).send().await.unwrap();
        let ingested: Value = sent.json().await.unwrap();
        assert_eq!(ingested["success"], true, "{ingested}");
        waits.push(started.elapsed());
    }
    assert_eq!(server.get(&batch).await["status"], "completed");
    assert!(waits.len() > 3, "files are taken in while the batch is: {waits:?}");
    waits.sort();
    println!(
        "{} files while 50,000 messages were taken in: longest wait {:.1?}",
        waits.len(),
        waits.last().unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_job_tells_its_place() {
    let _alone = ALONE.lock().await;
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &["--max-concurrent-jobs", "1"]).await;
    let large = json!({ "text_content": "many words ".repeat(2_000_000) });
    server.post("/ingest/text/async", &large).await.unwrap();
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.push(server.post("/ingest/text/async", &large).await.unwrap());
    }
    for (ahead, job) in waiting.iter().enumerate().rev() {
        let job = server.get(&format!("/jobs/{}", job["job_id"].as_str().unwrap())).await;
        if job["status"] == "pending" {
            assert!(job["jobs_ahead"].as_u64() <= Some(ahead as u64), "{job}");
            assert!(job["jobs_ahead"].is_u64(), "{job}");
        }
    }
}
