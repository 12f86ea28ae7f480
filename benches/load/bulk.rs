//! Much text in batches: how fast it can be found, what it costs, and how fast a query is then.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use serde_json::json;

use crate::Load;
use crate::figures::{Figure, Floor, Latencies};
use crate::http::{Connection, post_json};
use crate::rng::Rng;
use crate::server::Server;
use crate::small::milliseconds;
use crate::text::Messages;

const BATCH: usize = 500;
const CONNECTIONS: usize = 4;
/// Time for the store to fold its log and for the index to drop merged segments.
const SETTLE: Duration = Duration::from_secs(3);

/// Ingests, measures, then asks.
pub async fn bulk(server: &Server, load: &Load, messages: &Messages) -> anyhow::Result<Vec<Figure>> {
    let bytes = messages.bytes() as f64;
    let batches: Vec<_> = messages.texts.chunks(BATCH).map(batch).collect();
    let jobs = batches.len() as u64;
    let started = Instant::now();
    send(server, batches).await?;
    server.wait_for_completed(jobs, Duration::from_secs(600)).await?;
    let seconds = started.elapsed().as_secs_f64();
    let peak = server.peak_memory()? as f64;
    tokio::time::sleep(SETTLE).await;
    let on_disk = server.data_on_disk() as f64;

    let mut figures = vec![
        Figure {
            name: format!("{:.0} MB in batches of {BATCH} messages until searchable", bytes / 1e6),
            value: bytes / 1e6 / seconds,
            unit: "MB/s",
            floor: Floor::AtLeast(10.0),
            beside: "Meilisearch 1.5; bare tantivy 23 with a commit every 1,000 chunks, 73 in one commit",
        },
        Figure {
            name: "server's peak memory".to_owned(),
            value: peak / 1e6,
            unit: "MB",
            floor: Floor::Below(300.0),
            beside: "Meilisearch 2,400",
        },
        Figure {
            name: "data folder beside the text".to_owned(),
            value: on_disk / bytes,
            unit: "times",
            floor: Floor::AtMost(4.0),
            beside: "Meilisearch 9",
        },
    ];
    figures.extend(queries(server, load, messages).await?);
    Ok(figures)
}

fn batch(texts: &[String]) -> Vec<u8> {
    let messages: Vec<_> = texts.iter().map(|text| json!({"text": text})).collect();
    post_json("/ingest/batch/async", &json!({"messages": messages}).to_string())
}

async fn send(server: &Server, mut batches: Vec<Vec<u8>>) -> anyhow::Result<()> {
    batches.reverse();
    let waiting = RefCell::new(batches);
    let clients = (0..CONNECTIONS).map(|_| async {
        let mut connection = Connection::open(server.address).await?;
        loop {
            let Some(request) = waiting.borrow_mut().pop() else { return anyhow::Ok(()) };
            connection.exchange(&request).await?.accepted()?;
        }
    });
    try_join_all(clients).await.map(|_| ())
}

/// One to four words of the text at a time, one query after the other.
async fn queries(server: &Server, load: &Load, messages: &Messages) -> anyhow::Result<Vec<Figure>> {
    let mut rng = Rng(3);
    let questions: Vec<_> = (0..load.warm_up_queries + load.queries)
        .map(|_| post_json("/query", &json!({"question": question(&mut rng, messages)}).to_string()))
        .collect();
    let (warm_up, measured) = questions.split_at(load.warm_up_queries);
    let mut connection = Connection::open(server.address).await?;
    for question in warm_up {
        connection.exchange(question).await?.accepted()?;
    }
    let (mut latencies, mut empty) = (Latencies::default(), 0);
    for question in measured {
        let body = connection.timed(question, &mut latencies).await?;
        empty += u32::from(body.windows(12).any(|part| part == br#""sources":[]"#));
    }
    Ok(vec![
        milliseconds(
            &format!("query of 1 to 4 words p50, {} queries", measured.len()),
            latencies.percentile(50.0),
            Floor::Below(2.0),
            "Meilisearch 2.5; bare tantivy 0.32",
        ),
        milliseconds(
            "query p99",
            latencies.percentile(99.0),
            Floor::Below(10.0),
            "Meilisearch 10.5; bare tantivy 0.84",
        ),
        Figure {
            name: "queries that found nothing".to_owned(),
            value: f64::from(empty),
            unit: "",
            floor: Floor::AtMost(0.0),
            beside: "",
        },
    ])
}

/// Words of one message, which therefore can be found.
fn question(rng: &mut Rng, messages: &Messages) -> String {
    let is_word = |word: &&str| word.len() >= 3 && word.chars().all(char::is_alphabetic);
    let wanted = 1 + rng.below(4);
    loop {
        let text = &messages.texts[rng.below(messages.texts.len())];
        let words: Vec<_> = text.split_whitespace().filter(is_word).collect();
        if words.len() >= wanted {
            return (0..wanted).map(|_| words[rng.below(words.len())]).collect::<Vec<_>>().join(" ");
        }
    }
}
