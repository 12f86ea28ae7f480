//! Faults of the disk under a running server: each has a defined outcome, and nothing accepted is lost.
//!
//! strace makes system calls fail or wait, and stops doing so: then the cause is gone.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use common::eventually;
use common::process::{ServerProcess, run};
use reqwest::multipart;
use rusqlite::Connection;
use serde_json::{Value, json};

/// A fault of one running server, until it is healed.
struct Fault(Child);

impl Fault {
    /// `inject` as strace takes it; only for calls on `file`, if there is one.
    fn begin(server: &ServerProcess, inject: &str, file: Option<&Path>) -> Self {
        let calls = inject.split(':').next().unwrap();
        let mut strace = Command::new("strace");
        strace.args(["-f", "-o", "/dev/null", "-p", &server.id().to_string()]);
        strace.args(["-e", &format!("trace={calls}"), "-e", &format!("inject={inject}")]);
        if let Some(file) = file {
            strace.arg("-P").arg(file);
        }
        let mut strace = strace.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(strace.stderr.take().unwrap()).lines().map_while(Result::ok);
        assert!(said.any(|line| line.contains("attached")), "strace did not come to work");
        // It tells of each new thread, and would end if nobody listened.
        std::thread::spawn(move || said.for_each(drop));
        Self(strace)
    }

    fn heal(mut self) {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        self.0.wait().unwrap();
    }
}

/// Whether strace may look at other processes here.
fn can_inject() -> bool {
    let mut sleeper = Command::new("sleep").arg("60").spawn().unwrap();
    let id = sleeper.id().to_string();
    let mut strace = Command::new("timeout");
    strace.args(["1", "strace", "-o", "/dev/null", "-p", &id]).stdin(Stdio::null()).stderr(Stdio::piped());
    let said = strace.output().map(|it| String::from_utf8_lossy(&it.stderr).into_owned());
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
    let can = said.is_ok_and(|said| said.contains("attached"));
    if !can {
        println!("strace cannot look at programs here, so no fault was injected");
    }
    can
}

struct Scene {
    server: ServerProcess,
    data: tempfile::TempDir,
    folder: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        Self::with_slots("3").await
    }

    async fn with_slots(count: &str) -> Self {
        let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let flags = [&flags(&folder)[..], &["--max-concurrent-jobs", count]].concat();
        let server = ServerProcess::start(data.path(), &flags).await;
        let scene = Self { server, data, folder };
        scene.is_done(&scene.send("the first text, about weirs").await).await;
        scene
    }

    fn log(&self) -> PathBuf {
        self.data.path().join("sluice.db-wal")
    }

    fn files(&self, folder: &str) -> usize {
        std::fs::read_dir(self.data.path().join(folder)).unwrap().count()
    }

    async fn post(&self, text: &str) -> reqwest::Response {
        let body = json!({ "text_content": text });
        self.server.client().post(self.server.at("/ingest/text/async")).json(&body).send().await.unwrap()
    }

    async fn send(&self, text: &str) -> Value {
        let answer = self.post(text).await;
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    async fn upload(&self, text: &str) -> reqwest::Response {
        let part = multipart::Part::text(text.to_owned()).file_name("a.txt");
        let form = multipart::Form::new().part("file", part);
        self.server.client().post(self.server.at("/ingest/async")).multipart(form).send().await.unwrap()
    }

    /// A large file of the server's machine, so that reading it takes a while.
    async fn send_large(&self, megabytes: usize) -> Value {
        let path = self.folder.path().join("large.txt");
        std::fs::write(&path, "A large text takes a while to read and index. ".repeat(megabytes * 22_000))
            .unwrap();
        let job = self.server.post("/ingest", &json!({ "file_path": path })).await.unwrap();
        eventually(async || (self.job(&job).await["chunks_created"].as_u64() > Some(2000)).then_some(()))
            .await;
        job
    }

    async fn job(&self, job: &Value) -> Value {
        self.server.get(&format!("/jobs/{}", job["job_id"].as_str().unwrap())).await
    }

    async fn is_done(&self, job: &Value) -> Value {
        eventually(async || {
            let job = self.job(job).await;
            assert!(!matches!(job["status"].as_str(), Some("failed" | "cancelled")), "{job}");
            (job["status"] == "completed").then_some(job)
        })
        .await
    }

    async fn found(&self, words: &str) -> usize {
        let answer = self.server.post("/query", &json!({ "question": words })).await.unwrap();
        answer["sources"].as_array().unwrap().len()
    }

    /// While the fault lasts reading goes on.
    async fn still_reads(&self) {
        assert_eq!(self.found("weirs").await, 1);
        assert!(self.server.get("/jobs").await["total_count"].as_u64() >= Some(1));
    }
}

