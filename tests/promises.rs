//! What the server promises of single jobs, held against the real executable.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::eventually;
use common::process::{ServerProcess, sluice};
use fastrand::Rng;
use serde_json::{Value, json};

fn path_of(job: &Value) -> String {
    format!("/jobs/{}", job["job_id"].as_str().unwrap())
}

fn is_final(job: &Value) -> bool {
    matches!(job["status"].as_str(), Some("completed" | "failed" | "cancelled"))
}

fn large_file(folder: &Path, name: &str, megabytes: usize) -> String {
    let path = folder.join(name);
    std::fs::write(&path, "A large text takes a while to read and to index. ".repeat(megabytes * 20_000))
        .unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_the_server_each_time_fails_and_the_jobs_beside_it_complete() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let flags = ["--allowed-dirs", folder.path().to_str().unwrap()];
    let server = ServerProcess::start(data.path(), &flags).await;
    let killer = large_file(folder.path(), "killer.txt", 60);
    let killer = path_of(&server.post("/ingest", &json!({ "file_path": killer })).await.unwrap());
    let mut others = Vec::new();
    for number in 0..4 {
        let file = large_file(folder.path(), &format!("{number}.txt"), 5);
        others.push(server.post("/ingest", &json!({ "file_path": file })).await.unwrap());
        let text = json!({ "text_content": format!("text {number}") });
        others.push(server.post("/ingest/text/async", &text).await.unwrap());
    }

    let mut server = server;
    for attempt in 1..=3 {
        // The test does what the job would do.
        eventually(async || {
            let job = server.get(&killer).await;
            (job["stage"] == "reading" && job["attempt"] == attempt).then_some(())
        })
        .await;
        server.kill_now();
        server = ServerProcess::start(data.path(), &flags).await;
    }

    let job = eventually(async || Some(server.get(&killer).await).filter(is_final)).await;
    assert_eq!((&job["status"], &job["error_code"]), (&json!("failed"), &json!("crashed")));
    assert_eq!(job["attempts"].as_array().unwrap().len(), 3);
    for other in &others {
        let job = eventually(async || Some(server.get(&path_of(other)).await).filter(is_final)).await;
        assert_eq!(job["status"], "completed", "{job}");
    }
}

/// How many jobs the test cancels, and how many clients do so at the same time.
const CANCELS: usize = 1000;
const CLIENTS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_is_final_within_two_seconds_and_leaves_nothing() {
    let data = tempfile::tempdir().unwrap();
    let flags = ["--max-jobs", "100000", "--max-concurrent-jobs", "8"];
    let server = ServerProcess::start(data.path(), &flags).await;
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let clients: Vec<_> = (0..CLIENTS).map(|_| cancel_some(&server, CANCELS / CLIENTS, rng.fork())).collect();
    let cancelled: Vec<_> = futures::future::join_all(clients).await.into_iter().flatten().collect();

    let mut waits: Vec<_> = cancelled.iter().filter_map(|(_, _, wait)| *wait).collect();
    waits.sort();
    let longest = *waits.last().unwrap();
    println!(
        "{} cancels, {} of them in time; until final: median {:?}, longest {longest:?}",
        cancelled.len(),
        waits.len(),
        waits[waits.len() / 2],
    );
    assert!(waits.len() > CANCELS / 2, "the test must cancel jobs at work, not jobs that have ended");
    assert!(longest < Duration::from_secs(2));
    for (job, word, wait) in &cancelled {
        let job = server.get(&path_of(job)).await;
        let status = if wait.is_some() { "cancelled" } else { "completed" };
        assert_eq!(job["status"], status, "it never flips back");
        let answer = server.post("/query", &json!({ "question": word })).await.unwrap();
        assert_eq!(answer["sources"].as_array().unwrap().is_empty(), wait.is_some(), "{job}");
    }
}

