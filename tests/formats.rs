//! Every format: what is in a file is found with its place, and what cannot be read says why and hurts nobody.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use std::io::Write;
use std::path::Path;

use common::{Form, TestServer, eventually, pdf};
use serde_json::{Value, json};

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

async fn send(server: &TestServer, name: &str, bytes: impl AsRef<[u8]>) -> Value {
    server.post_form("/ingest", Form::default().file(name, bytes)).await.ok()
}

async fn ended(server: &TestServer, job: &Value) -> Value {
    let path = format!("/jobs/{}", job["job_id"].as_str().unwrap());
    eventually(async || {
        let job = server.get(&path).await.ok();
        job["completed_at"].is_string().then_some(job)
    })
    .await
}

/// The best source for these words that is of this job.
async fn source(server: &TestServer, job: &Value, words: &str) -> Value {
    let answer = server.post("/query", json!({ "question": words, "max_chunks": 100 })).await.ok();
    let document = &job["document_id"];
    let found = answer["sources"].as_array().unwrap().iter().find(|it| it["document_id"] == *document);
    found.unwrap_or_else(|| panic!("{words} of {job} in {answer}")).clone()
}

#[tokio::test]
async fn what_is_in_a_file_is_found_with_its_place() {
    let server = TestServer::new().await;
    for (name, words, place) in [
        ("handbook.docx", "weirpool", json!({ "headings": ["Gates"] })),
        ("handbook.docx", "paddlegear", json!({ "headings": ["Gates", "Upkeep"] })),
        ("handbook.docx", "windlass", json!({ "headings": ["Gates", "Upkeep"] })),
        ("talk.pptx", "narrowboat", json!({ "slide": 2 })),
        ("talk.pptx", "lengthsman", json!({ "slide": 2 })),
        ("tolls.xlsx", "\"boat number 77\" toll", json!({ "sheet": "Tolls", "rows": [51, 97] })),
        ("depths.xls", "Hawkesbury", json!({ "sheet": "Depths", "rows": [1, 2] })),
        ("locks.ods", "Stockton", json!({ "sheet": "Locks", "rows": [1, 2] })),
        ("bridges.odt", "towpath", json!({ "headings": ["Bridges"] })),
        ("canals.epub", "navvies", json!({ "chapter": "Beginnings", "headings": ["Beginnings"] })),
        ("canals.epub", "railways", json!({ "chapter": "Decline", "headings": ["Decline"] })),
        ("survey.pdf", "aqueduct", json!({ "page": 1 })),
        ("survey.pdf", "puddle", json!({ "page": 3 })),
        ("page.html", "staunch", json!({ "headings": ["Levels"] })),
        ("page.html", "floodgate", json!({ "headings": ["Levels", "Floods"] })),
        ("stoppage.eml", "flight", json!({ "part": "message" })),
        ("stoppage.eml", "aqueduct", json!({ "part": "survey.pdf", "page": 1 })),
        ("latin1.txt", "Schleusenwärter", Value::Null),
    ] {
        let job = ended(&server, &send(&server, name, fixture(name)).await).await;
        assert_eq!(job["status"], "completed", "{name}: {job}");
        let source = source(&server, &job, words).await;
        assert_eq!(source["location"], place, "{name}: {words}: {source}");
        let start = source["start"].as_u64().unwrap();
        assert!(source["end"].as_u64() > Some(start), "{source}");
    }
}

