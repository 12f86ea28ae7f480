//! Kills the server again and again while it works, and compares what is left with a model of what it
//! promised.
//!
//! `SLUICE_CRASH_ROUNDS` says how often (25 by default), `SLUICE_SEED` repeats a run's choices.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use common::eventually;
use common::holdings::{Holdings, at_rest, found};
use common::process::{ServerProcess, run};
use fastrand::Rng;
use rusqlite::Connection;
use serde_json::{Value, json};

/// A crash counts as an attempt, and here crashes are no job's fault.
const FLAGS: [&str; 8] =
    ["--max-attempts", "100", "--max-jobs", "100", "--retry-delay", "0", "--clean-up-interval", "1"];

/// Clients at work at the same time.
const CLIENTS: u64 = 6;

/// A client's longest time at work before the kill, in milliseconds.
const LONGEST_ROUND: u64 = 1500;

/// What was promised, as far as the clients know.
#[derive(Default)]
struct Model {
    jobs: HashMap<String, Promise>,
    refused: u64,
    cancels: u64,
    retries: u64,
    deletes: u64,
}

/// A job that was accepted.
#[derive(Clone, Debug, Default)]
struct Promise {
    /// For each item that has text, a word that only its document has.
    words: Vec<String>,
    /// Items without text: they fail.
    blank: usize,
    /// Someone asked to cancel it; with luck in time.
    cancel_asked: bool,
    /// A document of it was deleted, or perhaps only asked to be.
    delete_asked: bool,
    /// How it had ended when it was made to look old: since then clean-up may have deleted its row.
    aged: Option<String>,
}

struct Soak {
    model: Mutex<Model>,
}

impl Soak {
    fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap()
    }

    /// One client: does one thing after another until the server is gone.
    async fn client(&self, server: &ServerProcess, mut rng: Rng) {
        loop {
            let done = match rng.u8(..100) {
                0..40 => self.send_text(server, &mut rng).await,
                40..60 => self.send_batch(server, &mut rng).await,
                60..75 => self.send_files(server, &mut rng).await,
                75..88 => self.cancel(server, &mut rng).await,
                88..94 => self.retry(server, &mut rng).await,
                _ => self.delete(server, &mut rng).await,
            };
            if done.is_err() {
                return;
            }
        }
    }

    fn promise(&self, answer: &Value, words: Vec<String>, blank: usize) {
        let id = answer["job_id"].as_str().unwrap().to_owned();
        let promise = Promise { words, blank, ..Promise::default() };
        assert!(self.model().jobs.insert(id, promise).is_none(), "a job id was given out twice");
    }

    async fn send_text(&self, server: &ServerProcess, rng: &mut Rng) -> reqwest::Result<()> {
        // Now and then one so large that it is written in several steps.
        let sentences = if rng.u8(..60) == 0 { 30_000 } else { rng.usize(1..60) };
        let (text, word) = text(rng, sentences);
        let answer = server.post("/ingest/text/async", &json!({ "text_content": text })).await?;
        self.promise(&answer, vec![word], 0);
        Ok(())
    }

    async fn send_batch(&self, server: &ServerProcess, rng: &mut Rng) -> reqwest::Result<()> {
        let count = rng.usize(1..30);
        let (texts, words): (Vec<_>, Vec<_>) = (0..count).map(|_| text(rng, 5)).unzip();
        let messages: Vec<_> = texts.iter().map(|text| json!({ "text": text })).collect();
        let answer = server.post("/ingest/batch/async", &json!({ "messages": messages })).await?;
        self.promise(&answer, words, 0);
        Ok(())
    }

    async fn send_files(&self, server: &ServerProcess, rng: &mut Rng) -> reqwest::Result<()> {
        let mut form = reqwest::multipart::Form::new();
        let (mut words, mut blank) = (Vec::new(), 0);
        let count = rng.usize(1..5);
        for number in 0..count {
            // A blank file is taken in, because its end is not known before, and fails later.
            let content = if rng.u8(..6) == 0 {
                blank += 1;
                "  \n ".to_owned()
            } else {
                let sentences = rng.usize(1..300);
                let (text, word) = text(rng, sentences);
                words.push(word);
                text
            };
            let part = reqwest::multipart::Part::text(content).file_name(format!("{number}.txt"));
            form = form.part("file", part);
        }
        let sent = server.client().post(server.at("/ingest/async")).multipart(form).send().await?;
        let answer = sent.error_for_status()?.json().await?;
        self.promise(&answer, words, blank);
        Ok(())
    }

    /// Any job that was accepted.
    fn any_job(&self, rng: &mut Rng) -> Option<String> {
        let model = self.model();
        let mut ids: Vec<_> = model.jobs.keys().cloned().collect();
        ids.sort();
        // Mostly a young one: it may still be at work.
        let from = if rng.bool() { ids.len().saturating_sub(20) } else { 0 };
        rng.choice(ids.into_iter().skip(from).collect::<Vec<_>>())
    }

    fn remember(&self, id: &str, change: impl FnOnce(&mut Promise)) {
        if let Some(promise) = self.model().jobs.get_mut(id) {
            change(promise);
        }
    }

    async fn cancel(&self, server: &ServerProcess, rng: &mut Rng) -> reqwest::Result<()> {
        let Some(id) = self.any_job(rng) else { return Ok(()) };
        self.remember(&id, |promise| promise.cancel_asked = true);
        self.model().cancels += 1;
        self.expect(server.client().delete(server.at(&format!("/jobs/{id}"))), &self.answers_about(&id)).await
    }

    async fn retry(&self, server: &ServerProcess, rng: &mut Rng) -> reqwest::Result<()> {
        let Some(id) = self.any_job(rng) else { return Ok(()) };
        self.model().retries += 1;
        let request = server.client().post(server.at(&format!("/jobs/{id}/retry")));
        self.expect(request, &self.answers_about(&id)).await
    }

    /// What may come of a wish about a job.
    fn answers_about(&self, id: &str) -> Vec<u16> {
        let cleaned_up = self.model().jobs[id].aged.is_some().then_some(404);
        [200, 409].into_iter().chain(cleaned_up).collect()
    }

    /// Makes what has ended look two hours old, so that clean-up may take it.
    fn age(&self, data: &Path) {
        let database = Connection::open(data.join("sluice.db")).unwrap();
        let ended = "select lower(hex(id)), status from job where completed_at is not null";
        let mut ended = database.prepare(ended).unwrap();
        let ended = ended.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?))).unwrap();
        for (id, status) in ended.map(Result::unwrap) {
            // Of a job whose acceptance the clients never heard of, nothing is promised.
            self.remember(&id.parse::<uuid::Uuid>().unwrap().to_string(), |promise| {
                promise.aged = Some(status)
            });
        }
        let two_hours = Duration::from_secs(2 * 60 * 60);
        let aged = "update job set completed_at = completed_at - ?1 where completed_at is not null";
        database.execute(aged, [two_hours.as_millis() as i64]).unwrap();
        for blob in std::fs::read_dir(data.join("blobs")).unwrap() {
            let blob = std::fs::File::open(blob.unwrap().path()).unwrap();
            blob.set_modified(SystemTime::now() - two_hours).unwrap();
        }
    }

    async fn delete(&self, server: &ServerProcess, rng: &mut Rng) -> reqwest::Result<()> {
        let page: Value = server.client().get(server.at("/documents?limit=20")).send().await?.json().await?;
        let Some(document) = rng.choice(page["documents"].as_array().unwrap()) else { return Ok(()) };
        // Of a job whose acceptance the clients never heard of, nothing is promised.
        self.remember(document["job_id"].as_str().unwrap(), |promise| promise.delete_asked = true);
        self.model().deletes += 1;
        let path = format!("/documents/{}", document["document_id"].as_str().unwrap());
        self.expect(server.client().delete(server.at(&path)), &[200, 204, 404]).await
    }

    async fn expect(&self, request: reqwest::RequestBuilder, statuses: &[u16]) -> reqwest::Result<()> {
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        assert!(statuses.contains(&status), "{status}: {}", answer.text().await?);
        if status >= 400 {
            self.model().refused += 1;
        }
        Ok(())
    }
}

