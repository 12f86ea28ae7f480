//! Content that is there already: allowed, skipped, replaced or refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use common::{Form, TestServer};
use serde_json::{Value, json};

const TEXT: &str = "Wombats dig long burrows.";

async fn send(server: &TestServer, text: &str, on_duplicate: &str) -> common::Answer {
    server.post("/ingest/text", json!({"text_content": text, "on_duplicate": on_duplicate})).await
}

async fn documents(server: &TestServer) -> u64 {
    server.get("/documents").await.ok()["total_count"].as_u64().unwrap()
}

fn met(answer: &Value, outcome: &str) -> String {
    assert_eq!(answer["duplicate"]["outcome"], outcome, "{answer}");
    answer["duplicate"]["document_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn without_a_wish_the_same_content_becomes_another_document() {
    let server = TestServer::new().await;
    for body in [json!({"text_content": TEXT}), json!({"text_content": TEXT, "on_duplicate": "allow"})] {
        let answer = server.post("/ingest/text", body).await.ok();
        assert_eq!(answer.get("duplicate"), None);
    }
    assert_eq!(documents(&server).await, 2);
}

#[tokio::test]
async fn what_is_skipped_leads_to_the_document_that_is_there() {
    let server = TestServer::new().await;
    let first = send(&server, TEXT, "skip").await.ok();
    assert_eq!(first.get("duplicate"), None, "there was nothing to meet");
    let second = send(&server, TEXT, "skip").await.ok();
    assert_eq!(second["document_id"], first["document_id"]);
    assert_eq!(met(&second, "skipped"), first["document_id"].as_str().unwrap());
    assert_eq!((&second["success"], &second["chunks_created"]), (&json!(true), &json!(0)));
    let message = second["message"].as_str().unwrap();
    assert!(
        message.starts_with("Skipped: document ") && message.ends_with(" has the same content"),
        "{message}"
    );
    let job = server.get(&format!("/jobs/{}", second["job_id"].as_str().unwrap())).await.ok();
    assert_eq!((&job["status"], &job["document_id"]), (&json!("completed"), &first["document_id"]));
    assert_eq!(documents(&server).await, 1);
}

#[tokio::test]
async fn the_answer_of_a_call_that_does_not_wait_says_it_at_once() {
    let server = TestServer::new().await;
    let first = send(&server, TEXT, "allow").await.ok();
    let body = json!({"text_content": TEXT, "on_duplicate": "skip"});
    let second = server.post("/ingest/text/async", body.clone()).await.ok();
    assert_eq!(met(&second, "skipped"), first["document_id"].as_str().unwrap());
    server.wait_for(&second, "completed").await;
    let body = json!({"text_content": TEXT, "on_duplicate": "error"});
    let refused = server.post("/ingest/text/async", body).await.problem(409, "duplicate_document");
    assert_eq!(refused["document_id"], first["document_id"]);
    assert_eq!(server.get("/jobs/stats").await.ok()["total_jobs"], 2, "nothing was accepted");
}

#[tokio::test]
async fn a_file_and_a_text_of_the_same_bytes_are_the_same_content() {
    let server = TestServer::new().await;
    let first = send(&server, TEXT, "allow").await.ok();
    let form = Form::default().file("wombats.txt", TEXT).field("on_duplicate", "error");
    let refused = server.post_form("/ingest", form).await.problem(409, "duplicate_document");
    assert_eq!(refused["document_id"], first["document_id"]);
    assert_eq!(server.files("tmp"), 0);
    let other = Form::default().file("wombats.txt", format!("{TEXT}\n")).field("on_duplicate", "error");
    server.post_form("/ingest?sync=true", other).await.ok();
}

#[tokio::test]
async fn a_replaced_document_is_found_until_the_new_one_is_there() {
    let server = TestServer::new().await;
    let former = send(&server, TEXT, "allow").await.ok();
    let form =
        Form::default().file("wombats.txt", TEXT).field("on_duplicate", "replace").field("sync", "true");
    let new = server.post_form("/ingest", form).await.ok();
    assert_eq!(met(&new, "replaced"), former["document_id"].as_str().unwrap());
    assert_ne!(new["document_id"], former["document_id"]);
    let message = new["message"].as_str().unwrap();
    assert!(message.starts_with("File ingested successfully. Replaced document "), "{message}");
    server
        .get(&format!("/documents/{}", former["document_id"].as_str().unwrap()))
        .await
        .problem(404, "document_not_found");
    let answer = server.post("/query", json!({"question": "wombats burrows"})).await.ok();
    let sources = answer["sources"].as_array().unwrap();
    assert_eq!((sources.len(), &sources[0]["document_id"]), (1, &new["document_id"]));
}

#[tokio::test]
async fn each_item_of_a_batch_is_looked_at_for_itself() {
    let server = TestServer::new().await;
    let first = send(&server, TEXT, "allow").await.ok();
    let batch = |on_duplicate: &str| {
        json!({"on_duplicate": on_duplicate,
            "messages": [{"text": "Echidnas"}, {"text": TEXT}, {"text": "Quolls"}, {"text": "Quolls"}]})
    };
    let skipped = server.post("/ingest/batch?sync=true", batch("skip")).await.ok();
    assert_eq!(skipped["message"], "2 of 4 items ingested, 2 skipped as duplicates");
    let items = server.get(&format!("/jobs/{}/items", skipped["job_id"].as_str().unwrap())).await.ok();
    assert_eq!(met(&items["items"][1], "skipped"), first["document_id"].as_str().unwrap());
    assert_eq!(items["items"][3]["document_id"], items["items"][2]["document_id"]);
    assert_eq!(documents(&server).await, 3);

    let refused =
        server.post("/ingest/batch?sync=true", batch("error")).await.problem(422, "duplicate_document");
    assert!(
        refused["detail"].as_str().unwrap().starts_with("None of the 4 items could be ingested."),
        "{refused}"
    );
    let mixed = json!({"messages": [{"text": TEXT}, {"text": "Numbats"}]});
    let mixed = server.post("/ingest/batch?sync=true&on_duplicate=error", mixed).await.ok();
    assert_eq!(mixed["message"], "1 of 2 items ingested, 1 failed");
    let items =
        server.get(&format!("/jobs/{}/items?failed=true", mixed["job_id"].as_str().unwrap())).await.ok();
    assert_eq!(items["items"][0]["error_code"], "duplicate_document");
    assert_eq!(met(&items["items"][0], "refused"), first["document_id"].as_str().unwrap());
}

#[tokio::test]
async fn a_folder_sent_again_takes_in_only_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    for name in ["a.txt", "b.txt"] {
        std::fs::write(folder.path().join(name), format!("in {name}")).unwrap();
    }
    let server = TestServer::with(&["--allowed-dirs", &path]).await;
    let form =
        || Form::default().field("file_path", &path).field("on_duplicate", "skip").field("sync", "true");
    assert_eq!(server.post_form("/ingest", form()).await.ok()["message"], "2 items ingested successfully");
    std::fs::write(folder.path().join("b.txt"), "other words").unwrap();
    std::fs::write(folder.path().join("c.txt"), "more words").unwrap();
    let again = server.post_form("/ingest", form()).await.ok();
    assert_eq!(again["message"], "2 of 3 items ingested, 1 skipped as a duplicate");
    let all = server.post_form("/ingest", form()).await.ok();
    assert_eq!(
        (&all["message"], &all["chunks_created"]),
        (&json!("0 of 3 items ingested, 3 skipped as duplicates"), &json!(0))
    );
}

