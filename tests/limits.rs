//! The server's bounds: beyond each a client hears which it is, and the server goes on.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, header};
use common::process::ServerProcess;
use common::{Form, TestServer, eventually};
use futures::StreamExt;
use futures::stream;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// A request whose body begins with `bytes` and never ends. Aborted, its connection is gone.
fn begin(server: &TestServer, path: &str, media_type: &str, bytes: Vec<u8>) -> JoinHandle<()> {
    let first = stream::once(async move { Ok::<_, std::io::Error>(Bytes::from(bytes)) });
    let body = Body::from_stream(first.chain(stream::pending()));
    let request = Request::post(path).header(header::CONTENT_TYPE, media_type).body(body).unwrap();
    let router = server.service().router.clone();
    tokio::spawn(async move {
        let _ = router.oneshot(request).await;
    })
}

fn names(problem: &Value, setting: &str) {
    assert!(problem["detail"].as_str().unwrap().contains(setting), "{problem}");
}

#[tokio::test]
async fn all_limits_are_told_beforehand() {
    let server = TestServer::with(&["--max-form-parts", "7", "--max-text-size", "1MiB"]).await;
    let limits = server.get("/limits").await.ok();
    assert_eq!((&limits["max_form_parts"], &limits["max_text_size"]), (&json!(7), &json!(1 << 20)));
    for name in [
        "max_upload_size",
        "max_body_memory",
        "max_batch_messages",
        "max_pending_jobs",
        "max_concurrent_uploads",
        "max_connections",
        "max_event_streams",
        "client_timeout",
        "min_free_disk",
        "max_field_size",
        "max_file_name_size",
        "max_metadata_size",
        "max_metadata_depth",
        "max_items",
        "max_page",
        "max_question_length",
        "max_chunks",
    ] {
        assert!(limits[name].is_u64(), "{name} in {limits}");
    }
}

#[tokio::test]
async fn a_form_has_only_so_many_parts_and_a_batch_so_many_messages() {
    let server = TestServer::with(&["--max-form-parts", "3", "--max-batch-messages", "2"]).await;
    let form = |files: usize| (0..files).fold(Form::default(), |form, _| form.file("a.txt", "text"));
    server.post_form("/ingest", form(3)).await.ok();
    names(&server.post_form("/ingest", form(4)).await.problem(413, "too_many_parts"), "--max-form-parts");
    let batch = |count| json!({ "messages": vec![json!({ "text": "a" }); count] });
    server.post("/ingest/batch", batch(2)).await.ok();
    let refused = server.post("/ingest/batch", batch(3)).await;
    names(&refused.problem(413, "too_many_items"), "--max-batch-messages");
    assert_eq!(server.files("tmp"), 0);
}

