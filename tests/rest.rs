//! The REST contract, row by row, through the router.

#![allow(clippy::unwrap_used, clippy::too_many_lines, reason = "a test that cannot go on should panic")]

mod common;

use axum::body::Body;
use axum::http::{Request, header};
use common::{Form, TestServer, eventually};
use futures::StreamExt;
use serde_json::{Value, json};

const URLENCODED: &str = "application/x-www-form-urlencoded";

/// What every answer that names a job at its start has.
fn assert_summary(summary: &Value, job_type: &str) {
    assert_eq!(summary["job_type"], job_type, "{summary}");
    assert_eq!(summary["status"], "pending", "{summary}");
    assert_eq!(summary["message"], "", "{summary}");
    assert!(summary["created_at"].as_str().unwrap().ends_with('Z'), "{summary}");
    assert!(summary.get("chunks_created").is_none(), "{summary}");
    let id = summary["job_id"].as_str().unwrap();
    assert_eq!(id.parse::<uuid::Uuid>().unwrap().get_version_num(), 7);
}

async fn found(server: &TestServer, word: &str) -> usize {
    let answer = server.post("/query", json!({ "question": word, "max_chunks": 100 })).await.ok();
    answer["sources"].as_array().unwrap().len()
}

#[tokio::test]
async fn ingest_takes_a_text_and_answers_at_once() {
    let server = TestServer::new().await;
    let form = Form::default()
        .field("text_content", "A text about aardvarks.")
        .field("metadata", r#"{"source":"api"}"#);
    let summary = server.post_form("/ingest", form).await.ok();
    assert_summary(&summary, "text_ingestion");

    let job = server.wait_for(&summary, "completed").await;
    assert_eq!(job["progress"], 1.0);
    assert_eq!(job["message"], "Text ingested successfully");
    assert_eq!(
        (&job["chunks_created"], &job["total_items"], &job["processed_items"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!((&job["error_message"], &job["metadata"]["source"]), (&json!(""), &json!("api")));
    for time in ["created_at", "started_at", "completed_at"] {
        assert!(job[time].as_str().unwrap().ends_with('Z'), "{time}");
    }
    assert_eq!(found(&server, "aardvarks").await, 1);
}

#[tokio::test]
async fn ingest_with_sync_waits_for_the_end() {
    let server = TestServer::new().await;
    let form = Form::default().field("text_content", "A text about badgers.").field("sync", "true");
    let summary = server.post_form("/ingest", form).await.ok();
    assert_eq!((&summary["status"], &summary["chunks_created"]), (&json!("completed"), &json!(1)));
    assert_eq!(found(&server, "badgers").await, 1, "completed means that a query finds it");
}

#[tokio::test]
async fn ingest_takes_urlencoded_forms_and_json_too() {
    let server = TestServer::new().await;
    let summary = server.post_as("/ingest", URLENCODED, "text_content=about+caf%C3%A9s&sync=true").await.ok();
    assert_eq!(summary["status"], "completed");
    assert_eq!(found(&server, "cafés").await, 1);
    let summary = server.post("/ingest", json!({ "text_content": "about dingos", "sync": true })).await.ok();
    assert_eq!(summary["status"], "completed");
}

#[tokio::test]
async fn one_file_is_a_file_job_and_several_are_a_batch() {
    let server = TestServer::new().await;
    let one = server.post_form("/ingest", Form::default().file("emu.txt", "about emus")).await.ok();
    assert_summary(&one, "file_ingestion");
    let job = server.wait_for(&one, "completed").await;
    assert_eq!((&job["name"], &job["message"]), (&json!("emu.txt"), &json!("File ingested successfully")));

    let several = Form::default().file("a.txt", "about foxes").file("b.md", "# Geese").file("c.txt", " \n ");
    let several = server.post_form("/ingest", several).await.ok();
    assert_summary(&several, "batch_ingestion");
    let job = server.wait_for(&several, "completed").await;
    assert_eq!(
        (&job["total_items"], &job["processed_items"], &job["failed_items"]),
        (&json!(3), &json!(3), &json!(1))
    );
    assert_eq!(job["items"][0]["name"], "c.txt", "what failed is named first");
    assert_eq!(job["items"][0]["error_code"], "no_text");
    assert_eq!(found(&server, "geese").await, 1);
}

#[tokio::test]
async fn ingest_async_never_waits() {
    let server = TestServer::new().await;
    let form = Form::default().field("text_content", "about gnus").field("sync", "true");
    assert_summary(&server.post_form("/ingest/async", form).await.ok(), "text_ingestion");
    let body = json!({ "text_content": "about hares", "metadata": { "source": "api" } });
    assert_summary(&server.post("/ingest/text/async", body).await.ok(), "text_ingestion");
    let body = json!({ "messages": [{ "text": "about ibises" }] });
    assert_summary(&server.post("/ingest/batch/async?sync=true", body).await.ok(), "batch_ingestion");
}

#[tokio::test]
async fn ingest_text_and_file_always_wait() {
    let server = TestServer::new().await;
    let text = server.given_a_text("about jackals").await;
    assert_eq!((&text["success"], &text["chunks_created"]), (&json!(true), &json!(1)));
    assert_eq!(text["message"], "Text ingested successfully");
    assert!(text["job_id"].is_string());

    let file = server.post_form("/ingest/file", Form::default().file("k.txt", "about kiwis")).await.ok();
    assert_eq!((&file["success"], &file["chunks_created"]), (&json!(true), &json!(1)));
    assert_eq!(found(&server, "kiwis").await, 1);
}

#[tokio::test]
async fn batch_ingests_each_message_with_both_metadata() {
    let server = TestServer::new().await;
    let body = json!({
        "messages": [
            { "text": "about lemurs", "metadata": { "id": "1" } },
            { "text": "about llamas", "metadata": { "id": "2", "batch_source": "own" } },
        ],
        "metadata": { "batch_source": "slack" },
    });
    let summary = server.post("/ingest/batch", body.clone()).await.ok();
    assert_summary(&summary, "batch_ingestion");
    server.wait_for(&summary, "completed").await;
    let answer = server.post("/query", json!({ "question": "llamas" })).await.ok();
    assert_eq!(answer["sources"][0]["metadata"], json!({ "id": "2", "batch_source": "own" }));

    let waited = server.post("/ingest/batch?sync=true", body).await.ok();
    assert_eq!((&waited["status"], &waited["chunks_created"]), (&json!("completed"), &json!(2)));
}

#[tokio::test]
async fn a_file_path_is_read_only_inside_allowed_folders() {
    let folder = tempfile::tempdir().unwrap();
    let (open, secret) = (folder.path().join("open"), folder.path().join("secret.txt"));
    std::fs::create_dir_all(open.join("deep")).unwrap();
    std::fs::write(&secret, "about secrets").unwrap();
    std::fs::write(open.join("mole.txt"), "about moles").unwrap();
    std::fs::write(open.join("deep/newt.md"), "about newts").unwrap();
    std::fs::write(open.join("deep/image.png"), [0, 1, 2]).unwrap();
    std::os::unix::fs::symlink(&secret, open.join("link.txt")).unwrap();
    let server = TestServer::with(&["--allowed-dirs", open.to_str().unwrap()]).await;
    let path = |name: &str| json!({ "file_path": open.join(name) });

    let file = server.post("/ingest/file", path("mole.txt")).await.ok();
    assert_eq!(file["chunks_created"], 1);
    let form = Form::default().field("file_path", open.join("mole.txt").to_str().unwrap());
    assert_summary(&server.post_form("/ingest", form).await.ok(), "file_ingestion");

    for outside in ["link.txt", "../secret.txt", "../nothing.txt", "/etc/passwd"] {
        server.post("/ingest/file", path(outside)).await.problem(403, "path_forbidden");
    }
    server.post("/ingest/file", path("nothing.txt")).await.problem(404, "path_not_found");
    server.post("/ingest/file", path("deep/image.png")).await.problem(415, "unsupported_format");

    let all = server.post("/ingest", json!({ "file_path": open })).await.ok();
    assert_summary(&all, "directory_ingestion");
    let job = server.wait_for(&all, "completed").await;
    assert_eq!((&job["total_items"], &job["failed_items"]), (&json!(3), &json!(1)));
    assert_eq!(job["items"][0]["name"], "deep/image.png");
    assert_eq!(job["items"][0]["error_code"], "unsupported_format");
    assert_eq!(found(&server, "newts").await, 1);
    assert_eq!(found(&server, "secrets").await, 0);

    let closed = TestServer::new().await;
    closed.post("/ingest/file", path("mole.txt")).await.problem(403, "path_forbidden");
}

#[tokio::test]
async fn bad_input_is_told_what_would_be_right_and_leaves_nothing() {
    let server = TestServer::with(&["--max-text-size", "10kB", "--max-upload-size", "20kB"]).await;
    let form = Form::default;
    let long = "long ".repeat(5000);
    let answers = [
        (server.post_form("/ingest", form().field("text_content", " \n ")).await, 400, "empty_text"),
        (server.post("/ingest/text", json!({ "text_content": "" })).await, 400, "empty_text"),
        (server.post("/ingest/text", json!({ "text_content": "a\0b" })).await, 400, "not_text"),
        (server.post_form("/ingest", form()).await, 400, "nothing_to_ingest"),
        (
            server.post_form("/ingest", form().field("text_content", "a").file("a.txt", "b")).await,
            400,
            "ambiguous_source",
        ),
        (server.post_form("/ingest", form().field("text_content", b"ab\xff")).await, 400, "invalid_utf8"),
        (server.post_as("/ingest", URLENCODED, "text_content=ab%FF").await, 400, "invalid_utf8"),
        (server.post_form("/ingest", form().file("a.txt", b"ab\0cd")).await, 415, "unsupported_format"),
        (server.post_form("/ingest", form().file("a.png", "x")).await, 415, "unsupported_format"),
        (server.post_form("/ingest", form().file("a.txt", "")).await, 400, "empty_file"),
        (server.post_form("/ingest", form().file("../a.txt", "a")).await, 400, "invalid_file_name"),
        (server.post_form("/ingest", form().file(&"ä".repeat(300), "a")).await, 400, "invalid_file_name"),
        (server.post_form("/ingest", form().file("a\u{7}.txt", "a")).await, 400, "invalid_form"),
        (
            server.post_form("/ingest", form().field("text_content", "a").field("metadata", "[1]")).await,
            400,
            "invalid_metadata",
        ),
        (
            server.post_form("/ingest", form().field("text_content", "a").field("metadata", "{")).await,
            400,
            "invalid_metadata",
        ),
        (
            server.post_form("/ingest", form().field("text_content", "a").field("sync", "maybe")).await,
            400,
            "invalid_parameter",
        ),
        (
            server.post("/ingest/text", json!({ "text_content": "a", "metadata": "x" })).await,
            400,
            "invalid_metadata",
        ),
        (server.post("/ingest/text", json!({ "text": "a" })).await, 400, "invalid_json"),
        (
            server.post_as("/ingest/text", "application/json", "{\"text_content\": ").await,
            400,
            "invalid_json",
        ),
        (server.post_as("/ingest/text", "text/plain", "a").await, 415, "unsupported_media_type"),
        (server.post_as("/ingest", "text/plain", "a").await, 415, "unsupported_media_type"),
        (server.post("/ingest/text", json!({ "text_content": long })).await, 413, "too_large"),
        (server.post("/ingest", json!({ "text_content": long })).await, 413, "too_large"),
        (server.post_form("/ingest", form().field("text_content", &long)).await, 413, "too_large"),
        (server.post_form("/ingest", form().file("a.txt", &long)).await, 413, "too_large"),
        (server.post("/ingest/batch", json!({ "messages": [] })).await, 400, "empty_batch"),
        (
            server.post("/ingest/batch", json!({ "messages": [{ "text": "a" }, { "text": " " }] })).await,
            400,
            "empty_text",
        ),
        (
            server.post("/ingest/batch", json!({ "messages": [{ "text": "a", "metadata": 1 }] })).await,
            400,
            "invalid_metadata",
        ),
        (
            server.post("/ingest/batch?sync=perhaps", json!({ "messages": [{ "text": "a" }] })).await,
            400,
            "invalid_parameter",
        ),
        (
            server.post_as("/ingest", Form::MEDIA_TYPE, form().file("a.txt", "abc").broken_off()).await,
            400,
            "incomplete_body",
        ),
        (server.get("/jobs?status=done").await, 400, "invalid_parameter"),
        (server.get("/jobs?limit=0").await, 400, "invalid_parameter"),
        (server.get("/jobs?limit=-1").await, 400, "invalid_parameter"),
        (server.get("/jobs?limit=99999999999").await, 400, "invalid_parameter"),
        (server.get("/jobs?before=x").await, 400, "invalid_parameter"),
        (server.get("/jobs/550e8400-e29b-41d4-a716-446655440000").await, 404, "job_not_found"),
        (server.delete("/jobs/550e8400-e29b-41d4-a716-446655440000").await, 404, "job_not_found"),
        (
            server.post("/jobs/550e8400-e29b-41d4-a716-446655440000/retry", json!({})).await,
            404,
            "job_not_found",
        ),
        (server.get("/jobs/not-an-id").await, 400, "invalid_id"),
        (server.get("/jobs/events?after=x").await, 400, "invalid_parameter"),
        (server.post("/query", json!(["lease", 3])).await, 400, "invalid_json"),
        (server.get("/documents/550e8400-e29b-41d4-a716-446655440000").await, 404, "document_not_found"),
        (server.delete("/documents/550e8400-e29b-41d4-a716-446655440000").await, 404, "document_not_found"),
        (server.post("/query", json!({ "question": " " })).await, 400, "empty_question"),
        (server.post("/query", json!({ "question": "a", "max_chunks": 0 })).await, 400, "invalid_max_chunks"),
        (server.post("/query", json!({ "question": "a", "max_chunks": -1 })).await, 400, "invalid_json"),
        (server.get("/nowhere").await, 404, "not_found"),
        (server.get("/ingest").await, 405, "method_not_allowed"),
    ];
    for (answer, status, code) in answers {
        answer.problem(status, code);
    }

    assert_eq!(server.get("/jobs/stats").await.ok()["total_jobs"], 0, "no job was made");
    assert_eq!((server.files("blobs"), server.files("tmp")), (0, 0), "no file was left");
}

#[tokio::test]
async fn details_say_where_and_what() {
    let server = TestServer::new().await;
    for (answer, part) in [
        (server.get("/jobs?status=done").await, "pending, running, completed, failed, cancelled"),
        (server.get("/jobs?limit=0").await, "from 1 to 1000"),
        (server.get("/jobs?before=zzz").await, "the `next` of the page before"),
        (server.post_form("/ingest", Form::default().field("text_content", b"ab\xff")).await, "byte 2"),
        (server.post_form("/ingest", Form::default().file("a.png", "x")).await, ".md"),
        (
            server.post("/ingest/batch", json!({ "messages": [{ "text": "a" }, { "text": "" }] })).await,
            "messages[1].text",
        ),
        (
            server.post_as("/ingest/text", "application/json", "{\"text_content\": 5}").await,
            "expected a string",
        ),
    ] {
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(part), "{detail}");
    }
}

#[tokio::test]
async fn jobs_are_listed_newest_first_and_counted_beyond_the_page() {
    let server = TestServer::new().await;
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.insert(0, server.given_a_text(&format!("text {number}")).await["job_id"].clone());
    }
    let page = server.get("/jobs?limit=2").await.ok();
    let listed: Vec<_> = page["jobs"].as_array().unwrap().iter().map(|job| job["job_id"].clone()).collect();
    assert_eq!(listed, ids[..2]);
    assert_eq!(page["total_count"], 3);
    let rest = server.get(&format!("/jobs?limit=2&before={}", page["next"].as_str().unwrap())).await.ok();
    assert_eq!(rest["jobs"][0]["job_id"], ids[2]);
    assert!(rest.get("next").is_none());
    assert_eq!(server.get("/jobs?status=running").await.ok(), json!({ "jobs": [], "total_count": 0 }));
    assert_eq!(server.get("/jobs?status=completed&job_type=text_ingestion").await.ok()["total_count"], 3);
}

#[tokio::test]
async fn statistics_count_by_state() {
    let server = TestServer::new().await;
    server.given_a_text("one").await;
    let failing = server.post_form("/ingest", Form::default().file("white.txt", "  ")).await.ok();
    server.wait_for(&failing, "failed").await;
    assert_eq!(
        server.get("/jobs/stats").await.ok(),
        json!({
            "total_jobs": 2, "pending": 0, "running": 0, "completed": 1, "failed": 1, "cancelled": 0,
            "total_chunks_created": 1, "needs_attention": 1,
        })
    );
}

#[tokio::test]
async fn a_job_that_fails_while_someone_waits_is_a_problem_naming_the_job() {
    let server = TestServer::new().await;
    let problem = server.post_form("/ingest/file", Form::default().file("white.txt", " \n")).await;
    let problem = problem.problem(422, "no_text");
    let job = server.get(&format!("/jobs/{}", problem["job_id"].as_str().unwrap())).await.ok();
    assert_eq!((&job["status"], &job["error_code"]), (&json!("failed"), &json!("no_text")));
    assert_eq!(job["error_message"], problem["detail"]);
}

#[tokio::test]
async fn a_final_job_cannot_be_cancelled_and_a_completed_one_not_retried() {
    let server = TestServer::new().await;
    let done = server.given_a_text("done").await;
    let path = format!("/jobs/{}", done["job_id"].as_str().unwrap());
    let problem = server.delete(&path).await.problem(409, "job_already_final");
    assert_eq!(problem["job_id"], done["job_id"]);
    server.post(&format!("{path}/retry"), json!({})).await.problem(409, "job_not_retryable");
}

#[tokio::test]
async fn a_failed_job_is_retried_with_its_source() {
    let server = TestServer::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("late.txt");
    std::fs::write(&file, " ").unwrap();
    let server = {
        drop(server);
        TestServer::with(&["--allowed-dirs", folder.path().to_str().unwrap()]).await
    };
    let job = server.post("/ingest", json!({ "file_path": file })).await.ok();
    server.wait_for(&job, "failed").await;
    std::fs::write(&file, "about ocelots").unwrap();

    let again =
        server.post(&format!("/jobs/{}/retry", job["job_id"].as_str().unwrap()), json!({})).await.ok();
    assert_eq!((&again["status"], &again["error_message"]), (&json!("pending"), &json!("")));
    server.wait_for(&job, "completed").await;
    assert_eq!(found(&server, "ocelots").await, 1);
}

#[tokio::test]
async fn a_running_job_is_cancelled_honestly() {
    let server = TestServer::new().await;
    let text = "a long text about pangolins. ".repeat(2_000_000);
    let job = server.post_form("/ingest", Form::default().file("long.txt", text)).await.ok();
    let path = format!("/jobs/{}", job["job_id"].as_str().unwrap());
    eventually(async || (server.get(&path).await.ok()["progress"].as_f64() > Some(0.0)).then_some(())).await;

    let asked = server.delete(&path).await.ok();
    assert_eq!((&asked["status"], &asked["cancel_requested"]), (&json!("running"), &json!(true)));
    let job = server.wait_for(&job, "cancelled").await;
    assert_eq!(job["chunks_created"], 0);
    assert_eq!(server.get("/documents").await.ok()["total_count"], 0);
    assert_eq!(found(&server, "pangolins").await, 0);
}

#[tokio::test]
async fn progress_moves_inside_one_large_document() {
    let server = TestServer::new().await;
    let text = "a long text about quokkas. ".repeat(1_000_000);
    let job = server.post_form("/ingest", Form::default().file("long.txt", text)).await.ok();
    let path = format!("/jobs/{}", job["job_id"].as_str().unwrap());
    let mut seen: Vec<f64> = Vec::new();
    let mut stages = std::collections::BTreeSet::new();
    eventually(async || {
        let job = server.get(&path).await.ok();
        let progress = job["progress"].as_f64().unwrap();
        stages.extend(job["stage"].as_str().map(str::to_owned));
        if seen.last() != Some(&progress) {
            seen.push(progress);
        }
        (job["status"] == "completed").then_some(())
    })
    .await;
    assert!(seen.is_sorted(), "progress never goes back: {seen:?}");
    assert!(seen.len() > 4, "progress is seen on the way: {seen:?}");
    assert_eq!(stages.into_iter().collect::<Vec<_>>(), ["indexing", "reading"]);
}

#[tokio::test]
async fn no_more_jobs_are_read_at_the_same_time_than_allowed() {
    let server = TestServer::with(&["--max-concurrent-jobs", "2"]).await;
    let text = "a long text about rhinos. ".repeat(100_000);
    for number in 0..8 {
        let form = Form::default().file(&format!("{number}.txt"), &text);
        server.post_form("/ingest", form).await.ok();
    }
    let mut most = 0;
    eventually(async || {
        let running = server.get("/jobs?status=running").await.ok();
        let reading = |job: &&Value| job["stage"] == "reading";
        most = most.max(running["jobs"].as_array().unwrap().iter().filter(reading).count());
        (server.get("/jobs/stats").await.ok()["completed"] == 8).then_some(())
    })
    .await;
    assert_eq!(most, 2);
}

#[tokio::test]
async fn jobs_that_are_waiting_are_cancelled_at_once() {
    let server = TestServer::with(&["--max-concurrent-jobs", "1"]).await;
    let text = "a long text about sloths. ".repeat(1_000_000);
    let first = server.post_form("/ingest", Form::default().file("first.txt", &text)).await.ok();
    server.wait_for(&first, "running").await;
    let second = server.post_form("/ingest", Form::default().file("second.txt", "waiting")).await.ok();
    let path = |job: &Value| format!("/jobs/{}", job["job_id"].as_str().unwrap());
    assert_eq!(server.delete(&path(&second)).await.ok()["status"], "cancelled");
    server.delete(&path(&first)).await.ok();
    server.wait_for(&first, "cancelled").await;

    let again = server.post(&format!("{}/retry", path(&second)), json!({})).await.ok();
    assert_eq!(again["status"], "pending");
    server.wait_for(&second, "completed").await;
    assert_eq!(found(&server, "waiting").await, 1, "its source was kept");
}

#[tokio::test]
async fn events_tell_of_each_change_from_a_number_on() {
    let server = TestServer::new().await;
    let first = server.given_a_text("about rabbits").await;
    let seq = server.get("/jobs").await.ok()["jobs"][0]["seq"].as_u64().unwrap();
    server.given_a_text("about seals").await;

    let request = Request::get("/jobs/events").header("last-event-id", (seq - 1).to_string());
    let mut stream = server.stream(request.body(Body::empty()).unwrap()).await;
    let mut text = String::new();
    while text.matches("event: job").count() < 2 || !text.contains("event: stats") {
        text.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
    }
    assert!(text.contains(&format!("id: {seq}\n")), "{text}");
    let job = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let job: Value = serde_json::from_str(job).unwrap();
    assert_eq!((&job["job_id"], &job["status"]), (&first["job_id"], &json!("completed")));
}

#[tokio::test]
async fn a_wrong_parameter_is_wrong_also_where_another_counts() {
    let server = TestServer::new().await;
    let request = Request::get("/jobs/events?after=x").header("last-event-id", "1");
    server.send(request.body(Body::empty()).unwrap()).await.problem(400, "invalid_parameter");
    let body = json!({ "text_content": "about tapirs", "sync": true });
    server.post("/ingest?sync=perhaps", body).await.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn a_whole_number_may_be_written_with_a_point() {
    let server = TestServer::new().await;
    let text = json!({ "text_content": "about tapirs", "chunk_size": 500.0, "chunk_overlap": 0.0 });
    server.post("/ingest/text", text.clone()).await.ok();
    server.post("/ingest?sync=true", text).await.ok();
    server.post("/query", json!({ "question": "tapirs", "max_chunks": 3.0 })).await.ok();
    let half = json!({ "question": "tapirs", "max_chunks": 3.5 });
    server.post("/query", half).await.problem(400, "invalid_json");
}

#[tokio::test]
async fn a_query_answers_with_ranked_passages() {
    let server = TestServer::new().await;
    server.post("/ingest/text", json!({
        "text_content": "The tapir is shy. The tapir swims well & eats <leaves>.", "metadata": { "source": "zoo" },
    })).await.ok();
    server.given_a_text("The zoo is open. The zoo is large. The zoo has a tapir.").await;
    for number in 0..5 {
        server.given_a_text(&format!("The zoo has animal number {number}.")).await;
    }

    let answer = server
        .post("/query", json!({ "question": "does the tapir swim? leaves", "max_chunks": 2 }))
        .await
        .ok();
    let sources = answer["sources"].as_array().unwrap();
    assert_eq!(sources.len(), 2);
    let best = &sources[0];
    assert_eq!(best["content"], "The tapir is shy. The tapir swims well & eats <leaves>.");
    assert!(best["score"].as_f64() > sources[1]["score"].as_f64());
    assert_eq!((&best["metadata"]["source"], &best["chunk_index"]), (&json!("zoo"), &json!(0)));
    let snippet = best["snippet"].as_str().unwrap();
    assert!(
        snippet.contains("<mark>tapir</mark>") && snippet.contains("&lt;<mark>leaves</mark>"),
        "{snippet}"
    );
    assert!(
        answer["answer"].as_str().unwrap().contains("The tapir swims well & eats <leaves>. [1]"),
        "{answer}"
    );
    let document = server.get(&format!("/documents/{}", best["document_id"].as_str().unwrap())).await.ok();
    assert_eq!(document["chunks"][0]["text"], best["content"]);

    let phrase = server.post("/query", json!({ "question": "\"zoo is open\"" })).await.ok();
    assert_eq!(phrase["sources"].as_array().unwrap().len(), 1, "a quoted part must occur as it stands");
    let nothing = server.post("/query", json!({ "question": "xylophone" })).await.ok();
    assert_eq!(nothing["sources"], json!([]));
    assert!(nothing["answer"].as_str().unwrap().starts_with("Nothing was found"));
}

#[tokio::test]
async fn a_deleted_document_is_never_found_again() {
    let server = TestServer::new().await;
    server.given_a_text("about urchins").await;
    let documents = server.get("/documents").await.ok();
    let id = documents["documents"][0]["document_id"].as_str().unwrap();
    assert_eq!(server.delete(&format!("/documents/{id}")).await.status, 204);
    assert_eq!(found(&server, "urchins").await, 0);
    server.get(&format!("/documents/{id}")).await.problem(404, "document_not_found");
}

#[tokio::test]
async fn the_knowledge_base_says_how_much_there_is() {
    let server = TestServer::new().await;
    server.given_a_text("about voles").await;
    server.given_a_text("about wombats").await;
    let info = eventually(async || {
        let info = server.get("/knowledge-base/info").await.ok();
        (info["index"]["up_to_date"] == true).then_some(info)
    })
    .await;
    assert_eq!((&info["documents"], &info["chunks"], &info["bytes"]), (&json!(2), &json!(2), &json!(24)));
}

#[tokio::test]
async fn health_is_told() {
    let health = TestServer::new().await.get("/health").await.ok();
    assert_eq!(health["status"], "healthy");
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert!(health["timestamp"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn the_index_is_rebuilt_from_the_store_when_it_is_missing_or_damaged() {
    let mut folder = TestServer::new().await;
    folder.given_a_text("about yaks").await;
    for damage in ["remove", "overwrite"] {
        let stopped = folder.stop().await;
        let index = stopped.path().join("data/index");
        if damage == "remove" {
            std::fs::remove_dir_all(&index).unwrap();
        } else {
            std::fs::write(index.join("meta.json"), "{").unwrap();
        }
        folder = TestServer::in_folder(stopped, &[]).await;
        eventually(async || (found(&folder, "yaks").await == 1).then_some(())).await;
    }
}

#[tokio::test]
async fn the_first_page_holds_the_list_and_the_numbers() {
    let server = TestServer::new().await;
    server.given_a_text("about zebras").await;
    let request = Request::get("/").header(header::ACCEPT, "text/html").body(Body::empty()).unwrap();
    let page = server.send(request).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("about zebras"), "{}", page.text());
    let request =
        Request::get("/app/nowhere").header(header::ACCEPT, "text/html").body(Body::empty()).unwrap();
    assert_eq!(server.send(request).await.status, 404);
}

#[tokio::test]
async fn server_functions_and_rest_refuse_in_the_same_words() {
    let server = TestServer::new().await;
    let done = server.given_a_text("done").await;
    let id = done["job_id"].as_str().unwrap();
    let over_rest = server.delete(&format!("/jobs/{id}")).await.problem(409, "job_already_final");
    let by_function = server.post_as("/_fn/cancel_job", URLENCODED, format!("id={id}")).await;
    let in_words =
        |problem: Value| ["code", "detail", "job_id", "status"].map(|field| problem[field].clone());
    assert_eq!((by_function.status.as_u16(), in_words(by_function.json())), (409, in_words(over_rest)));
}

#[tokio::test]
async fn a_page_sends_texts_as_large_as_rest_takes_and_hears_what_was_wrong() {
    let server = TestServer::with(&["--max-text-size", "4MB"]).await;
    let text = "words ".repeat(500_000);
    server.post_as("/_fn/ingest_text", URLENCODED, format!("text={text}")).await.ok();
    let text = "words ".repeat(1_000_000);
    let refused = server.post_as("/_fn/ingest_text", URLENCODED, format!("text={text}")).await;
    refused.problem(413, "too_large");
    let unreadable = server.post_as("/_fn/cancel_job", URLENCODED, "id=7").await;
    assert_eq!(unreadable.json()["code"], "invalid_arguments");
}

#[tokio::test]
async fn metadata_goes_with_every_answer_so_it_is_neither_large_nor_deep() {
    let server = TestServer::new().await;
    let large = json!({ "a": "x".repeat(70_000) });
    let deep = (0..40).fold(json!({}), |inner, _| json!({ "a": inner }));
    for metadata in [large, deep] {
        let text = json!({ "text_content": "some text", "metadata": metadata });
        server.post("/ingest/text", text).await.problem(400, "invalid_metadata");
        let batch = json!({ "messages": [{ "text": "some text", "metadata": metadata }] });
        server.post("/ingest/batch", batch).await.problem(400, "invalid_metadata");
    }
    let shared = json!({ "a": "x".repeat(60_000) });
    let messages = vec![json!({ "text": "a" }); 5_000];
    let batch = json!({ "messages": messages, "metadata": shared });
    server.post("/ingest/batch", batch).await.problem(413, "too_large");
    assert_eq!(server.get("/jobs/stats").await.ok()["total_jobs"], 0);
}

#[tokio::test]
async fn a_finished_job_leads_to_its_document_and_to_all_its_items() {
    let server = TestServer::new().await;
    let text = server.given_a_text("about one thing").await;
    let job = server.get(&format!("/jobs/{}", text["job_id"].as_str().unwrap())).await.ok();
    assert_eq!(job["document_id"], text["document_id"]);
    let document = format!("/documents/{}", text["document_id"].as_str().unwrap());
    assert_eq!(server.get(&document).await.ok()["job_id"], text["job_id"]);

    let form = (0..5).fold(Form::default(), |form, number| {
        form.file(&format!("{number}.txt"), if number % 2 == 0 { "  " } else { "text" })
    });
    let batch = server.post_form("/ingest", form.field("sync", "true")).await.ok();
    let items = format!("/jobs/{}/items", batch["job_id"].as_str().unwrap());
    let numbers = |page: &Value| -> Vec<u64> {
        page["items"].as_array().unwrap().iter().map(|item| item["item"].as_u64().unwrap()).collect()
    };
    let first = server.get(&format!("{items}?limit=3")).await.ok();
    assert_eq!((numbers(&first), &first["next"]), (vec![0, 1, 2], &json!(2)));
    let second = server.get(&format!("{items}?limit=3&after=2")).await.ok();
    assert_eq!((numbers(&second), second.get("next")), (vec![3, 4], None));
    let failed = server.get(&format!("{items}?failed=true")).await.ok();
    assert_eq!(numbers(&failed), [0, 2, 4]);
}

#[tokio::test]
async fn a_full_queue_is_answered_with_429_and_when_to_come_back() {
    let server = TestServer::with(&["--max-pending-jobs", "1", "--max-concurrent-jobs", "1"]).await;
    let text = json!({ "text_content": "words ".repeat(200_000) });
    let mut refused = None;
    for _ in 0..50 {
        let answer = server.post("/ingest/text/async", text.clone()).await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    let problem = refused.problem(429, "queue_full");
    assert!(problem["detail"].as_str().unwrap().contains("--max-pending-jobs"));
    assert_eq!(refused.headers["retry-after"], "5");
}

#[tokio::test]
async fn a_text_is_never_silently_dropped() {
    let server = TestServer::new().await;
    let twice = Form::default().field("text_content", "one").field("text_content", "two");
    server.post_form("/ingest", twice).await.problem(400, "ambiguous_source");
    let waited =
        server.post_form("/ingest?sync=true", Form::default().field("text_content", "one")).await.ok();
    assert_eq!(waited["status"], "completed");
}

#[tokio::test]
async fn on_a_full_disk_nothing_is_taken_in_and_all_else_goes_on() {
    let server = TestServer::new().await;
    let kept = server.given_a_text("about reservoirs").await;
    let folder = server.stop().await;
    let full = TestServer::in_folder(folder, &["--min-free-disk", "1000TiB"]).await;
    let refused = full.post("/ingest/text", json!({ "text_content": "more" })).await;
    refused.problem(507, "low_disk");
    assert_eq!(refused.headers["retry-after"], "60");
    full.post_form("/ingest", Form::default().file("a.txt", "more")).await.problem(507, "low_disk");
    let health = full.get("/health").await.ok();
    assert_eq!((&health["status"], &health["problem"]["code"]), (&json!("refusing"), &json!("low_disk")));
    assert_eq!(found(&full, "reservoirs").await, 1);
    assert_eq!(full.files("tmp") + full.files("blobs"), 0);
    full.delete(&format!("/documents/{}", kept["document_id"].as_str().unwrap())).await;
    assert_eq!(found(&full, "reservoirs").await, 0);
}

#[tokio::test]
async fn a_request_with_an_idempotency_key_makes_one_job_however_often_it_is_sent() {
    let server = TestServer::new().await;
    let send = async |path: &str, media_type: &str, key: &str, body: Vec<u8>| {
        let request =
            Request::post(path).header(header::CONTENT_TYPE, media_type).header("idempotency-key", key);
        server.send(request.body(Body::from(body)).unwrap()).await
    };
    let text = |text: &str| json!({"text_content": text}).to_string().into_bytes();
    let batch = json!({"messages": [{"text": "a"}, {"text": "b"}]}).to_string().into_bytes();
    let form = |content: &str| Form::default().file("a.txt", content).end();
    for (path, media_type, body, other) in [
        ("/ingest/text/async", "application/json", text("about keys"), text("about locks")),
        ("/ingest/text", "application/json", text("waits for keys"), text("waits for locks")),
        ("/ingest/batch/async", "application/json", batch.clone(), text("no batch")),
        ("/ingest", Form::MEDIA_TYPE, form("a file"), form("another file")),
        (
            "/ingest/async",
            "application/x-www-form-urlencoded",
            b"text_content=keys".into(),
            b"text_content=x".into(),
        ),
    ] {
        let first = send(path, media_type, path, body.clone()).await.ok();
        let again = send(path, media_type, path, body).await.ok();
        assert_eq!(first["job_id"], again["job_id"], "{path}");
        let refused = send(path, media_type, path, other).await;
        let status = refused.status.as_u16();
        // What is no batch is refused as that.
        assert!(status == if path.contains("batch") { 400 } else { 409 }, "{path}: {}", refused.text());
    }
    let (first, second) = tokio::join!(
        send("/ingest/text/async", "application/json", "at-once", text("twice at once")),
        send("/ingest/text/async", "application/json", "at-once", text("twice at once"))
    );
    assert_eq!(first.ok()["job_id"], second.ok()["job_id"]);
    send("/ingest/text", "application/json", "at-once", text("other"))
        .await
        .problem(409, "idempotency_key_taken");
    send("/ingest/text", "application/json", "", text("x")).await.problem(400, "invalid_idempotency_key");
    send("/ingest/text", "application/json", &"k".repeat(256), text("x"))
        .await
        .problem(400, "invalid_idempotency_key");
    assert_eq!(server.get("/jobs/stats").await.ok()["total_jobs"], 6);
}
