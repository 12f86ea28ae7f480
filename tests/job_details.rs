//! One job in full, the history of all, and the originals of what was sent: over REST, through the router.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use axum::body::Body;
use axum::http::{Request, header};
use common::{Answer, Form, TestServer};
use serde_json::{Value, json};

async fn given_a_file(server: &TestServer, name: &str, content: &str) -> Value {
    let summary = server.post_form("/ingest", Form::default().file(name, content)).await.ok();
    server.wait_for(&summary, "completed").await
}

fn path(job: &Value, rest: &str) -> String {
    format!("/jobs/{}{rest}", job["job_id"].as_str().unwrap())
}

#[tokio::test]
async fn history_has_every_step_of_its_range_and_counts_what_happened() {
    let server = TestServer::new().await;
    server.given_a_text("about aardvarks").await;
    for (range, points, step) in [("hour", 60, 60), ("day", 96, 900), ("week", 84, 7200)] {
        let history = server.get(&format!("/jobs/history?range={range}")).await.ok();
        assert_eq!((&history["range"], &history["step_seconds"]), (&json!(range), &json!(step)));
        let told = history["points"].as_array().unwrap();
        assert_eq!(told.len(), points);
        assert_eq!(told[0]["at"], history["from"]);
        let sum = |field: &str| told.iter().map(|it| it[field].as_u64().unwrap()).sum::<u64>();
        let counts = ["accepted", "completed", "failed", "cancelled", "chunks"].map(sum);
        assert_eq!(counts, [1, 1, 0, 0, 1], "{range}");
        let stages = history["stages"].as_array().unwrap();
        let told: Vec<_> =
            stages.iter().map(|it| (it["stage"].as_str().unwrap(), it["count"].as_u64())).collect();
        assert_eq!(told, [("waiting", Some(1)), ("reading", Some(1)), ("indexing", Some(1))]);
    }
    assert_eq!(server.get("/jobs/history").await.ok()["range"], "hour");
    server.get("/jobs/history?range=year").await.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn a_job_tells_its_attempts_what_happened_and_what_it_read() {
    let server = TestServer::new().await;
    let job = given_a_file(&server, "emu.txt", "about emus").await;
    let attempt = &job["attempts"][0];
    assert_eq!((&attempt["attempt"], &attempt["outcome"]), (&json!(1), &json!("completed")));
    for time in ["queued_at", "started_at", "read_at", "ended_at"] {
        assert!(attempt[time].as_str().unwrap().ends_with('Z'), "{time}");
    }
    assert_eq!(attempt["ended_at"], job["completed_at"]);
    let source = &job["source"];
    assert_eq!((&source["name"], &source["size_bytes"]), (&json!("emu.txt"), &json!(10)));
    assert_eq!((&source["available"], source["sha256"].as_str().unwrap().len()), (&json!(true), 64));

    let log = server.get(&path(&job, "/log")).await.ok();
    assert_eq!(log["lines"], job["log"]);
    let texts: Vec<_> =
        log["lines"].as_array().unwrap().iter().map(|it| it["text"].as_str().unwrap()).collect();
    assert_eq!(
        texts,
        [
            "Claimed by a worker.",
            "Read plain text, 10 characters and wrote 1 chunk. Waiting for the index.",
            "Completed: File ingested successfully",
        ]
    );
    assert_eq!(server.get(&path(&job, "/log?attempt=1")).await.ok(), log);
    assert_eq!(server.get(&path(&job, "/log?attempt=2")).await.ok()["lines"], json!([]));
    server.get(&path(&job, "/log?attempt=x")).await.problem(400, "invalid_parameter");
    let unknown = "/jobs/0190b5a4-7c1e-7000-8000-3f2a91d0c6e4/log";
    server.get(unknown).await.problem(404, "job_not_found");
}

#[tokio::test]
async fn a_job_that_failed_says_why_in_its_log() {
    let server = TestServer::new().await;
    let summary = server.post_form("/ingest", Form::default().file("empty.txt", " \n ")).await.ok();
    let job = server.wait_for(&summary, "failed").await;
    assert_eq!(
        (&job["attempts"][0]["outcome"], &job["attempts"][0]["error_code"]),
        (&json!("failed"), &json!("no_text"))
    );
    let last = job["log"].as_array().unwrap().last().unwrap();
    assert_eq!(last["level"], "error");
    assert_eq!(last["text"], format!("Failed: {}", job["error_message"].as_str().unwrap()));
    assert_eq!(server.get(&path(&job, "/source")).await.body, b" \n ", "it may be wanted for another try");
}

fn assert_harmless(answer: &Answer) {
    let header = |name: header::HeaderName| answer.headers[name].to_str().unwrap();
    assert_eq!(header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    assert_eq!(header(header::CONTENT_SECURITY_POLICY), "sandbox");
    assert!(header(header::CONTENT_DISPOSITION).starts_with("attachment; filename="));
}

#[tokio::test]
async fn an_original_is_handed_out_as_it_was_sent() {
    let server = TestServer::new().await;
    let html = "<html><body><script>alert(1)</script><p>about foxes</p></body></html>";
    let job = given_a_file(&server, "fuchs ß.html", html).await;
    let document = job["document_id"].as_str().unwrap();
    let sha256 = job["source"]["sha256"].as_str().unwrap();
    assert_eq!(server.get(&format!("/documents/{document}")).await.ok()["sha256"], sha256);

    let of_document = format!("/documents/{document}/source");
    for path in [path(&job, "/source"), of_document.clone()] {
        let answer = server.get(&path).await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, html));
        assert_harmless(&answer);
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/octet-stream", "never a page");
        assert_eq!(answer.headers[header::ETAG], format!("\"{sha256}\""));
        let name = answer.headers[header::CONTENT_DISPOSITION].to_str().unwrap();
        assert!(name.ends_with("filename*=UTF-8''fuchs%20%C3%9F.html"), "{name}");
    }

    let ask =
        |name, value: String| Request::get(&of_document).header(name, value).body(Body::empty()).unwrap();
    let part = server.send(ask(header::RANGE, "bytes=6-11".into())).await;
    assert_eq!((part.status.as_u16(), part.text().as_str()), (206, "<body>"));
    assert_eq!(part.headers[header::CONTENT_RANGE], format!("bytes 6-11/{}", html.len()));
    assert_harmless(&part);
    assert_eq!(server.send(ask(header::RANGE, "bytes=999-".into())).await.status, 416);
    let known = server.send(ask(header::IF_NONE_MATCH, format!("\"{sha256}\""))).await;
    assert_eq!((known.status.as_u16(), known.body.len()), (304, 0));
}