#[tokio::test]
async fn files_in_an_archive_are_met_as_files() {
    let server = TestServer::new().await;
    let first = send(&server, TEXT, "allow").await.ok();
    let zip = zip(&[("wombats.txt", TEXT), ("other.txt", "other words")]);
    let form = Form::default().file("a.zip", zip).field("on_duplicate", "skip").field("sync", "true");
    let job = server.post_form("/ingest", form).await.ok();
    assert_eq!(job["message"], "1 of 2 items ingested, 1 skipped as a duplicate");
    let items = server.get(&format!("/jobs/{}/items", job["job_id"].as_str().unwrap())).await.ok();
    assert_eq!(met(&items["items"][0], "skipped"), first["document_id"].as_str().unwrap());
}

#[tokio::test]
async fn of_requests_that_come_at_once_one_becomes_a_document() {
    let server = TestServer::new().await;
    let all = futures::future::join_all((0..20).map(|_| send(&server, TEXT, "skip"))).await;
    let documents: std::collections::BTreeSet<_> =
        all.into_iter().map(|it| it.ok()["document_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(documents.len(), 1);
    // Files are not taken in groups, but several at a time.
    let file = |_| {
        let form = Form::default().file("a.txt", "the same file").field("on_duplicate", "error");
        server.post_form("/ingest/file", form)
    };
    let all = futures::future::join_all((0..20).map(file)).await;
    let (taken, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(|it| it.status == 200);
    assert_eq!((taken.len(), refused.len()), (1, 19));
    for answer in refused {
        let problem = answer.problem(409, "duplicate_document");
        assert_eq!(problem["document_id"], taken[0].json()["document_id"]);
    }
    assert_eq!(server.get("/documents").await.ok()["total_count"], 2);
}

#[tokio::test]
async fn an_unknown_wish_is_refused_wherever_it_is_said() {
    let server = TestServer::new().await;
    let text = json!({"text_content": TEXT});
    for path in ["/ingest/text?on_duplicate=ignore", "/ingest/async?on_duplicate=ignore"] {
        let problem = server.post(path, text.clone()).await.problem(400, "invalid_parameter");
        let detail = problem["detail"].as_str().unwrap();
        assert_eq!(detail, "on_duplicate is \"ignore\"; it must be one of allow, skip, replace, error.");
    }
    let form = Form::default().file("a.txt", TEXT).field("on_duplicate", "ignore");
    server.post_form("/ingest", form).await.problem(400, "invalid_parameter");
    send(&server, TEXT, "ignore").await.problem(400, "invalid_json");
    assert_eq!(server.get("/jobs/stats").await.ok()["total_jobs"], 0);
    assert_eq!(server.files("tmp") + server.files("blobs"), 0);
}

fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
