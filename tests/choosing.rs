//! Choosing jobs, acting on many of them, and the queue as a whole: the REST contract, through the router.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use axum::body::Body;
use axum::http::{Request, header};
use common::{Answer, Form, TestServer, eventually};
use futures::StreamExt;
use serde_json::{Value, json};

const URLENCODED: &str = "application/x-www-form-urlencoded";

async fn given_a_failed_file(server: &TestServer, name: &str) -> Value {
    let job = server.post_form("/ingest", Form::default().file(name, "  ")).await.ok();
    server.wait_for(&job, "failed").await
}

/// A server on which nothing is begun.
async fn paused() -> TestServer {
    let server = TestServer::new().await;
    set_queue(&server, json!({ "paused": true })).await.ok();
    server
}

async fn given_waiting_texts(server: &TestServer, count: usize) -> Vec<Value> {
    let mut ids = Vec::new();
    for number in 0..count {
        let text = json!({ "text_content": format!("text {number}") });
        ids.push(server.post("/ingest/text/async", text).await.ok()["job_id"].clone());
    }
    ids
}

async fn set_queue(server: &TestServer, change: Value) -> Answer {
    let request = Request::patch("/queue").header(header::CONTENT_TYPE, "application/json");
    server.send(request.body(Body::from(change.to_string())).unwrap()).await
}

