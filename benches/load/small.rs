//! Small texts, one job each: how fast they are taken, and how fast they can be found.

use std::cell::Cell;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures::future::try_join_all;
use serde_json::Value;

use crate::Load;
use crate::figures::{Figure, Floor, Latencies};
use crate::http::{Connection, post_json};
use crate::server::Server;
use crate::text::Messages;

const CONNECTIONS: usize = 32;
const TEXT_BYTES: usize = 1024;
/// Left out of the figures: connections, caches and the store's first pages.
const WARM_UP: Duration = Duration::from_secs(1);

/// How many different texts there are; each is sent many times, with a new number.
const TEXTS: usize = 4096;
const NUMBER_DIGITS: usize = 12;

/// Durable accepts: the job is on disk when the answer comes.
pub async fn accepts(server: &Server, load: &Load, messages: &Messages) -> anyhow::Result<Vec<Figure>> {
    let requests = Requests::prepare(messages)?;
    let start = Instant::now() + WARM_UP;
    let end = start + load.accepts_for;
    let clients = (0..CONNECTIONS).map(|_| async {
        let mut connection = Connection::open(server.address).await?;
        let (mut request, mut latencies, mut warm_up) =
            (Vec::new(), Latencies::default(), Latencies::default());
        while Instant::now() < end {
            requests.next(&mut request);
            let warm = Instant::now() >= start;
            connection.timed(&request, if warm { &mut latencies } else { &mut warm_up }).await?;
        }
        anyhow::Ok(latencies)
    });
    let mut latencies = Latencies::default();
    for of_one in try_join_all(clients).await? {
        latencies.append(of_one);
    }
    let seconds = start.elapsed().as_secs_f64();
    let beside = "the same statements behind a bare handler 17,000/s; Meilisearch 1,200 to 1,500/s";
    Ok(vec![
        Figure {
            name: format!("durable accepts of 1 KB texts, {CONNECTIONS} connections"),
            value: latencies.len() as f64 / seconds,
            unit: "/s",
            floor: Floor::AtLeast(8_000.0),
            beside,
        },
        milliseconds("accept p50", latencies.percentile(50.0), Floor::None, ""),
        milliseconds("accept p99", latencies.percentile(99.0), Floor::Below(50.0), ""),
    ])
}

/// The whole way of a text, from the first request until the last can be found.
pub async fn texts(server: &Server, load: &Load, messages: &Messages) -> anyhow::Result<Vec<Figure>> {
    let requests = Requests::prepare(messages)?;
    let started = Instant::now();
    let clients = (0..CONNECTIONS).map(|_| async {
        let mut connection = Connection::open(server.address).await?;
        let mut request = Vec::new();
        while requests.sent.get() < load.texts {
            requests.next(&mut request);
            connection.exchange(&request).await?.accepted()?;
        }
        anyhow::Ok(())
    });
    try_join_all(clients).await?;
    let accepted = started.elapsed().as_secs_f64();
    server.wait_for_completed(load.texts, Duration::from_secs(300)).await?;
    let texts = load.texts as f64;
    Ok(vec![
        Figure {
            name: format!("{} texts of 1 KB from accept to searchable", load.texts),
            value: texts / started.elapsed().as_secs_f64(),
            unit: "/s",
            floor: Floor::AtLeast(1_500.0),
            beside: "Meilisearch 750/s; BullMQ on a flushed Redis 1,550 no-op jobs/s; \
                     the original service, in memory without an index, 3,300/s",
        },
        Figure {
            name: "accepts meanwhile".to_owned(),
            value: texts / accepted,
            unit: "/s",
            floor: Floor::None,
            beside: "",
        },
    ])
}

/// A figure in milliseconds.
pub fn milliseconds(name: &str, value: f64, floor: Floor, beside: &'static str) -> Figure {
    Figure { name: name.to_owned(), value, unit: "ms", floor, beside }
}

/// Prepared requests, of which each that is sent gets a number of its own, so that no two texts are equal.
struct Requests {
    prepared: Vec<Vec<u8>>,
    /// Where the number is, counted from the request's end.
    from_end: Vec<usize>,
    sent: Cell<u64>,
}

impl Requests {
    fn prepare(messages: &Messages) -> anyhow::Result<Self> {
        let number = "0".repeat(NUMBER_DIGITS);
        let mut requests = Self { prepared: Vec::new(), from_end: Vec::new(), sent: Cell::new(0) };
        for text in messages.texts.iter().take(TEXTS) {
            let text = &text[..text.floor_char_boundary(TEXT_BYTES - NUMBER_DIGITS - 1)];
            let value: Value = format!("{number} {text}").into();
            let body = format!("{{\"text_content\":{value}}}");
            let at = body.find(&number).context("the text has lost its number")?;
            requests.from_end.push(body.len() - at);
            requests.prepared.push(post_json("/ingest/text/async", &body));
        }
        Ok(requests)
    }

    /// Writes the next request into `request`.
    fn next(&self, request: &mut Vec<u8>) {
        let number = self.sent.replace(self.sent.get() + 1);
        let which = number as usize % self.prepared.len();
        request.clear();
        request.extend_from_slice(&self.prepared[which]);
        let start = request.len() - self.from_end[which];
        let mut rest = number;
        for digit in request[start..start + NUMBER_DIGITS].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }
}
