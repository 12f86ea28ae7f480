//! Requests as an attacker makes them: each is refused, or does no harm. Foreign pages, foreign hosts and missing keys are
//! in `access.rs`, links and paths out of the allowed folders in `rest.rs`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use common::process::ServerProcess;
use common::{Form, TestServer};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends bytes and returns all that comes until the other side closes.
async fn answer_to(server: &ServerProcess, request: &str) -> String {
    let mut connection = TcpStream::connect(server.address()).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    // A reset is an end, too.
    let _ = tokio::time::timeout(common::PATIENCE, connection.read_to_end(&mut all)).await.unwrap();
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_can_be_read_in_two_ways_is_refused_and_its_connection_closed() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &[]).await;
    let hidden = "GET /jobs HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for lengths in [
        "Content-Length: 4\r\nContent-Length: 400",
        "Content-Length: 4, 400",
        "Content-Length: +4",
        "Content-Length: -1",
        "Content-Length: four",
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
    ] {
        let head = format!(
            "POST /query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{lengths}\r\n\r\n"
        );
        let told = answer_to(&server, &format!("{head}{{}}\r\n{hidden}")).await;
        assert!(told.starts_with("HTTP/1.1 400"), "{lengths}: {told}");
        assert_eq!(told.matches("HTTP/1.1 ").count(), 1, "{lengths}: nothing hidden was answered: {told}");
    }
}

#[tokio::test]
async fn json_as_deep_as_it_is_long_is_refused() {
    let server = TestServer::new().await;
    let deep = |open: &str, close: &str| {
        let times = (1 << 20) / (open.len() + close.len());
        format!("{}{}", open.repeat(times), close.repeat(times))
    };
    let (arrays, objects) =
        (deep("[", "]"), format!("{}1{}", r#"{"a":"#.repeat(170_000), "}".repeat(170_000)));
    let metadata = format!(r#"{{"text_content":"a text","metadata":{objects}}}"#);
    for path in
        ["/ingest", "/ingest/text", "/ingest/batch/async", "/query", "/chunks/preview", "/_fn/list_jobs"]
    {
        for body in [&arrays, &objects, &metadata] {
            let answer = server.post_as(path, "application/json", body.clone()).await;
            assert_eq!(answer.status, 400, "{path}: {}", answer.text());
        }
    }
    let queue = axum::http::Request::patch("/queue").header("content-type", "application/json");
    assert_eq!(server.send(queue.body(arrays.into()).unwrap()).await.status, 400);
    assert_eq!(server.get("/jobs/stats").await.ok()["total_jobs"], 0);
}

#[tokio::test]
async fn what_is_no_text_is_no_metadata() {
    let server = TestServer::new().await;
    for metadata in
        [r#"{"a":"\ud800"}"#, r#"{"a":"\udc00\ud800"}"#, "{\"a\":\"\0\"}", "\u{feff}{}", "{\"a\":NaN}"]
    {
        let text = format!(r#"{{"text_content":"a text","metadata":{metadata}}}"#);
        assert_eq!(
            server.post_as("/ingest/text", "application/json", text).await.status,
            400,
            "{metadata:?}"
        );
        let form = Form::default().field("text_content", "a text").field("metadata", metadata);
        assert_eq!(server.post_form("/ingest", form).await.status, 400, "{metadata:?}");
    }
    assert_eq!(server.get("/jobs/stats").await.ok()["total_jobs"], 0);
}

#[tokio::test]
async fn ten_thousand_parts_are_refused() {
    let server = TestServer::new().await;
    let files = (0..10_000).fold(Form::default(), |form, number| form.file(&format!("{number}.txt"), "x"));
    server.post_form("/ingest", files).await.problem(413, "too_many_parts");
    assert_eq!(server.get("/jobs/stats").await.ok()["total_jobs"], 0);
    assert_eq!(server.files("blobs"), 0, "nothing is left of those that were read");
}

#[tokio::test]
async fn a_files_name_leads_nowhere() {
    let server = TestServer::new().await;
    for name in ["../../../evil.txt", "/etc/evil.txt", "..\\..\\evil.txt", "C:\\evil.txt", "..", "a\tb.txt"] {
        let form = Form::default().file(name, "a text");
        server.post_form("/ingest", form).await.problem(400, "invalid_file_name");
    }
    assert_eq!(server.files("blobs"), 0);
    for path in
        ["/pkg/../Cargo.toml", "/pkg/0/..%2f..%2fCargo.toml", "/..%2f..%2fetc/passwd", "/%2e%2e/etc/passwd"]
    {
        server.get(path).await.problem(404, "not_found");
    }
    let asked = server.post("/ingest/file", json!({"file_path": "/etc/../etc/passwd"})).await;
    asked.problem(403, "path_forbidden");
}