fn flags(folder: &tempfile::TempDir) -> [&str; 4] {
    ["--allowed-dirs", folder.path().to_str().unwrap(), "--retry-delay", "0"]
}

async fn is_refused(answer: reqwest::Response, status: u16, code: &str) {
    assert_eq!(answer.status().as_u16(), status);
    // Nothing heals a damaged database by itself.
    assert_eq!(answer.headers().contains_key("retry-after"), code != "store_damaged");
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], code, "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_cannot_be_written_nothing_is_taken_in_and_then_all_goes_on() {
    if !can_inject() {
        return;
    }
    for (inject, status, code) in [
        ("pwrite64:error=EIO", 503, "storage_unavailable"),
        ("pwrite64:error=EROFS", 503, "storage_unavailable"),
        ("pwrite64:error=ENOSPC", 507, "disk_full"),
        ("fsync,fdatasync:error=EIO", 503, "storage_unavailable"),
    ] {
        let scene = Scene::new().await;
        let large = scene.send_large(20).await;
        let accepted = scene.send("accepted before the fault").await;
        let fault = Fault::begin(&scene.server, inject, Some(&scene.log()));
        is_refused(scene.post("refused, about oxbows").await, status, code).await;
        is_refused(scene.upload("refused, about oxbows").await, status, code).await;
        scene.still_reads().await;
        fault.heal();

        let after = scene.send("accepted after the fault").await;
        for job in [&accepted, &after, &large] {
            scene.is_done(job).await;
        }
        assert_eq!(scene.found("oxbows").await, 0, "what was refused is not there");
        assert_eq!(scene.server.get("/jobs/stats").await["total_jobs"], 4);
        println!("{inject}: refused with {code}, healed, nothing lost");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_flush_delays_answers_and_not_reading() {
    if !can_inject() {
        return;
    }
    let scene = Scene::new().await;
    let fault = Fault::begin(&scene.server, "fsync,fdatasync:delay_enter=1000000", Some(&scene.log()));
    let mut accepted = Vec::new();
    for number in 0..3 {
        let text = format!("text {number}, about towpaths");
        let reading = async {
            for _ in 0..5 {
                scene.still_reads().await;
            }
        };
        let sending = async { (scene.send(&text).await, std::time::Instant::now()) };
        let (job, read_at) = tokio::join!(sending, async {
            reading.await;
            std::time::Instant::now()
        });
        assert!(read_at < job.1, "reads are answered before one slow flush ends");
        accepted.push(job.0);
    }
    fault.heal();
    for job in &accepted {
        assert_eq!(scene.is_done(job).await["attempt"], 1, "no lease was lost");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_cannot_be_kept_is_refused_and_leaves_nothing() {
    if !can_inject() {
        return;
    }
    let scene = Scene::new().await;
    let fault = Fault::begin(&scene.server, "fsync,fdatasync:error=EIO", None);
    is_refused(scene.upload("about millraces").await, 503, "storage_unavailable").await;
    fault.heal();
    let fault = Fault::begin(&scene.server, "fsync,fdatasync:error=ENOSPC", None);
    is_refused(scene.upload("about millraces").await, 507, "disk_full").await;
    fault.heal();
    assert_eq!((scene.files("tmp"), scene.files("blobs")), (0, 0));
    let job = scene.upload("about millraces").await.json().await.unwrap();
    scene.is_done(&job).await;
    assert_eq!(scene.found("millraces").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_folder_of_uploads_is_gone_they_are_refused() {
    let scene = Scene::new().await;
    let (there, gone) = (scene.data.path().join("tmp"), scene.data.path().join("gone"));
    std::fs::rename(&there, &gone).unwrap();
    is_refused(scene.upload("about sluices").await, 503, "storage_unavailable").await;
    std::fs::rename(&gone, &there).unwrap();
    let job = scene.upload("about sluices").await.json().await.unwrap();
    scene.is_done(&job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_index_cannot_be_written_jobs_wait_and_then_complete() {
    let scene = Scene::new().await;
    let (there, gone) = (scene.data.path().join("index"), scene.data.path().join("gone"));
    std::fs::rename(&there, &gone).unwrap();
    let job = scene.send("a text about culverts").await;
    eventually(async || (scene.job(&job).await["stage"] == "indexing").then_some(())).await;
    scene.still_reads().await;
    std::fs::rename(&gone, &there).unwrap();
    scene.is_done(&job).await;
    assert_eq!(scene.found("culverts").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_damaged_fails_its_job_alone() {
    // While the large one is read, the others wait.
    let scene = Scene::with_slots("1").await;
    let large = scene.send_large(40).await;
    let mut jobs = Vec::new();
    for number in 0..6 {
        let text = format!("file {number} ").repeat(10_000);
        jobs.push(scene.upload(&text).await.json::<Value>().await.unwrap());
    }
    scene.server.kill_now();
    let blobs = scene.data.path().join("blobs");
    for blob in std::fs::read_dir(&blobs).unwrap().map(|it| it.unwrap().path()) {
        if std::fs::read_to_string(&blob).unwrap().starts_with("file 3 ") {
            std::fs::OpenOptions::new().write(true).open(&blob).unwrap().set_len(50_000).unwrap();
        }
    }

    let server = ServerProcess::start(scene.data.path(), &flags(&scene.folder)).await;
    let scene = Scene { server, ..scene };
    let damaged = eventually(async || {
        let job = scene.job(&jobs[3]).await;
        (job["completed_at"].is_string()).then_some(job)
    })
    .await;
    assert_eq!((&damaged["status"], &damaged["error_code"]), (&json!("failed"), &json!("source_lost")));
    assert!(damaged["error_message"].as_str().unwrap().contains("damaged"), "{damaged}");
    for number in [0, 1, 2, 4, 5] {
        scene.is_done(&jobs[number]).await;
    }
    scene.is_done(&large).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_takes_nothing_more_in_or_does_not_start() {
    let scene = Scene::new().await;
    let file = scene.send_large(2).await;
    scene.is_done(&file).await;
    let Scene { server, data, folder } = scene;
    server.signal("-TERM").await;
    let path = data.path().join("sluice.db");
    Connection::open(&path).unwrap().execute_batch("pragma wal_checkpoint(truncate)").unwrap();
    let sound = std::fs::read(&path).unwrap();

    // Pages of chunks: whoever asks for them hears of it, and after that nothing more is taken in.
    let mut bytes = sound.clone();
    for page in bytes.chunks_mut(8192).filter(|page| page.windows(10).any(|it| it == b"large text")) {
        page[..100].fill(0xa5);
    }
    std::fs::write(&path, bytes).unwrap();
    let server = ServerProcess::start(data.path(), &flags(&folder)).await;
    let scene = Scene { server, data, folder };
    let documents = scene.server.get("/documents").await;
    let document = documents["documents"][0]["document_id"].as_str().unwrap();
    let asked = scene.server.client().get(scene.server.at(&format!("/documents/{document}"))).send().await;
    is_refused(asked.unwrap(), 503, "store_damaged").await;
    is_refused(scene.post("more").await, 503, "store_damaged").await;
    scene.server.get("/jobs").await;
    let Scene { server, data, .. } = scene;
    server.signal("-TERM").await;

    for damaged in
        [&sound[..5000], b"something else entirely, and long enough to be read as a header. ".as_slice()]
    {
        std::fs::write(&path, damaged).unwrap();
        let arguments = ["--addr", "127.0.0.1:0", "--data-dir", data.path().to_str().unwrap()];
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("is damaged") && said.trim().lines().count() == 1, "{said}");
    }
}
