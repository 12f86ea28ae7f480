//! How texts are cut: as the server is set, as a request wants it, and as a preview shows it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use common::{Form, TestServer};
use serde_json::{Value, json};

/// Sentences that can be told apart.
fn prose(sentences: usize) -> String {
    (0..sentences).map(|number| format!("Sentence number {number} is about the river. ")).collect()
}

async fn chunks(server: &TestServer, answer: &Value) -> Vec<Value> {
    let id = answer["document_id"].as_str().unwrap();
    server.get(&format!("/documents/{id}?limit=1000")).await.ok()["chunks"].as_array().unwrap().clone()
}

fn longest(chunks: &[Value]) -> u64 {
    chunks.iter().map(|it| it["end"].as_u64().unwrap() - it["start"].as_u64().unwrap()).max().unwrap()
}

#[tokio::test]
async fn a_request_says_how_long_its_chunks_are_and_the_server_where_it_does_not() {
    let server = TestServer::with(&["--chunk-size", "400", "--chunk-overlap", "50"]).await;
    let text = prose(100);
    let by_default = server.given_a_text(&text).await;
    let longest_by_default = longest(&chunks(&server, &by_default).await);
    assert!((300..=400).contains(&longest_by_default), "{longest_by_default}");

    let body = json!({ "text_content": text, "chunk_size": 100, "chunk_overlap": 0 });
    let wanted = server.post("/ingest/text", body).await.ok();
    let wanted = chunks(&server, &wanted).await;
    assert!((60..=100).contains(&longest(&wanted)));
    for pair in wanted.windows(2) {
        assert!(pair[0]["end"].as_u64() <= pair[1]["start"].as_u64(), "no overlap is wanted: {pair:?}");
    }
    let form = Form::default().file("a.txt", &text).field("chunk_size", "200").field("sync", "true");
    let file = server.post_form("/ingest/file", form).await.ok();
    assert!((120..=200).contains(&longest(&chunks(&server, &file).await)));
}

#[tokio::test]
async fn lengths_that_make_no_sense_are_refused() {
    let server = TestServer::new().await;
    for (field, value) in [("chunk_size", "7"), ("chunk_size", "many"), ("chunk_overlap", "900")] {
        let form = Form::default().file("a.txt", "words").field(field, value);
        let problem = server.post_form("/ingest", form).await.problem(400, "invalid_parameter");
        assert!(problem["detail"].as_str().unwrap().contains(field), "{problem}");
    }
    let body = json!({ "text_content": "words", "chunk_size": 7 });
    server.post("/ingest/text/async", body).await.problem(400, "invalid_parameter");
    assert_eq!(server.get("/jobs").await.ok()["total_count"], 0);
}

#[tokio::test]
async fn a_preview_shows_what_would_be_ingested_and_keeps_nothing() {
    let server = TestServer::new().await;
    let text = format!("# Rivers\n{}\n# Canals\n{}", prose(40), prose(40));
    let form = || Form::default().file("a.md", &text).field("chunk_size", "300");
    let preview = server.post_form("/chunks/preview?limit=1000", form()).await.ok();
    assert_eq!((&preview["chunk_size"], &preview["chunk_overlap"]), (&json!(300), &json!(60)));
    let [document] = preview["documents"].as_array().unwrap().as_slice() else { panic!("{preview}") };
    assert_eq!((&document["name"], &document["media_type"]), (&json!("a.md"), &json!("text/markdown")));
    assert_eq!(server.get("/jobs").await.ok()["total_count"], 0);
    assert_eq!((server.files("blobs"), server.files("tmp")), (0, 0));

    let ingested = server.post_form("/ingest/file", form()).await.ok();
    assert_eq!(document["chunks"], json!(chunks(&server, &ingested).await));
    assert_eq!(document["chunk_count"], ingested["chunks_created"]);

    let few = server.post("/chunks/preview?limit=2", json!({ "text_content": prose(100) })).await.ok();
    assert_eq!(few["documents"][0]["chunks"].as_array().unwrap().len(), 2);
    assert!(few["documents"][0]["chunk_count"].as_u64() > Some(2));
}

#[tokio::test]
async fn a_preview_says_what_would_fail() {
    let server = TestServer::new().await;
    let preview = server.post_form("/chunks/preview", Form::default().file("a.pdf", "no PDF")).await.ok();
    assert_eq!(preview["documents"][0]["error_code"], "damaged", "{preview}");
    server
        .post_form("/chunks/preview", Form::default().file("a.png", "\0"))
        .await
        .problem(415, "unsupported_format");
    server.post("/chunks/preview", json!({})).await.problem(400, "nothing_to_ingest");
    server
        .post("/chunks/preview", json!({ "file_path": "/etc/passwd" }))
        .await
        .problem(403, "path_forbidden");
    server.post("/chunks/preview", json!({ "text_content": " " })).await.problem(400, "empty_text");
}

#[tokio::test]
async fn rows_stay_whole_and_under_their_header() {
    let server = TestServer::new().await;
    let rows: String = (1..=200).map(|row| format!("lock {row},\"{row} feet,\nor so\"\r\n")).collect();
    let form = Form::default().file("locks.csv", format!("name,rise\r\n{rows}")).field("chunk_size", "500");
    let ingested = server.post_form("/ingest/file", form).await.ok();
    let chunks = chunks(&server, &ingested).await;
    assert!(chunks.len() > 5);
    let mut next = 1;
    for chunk in &chunks {
        let text = chunk["text"].as_str().unwrap();
        assert!(text.starts_with("name,rise\n"), "{text}");
        let [first, last] = [0, 1].map(|it| chunk["location"]["rows"][it].as_u64().unwrap());
        assert_eq!(first, next);
        assert!(text.contains(&format!("lock {},\"{} feet,\nor so\"", last - 1, last - 1)), "{text}");
        assert!(text.chars().count() <= 500);
        next = last + 1;
    }
    assert_eq!(next, 202);
}
