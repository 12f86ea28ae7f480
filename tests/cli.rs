//! The commands that talk to a running server, as people and scripts type them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use common::process::{ServerProcess, run, sluice};
use common::{PATIENCE, eventually};
use serde_json::{Value, json};

const NOBODY: &str = "0190a0a0-0000-7000-8000-000000000000";

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

fn id(job: &Value) -> &str {
    job["job_id"].as_str().unwrap()
}

/// A server, and a keyboard before it.
struct Desk {
    server: ServerProcess,
    folder: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = ServerProcess::start(&folder.path().join("data"), &[]).await;
        Self { server, folder }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = sluice(arguments);
        command.env("SLUICE_URL", &self.server.url);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a command says that must succeed.
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        stdout(&output)
    }

    /// The one JSON value of a command that must succeed.
    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// What a command complains of, which must fail so and must not answer.
    fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "", "{arguments:?}");
        stderr(&output)
    }

    /// What a command prints on a terminal on which somebody types.
    fn on_terminal(
        &self,
        arguments: &[&str],
        typed: &str,
        variables: &[(&str, &str)],
    ) -> (Option<i32>, String) {
        let line = format!("{} {}", env!("CARGO_BIN_EXE_sluice"), arguments.join(" "));
        let mut command = Command::new("script");
        command
            .args(["--quiet", "--return", "--command", &line, "/dev/null"])
            .env("SLUICE_URL", &self.server.url);
        command.env_remove("NO_COLOR").env("TERM", "xterm").envs(variables.iter().copied());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script is installed");
        let mut keyboard = child.stdin.take().unwrap();
        keyboard.write_all(typed.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        drop(keyboard);
        (output.status.code(), stdout(&output))
    }

    async fn text(&self, text: &str) -> Value {
        self.server.post("/ingest/text/async", &json!({ "text_content": text })).await.unwrap()
    }

    /// A text that can be found.
    async fn found_text(&self, text: &str) -> Value {
        self.server.post("/ingest/text", &json!({ "text_content": text })).await.unwrap()
    }

    /// A job that fails, as locked files do.
    async fn failed(&self) -> Value {
        let name = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/locked.pdf");
        let output = self.run(&["ingest", "--json", name]);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        lines(&stdout(&output)).remove(0)
    }

    async fn pause(&self, paused: bool) {
        let url = self.server.at("/queue");
        let answer = self.server.client().patch(url).json(&json!({ "paused": paused })).send().await.unwrap();
        assert!(answer.status().is_success());
    }

    async fn status(&self, job: &Value) -> String {
        self.server.get(&format!("/jobs/{}", id(job))).await["status"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_command_that_is_not_understood_ends_with_2() {
    for (arguments, part) in [
        (&["jobs", "list", "--status", "done"][..], "pending"),
        (&["jobs", "list", "--since", "yesterday"], "30m, 24h or 7d"),
        (&["jobs", "list", "--limit", "0"], "1..=1000"),
        (&["jobs", "show", "mine"], "it is not the id of a job"),
        (&["jobs", "cancel"], "<ID>"),
        (&["jobs", "cancel", "--status", "pending"], "--all-matching"),
        (&["jobs", "retry", NOBODY, "--all-matching", "--status", "failed"], "cannot be used with"),
        (&["jobs", "retry", NOBODY, "--status", "failed"], "cannot be used with"),
        (&["jobs", "retry", "--all-matching", "--q", "a", "--password", "b"], "cannot be used with"),
        (&["jobs", "retry", "--all-matching"], "--status"),
        (&["jobs", "retry", "--all-matching", "--yes", "--q", " "], "An empty filter matches every job"),
        (&["documents", "delete"], "<ID>"),
        (&["query"], "<QUESTION>"),
        (&["completions", "tcl"], "bash"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(stdout(&output), "", "{arguments:?}");
        assert!(stderr(&output).contains(part), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn a_server_that_is_not_there_is_one_sentence_that_says_what_to_do() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for arguments in [&["jobs", "list"][..], &["jobs", "watch"], &["query", "why"], &["documents", "list"]] {
        let output = run(&[arguments, &["--url", &url]].concat());
        let said = stderr(&output);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), ""), "{arguments:?}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(&url) && said.contains("--url") && said.contains("Start it with"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_listed_and_shown_as_the_api_has_them() {
    let desk = Desk::new().await;
    desk.found_text("The lock keeper opens the gate.").await;
    let failed = desk.failed().await;
    for (flags, address) in [
        (&[][..], "/jobs"),
        (&["--status", "failed"], "/jobs?status=failed"),
        (&["--type", "text_ingestion", "--since", "7d"], "/jobs?job_type=text_ingestion&since=7d"),
        (&["--attention", "--error-code", "encrypted"], "/jobs?attention=true&error_code=encrypted"),
        (&["--q", "keeper", "--sort", "chunks", "--limit", "1"], "/jobs?q=keeper&sort=chunks&limit=1"),
        (&["--until", "1h"], "/jobs?until=1h"),
        (&["--warnings"], "/jobs?warnings=true"),
    ] {
        let listed = desk.json(&[&["jobs", "list"], flags].concat());
        assert_eq!(listed, desk.server.get(address).await, "{flags:?}");
    }
    let first = desk.json(&["jobs", "list", "--limit", "1"]);
    let second = desk.json(&["jobs", "list", "--limit", "1", "--before", first["next"].as_str().unwrap()]);
    assert_ne!(first["jobs"][0]["job_id"], second["jobs"][0]["job_id"]);

    let table = desk.ok(&["jobs", "list"]);
    let rows: Vec<_> = table.lines().collect();
    assert_eq!(rows.len(), 3, "{table}");
    assert!(rows[0].starts_with("ID  ") && rows[0].ends_with("NAME"), "{table}");
    assert!(rows[1].contains("failed: encrypted") && rows[1].ends_with("locked.pdf"), "{table}");
    assert!(rows[2].contains("completed") && rows[2].contains("just now"), "{table}");
    assert_eq!(rows[1].find("locked"), rows[2].find("The lock"), "{table}");
    let short = desk.run(&["jobs", "list", "--limit", "1"]);
    assert!(stderr(&short).contains("1 of 2 jobs; --before"), "{}", stderr(&short));

    let shown = desk.json(&["jobs", "show", id(&failed)]);
    assert_eq!(shown, desk.server.get(&format!("/jobs/{}", id(&failed))).await);
    let text = desk.ok(&["jobs", "show", id(&failed)]);
    for part in ["locked.pdf", "failed: encrypted", "password", "just now"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let error = desk.fails(1, &["jobs", "show", NOBODY]);
    assert!(error.starts_with("sluice: There is no job") && error.ends_with("(job_not_found)\n"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_ends_when_all_jobs_have_and_fails_if_one_did_not_complete() {
    let desk = Desk::new().await;
    assert_eq!(desk.ok(&["jobs", "watch"]), "");
    let good = desk.found_text("The lock keeper opens the gate.").await;
    let failed = desk.failed().await;
    let said = desk.ok(&["jobs", "watch", id(&good)]);
    assert!(said.starts_with("completed  The lock keeper") && said.contains(": 1 chunk"), "{said}");

    let output = desk.run(&["jobs", "watch", id(&good), id(&failed), NOBODY]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in [
        "failed     locked.pdf could not be read: ",
        &format!("unknown    {NOBODY}: "),
        "1 completed, 1 failed, 0 cancelled",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let output = desk.run(&["jobs", "watch", "--json", NOBODY]);
    assert_eq!((output.status.code(), lines(&stdout(&output))), (Some(1), vec![json!({ "job_id": NOBODY })]));
}

/// A command that watches and has told of a job at least once.
fn watching(mut command: Command) -> (Child, BufReader<std::process::ChildStdout>, Value) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    (child, said, serde_json::from_str(&line).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pending_or_running_is_watched_over_a_restart_of_the_server() {
    let mut desk = Desk::new().await;
    desk.pause(true).await;
    let job = desk.text("The lock keeper opens the gate.").await;
    let (mut watch, said, first) = watching(desk.command(&["jobs", "watch", "--json"]));
    assert_eq!((&first["job_id"], &first["status"]), (&job["job_id"], &json!("pending")));

    let address = desk.server.address();
    desk.server.kill_now();
    // The watch surely finds that nobody is there.
    let nobody = tokio::net::TcpListener::bind(address).await.unwrap();
    drop(tokio::time::timeout(PATIENCE, nobody.accept()).await.unwrap());
    drop(nobody);
    desk.server = ServerProcess::start_at(address, &desk.folder.path().join("data")).await;
    desk.pause(false).await;
    let told: Vec<_> = said.lines().map(Result::unwrap).collect();
    let last: Value = serde_json::from_str(told.last().unwrap()).unwrap();
    assert_eq!((&last["job_id"], &last["status"]), (&job["job_id"], &json!("completed")));
    assert_eq!(watch.wait().unwrap().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_cancelled_and_retried_by_their_ids() {
    let desk = Desk::new().await;
    desk.pause(true).await;
    let (one, two) = (desk.text("one").await, desk.text("two").await);
    assert_eq!(desk.ok(&["jobs", "cancel", id(&one)]), "1 job cancelled.\n");
    assert_eq!((desk.status(&one).await, desk.status(&two).await), ("cancelled".into(), "pending".into()));

    let output = desk.run(&["jobs", "cancel", id(&one), id(&two), NOBODY, "--json"]);
    assert_eq!(output.status.code(), Some(1), "not each of them was cancelled");
    let outcome = lines(&stdout(&output)).remove(0);
    assert_eq!((&outcome["matched"], &outcome["changed"]), (&json!(2), &json!(1)), "{outcome}");
    assert_eq!(outcome["unchanged"][0]["code"], "job_already_final", "{outcome}");

    let output = desk.run(&["jobs", "cancel", id(&one), NOBODY]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), "0 jobs cancelled.\n"));
    for part in ["1 job left alone", "(job_already_final)", "1 id unknown"] {
        assert!(stderr(&output).contains(part), "{part} in {}", stderr(&output));
    }
    assert_eq!(desk.ok(&["jobs", "retry", id(&one), id(&two)]), "2 jobs back in the queue.\n");
    assert_eq!(desk.status(&one).await, "pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_file_is_retried_with_its_password() {
    let desk = Desk::new().await;
    let failed = desk.failed().await;
    let outcome = desk.json(&["jobs", "retry", id(&failed), "--password", "secret"]);
    assert_eq!((&outcome["changed"], &outcome["job_ids"]), (&json!(1), &json!([failed["job_id"]])));
    desk.ok(&["jobs", "watch", id(&failed)]);
    let output = desk.run(&["jobs", "retry", id(&failed), "--password", "secret"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("(job_not_retryable)"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_jobs_are_acted_on_only_after_a_yes() {
    let desk = Desk::new().await;
    desk.pause(true).await;
    let jobs = [desk.text("one").await, desk.text("two").await];
    let all = ["jobs", "cancel", "--all-matching", "--status", "pending"];
    let refused = desk.fails(2, &all);
    assert!(refused.contains("--yes"), "{refused}");
    let (code, said) = desk.on_terminal(&all, "n\n", &[]);
    assert!(said.contains("Cancel the 2 jobs that match? [y/N]"), "{said}");
    assert_eq!((code, desk.status(&jobs[0]).await.as_str()), (Some(1), "pending"));
    let (code, said) = desk.on_terminal(&all, "y\n", &[]);
    assert!(said.contains("2 jobs cancelled."), "{said}");
    assert_eq!((code, desk.status(&jobs[1]).await.as_str()), (Some(0), "cancelled"));

    let outcome =
        desk.json(&["jobs", "retry", "--all-matching", "--status", "cancelled", "--q", "one", "--yes"]);
    assert_eq!((&outcome["matched"], &outcome["changed"]), (&json!(1), &json!(1)));
    assert_eq!(
        (desk.status(&jobs[0]).await, desk.status(&jobs[1]).await),
        ("pending".into(), "cancelled".into())
    );
    assert_eq!(
        desk.ok(&["jobs", "retry", "--all-matching", "--q", "three", "--yes"]),
        "0 jobs back in the queue.\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_with_its_passages() {
    let desk = Desk::new().await;
    desk.found_text("The lock keeper opens the <gate> at dawn.").await;
    let said = desk.ok(&["query", "who", "opens", "the gate?"]);
    assert!(said.contains("[1] The lock keeper") && said.contains("opens the <gate> at dawn"), "{said}");
    let mut answer = desk.json(&["query", "who opens the gate?", "--max-chunks", "1"]);
    let asked = json!({ "question": "who opens the gate?", "max_chunks": 1 });
    let mut expected = desk.server.post("/query", &asked).await.unwrap();
    for answer in [&mut answer, &mut expected] {
        answer["metadata"]["took_ms"].take();
    }
    assert_eq!(answer, expected);
    let error = desk.fails(1, &["query", " "]);
    assert!(error.contains("(empty_question)"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_listed_shown_and_deleted() {
    let desk = Desk::new().await;
    let job = desk.found_text("The lock keeper opens the gate.").await;
    desk.found_text("Rain.").await;
    let listed = desk.json(&["documents", "list", "--q", "keeper"]);
    assert_eq!(listed, desk.server.get("/documents?q=keeper").await);
    assert_eq!(listed, desk.json(&["documents", "list", "--job-id", id(&job)]));
    let document = listed["documents"][0]["document_id"].as_str().unwrap();
    let table = desk.ok(&["documents", "list"]);
    assert!(table.contains(document) && table.lines().count() == 3, "{table}");

    let shown = desk.json(&["documents", "show", document]);
    assert_eq!(shown, desk.server.get(&format!("/documents/{document}")).await);
    let text = desk.ok(&["documents", "show", document]);
    assert!(text.contains("Chunk 0, characters 0 to 31\nThe lock keeper opens the gate."), "{text}");

    let output = desk.run(&["documents", "delete", NOBODY, document]);
    assert_eq!(output.status.code(), Some(1), "one of them was not there");
    assert_eq!(stdout(&output), format!("Document {document} is deleted.\n"));
    assert!(stderr(&output).contains("(document_not_found)"), "{}", stderr(&output));
    let rest = desk.json(&["documents", "list"]);
    let rest = rest["documents"][0]["document_id"].as_str().unwrap();
    assert_eq!(desk.json(&["documents", "delete", rest]), json!({ "document_id": rest }));
    let none = desk.run(&["documents", "list"]);
    assert_eq!(
        (none.status.code(), stdout(&none).as_str(), stderr(&none).as_str()),
        (Some(0), "", "No document matches.\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ingest_and_smoke_tell_scripts_of_each_job_and_step() {
    let desk = Desk::new().await;
    let folder = desk.folder.path().join("notes");
    std::fs::create_dir(&folder).unwrap();
    for name in ["a.txt", "b.md"] {
        std::fs::write(folder.join(name), "The lock keeper opens the gate.").unwrap();
    }
    let folder = folder.to_str().unwrap();
    let ended = lines(&desk.ok(&["ingest", "--json", folder]));
    assert_eq!(ended.len(), 2);
    assert!(ended.iter().all(|job| job["status"] == "completed" && job["chunks_created"] == 1), "{ended:?}");
    let accepted = lines(&desk.ok(&["ingest", "--json", "--no-wait", folder]));
    assert_eq!(accepted.len(), 2);
    let ids: Vec<_> = accepted.iter().map(id).collect();
    desk.ok(&[&["jobs", "watch"], ids.as_slice()].concat());

    let steps = lines(&desk.ok(&["smoke", "--json"]));
    assert_eq!(steps.len(), 7);
    assert!(steps.iter().all(|step| step["ok"] == true), "{steps:?}");
    assert!(desk.ok(&["smoke"]).starts_with("ok  health: version "));
    let listed = |desk: &Desk| desk.json(&["jobs", "list"])["total_count"].clone();
    assert_eq!(listed(&desk), 4, "it takes what it made off the list again");
    desk.ok(&["smoke", "--keep"]);
    assert_eq!(listed(&desk), 6);
    assert_eq!(desk.json(&["documents", "list"])["total_count"], 8);
}

/// Commands that ask a server, one for each kind.
const COMMANDS: [&[&str]; 12] = [
    &["ingest", "Cargo.toml"],
    &["jobs", "list"],
    &["jobs", "show", NOBODY],
    &["jobs", "watch"],
    &["jobs", "watch", NOBODY],
    &["jobs", "cancel", NOBODY],
    &["jobs", "retry", "--all-matching", "--attention", "--yes"],
    &["query", "why"],
    &["documents", "list"],
    &["documents", "show", NOBODY],
    &["documents", "delete", NOBODY],
    &["smoke"],
];

/// Refuses everything, and remembers the keys that came.
async fn refusing() -> (String, Arc<Mutex<Vec<Option<String>>>>) {
    let keys = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&keys);
    let routes = Router::new().fallback(move |headers: HeaderMap| {
        let key = headers.get("authorization").map(|key| key.to_str().unwrap().to_owned());
        seen.lock().unwrap().push(key);
        let problem = json!({
            "type": "/problems/not_allowed", "title": "Not allowed", "status": 401, "code": "not_allowed",
            "detail": "This key opens nothing \u{1b}[31mhere.",
        });
        async { (StatusCode::UNAUTHORIZED, axum::Json(problem)) }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, keys)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_sends_the_key_and_never_shows_it_and_tells_a_refusal_in_a_sentence() {
    let (url, keys) = refusing().await;
    for arguments in COMMANDS {
        for (flags, variable, expected) in [
            (&["--api-key", "sl_flag"][..], "sl_variable", Some("Bearer sl_flag")),
            (&[], "sl_variable", Some("Bearer sl_variable")),
            (&[], "", None),
        ] {
            let mut command = sluice(&[arguments, flags].concat());
            command.env("SLUICE_URL", &url).env("SLUICE_API_KEY", variable);
            let output = command.output().unwrap();
            let said = stdout(&output) + &stderr(&output);
            assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
            let sentence = "This key opens nothing \\u{1b}[31mhere. (not_allowed)";
            assert!(said.contains(sentence) && !said.contains("sl_"), "{arguments:?}: {said}");
            assert_eq!(stdout(&output).is_empty(), arguments != ["smoke"], "{arguments:?}: {said}");
            let sent = std::mem::take(&mut *keys.lock().unwrap());
            assert!(
                !sent.is_empty() && sent.iter().all(|key| key.as_deref() == expected),
                "{arguments:?}: {sent:?}"
            );
        }
    }
    let help = run(&["jobs", "list", "--help"]);
    assert!(stdout(&help).contains("SLUICE_API_KEY"));
    let mut command = sluice(&["jobs", "list", "--help"]);
    let help = command.env("SLUICE_API_KEY", "sl_variable").output().unwrap();
    assert!(!stdout(&help).contains("sl_variable"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_never_commands_the_terminal() {
    let desk = Desk::new().await;
    let name = "\u{1b}[31m red \u{9b}2J \u{202e}fdp.exe";
    let job = desk.found_text(name).await;
    let documents = desk.json(&["documents", "list"]);
    assert_eq!(documents["documents"][0]["name"], name);
    let document = documents["documents"][0]["document_id"].as_str().unwrap();
    for arguments in [
        &["jobs", "list"][..],
        &["jobs", "list", "--json"],
        &["jobs", "show", id(&job)],
        &["jobs", "watch", id(&job)],
        &["jobs", "watch", id(&job), "--json"],
        &["query", "red"],
        &["query", "red", "--json"],
        &["documents", "list"],
        &["documents", "show", document],
        &["documents", "show", document, "--json"],
    ] {
        let said = desk.ok(arguments);
        assert!(said.contains("red"), "{arguments:?}: {said}");
        let command = said.chars().find(|it| it.is_control() && *it != '\n' || *it == '\u{202e}');
        assert_eq!(command, None, "{arguments:?}: {said:?}");
    }
    let file = desk.folder.path().join("\u{1b}[31mred.pdf");
    std::fs::write(&file, "no PDF").unwrap();
    let output = desk.run(&["ingest", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("\\u{1b}[31mred.pdf"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_are_for_terminals_that_want_them() {
    let desk = Desk::new().await;
    desk.found_text("The lock keeper opens the gate.").await;
    let list = ["jobs", "list"];
    let green = "\u{1b}[32mcompleted";
    assert!(desk.on_terminal(&list, "", &[]).1.contains(green));
    for (arguments, variables) in [
        (&list[..], &[("NO_COLOR", "1")][..]),
        (&list, &[("TERM", "dumb")]),
        (&["jobs", "list", "--json"], &[]),
    ] {
        let said = desk.on_terminal(arguments, "", variables).1;
        assert!(
            said.contains("completed") && !said.contains('\u{1b}'),
            "{arguments:?} {variables:?}: {said:?}"
        );
    }
    assert!(!desk.ok(&list).contains('\u{1b}'));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_has_seen_enough_is_no_failure() {
    let desk = Desk::new().await;
    let job = desk.found_text("The lock keeper opens the gate.").await;
    let place = |name: &str| desk.folder.path().join(name).to_str().unwrap().to_owned();
    for arguments in [
        &["jobs", "list"][..],
        &["jobs", "list", "--json"],
        &["backup", &place("backup"), "--data-dir", &place("data")],
        &["jobs", "show", id(&job)],
        &["jobs", "watch", id(&job)],
        &["query", "gate"],
        &["documents", "list"],
        &["smoke"],
        &["completions", "bash"],
    ] {
        let mut child =
            desk.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        assert!(!stderr(&output).contains("panic"), "{arguments:?}: {}", stderr(&output));
    }
    // What it has made is not left behind.
    eventually(async || (desk.server.get("/documents").await["total_count"] == 1).then_some(())).await;
}

#[test]
fn each_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completions", shell]);
        let script = stdout(&output);
        assert_eq!(output.status.code(), Some(0), "{shell}: {}", stderr(&output));
        for part in ["sluice", "watch", "all-matching"] {
            assert!(script.contains(part), "{part} for {shell}");
        }
    }
}