/// Sends a form as a browser without scripts does.
async fn send_as_page(server: &TestServer, path: &str, form: String) -> Answer {
    let request = Request::post(path).header(header::CONTENT_TYPE, URLENCODED);
    let request = request.header(header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8");
    server.send(request.body(Body::from(form)).unwrap()).await
}

fn path(job: &Value) -> String {
    format!("/jobs/{}", job["job_id"].as_str().unwrap())
}

#[tokio::test]
async fn jobs_are_chosen_by_what_is_said_of_them_and_sorted() {
    let server = TestServer::new().await;
    let failed = given_a_failed_file(&server, "White Paper.txt").await;
    server.given_a_text("one chunk").await;
    let long = server.given_a_text(&"many words ".repeat(2000)).await;

    let names = async |query: &str| {
        let page = server.get(&format!("/jobs?{query}")).await.ok();
        let ids: Vec<_> = page["jobs"].as_array().unwrap().iter().map(|job| job["job_id"].clone()).collect();
        assert_eq!(page["total_count"], ids.len(), "{query}");
        ids
    };
    for query in [
        "attention=true",
        "error_code=no_text",
        "q=white+paper",
        "attention=true&error_code=no_text&since=1h",
    ] {
        assert_eq!(names(query).await, [failed["job_id"].clone()], "{query}");
    }
    assert_eq!(names("until=2020-01-01T00:00:00Z").await, [] as [Value; 0]);
    assert_eq!(names("since=24h").await.len(), 3);
    assert_eq!(names("sort=chunks").await[0], long["job_id"]);
    let first = server.get("/jobs?sort=chunks&limit=1").await.ok();
    let next = first["next"].as_str().unwrap();
    assert!(next.contains('.'), "{next}: the key and the id");
    let second = server.get(&format!("/jobs?sort=chunks&limit=1&before={next}")).await.ok();
    assert_eq!((&second["jobs"][0]["chunks_created"], &second["total_count"]), (&json!(1), &json!(3)));

    for query in ["sort=name", "since=yesterday", "attention=maybe", "before=7.x"] {
        server.get(&format!("/jobs?{query}")).await.problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn causes_say_why_jobs_need_attention_and_how_to_choose_them() {
    let server = TestServer::new().await;
    assert_eq!(server.get("/jobs/causes").await.ok(), json!({ "causes": [] }));
    given_a_failed_file(&server, "a.txt").await;
    given_a_failed_file(&server, "b.txt").await;
    let form = Form::default().file("c.txt", "text").file("d.txt", " ").field("sync", "true");
    server.post_form("/ingest", form).await.ok();

    let causes = server.get("/jobs/causes").await.ok()["causes"].clone();
    let expected = json!([
        {
            "error_code": "no_text", "title": "No text in it", "count": 2, "can_retry": false,
            "example": "There is no text in b.txt, only white space.",
            "filter": "attention=true&error_code=no_text",
        },
        {
            "error_code": "items_failed", "title": "Some items failed", "count": 1, "can_retry": true,
            "example": "There is no text in d.txt, only white space.",
            "filter": "attention=true&error_code=items_failed",
        },
    ]);
    assert_eq!(causes, expected);
    for cause in causes.as_array().unwrap() {
        let page = server.get(&format!("/jobs?{}", cause["filter"].as_str().unwrap())).await.ok();
        assert_eq!(page["total_count"], cause["count"]);
    }
    assert_eq!(server.get("/jobs/stats").await.ok()["needs_attention"], 3);
}

#[tokio::test]
async fn many_jobs_are_cancelled_retried_and_deleted() {
    let server = paused().await;
    let ids = given_waiting_texts(&server, 4).await;

    let some = server.post("/jobs/cancel", json!({ "ids": ids[..2] })).await.ok();
    let expected = json!({ "matched": 2, "changed": 2, "unchanged": [], "job_ids": ids[..2] });
    assert_eq!(some, expected);
    let all = server.post_as("/jobs/cancel?job_type=text_ingestion", "", "").await.ok();
    assert_eq!((&all["matched"], &all["changed"]), (&json!(4), &json!(2)));
    assert_eq!(all["unchanged"][0]["code"], "job_already_final");
    assert_eq!(all["unchanged"][0]["count"], 2);
    assert!(all["unchanged"][0]["reason"].as_str().unwrap().ends_with('.'));

    let both = server.post("/jobs/retry?status=cancelled", json!({ "ids": ids[..1] })).await.ok();
    assert_eq!(both["job_ids"], json!(ids[..1]), "ids and filter must both hold");
    let neither = server.post("/jobs/retry?status=failed", json!({ "ids": ids[..1] })).await.ok();
    assert_eq!(neither["matched"], 0);
    let waiting = server.post("/jobs/retry", json!({ "ids": ids[..1] })).await.ok();
    let alone = server.post(&format!("/jobs/{}/retry", ids[0].as_str().unwrap()), json!({})).await;
    assert_eq!(waiting["unchanged"][0]["code"], alone.problem(409, "job_not_retryable")["code"]);

    let deleted = server.delete("/jobs?since=1h").await.ok();
    assert_eq!((&deleted["matched"], &deleted["changed"]), (&json!(4), &json!(3)));
    assert_eq!(deleted["unchanged"][0]["code"], "job_active");
    assert_eq!(server.get("/jobs/stats").await.ok()["total_jobs"], 1);
}

#[tokio::test]
async fn more_jobs_than_one_step_takes_are_all_changed() {
    let server = paused().await;
    given_waiting_texts(&server, 1203).await;
    let cancelled = server.post_as("/jobs/cancel?status=pending", "", "").await.ok();
    assert_eq!(cancelled["changed"], 1203);
    assert_eq!(cancelled["job_ids"].as_array().unwrap().len(), 1000);
    let deleted = server.delete("/jobs?status=cancelled").await.ok();
    assert_eq!(deleted["changed"], 1203);
    assert_eq!(server.get("/jobs/stats").await.ok()["total_jobs"], 0);
}

#[tokio::test]
async fn running_jobs_are_told_at_once_when_many_are_cancelled() {
    let server = TestServer::with(&["--max-concurrent-jobs", "2"]).await;
    let text = "a long text about tortoises. ".repeat(2_000_000);
    let mut jobs = Vec::new();
    for name in ["a.txt", "b.txt"] {
        let job = server.post_form("/ingest", Form::default().file(name, &text)).await.ok();
        server.wait_for(&job, "running").await;
        jobs.push(job);
    }
    let asked = server.post_as("/jobs/cancel?q=.txt", "", "").await.ok();
    assert_eq!(asked["changed"], 2);
    for job in jobs {
        server.wait_for(&job, "cancelled").await;
    }
    assert_eq!(server.get("/documents").await.ok()["total_count"], 0);
}

#[tokio::test]
async fn nobody_means_all_jobs_by_saying_nothing_or_the_wrong_thing() {
    let server = paused().await;
    given_waiting_texts(&server, 1).await;
    for (answer, status, code) in [
        (server.post_as("/jobs/cancel", "", "").await, 400, "nothing_selected"),
        (server.post("/jobs/retry", json!({ "ids": [] })).await, 400, "nothing_selected"),
        (server.post("/jobs/cancel?status=pending", json!({ "ids": [] })).await, 400, "nothing_selected"),
        (server.delete("/jobs").await, 400, "nothing_selected"),
        (server.delete("/jobs?status=").await, 400, "nothing_selected"),
        (server.post_as("/jobs/delete", URLENCODED, "back=/").await, 400, "nothing_selected"),
        (server.post_as("/jobs/cancel?status=done", "", "").await, 400, "invalid_parameter"),
        (server.post_as("/jobs/cancel?statsu=failed&q=a", "", "").await, 400, "invalid_parameter"),
        (server.post_as("/jobs/cancel", URLENCODED, "id=7").await, 400, "invalid_parameter"),
        // The first value counts, but the second is no less wrong.
        (
            server.post_as("/jobs/cancel?status=failed", URLENCODED, "status=x").await,
            400,
            "invalid_parameter",
        ),
        (server.post("/jobs/cancel", json!({ "ids": ["7"] })).await, 400, "invalid_json"),
        (server.post("/jobs/cancel", json!({ "id": [] })).await, 400, "invalid_json"),
        (server.post_as("/jobs/cancel", "text/plain", "all").await, 415, "unsupported_media_type"),
    ] {
        answer.problem(status, code);
    }
    assert_eq!(server.get("/jobs/stats").await.ok()["pending"], 1);
}

#[tokio::test]
async fn a_page_without_scripts_sends_forms_and_gets_its_page_back() {
    let server = paused().await;
    let ids = given_waiting_texts(&server, 3).await;
    let chosen = format!("id={}&id={}", ids[0].as_str().unwrap(), ids[1].as_str().unwrap());

    let answer = send_as_page(&server, "/jobs/cancel", format!("{chosen}&back=%2F%3Fstatus%3Dpending")).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["location"]),
        (303, &"/?status=pending".parse().unwrap())
    );
    assert_eq!(server.get("/jobs/stats").await.ok()["cancelled"], 2);
    let answer = send_as_page(&server, "/jobs/retry", format!("{chosen}&back=//elsewhere.org")).await;
    assert_eq!((answer.status.as_u16(), &answer.headers["location"]), (303, &"/".parse().unwrap()));
    assert_eq!(server.get("/jobs/stats").await.ok()["pending"], 3);
    send_as_page(&server, "/jobs/cancel", "status=pending&q=&since=".to_owned()).await;
    let answer = server.post_as("/jobs/delete", URLENCODED, chosen).await.ok();
    assert_eq!(answer["changed"], 2, "a program gets the outcome");

    let answer =
        send_as_page(&server, "/queue", "paused=false&max_concurrent_jobs=&back=%2Fapp%2Fx".into()).await;
    assert_eq!((answer.status.as_u16(), &answer.headers["location"]), (303, &"/app/x".parse().unwrap()));
    assert_eq!(server.get("/queue").await.ok()["paused"], false);
    let form = "paused=true&max_concurrent_jobs=5";
    let queue = server.post_as("/queue", URLENCODED, form).await.ok();
    assert_eq!((&queue["paused"], &queue["max_concurrent_jobs"]), (&json!(true), &json!(5)));
}

#[tokio::test]
async fn server_functions_act_on_many_jobs_too() {
    let server = paused().await;
    let ids = given_waiting_texts(&server, 2).await;
    let selection = json!({ "selection": { "ids": ids } });
    assert_eq!(server.post("/_fn/queue_places", json!({ "ids": ids })).await.ok()[1], json!([ids[1], 1]));
    assert_eq!(server.post("/_fn/cancel_jobs", selection.clone()).await.ok()["changed"], 2);
    assert_eq!(server.post("/_fn/retry_jobs", selection.clone()).await.ok()["changed"], 2);
    assert_eq!(server.post("/_fn/delete_jobs", selection).await.ok()["changed"], 0);
    let nothing = server.post("/_fn/cancel_jobs", json!({ "selection": {} })).await;
    assert_eq!((nothing.status.as_u16(), &nothing.json()["code"]), (400, &json!("nothing_selected")));

    let query = json!({ "query": { "filter": { "since": "24h" }, "sort": "chunks", "limit": 1 } });
    let view = server.post("/_fn/list_jobs", query).await.ok();
    assert_eq!((&view["queue"]["paused"], &view["page"]["total_count"]), (&json!(true), &json!(2)));
    let change = json!({ "change": { "paused": false } });
    assert_eq!(server.post("/_fn/change_queue", change).await.ok()["paused"], false);
    assert_eq!(server.post("/_fn/list_causes", json!({})).await.ok(), json!([]));
}

#[tokio::test]
async fn only_the_failed_items_of_a_completed_job_are_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let late = folder.path().join("late.txt");
    std::fs::write(folder.path().join("good.txt"), "about walruses").unwrap();
    std::fs::write(&late, "  ").unwrap();
    let server = TestServer::with(&["--allowed-dirs", folder.path().to_str().unwrap()]).await;
    let job = server.post("/ingest", json!({ "file_path": folder.path() })).await.ok();
    let done = server.wait_for(&job, "completed").await;
    assert_eq!(done["message"], "1 of 2 items ingested, 1 failed");
    let before = server.get("/documents").await.ok()["documents"][0].clone();

    std::fs::write(&late, "about xerus").unwrap();
    // What was ingested is not read again.
    std::fs::remove_file(folder.path().join("good.txt")).unwrap();
    let again = server.post(&format!("{}/retry", path(&job)), json!({})).await.ok();
    assert_eq!((&again["status"], &again["processed_items"]), (&json!("pending"), &json!(1)));
    let done = server.wait_for(&job, "completed").await;
    assert_eq!(
        (&done["message"], &done["failed_items"]),
        (&json!("2 items ingested successfully"), &json!(0))
    );
    let documents = server.get("/documents").await.ok();
    assert_eq!(documents["total_count"], 2);
    assert!(documents["documents"].as_array().unwrap().contains(&before), "it stayed as it was");
    server.post(&format!("{}/retry", path(&job)), json!({})).await.problem(409, "job_not_retryable");
}