#[tokio::test]
async fn what_a_file_says_of_itself_goes_into_the_metadata_and_the_caller_wins() {
    let server = TestServer::new().await;
    for (name, key, value) in [
        ("handbook.docx", "title", json!("The lock keeper")),
        ("handbook.docx", "author", json!("A. Keeper")),
        ("survey.pdf", "page_count", json!(3)),
        ("canals.epub", "author", json!("B. Writer")),
        ("page.html", "title", json!("Water levels")),
        ("stoppage.eml", "title", json!("Stoppage at Braunston")),
    ] {
        let job = ended(&server, &send(&server, name, fixture(name)).await).await;
        let document = server.get(&format!("/documents/{}", job["document_id"].as_str().unwrap())).await.ok();
        assert_eq!(document["metadata"][key], value, "{name}: {document}");
    }
    let form = Form::default().file("a.html", fixture("page.html")).field("metadata", r#"{"title": "mine"}"#);
    let job = ended(&server, &server.post_form("/ingest", form).await.ok()).await;
    let document = server.get(&format!("/documents/{}", job["document_id"].as_str().unwrap())).await.ok();
    assert_eq!(document["metadata"]["title"], "mine");
}

#[tokio::test]
async fn a_job_warns_of_what_was_not_as_it_should_be() {
    let server = TestServer::new().await;
    for (name, code, part) in [
        ("survey.pdf", "no_text_layer", "1 of 3 pages have no text; nothing is drawn on them."),
        ("stoppage.eml", "attachment_skipped", "map.png"),
        ("latin1.txt", "encoding_guessed", "windows-1252"),
    ] {
        let job = ended(&server, &send(&server, name, fixture(name)).await).await;
        let warnings = job["warnings"].as_array().unwrap();
        let warning =
            warnings.iter().find(|it| it["code"] == code).unwrap_or_else(|| panic!("{name}: {job}"));
        assert!(warning["message"].as_str().unwrap().contains(part), "{warning}");
        assert!(job["message"].as_str().unwrap().starts_with("File ingested successfully. "), "{job}");
    }
    let job = ended(&server, &send(&server, "pictured.pdf", pdf::pictured()).await).await;
    let expected = "1 of 2 pages have no text; they look like scans and need OCR.";
    assert_eq!(job["warnings"][0]["message"], expected, "{job}");
    server.given_a_text("nothing is wrong with this").await;
    let warned = server.get("/jobs?warnings=true").await.ok();
    assert_eq!((&warned["total_count"], warned["jobs"].as_array().unwrap().len()), (&json!(4), 4));
}

/// A Word file that unpacks to very much.
fn bomb() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut archive = zip::ZipWriter::new(&mut bytes);
    let packed =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    archive.start_file("word/document.xml", packed).unwrap();
    for _ in 0..200 {
        archive.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    archive.finish().unwrap();
    bytes.into_inner()
}

#[tokio::test]
async fn what_cannot_be_read_says_why_and_the_next_file_is_read() {
    let server = TestServer::new().await;
    let half = |name: &str| {
        let mut bytes = fixture(name);
        bytes.truncate(bytes.len() / 2);
        bytes
    };
    for (name, bytes, codes) in [
        ("scan.pdf", fixture("scan.pdf"), &["no_text"][..]),
        ("locked.pdf", fixture("locked.pdf"), &["encrypted"]),
        ("bomb.docx", bomb(), &["too_expensive"]),
        ("half.docx", half("handbook.docx"), &["damaged"]),
        ("half.xlsx", half("tolls.xlsx"), &["damaged"]),
        ("half.epub", half("canals.epub"), &["damaged"]),
        ("text.pdf", b"this is no PDF".to_vec(), &["damaged"]),
        ("text.docx", b"this is no Word file".to_vec(), &["damaged"]),
        ("deep.html", "<div>".repeat(200_000).into_bytes(), &["no_text"]),
        ("empty.html", b"<html></html>".to_vec(), &["no_text"]),
        (
            "nested.pdf",
            [&b"%PDF-1.4\n1 0 obj\n"[..], &b"[".repeat(200_000)].concat(),
            &["damaged", "extractor_crashed"],
        ),
    ] {
        let job = ended(&server, &send(&server, name, bytes).await).await;
        assert_eq!(job["status"], "failed", "{name}: {job}");
        assert!(codes.contains(&job["error_code"].as_str().unwrap()), "{name}: {job}");
        assert!(job["error_message"].as_str().unwrap().contains(name), "{name}: {job}");
        assert_eq!(job["attempt"], 1, "another attempt would not help: {job}");
    }
    let job = ended(&server, &send(&server, "page.html", fixture("page.html")).await).await;
    assert_eq!(job["status"], "completed");
}

#[tokio::test]
async fn the_formats_are_told_and_an_unknown_one_is_refused_at_once() {
    let server = TestServer::new().await;
    let formats = server.get("/formats").await.ok();
    let endings: Vec<_> =
        formats.as_array().unwrap().iter().flat_map(|it| it["extensions"].as_array().unwrap()).collect();
    for ending in ["pdf", "docx", "xlsx", "odt", "epub", "html", "eml", "csv", "rs"] {
        assert!(endings.contains(&&json!(ending)), "{ending}");
    }
    server.post_form("/ingest", Form::default().file("a.png", "x")).await.problem(415, "unsupported_format");
}

/// The children of the server under test, which is this process: those that read files.
#[cfg(target_os = "linux")]
fn children() -> Vec<String> {
    let mine = std::process::id().to_string();
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().map(|it| it.unwrap().path().join("children"));
    let ids = tasks.flat_map(|it| {
        let ids = std::fs::read_to_string(it).unwrap_or_default();
        ids.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    });
    ids.filter(|id| *id != mine).collect()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_reads_files_has_given_up_its_rights() {
    let server = TestServer::new().await;
    let job = ended(&server, &send(&server, "survey.pdf", fixture("survey.pdf")).await).await;
    assert_eq!(job["status"], "completed");
    // Other tests have children, too, and some of those are only being started.
    eventually(async || children().iter().any(|child| has_given_up(child)).then_some(())).await;
}

/// Whether every thread of a process is without rights to gain and behind a filter of calls.
#[cfg(target_os = "linux")]
fn has_given_up(process: &str) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten();
    let statuses: Vec<_> =
        threads.filter_map(|it| std::fs::read_to_string(it.ok()?.path().join("status")).ok()).collect();
    let is_restricted = |status: &String| status.contains("NoNewPrivs:\t1") && status.contains("Seccomp:\t2");
    statuses.len() > 1 && statuses.iter().all(is_restricted)
}

#[tokio::test]
async fn a_mail_is_read_as_it_was_sent_whatever_its_charset_says() {
    let server = TestServer::new().await;
    let text = "Der Schleusenwärter öffnet das Tor. Größe und Höhe stimmen. ".repeat(4);
    let latin1 = encoding_rs::WINDOWS_1252.encode(&text).0.into_owned();
    for (name, charset) in
        [("none.eml", ""), ("wrong.eml", "; charset=utf-8"), ("odd.eml", "; charset=x-odd")]
    {
        let head = format!(
            "Subject: {name}\nContent-Type: text/plain{charset}\nContent-Transfer-Encoding: 8bit\n\n"
        );
        let bytes = [head.as_bytes(), &latin1].concat();
        let job = ended(&server, &send(&server, name, bytes).await).await;
        assert_eq!(job["warnings"][0]["code"], "encoding_guessed", "{job}");
        let found = source(&server, &job, "Schleusenwärter").await;
        assert!(found["content"].as_str().unwrap().contains("öffnet"), "{found}");
    }
    let damaged = [text.repeat(3).as_bytes(), b"\xff and on"].concat();
    let job = ended(&server, &send(&server, "some.txt", damaged).await).await;
    let found = source(&server, &job, "Schleusenwärter").await;
    assert!(found["content"].as_str().unwrap().contains("öffnet"), "mostly UTF-8 is UTF-8: {found}");
}

#[tokio::test]
async fn the_password_of_a_file_can_come_with_a_retry() {
    let server = TestServer::new().await;
    for name in ["locked.pdf", "locked.docx"] {
        let job = ended(&server, &send(&server, name, fixture(name)).await).await;
        assert_eq!(job["error_code"], "encrypted", "{job}");
        let path = format!("/jobs/{}", job["job_id"].as_str().unwrap());
        let retry = format!("{path}/retry");
        server.post(&retry, json!({ "password": "wrong" })).await.ok();
        let job = ended(&server, &job).await;
        assert_eq!((&job["error_code"], &job["status"]), (&json!("encrypted"), &json!("failed")), "{job}");
        server.post(&retry, json!({ "password": "secret" })).await.ok();
        eventually(async || (server.get(&path).await.ok()["status"] == "completed").then_some(())).await;
    }
    let answer = server.post("/query", json!({ "question": "weirpool" })).await.ok();
    assert_eq!(answer["sources"][0]["document_name"], "locked.docx", "{answer}");
}

#[tokio::test]
async fn a_page_that_crashes_its_reader_is_left_out_and_named() {
    let server = TestServer::new().await;
    let job = ended(&server, &send(&server, "crash.pdf", pdf::crashing()).await).await;
    assert_eq!(job["status"], "completed", "{job}");
    let warning = &job["warnings"][0];
    assert!(warning["message"].as_str().unwrap().ends_with(": 2."), "{warning}");
    for (word, page) in [("heron", 1), ("pelican", 3)] {
        assert_eq!(source(&server, &job, word).await["location"]["page"], page);
    }
    let job = ended(&server, &send(&server, "page.html", fixture("page.html")).await).await;
    assert_eq!(job["status"], "completed", "the next file is read");
}

#[tokio::test]
async fn a_long_file_tells_its_page_and_can_be_cancelled_in_the_middle() {
    let server = TestServer::new().await;
    let job = send(&server, "long.pdf", pdf::long(2000)).await;
    let path = format!("/jobs/{}", job["job_id"].as_str().unwrap());
    let mut pages = std::collections::BTreeSet::new();
    eventually(async || {
        let message = server.get(&path).await.ok()["message"].as_str().unwrap().to_owned();
        if let Some(page) = message.strip_prefix("Read page ").and_then(|it| it.strip_suffix(" of 2000")) {
            pages.insert(page.parse::<u32>().unwrap());
        }
        (pages.len() >= 3).then_some(())
    })
    .await;
    server.delete(&path).await.ok();
    let job = ended(&server, &job).await;
    assert_eq!(job["status"], "cancelled", "{job}");
    assert_eq!(server.get("/documents").await.ok()["total_count"], 0);
    assert!(pages.last() < Some(&2000), "{pages:?}");
}
