//! The least HTTP/1.1 that can load a server: it shares the cores with it, so it must cost little.
//!
//! Requests are written as they were prepared; answers must carry their length, as the server's do.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::figures::Latencies;

/// A connection that is kept for many requests.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body of an answer that says yes.
    pub fn accepted(self) -> anyhow::Result<Vec<u8>> {
        let start = || String::from_utf8_lossy(&self.body).chars().take(300).collect::<String>();
        ensure!(self.status == 200, "the server answered {}: {}", self.status, start());
        Ok(self.body)
    }
}

impl Connection {
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("could not connect")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a prepared request and reads its answer.
    pub async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.write(request).await?;
        self.answer().await
    }

    /// The same, adding the time it took.
    pub async fn timed(&mut self, request: &[u8], latencies: &mut Latencies) -> anyhow::Result<Vec<u8>> {
        let before = Instant::now();
        let answer = self.exchange(request).await?;
        latencies.add(before.elapsed());
        answer.accepted()
    }

    /// Sends a part of a request.
    pub async fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.stream.write_all(bytes).await.context("the server closed the connection while it was sent to")
    }

    /// Reads the next answer.
    pub async fn answer(&mut self) -> anyhow::Result<Answer> {
        let head = loop {
            match self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                Some(at) => break at + 4,
                None => self.read_more().await?,
            }
        };
        let (status, length) = read_head(&self.read[..head])?;
        while self.read.len() < head + length {
            self.read_more().await?;
        }
        let body = self.read[head..head + length].to_vec();
        self.read.drain(..head + length);
        Ok(Answer { status, body })
    }

    async fn read_more(&mut self) -> anyhow::Result<()> {
        match self.stream.read_buf(&mut self.read).await {
            Ok(0) => bail!("the server closed the connection"),
            Ok(_) => Ok(()),
            Err(error) => Err(error).context("the server broke the connection"),
        }
    }
}

/// Status and body length of an answer.
fn read_head(head: &[u8]) -> anyhow::Result<(u16, usize)> {
    let head = std::str::from_utf8(head).context("the answer's head is not text")?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    match (status, length) {
        (Some(status), Some(length)) => Ok((status, length)),
        _ => bail!("the answer's head has no status or no length: {head:?}"),
    }
}

/// A request without a body.
pub fn request(method: &str, path: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()
}

/// A request that sends JSON.
pub fn post_json(path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