/// A ZIP archive of these files, and in it one that needs a password.
fn zip(files: &[(&str, &str)], locked: &str) -> Vec<u8> {
    use std::io::Write;
    use zip::write::SimpleFileOptions;
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in files {
        let options = SimpleFileOptions::default();
        let options = if *name == locked {
            options.with_aes_encryption(zip::AesMode::Aes256, "sesame")
        } else {
            options
        };
        archive.start_file(*name, options).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

const FILES: [(&str, &str); 3] =
    [("a.txt", "about alpacas"), ("b.txt", "about bongos"), ("c.txt", "about civets")];

/// After a retry with the password each of `names` is there once.
async fn retried_with_the_password(server: &TestServer, job: &Value, names: &[&str]) {
    let first = server.wait_for(job, "completed").await;
    assert_eq!(first["failed_items"], 1, "{first}");
    server.post(&format!("{}/retry", path(job)), json!({ "password": "sesame" })).await.ok();
    let done = server.wait_for(job, "completed").await;
    let count = names.len();
    assert_eq!(
        (&done["total_items"], &done["processed_items"], &done["failed_items"], &done["chunks_created"]),
        (&json!(count), &json!(count), &json!(0), &json!(count)),
        "{done}"
    );
    let documents = server.get("/documents").await.ok();
    let mut found: Vec<_> =
        documents["documents"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, names);
}

#[tokio::test]
async fn a_failed_file_of_an_archive_is_tried_again_and_the_others_are_not() {
    let server = TestServer::new().await;
    let form = Form::default().file("x.zip", zip(&FILES, "b.txt")).file("y.txt", "about yaks");
    let job = server.post_form("/ingest", form).await.ok();
    retried_with_the_password(&server, &job, &["x.zip/a.txt", "x.zip/b.txt", "x.zip/c.txt", "y.txt"]).await;
}

#[tokio::test]
async fn a_failed_file_of_an_archive_in_a_folder_is_tried_again_and_the_others_are_not() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.zip"), zip(&FILES, "a.txt")).unwrap();
    std::fs::write(folder.path().join("y.txt"), "about yaks").unwrap();
    let server = TestServer::with(&["--allowed-dirs", folder.path().to_str().unwrap()]).await;
    let job = server.post("/ingest", json!({ "file_path": folder.path() })).await.ok();
    retried_with_the_password(&server, &job, &["x.zip/a.txt", "x.zip/b.txt", "x.zip/c.txt", "y.txt"]).await;
}

#[tokio::test]
async fn the_queue_is_paused_and_set_and_stays_so_after_a_restart() {
    let server = TestServer::new().await;
    let idle = json!({
        "paused": false, "max_concurrent_jobs": 3, "running_slots": 0, "pending": 0, "oldest_pending_at": null,
    });
    assert_eq!(server.get("/queue").await.ok(), idle);
    let queue = set_queue(&server, json!({ "paused": true, "max_concurrent_jobs": 7 })).await.ok();
    assert_eq!((&queue["paused"], &queue["max_concurrent_jobs"]), (&json!(true), &json!(7)));
    let job = server.post("/ingest/text/async", json!({ "text_content": "waits" })).await.ok();
    let queue = server.get("/queue").await.ok();
    assert_eq!((&queue["pending"], &queue["oldest_pending_at"]), (&json!(1), &job["created_at"]));
    let shown = server.get(&path(&job)).await.ok();
    assert_eq!((&shown["waits_for"], &shown["jobs_ahead"]), (&json!("The queue is paused."), &json!(0)));

    for wrong in [json!({ "max_concurrent_jobs": 0 }), json!({ "max_concurrent_jobs": 257 })] {
        let problem = set_queue(&server, wrong).await.problem(400, "invalid_parameter");
        assert!(problem["detail"].as_str().unwrap().contains("from 1 to 256"), "{problem}");
    }
    set_queue(&server, json!({ "pause": true })).await.problem(400, "invalid_json");
    server.post_as("/queue", URLENCODED, "max_concurrent_jobs=many").await.problem(400, "invalid_parameter");

    let server = TestServer::in_folder(server.stop().await, &[]).await;
    let queue = server.get("/queue").await.ok();
    assert_eq!((&queue["paused"], &queue["max_concurrent_jobs"]), (&json!(true), &json!(7)));
    assert_eq!(server.get(&path(&job)).await.ok()["status"], "pending");
    set_queue(&server, json!({ "paused": false })).await.ok();
    let done = server.wait_for(&job, "completed").await;
    assert!(done.get("waits_for").is_none());
}

#[tokio::test]
async fn who_waits_for_a_job_of_a_paused_queue_hears_of_it_when_that_goes_on() {
    let server = paused().await;
    let waiting = server.post("/ingest/text", json!({ "text_content": "about bears" }));
    let resume = async {
        eventually(async || (server.get("/queue").await.ok()["pending"] == 1).then_some(())).await;
        set_queue(&server, json!({ "paused": false })).await.ok();
    };
    let (answer, ()) = tokio::join!(waiting, resume);
    assert_eq!(answer.ok()["success"], true);
}

#[tokio::test]
async fn the_event_stream_tells_of_the_queue_at_once_and_when_it_changes() {
    let server = TestServer::new().await;
    let mut stream = server.stream(Request::get("/jobs/events").body(Body::empty()).unwrap()).await;
    let mut text = String::new();
    let mut read_until = async |part: &str| {
        while !text.contains(part) {
            text.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
        }
    };
    read_until("event: queue\ndata: {\"paused\":false").await;
    set_queue(&server, json!({ "paused": true })).await.ok();
    read_until("event: queue\ndata: {\"paused\":true").await;
}
