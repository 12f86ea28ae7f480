//! The executable as operators meet it: started, killed, stopped, misused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use std::collections::HashSet;
use std::time::Duration;

use common::eventually;
use common::process::{ServerProcess, run};
use serde_json::{Value, json};

/// Documents taken in by the crash test.
const DOCUMENTS: usize = 2000;

/// A word that only this document has.
fn word(number: usize) -> String {
    format!("xq{number}zj")
}

async fn accept(server: &ServerProcess, number: usize) -> Option<Value> {
    let text =
        format!("Document {} tells of {} and nothing else. ", number, word(number)).repeat(1 + number % 40);
    server.post("/ingest/text/async", &json!({ "text_content": text })).await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_every_accepted_job_is_finished_and_every_document_found_once() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &["--max-jobs", "100000"]).await;
    let mut accepted = HashSet::new();
    for some in (0..DOCUMENTS).collect::<Vec<_>>().chunks(100) {
        let answers = futures::future::join_all(some.iter().map(|number| accept(&server, *number))).await;
        accepted.extend(answers.into_iter().map(|job| job.unwrap()["job_id"].as_str().unwrap().to_owned()));
    }
    let stats = eventually(async || {
        let stats = server.get("/jobs/stats").await;
        (stats["completed"].as_u64() > Some(0)).then_some(stats)
    })
    .await;
    server.kill();
    assert!(stats["completed"].as_u64() < Some(DOCUMENTS as u64), "it was to be killed at work: {stats}");
    assert_eq!(accepted.len(), DOCUMENTS);

    let server = ServerProcess::start(data.path(), &["--max-jobs", "100000"]).await;
    eventually(async || {
        let stats = server.get("/jobs/stats").await;
        (stats["completed"] == DOCUMENTS).then_some(())
    })
    .await;
    for id in accepted.iter().take(50) {
        assert_eq!(server.get(&format!("/jobs/{id}")).await["status"], "completed");
    }
    let info = server.get("/knowledge-base/info").await;
    assert_eq!(info["documents"], DOCUMENTS);
    assert_eq!(info["chunks"], server.get("/jobs/stats").await["total_chunks_created"]);
    let mut seen = HashSet::new();
    for number in 0..DOCUMENTS {
        let answer =
            server.post("/query", &json!({ "question": word(number), "max_chunks": 100 })).await.unwrap();
        let documents: HashSet<_> = answer["sources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|source| source["document_id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(documents.len(), 1, "document {number} is found once");
        assert!(seen.insert(documents.into_iter().next()), "no two words lead to the same document");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graceful_stop_is_quick_and_gives_running_jobs_back_without_counting() {
    for signal in ["-TERM", "-INT"] {
        let data = tempfile::tempdir().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("large.txt");
        std::fs::write(&file, "A large text takes a while to read and to index. ".repeat(4_000_000)).unwrap();
        let flags = ["--allowed-dirs", folder.path().to_str().unwrap()];
        let server = ServerProcess::start(data.path(), &flags).await;
        let job = server.post("/ingest", &json!({ "file_path": file })).await.unwrap();
        let path = format!("/jobs/{}", job["job_id"].as_str().unwrap());
        eventually(async || (server.get(&path).await["status"] == "running").then_some(())).await;
        // An open event stream must not hold the server up.
        let stream = server.client().get(server.at("/jobs/events")).send().await.unwrap();

        let (code, took) = server.signal(signal).await;
        drop(stream);
        assert_eq!(code, Some(0), "{signal}");
        assert!(took < Duration::from_secs(10), "{signal} took {took:?}");

        let server = ServerProcess::start(data.path(), &flags).await;
        let job = server.get(&path).await;
        assert!(job["attempt"].as_u64() <= Some(1), "{signal}: {job}");
        assert!(matches!(job["status"].as_str(), Some("pending" | "running")), "{signal}: {job}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_forgotten_that_the_index_needs_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &["--clean-up-interval", "1"]).await;
    server.post("/ingest/text", &json!({ "text_content": "about tides" })).await.unwrap();
    let database = rusqlite::Connection::open(data.path().join("sluice.db")).unwrap();
    let forgotten = eventually(async || {
        let row =
            database.query_row("select forgotten_seq from change_counter", [], |row| row.get::<_, u64>(0));
        row.ok().filter(|seq| *seq > 0)
    })
    .await;
    server.kill();
    let meta: Value =
        serde_json::from_slice(&std::fs::read(data.path().join("index/meta.json")).unwrap()).unwrap();
    let committed: Value = serde_json::from_str(meta["payload"].as_str().unwrap()).unwrap();
    assert!(committed["seq"].as_u64() >= Some(forgotten), "or the index would be built anew: {committed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_cut_off_leaves_no_job_and_no_file() {
    use tokio::io::AsyncWriteExt;
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &[]).await;
    let mut connection =
        tokio::net::TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    let head = "POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n\
                Content-Length: 100000000\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n";
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(&vec![b'a'; 5_000_000]).await.unwrap();
    let files = |folder| std::fs::read_dir(data.path().join(folder)).unwrap().count();
    eventually(async || (files("tmp") == 1).then_some(())).await;
    drop(connection);

    eventually(async || (files("tmp") == 0).then_some(())).await;
    assert_eq!(files("blobs"), 0);
    assert_eq!(server.get("/jobs/stats").await["total_jobs"], 0);
}

/// Runs a command that must fail, and returns what it says.
fn complaint(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(!output.status.success(), "{arguments:?} should fail");
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_cannot_succeed_says_why_in_one_sentence() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &[]).await;
    let folder = data.path().to_str().unwrap();
    let other = tempfile::tempdir().unwrap();
    let file = other.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    let (file, fresh) = (file.to_str().unwrap(), other.path().join("fresh"));
    let address = server.url.trim_start_matches("http://");
    let settings = other.path().join("settings.toml");
    std::fs::write(&settings, "max_job = 3").unwrap();

    for (arguments, part) in [
        (vec!["--addr", address, "--data-dir", fresh.to_str().unwrap()], "in use by another program"),
        (vec!["--addr", "127.0.0.1:0", "--data-dir", folder], "in use by another sluice"),
        (vec!["--addr", "127.0.0.1:0", "--data-dir", file], "cannot write to the data folder"),
        (vec!["--addr", "127.0.0.1:0", "--data-dir", "/proc/nowhere"], "cannot write to the data folder"),
        (vec!["--addr", "nowhere"], "--addr"),
        (vec!["--data-dir", "x", "serve"], "sluice serve --data-dir"),
        (vec!["--max-concurrent-jobs", "0"], "--max-concurrent-jobs"),
        (
            vec!["--max-jobs", "abc"],
            ": --max-jobs (SLUICE_MAX_JOBS, or max_jobs in the settings file) is \"abc\"; it must be a whole \
             number from 1 to 4294967295",
        ),
        (vec!["serve", "--max-upload-size", "big"], "is \"big\"; it must be a size, such as 500MB or 4GiB"),
        (vec!["--log-format", "xml"], "is \"xml\"; it must be one of text, json"),
        (
            vec!["--chunk-size", "10", "--addr", "127.0.0.1:0", "--data-dir", fresh.to_str().unwrap()],
            "chunk_size",
        ),
        (
            vec!["--require-keys", "--addr", "127.0.0.1:0", "--data-dir", fresh.to_str().unwrap()],
            "sluice keys create",
        ),
        (vec!["--config", settings.to_str().unwrap()], "unknown setting \"max_job\""),
        (vec!["--config", "/nowhere.toml"], "cannot be read"),
        (vec!["--log", "sluice=loud=very"], "log filter"),
        (
            vec![
                "--allowed-dirs",
                "/nowhere",
                "--addr",
                "127.0.0.1:0",
                "--data-dir",
                fresh.to_str().unwrap(),
            ],
            "/nowhere",
        ),
        (vec!["smoke", "--url", "http://127.0.0.1:9"], "127.0.0.1:9"),
    ] {
        let said = complaint(&arguments);
        assert!(said.contains(part), "{arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
        assert!(!fresh.exists(), "{arguments:?}: a start that is refused makes nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_commands_work_against_a_running_server() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &[]).await;
    let smoke = run(&["smoke", "--url", &server.url]);
    assert!(smoke.status.success(), "{}", String::from_utf8_lossy(&smoke.stderr));

    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("one.txt", "about one"), ("deep/two.md", "about two"), ("image.png", "x")] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let sent = run(&["ingest", "--url", &server.url, folder.path().to_str().unwrap()]);
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    assert_eq!(server.get("/documents").await["total_count"], 2);

    let blank = folder.path().join("blank.txt");
    std::fs::write(&blank, "  ").unwrap();
    let said = complaint(&["ingest", "--url", &server.url, blank.to_str().unwrap()]);
    assert!(said.contains("blank.txt"), "{said}");
}

#[test]
fn keys_are_listed_as_a_table() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_str().unwrap();
    let key = run(&["keys", "create", "--name", "ci", "--scope", "read,ingest", "--data-dir", folder]);
    assert!(key.status.success());
    let listed = String::from_utf8(run(&["keys", "list", "--data-dir", folder]).stdout).unwrap();
    let [header, row] = listed.lines().collect::<Vec<_>>()[..] else { panic!("{listed}") };
    for (name, value) in [("NAME", "ci"), ("SCOPES", "read,ingest"), ("ENDS", "never")] {
        assert_eq!(header.find(name), row.find(&format!("  {value}")).map(|it| it + 2), "{listed}");
    }
}

#[test]
fn help_and_version_are_told() {
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    for setting in ["--addr", "SLUICE_DATA_DIR", "127.0.0.1:8011", "--max-concurrent-jobs", "--config"] {
        assert!(help.contains(setting), "{setting}");
    }
    let version = String::from_utf8(run(&["--version"]).stdout).unwrap();
    assert_eq!(version.trim(), concat!("sluice ", env!("CARGO_PKG_VERSION")));
}