#[tokio::test]
async fn a_job_outlives_its_document_and_no_longer_names_it() {
    let server = TestServer::new().await;
    let job = given_a_file(&server, "emu.txt", "about emus").await;
    server.delete(&format!("/documents/{}", job["document_id"].as_str().unwrap())).await;
    assert_eq!(server.get(&path(&job, "")).await.ok()["document_id"], Value::Null);
    let page = server.get(&format!("/app{}", path(&job, ""))).await;
    assert_eq!(page.status, 200, "its page is still there");
}

#[tokio::test]
async fn an_original_is_never_packed_on_its_way() {
    let server = TestServer::new().await;
    let json = json!({ "herons": vec!["about herons"; 500] }).to_string();
    let job = given_a_file(&server, "herons.json", &json).await;
    let ask = |path: &str| {
        Request::get(path).header(header::ACCEPT_ENCODING, "br, gzip").body(Body::empty()).unwrap()
    };
    let original = server.send(ask(&path(&job, "/source"))).await;
    assert_eq!(original.headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(original.headers.get(header::CONTENT_ENCODING), None);
    assert_eq!(original.headers[header::CONTENT_LENGTH], json.len().to_string());
    assert_eq!(original.headers[header::ACCEPT_RANGES], "bytes");
    assert_eq!(original.text(), json);
    let page = server.send(ask("/")).await;
    assert_eq!(page.headers[header::CONTENT_ENCODING], "br", "all else is");
}

#[tokio::test]
async fn of_a_file_of_the_servers_machine_it_is_said_that_there_is_no_copy() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("shared")).unwrap();
    let shared = folder.path().join("shared").canonicalize().unwrap();
    std::fs::write(shared.join("emu.txt"), "about emus").unwrap();
    let server = TestServer::in_folder(folder, &["--allowed-dirs", shared.to_str().unwrap()]).await;
    for given in [shared.join("emu.txt"), shared] {
        let form = Form::default().field("file_path", given.to_str().unwrap());
        let summary = server.post_form("/ingest", form).await.ok();
        let job = server.wait_for(&summary, "completed").await;
        let list = format!("/documents?job_id={}", job["job_id"].as_str().unwrap());
        let document = server.get(&list).await.ok()["documents"][0]["document_id"].clone();
        let mut sources = vec![format!("/documents/{}/source", document.as_str().unwrap())];
        if job["job_type"] == "file_ingestion" {
            sources.push(path(&job, "/source"));
        }
        for source in sources {
            let problem = server.get(&source).await.problem(404, "source_not_kept");
            let why = problem["detail"].as_str().unwrap();
            assert!(why.contains("a file of the server's machine are never copied"), "{source}: {why}");
        }
    }
}