/// Some sentences, with a word at the end that no other text has.
fn text(rng: &mut Rng, sentences: usize) -> (String, String) {
    let word: String = std::iter::repeat_with(|| rng.lowercase()).take(16).collect();
    let mut text = "The gate opens, the water rises, and the ship goes on. ".repeat(sentences);
    text.push_str(&word);
    (text, word)
}

fn sum(values: impl Iterator<Item = u64>) -> u64 {
    values.sum()
}

/// Holds what is there against what was promised.
fn compare(model: &Model, holdings: &Holdings, places: &BTreeMap<String, Vec<(String, u64)>>) {
    for (id, promise) in &model.jobs {
        let job = holdings.jobs.get(id);
        let status = job.map(|job| job["status"].as_str().unwrap()).or(promise.aged.as_deref());
        let job = job.unwrap_or(&Value::Null);
        let documents = holdings.documents_of(id);
        match status.unwrap_or_else(|| panic!("job {id} was accepted and is lost")) {
            "completed" => {
                let chunks = sum(documents.iter().map(|it| it["chunk_count"].as_u64().unwrap()));
                if !promise.delete_asked {
                    assert_eq!(documents.len(), promise.words.len(), "{id}: {job}");
                }
                if !promise.delete_asked && !job.is_null() {
                    assert_eq!(job["chunks_created"], chunks, "{job}");
                    assert_eq!(job["failed_items"], promise.blank, "{job}");
                }
                let mut seen = 0;
                for word in &promise.words {
                    let at = &places[word];
                    let documents: BTreeSet<_> = at.iter().map(|(document, _)| document).collect();
                    assert!(documents.len() <= 1, "{word} is in several documents: {at:?}");
                    seen += documents.len();
                }
                assert_eq!(seen, documents.len(), "each document is found by its word: {id}: {job}");
            }
            "cancelled" => {
                assert!(promise.cancel_asked, "nobody asked to cancel {job}");
                assert!(documents.is_empty(), "a cancelled job left documents: {job}");
                assert!(promise.words.iter().all(|word| places[word].is_empty()), "{job}");
            }
            "failed" => {
                assert!(promise.words.is_empty(), "{id}: {job}");
                assert!(job.is_null() || job["error_code"] == "no_text", "{job}");
            }
            other => panic!("job {id} is {other}"),
        }
    }

    let (jobs, documents, stats) = (&holdings.jobs, &holdings.documents, &holdings.stats);
    for status in ["pending", "running", "completed", "failed", "cancelled"] {
        let count = jobs.values().filter(|job| job["status"] == status).count();
        assert_eq!(stats[status], count, "{status}");
    }
    let created = sum(jobs.values().map(|job| job["chunks_created"].as_u64().unwrap()));
    assert_eq!(stats["total_chunks_created"], created);
    let chunks = sum(documents.iter().map(|it| it["chunk_count"].as_u64().unwrap()));
    assert_eq!(holdings.info["documents"], documents.len());
    assert_eq!(holdings.info["chunks"], chunks);
    assert_eq!(holdings.info["index"]["chunks"], chunks);
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_instant_the_server_is_killed_at_it_keeps_what_it_promised() {
    let seed = setting("SLUICE_SEED", fastrand::u64(..));
    let rounds = setting("SLUICE_CRASH_ROUNDS", 25);
    println!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let data = tempfile::tempdir().unwrap();
    let soak = Soak { model: Mutex::default() };

    for round in 0..rounds {
        let server = ServerProcess::start(data.path(), &FLAGS).await;
        let clients: Vec<_> = (0..CLIENTS).map(|_| soak.client(&server, rng.fork())).collect();
        let until = Duration::from_millis(rng.u64(1..LONGEST_ROUND));
        // Clients that wait for an answer at the kill hear of a broken connection and go home.
        let working = futures::future::join_all(clients);
        let killer = async {
            tokio::time::sleep(until).await;
            server.kill_now();
        };
        tokio::join!(working, killer);
        if rng.u8(..4) == 0 {
            killed_while_it_starts(data.path(), &mut rng).await;
        }
        if rng.u8(..3) == 0 {
            soak.age(data.path());
        }
        if round % 5 == 4 {
            println!("round {}: {} jobs accepted", round + 1, soak.model().jobs.len());
        }
    }

    let server = ServerProcess::start(data.path(), &FLAGS).await;
    at_rest(&server).await;
    server.signal("-TERM").await;
    soak.age(data.path());
    let server = ServerProcess::start(data.path(), &FLAGS).await;
    at_rest(&server).await;
    eventually(async || (blobs(data.path()) == needed_blobs(data.path())).then_some(())).await;
    let model = soak.model.into_inner().unwrap();
    let words: BTreeSet<_> = model.jobs.values().flat_map(|promise| promise.words.clone()).collect();
    let places = found(&server, &words).await;
    let holdings = Holdings::of(&server).await;
    compare(&model, &holdings, &places);
    server.signal("-TERM").await;
    let check = run(&["check", "--data-dir", data.path().to_str().unwrap()]);
    println!("{}", String::from_utf8_lossy(&check.stdout).trim());
    assert!(check.status.success());

    std::fs::remove_dir_all(data.path().join("index")).unwrap();
    let server = ServerProcess::start(data.path(), &FLAGS).await;
    at_rest(&server).await;
    assert_eq!(found(&server, &words).await, places, "an index built anew finds the same");
    let of = |status: &str| holdings.stats[status].as_u64().unwrap();
    println!(
        "{rounds} rounds, {rounds} kills at work: {} jobs accepted and accounted for (of {} rows left: {} completed, {} \
         failed, {} cancelled), {} documents, {} cancels, {} retries and {} deletions asked for, {} of them refused",
        model.jobs.len(),
        holdings.jobs.len(),
        of("completed"),
        of("failed"),
        of("cancelled"),
        holdings.documents.len(),
        model.cancels,
        model.retries,
        model.deletes,
        model.refused,
    );
}

/// Files among the blobs.
fn blobs(data: &Path) -> usize {
    std::fs::read_dir(data.join("blobs")).unwrap().count()
}

/// Blobs that jobs and documents refer to.
fn needed_blobs(data: &Path) -> usize {
    let needed = "select count(*) from (select blob from job_blob union select blob from document where blob is not null)";
    let database = Connection::open(data.join("sluice.db")).unwrap();
    database.query_row(needed, [], |row| row.get(0)).unwrap()
}

/// Kills a server at some instant of its start, when it takes up what the last one left.
async fn killed_while_it_starts(data: &Path, rng: &mut Rng) {
    let server = ServerProcess::spawn(data, &FLAGS);
    tokio::time::sleep(Duration::from_millis(rng.u64(1..150))).await;
    server.kill();
}
