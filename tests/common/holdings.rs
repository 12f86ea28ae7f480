//! Everything a server holds, as its API tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_json::{Value, json};

use super::process::ServerProcess;
use super::{PATIENCE, eventually_within};

/// Jobs, documents and counts of one moment.
#[derive(Debug, PartialEq)]
pub struct Holdings {
    pub jobs: BTreeMap<String, Value>,
    pub documents: Vec<Value>,
    pub stats: Value,
    pub info: Value,
}

impl Holdings {
    pub async fn of(server: &ServerProcess) -> Self {
        let jobs = all(server, "/jobs?limit=1000", "jobs").await;
        Self {
            jobs: jobs.into_iter().map(|job| (job["job_id"].as_str().unwrap().to_owned(), job)).collect(),
            documents: all(server, "/documents?limit=1000", "documents").await,
            stats: server.get("/jobs/stats").await,
            info: server.get("/knowledge-base/info").await,
        }
    }

    pub fn documents_of(&self, job: &str) -> Vec<&Value> {
        self.documents.iter().filter(|document| document["job_id"] == job).collect()
    }
}

/// All pages of a list.
pub async fn all(server: &ServerProcess, path: &str, field: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut before = String::new();
    loop {
        let mut page = server.get(&format!("{path}{before}")).await;
        found.append(page[field].as_array_mut().unwrap());
        let Some(next) = page["next"].as_str() else { return found };
        before = format!("&before={next}");
    }
}

/// Waits until nothing is left to do, and the index has all of it: as long as that takes, if it only goes on.
pub async fn at_rest(server: &ServerProcess) {
    let (mut seen, mut moved) = (Value::Null, Instant::now());
    eventually_within(Duration::MAX, async || {
        let stats = server.get("/jobs/stats").await;
        let index = server.get("/knowledge-base/info").await["index"].clone();
        if stats["pending"] == 0 && stats["running"] == 0 && index["up_to_date"] == true {
            return Some(());
        }
        let now = json!([stats, index]);
        if now != seen {
            (seen, moved) = (now, Instant::now());
        }
        assert!(moved.elapsed() < PATIENCE, "nothing happens any more: {seen}");
        None
    })
    .await;
}

/// Where each word is found: documents and chunks.
pub async fn found(server: &ServerProcess, words: &BTreeSet<String>) -> BTreeMap<String, Vec<(String, u64)>> {
    let asked = futures::stream::iter(words).map(async |word: &String| {
        let answer = server.post("/query", &json!({ "question": word, "max_chunks": 100 })).await.unwrap();
        let sources = answer["sources"].as_array().unwrap().iter().map(|source| {
            let document = source["document_id"].as_str().unwrap().to_owned();
            (document, source["chunk_index"].as_u64().unwrap())
        });
        let mut sources: Vec<_> = sources.collect();
        sources.sort();
        (word.clone(), sources)
    });
    asked.buffer_unordered(8).collect().await
}