#[tokio::test]
async fn what_is_not_kept_is_said_to_be_so() {
    let server = TestServer::new().await;
    let text = server.given_a_text("about geese").await;
    let job = server.get(&path(&text, "")).await.ok();
    assert_eq!(job["source"], json!({ "name": "about geese", "size_bytes": 11, "available": false }));
    server.get(&path(&text, "/source")).await.problem(404, "source_not_kept");
    let document = job["document_id"].as_str().unwrap();
    server.get(&format!("/documents/{document}/source")).await.problem(404, "source_not_kept");

    let files = Form::default().file("a.txt", "about hares").file("b.txt", "about ibises");
    let batch = server.post_form("/ingest", files).await.ok();
    let batch = server.wait_for(&batch, "completed").await;
    assert!(batch.get("source").is_none());
    server.get(&path(&batch, "/source")).await.problem(409, "job_has_items");
    let list = format!("/documents?job_id={}", batch["job_id"].as_str().unwrap());
    let newest = server.get(&list).await.ok()["documents"][0]["document_id"].clone();
    let original = server.get(&format!("/documents/{}/source", newest.as_str().unwrap())).await;
    assert_eq!(original.text(), "about ibises");
    let nothing = "0190b5a4-7c1e-7000-8000-3f2a91d0c6e4";
    server.get(&format!("/documents/{nothing}/source")).await.problem(404, "document_not_found");
}

#[tokio::test]
async fn documents_are_listed_by_job_and_by_name() {
    let server = TestServer::new().await;
    let files = Form::default().file("Lease.txt", "about leases").file("notes.txt", "about notes");
    let batch = server.post_form("/ingest", files).await.ok();
    server.wait_for(&batch, "completed").await;
    server.given_a_text("a text about a lease").await;
    let id = batch["job_id"].as_str().unwrap();
    for (query, names) in [
        ("q=lease".to_owned(), vec!["a text about a lease", "Lease.txt"]),
        (format!("job_id={id}"), vec!["notes.txt", "Lease.txt"]),
        (format!("job_id={id}&q=LEASE"), vec!["Lease.txt"]),
        ("q=".to_owned(), vec!["a text about a lease", "notes.txt", "Lease.txt"]),
        ("q=%25".to_owned(), vec![]),
    ] {
        let page = server.get(&format!("/documents?{query}")).await.ok();
        let found: Vec<_> =
            page["documents"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(
            (found, page["total_count"].as_u64().unwrap()),
            (names.clone(), names.len() as u64),
            "{query}"
        );
    }
    server.get("/documents?job_id=x").await.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn a_job_is_shown_once_it_has_ended_to_who_waits_for_it() {
    let server = TestServer::new().await;
    server.post_as("/queue", "application/x-www-form-urlencoded", "paused=true").await.ok();
    let job = server.post("/ingest/text/async", json!({"text_content": "about patience"})).await.ok();
    let still = server.get(&path(&job, "?wait=1")).await.ok();
    assert_eq!(still["status"], "pending", "the time was up before the job had ended");
    let awaited = path(&job, "?wait=60");
    let (ended, resumed) = tokio::join!(
        server.get(&awaited),
        server.post_as("/queue", "application/x-www-form-urlencoded", "paused=false")
    );
    resumed.ok();
    assert_eq!(ended.ok()["status"], "completed");
    assert_eq!(server.get(&awaited).await.ok()["status"], "completed", "it has ended already");
    server.get("/jobs/0190b5a4-7c1e-7000-8000-3f2a91d0c6e4?wait=60").await.problem(404, "job_not_found");
    server.get(&path(&job, "?wait=301")).await.problem(400, "invalid_parameter");
    server.get(&path(&job, "?wait=long")).await.problem(400, "invalid_parameter");
}
