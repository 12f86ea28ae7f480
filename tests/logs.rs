//! The log of a real process: lines for programs, and nothing of what documents say.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use std::fs::File;
use std::process::Command;

use common::eventually;
use common::process::{ServerProcess, sluice};
use serde_json::{Value, json};

/// Starts a server that logs this into a file of its folder.
async fn given_a_log(folder: &tempfile::TempDir, filter: &str, flags: &[&str]) -> ServerProcess {
    let log = folder.path().join("log");
    let command = |arguments: &[&str]| -> Command {
        let arguments: Vec<_> = arguments.iter().map(|it| if *it == "warn" { filter } else { it }).collect();
        let mut command = sluice(&arguments);
        command.stderr(File::create(&log).unwrap());
        command
    };
    ServerProcess::start_as(&folder.path().join("data"), flags, command).await
}

fn log(folder: &tempfile::TempDir) -> String {
    std::fs::read_to_string(folder.path().join("log")).unwrap()
}

/// Sends a file that no reader can read, and waits until its job has failed.
async fn given_a_failed_job(server: &ServerProcess) -> String {
    let file = reqwest::multipart::Part::text("%PDF-1.7 of a zanzibar").file_name("kilimanjaro.pdf");
    let form = reqwest::multipart::Form::new().part("file", file).text("password", "serengeti");
    let answer = server.client().post(server.at("/ingest?q=okavango")).multipart(form).send().await.unwrap();
    let job: Value = answer.json().await.unwrap();
    let path = format!("/jobs/{}", job["job_id"].as_str().unwrap());
    eventually(async || Some(server.get(&path).await).filter(|job| job["status"] == "failed")).await;
    job["job_id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn json_lines_have_the_message_its_fields_and_those_of_its_spans() {
    let folder = tempfile::tempdir().unwrap();
    let server = given_a_log(&folder, "tower_http=debug,info", &["--log-format", "json"]).await;
    let job = given_a_failed_job(&server).await;
    server.signal("-TERM").await;

    let text = log(&folder);
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for line in &lines {
        for field in ["timestamp", "level", "message"] {
            assert!(line[field].as_str().is_some_and(|it| !it.is_empty()), "{field} in {line}");
        }
    }
    let find = |message: &str| lines.iter().find(|line| line["message"] == message).unwrap();
    assert_eq!(find("stopped")["level"], "INFO");

    let failed = find("an attempt failed");
    assert!(failed["code"].is_string() && failed["again"].is_boolean(), "{failed}");
    let attempt = failed["spans"].as_array().unwrap().iter().find(|span| span["name"] == "attempt").unwrap();
    assert_eq!((&attempt["job.id"], &attempt["attempt"]), (&json!(job), &json!(1)), "{failed}");

    let of_request = |line: &&Value| line["spans"][0]["path"] == "/ingest";
    let request = lines.iter().find(of_request).unwrap();
    assert_eq!(
        (&request["spans"][0]["name"], &request["spans"][0]["method"]),
        (&json!("request"), &json!("POST")),
        "{request}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_clients_send_is_logged() {
    for format in ["text", "json"] {
        let folder = tempfile::tempdir().unwrap();
        // Not the libraries: what they say at this level is theirs.
        let server =
            given_a_log(&folder, "sluice=trace,tower_http=trace,info", &["--log-format", format]).await;
        given_a_failed_job(&server).await;
        let text = json!({ "text_content": "A text about a kalahari.", "metadata": { "secret": "limpopo" } });
        server.post("/ingest/text", &text).await.unwrap();
        server.post("/query", &json!({ "question": "what is a kalahari?" })).await.unwrap();
        server.signal("-TERM").await;
        let text = log(&folder);
        assert!(text.contains("an attempt failed"), "{text}");
        for word in ["zanzibar", "kilimanjaro", "serengeti", "okavango", "kalahari", "limpopo"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
}

#[tokio::test]
async fn a_server_that_cannot_start_says_so_as_an_object_too() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = folder.path().to_str().unwrap();
    let output = sluice(&["--data-dir", data, "--addr", &address, "--log-format", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let line: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(line["level"], "ERROR", "{line}");
    assert!(line["message"].as_str().unwrap().contains("is in use"), "{line}");
}
