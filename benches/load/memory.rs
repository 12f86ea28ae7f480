//! What the server holds in memory when it does nothing, and while it takes in a very large file.

use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::Value;
use tokio::time::sleep;

use crate::Load;
use crate::figures::{Figure, Floor};
use crate::http::{Connection, request};
use crate::server::Server;
use crate::text::Messages;

const SETTLE: Duration = Duration::from_secs(5);
const BOUNDARY: &str = "a-line-that-no-text-has";
/// The file repeats this much text.
const REPEATED: usize = 8 << 20;
const PIECE: usize = 256 * 1024;

/// Memory some seconds after the start.
pub async fn idle(server: &Server) -> anyhow::Result<Vec<Figure>> {
    sleep(SETTLE).await;
    Ok(vec![Figure {
        name: format!("memory {} s after the start", SETTLE.as_secs()),
        value: server.memory()? as f64 / 1e6,
        unit: "MB",
        floor: Floor::Below(80.0),
        beside: "",
    }])
}

/// Uploads one large file. Only the upload counts: the job is cancelled once it is accepted.
pub async fn upload(server: &Server, load: &Load, messages: &Messages) -> anyhow::Result<Vec<Figure>> {
    let mut text = messages.texts.join("\n").into_bytes();
    text.truncate(REPEATED);
    let head = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"large.txt\"\r\n\
         content-type: text/plain\r\n\r\n"
    );
    let tail = format!("\r\n--{BOUNDARY}--\r\n");
    let length = head.len() as u64 + load.upload_bytes + tail.len() as u64;
    let start = format!(
        "POST /ingest/async HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\
         content-type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n{head}"
    );

    sleep(SETTLE).await;
    server.forget_peak()?;
    let before = server.memory()?;
    let mut connection = Connection::open(server.address).await?;
    let started = Instant::now();
    let sent = send(&mut connection, &start, &text, load.upload_bytes, &tail).await;
    // A server that refuses the file says why before it closes the connection.
    let answer = connection.answer().await.and_then(|answer| answer.accepted());
    let peak = server.peak_memory()?;
    let seconds = started.elapsed().as_secs_f64();
    let answer: Value = serde_json::from_slice(&answer?).context("reading the answer")?;
    sent?;
    let job = answer["job_id"].as_str().context("the answer has no job_id")?;
    connection.exchange(&request("DELETE", &format!("/jobs/{job}"))).await?.accepted()?;

    let mebibytes = load.upload_bytes >> 20;
    Ok(vec![
        Figure {
            name: format!("memory growth during an upload of {mebibytes} MiB"),
            value: peak.saturating_sub(before) as f64 / f64::from(1 << 20),
            unit: "MiB",
            floor: Floor::Below(64.0),
            beside: "",
        },
        Figure {
            name: "upload until accepted".to_owned(),
            value: load.upload_bytes as f64 / 1e6 / seconds,
            unit: "MB/s",
            floor: Floor::None,
            beside: "",
        },
    ])
}

async fn send(
    connection: &mut Connection,
    start: &str,
    text: &[u8],
    bytes: u64,
    tail: &str,
) -> anyhow::Result<()> {
    connection.write(start.as_bytes()).await?;
    let mut left = bytes;
    while left > 0 {
        for piece in text.chunks(PIECE) {
            let piece = &piece[..piece.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
            connection.write(piece).await?;
            left -= piece.len() as u64;
        }
    }
    connection.write(tail.as_bytes()).await
}