/// Sends jobs and cancels each at some instant. Returns job, word and how long the cancel took, unless the
/// job had completed before.
async fn cancel_some(
    server: &ServerProcess,
    count: usize,
    mut rng: Rng,
) -> Vec<(Value, String, Option<Duration>)> {
    let mut cancelled = Vec::new();
    for _ in 0..count {
        let word: String = std::iter::repeat_with(|| rng.lowercase()).take(16).collect();
        let text = format!("A ship called {word} waits at the gate. ").repeat(rng.usize(1..4000));
        let job = if rng.bool() {
            server.post("/ingest/text/async", &json!({ "text_content": text })).await
        } else {
            let messages = vec![json!({ "text": &text[..text.len() / 20 + 40] }); 20];
            server.post("/ingest/batch/async", &json!({ "messages": messages })).await
        };
        let job = job.unwrap();
        tokio::time::sleep(Duration::from_millis(rng.u64(..40))).await;
        let asked = Instant::now();
        let answer = server.client().delete(server.at(&path_of(&job))).send().await.unwrap();
        let in_time = answer.status() == 200;
        eventually(async || is_final(&server.get(&path_of(&job)).await).then_some(())).await;
        cancelled.push((job, word, in_time.then(|| asked.elapsed())));
    }
    cancelled
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_with_a_job_id_leaves_before_its_commit_is_flushed() {
    if !Command::new("strace").args(["-o", "/dev/null", "true"]).status().is_ok_and(|it| it.success()) {
        return println!("strace cannot look at programs here, so nothing was looked at");
    }
    let data = tempfile::tempdir().unwrap();
    let trace = data.path().join("trace");
    let server = ServerProcess::start_as(data.path(), &[], |arguments| {
        let sluice = sluice(&[]).get_program().to_owned();
        let mut strace = Command::new("strace");
        // With -D the server, and not strace, is the child that is killed.
        strace.args(["-D", "-f", "-y", "-xx", "-s", "200000", "-o", trace.to_str().unwrap()]);
        strace.args(["-e", "trace=pwrite64,fdatasync,fsync,sendto,write,writev"]).arg(sluice).args(arguments);
        strace.stdin(Stdio::null());
        strace
    })
    .await;
    let texts = (0..40).map(|number| {
        let text = json!({ "text_content": format!("text {number}") });
        let server = &server;
        async move { server.post("/ingest/text/async", &text).await.unwrap() }
    });
    let jobs: Vec<Value> = futures::future::join_all(texts).await;
    server.kill();

    let trace = eventually(async || {
        let trace = std::fs::read_to_string(&trace).unwrap();
        trace.contains("+++ killed by SIGKILL +++").then_some(trace)
    })
    .await;
    let lines: Vec<&str> = trace.lines().collect();
    for job in jobs {
        let id = job["job_id"].as_str().unwrap();
        let stored = escaped(&hex::decode(id.replace('-', "")).unwrap());
        let shown = escaped(id.as_bytes());
        let log = |line: &str| line.contains(&escaped(b"sluice.db-wal")) || line.contains("sluice.db-wal");
        let written = lines.iter().position(|line| log(line) && line.contains(&stored)).unwrap();
        // What the database writes beside its log, as to undo a step, is no answer.
        let sent = |line: &str| line.contains(&shown) && !line.contains("pwrite64(");
        let answered = lines.iter().position(|line| sent(line)).unwrap();
        assert!(written < answered, "job {id} was answered before it was written");
        assert!(
            flushed(&lines[written..answered], log),
            "job {id} was answered before the write was flushed:\n{}",
            lines[written..=answered].join("\n").chars().take(3000).collect::<String>()
        );
    }
}

/// Whether a flush of the log began and ended within these lines.
fn flushed(lines: &[&str], log: impl Fn(&str) -> bool) -> bool {
    let mut begun: Vec<&str> = Vec::new();
    for line in lines {
        let thread = line.split_whitespace().next().unwrap_or_default();
        let is_flush = line.contains("fdatasync(") || line.contains("fsync(");
        if is_flush && log(line) {
            if line.contains("= 0") {
                return true;
            }
            begun.push(thread);
        }
        if line.contains("sync resumed") && begun.contains(&thread) {
            return true;
        }
    }
    false
}

/// Bytes as strace writes them.
fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
}