#[tokio::test]
async fn only_so_many_uploads_are_read_at_a_time() {
    let server = TestServer::with(&["--max-concurrent-uploads", "1"]).await;
    let form = Form::default().file("a.txt", "the beginning").broken_off();
    let upload = begin(&server, "/ingest", Form::MEDIA_TYPE, form);
    eventually(async || (server.files("tmp") == 1).then_some(())).await;
    let refused = server.post_form("/ingest", Form::default().file("b.txt", "text")).await;
    names(&refused.problem(429, "too_many_uploads"), "--max-concurrent-uploads");
    assert_eq!(refused.headers["retry-after"], "5");
    server.given_a_text("a text is no upload").await;

    upload.abort();
    eventually(async || {
        let answer = server.post_form("/ingest", Form::default().file("b.txt", "text")).await;
        (answer.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn bodies_that_are_held_share_a_bounded_memory() {
    let server = TestServer::with(&["--max-text-size", "64kB", "--max-body-memory", "64kB"]).await;
    let begin = || begin(&server, "/ingest/text/async", "application/json", vec![b' '; 50_000]);
    let mut begun = begin();
    let text = json!({ "text_content": "word ".repeat(6_000) });
    let refused = eventually(async || {
        // Perhaps the text came first, and it was the other that was refused.
        if begun.is_finished() {
            begun = begin();
            tokio::task::yield_now().await;
        }
        let answer = server.post("/ingest/text/async", text.clone()).await;
        (answer.status != 200).then_some(answer)
    })
    .await;
    names(&refused.problem(429, "too_many_bodies"), "--max-body-memory");
    server.given_a_text("there is room for a short one").await;

    begun.abort();
    eventually(async || (server.post("/ingest/text/async", text.clone()).await.status == 200).then_some(()))
        .await;
}

#[tokio::test]
async fn a_body_that_stops_coming_is_given_up() {
    let server = TestServer::with(&["--client-timeout", "1"]).await;
    for (path, media_type, bytes) in [
        ("/ingest", Form::MEDIA_TYPE, Form::default().file("a.txt", "the beginning").broken_off()),
        ("/ingest/text", "application/json", b"{\"text_content\": \"".to_vec()),
        ("/ingest", "application/x-www-form-urlencoded", b"text_content=".to_vec()),
    ] {
        let first = stream::once(async move { Ok::<_, std::io::Error>(Bytes::from(bytes)) });
        let body = Body::from_stream(first.chain(stream::pending()));
        let answer = server.post_as(path, media_type, body).await;
        names(&answer.problem(408, "request_timeout"), "--client-timeout");
    }
    assert_eq!(
        (server.files("tmp"), server.get("/jobs/stats").await.ok()["total_jobs"].as_u64()),
        (0, Some(0))
    );
}

#[tokio::test]
async fn only_so_many_event_streams_are_open() {
    let server = TestServer::with(&["--max-event-streams", "1"]).await;
    let events = || Request::get("/jobs/events").body(Body::empty()).unwrap();
    let stream = server.stream(events()).await;
    names(&server.send(events()).await.problem(429, "too_many_event_streams"), "--max-event-streams");
    drop(stream);
    let again = server.service().router.clone().oneshot(events()).await.unwrap();
    assert_eq!(again.status(), 200);
}

async fn connect(server: &ServerProcess) -> TcpStream {
    TcpStream::connect(server.address()).await.unwrap()
}

/// All that comes until the other side closes.
async fn rest_of(connection: &mut TcpStream) -> String {
    let mut all = Vec::new();
    // A reset is an end, too.
    let _ = tokio::time::timeout(common::PATIENCE, connection.read_to_end(&mut all)).await.unwrap();
    String::from_utf8_lossy(&all).into_owned()
}

const ASK: &[u8] = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_connections_are_open_and_more_are_told() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &["--max-connections", "4"]).await;
    // More than there are places, whatever the client of the start still holds.
    let mut idle = Vec::new();
    let told = eventually(async || {
        let mut connection = connect(&server).await;
        connection.write_all(ASK).await.unwrap();
        let answer = rest_of(&mut connection).await;
        idle.push(connect(&server).await);
        answer.starts_with("HTTP/1.1 503").then_some(answer)
    })
    .await;
    assert!(told.contains("too_many_connections") && told.contains("--max-connections"), "{told}");
    assert!(told.to_lowercase().contains("retry-after: 5"), "{told}");
    idle.clear();
    eventually(async || {
        let mut connection = connect(&server).await;
        connection.write_all(ASK).await.unwrap();
        rest_of(&mut connection).await.starts_with("HTTP/1.1 200").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_a_body_that_is_not_wanted_hears_so_and_can_go_on() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &["--max-text-size", "1MiB"]).await;
    let mut connection = connect(&server).await;
    let refused = [
        (Form::MEDIA_TYPE, Form::default().file("a.png", vec![b'x'; 8 << 20]).end(), "415"),
        ("application/json", vec![b'x'; 8 << 20], "413"),
        ("text/strange", vec![b'x'; 8 << 20], "415"),
    ];
    for (media_type, body, status) in refused {
        let head = format!(
            "POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        // All of it before the answer is looked at, as simple clients do.
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(&body).await.unwrap();
        let mut answer = [0; 4096];
        let length = connection.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{media_type}: {answer}");
    }
    connection.write_all(ASK).await.unwrap();
    assert!(rest_of(&mut connection).await.starts_with("HTTP/1.1 200"), "the connection is still good");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_stalls_in_the_head_of_a_request_is_cut_off() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &["--client-timeout", "1"]).await;
    for head in ["", "GET /hea", "GET /health HTTP/1.1\r\nHost: loc"] {
        let mut connection = connect(&server).await;
        connection.write_all(head.as_bytes()).await.unwrap();
        assert_eq!(rest_of(&mut connection).await, "", "{head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_that_takes_nothing_is_dropped() {
    let data = tempfile::tempdir().unwrap();
    let flags = ["--client-timeout", "1", "--max-event-streams", "1"];
    let server = ServerProcess::start(data.path(), &flags).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut sleeper = socket.connect(server.address()).await.unwrap();
    sleeper.write_all(b"GET /jobs/events HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut head = [0; 12];
    sleeper.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    let events = || async { server.client().get(server.at("/jobs/events")).send().await.unwrap().status() };
    assert_eq!(events().await, 429);

    // Each change of this job is a large event.
    let text = json!({ "text_content": "a text", "metadata": { "long": "x".repeat(60_000) } });
    eventually(async || {
        for _ in 0..20 {
            server.post("/ingest/text/async", &text).await.unwrap();
        }
        (events().await == 200).then_some(())
    })
    .await;
    drop(sleeper);
    tokio::time::timeout(Duration::from_secs(5), server.signal("-TERM")).await.unwrap();
}
