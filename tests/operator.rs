//! Checking, backing up and restoring a data folder, with the real executable.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Output;

use common::holdings::{Holdings, at_rest, found};
use common::process::{ServerProcess, run};
use fastrand::Rng;
use rusqlite::Connection;
use serde_json::{Value, json};

const FLAGS: [&str; 2] = ["--max-jobs", "100000"];

/// Questions whose answers a restored server must give as well.
const QUESTIONS: usize = 200;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8([output.stdout.as_slice(), &output.stderr].concat()).unwrap()
}

fn on(command: &str, data: &Path, more: &[&str]) -> Output {
    run(&[&[command, "--data-dir", text(data)], more].concat())
}

fn succeeds(command: &str, data: &Path, more: &[&str]) -> String {
    let output = on(command, data, more);
    assert!(output.status.success(), "{command} {more:?}: {}", said(&output));
    said(&output)
}

fn fails(command: &str, data: &Path, more: &[&str], part: &str) {
    let output = on(command, data, more);
    assert_eq!(output.status.code(), Some(1), "{command} {more:?}: {}", said(&output));
    assert!(said(&output).contains(part), "{command} {more:?}: {}", said(&output));
}

/// A text with a word that only it has.
fn worded(rng: &mut Rng, sentences: usize) -> (String, String) {
    let word: String = std::iter::repeat_with(|| rng.lowercase()).take(16).collect();
    (format!("The lock keeper of {word} opens the gate. ").repeat(sentences), word)
}

/// Sends texts, batches and files, and returns the jobs' ids and the words of all documents.
async fn send(server: &ServerProcess, rng: &mut Rng, rounds: usize) -> (Vec<String>, BTreeSet<String>) {
    let (mut ids, mut words) = (Vec::new(), BTreeSet::new());
    let mut take = |job: Value| ids.push(job["job_id"].as_str().unwrap().to_owned());
    for _ in 0..rounds {
        let (content, word) = worded(rng, 1 + rng.clone().usize(..60));
        take(server.post("/ingest/text/async", &json!({ "text_content": content })).await.unwrap());
        words.insert(word);
        let mut messages = Vec::new();
        for _ in 0..10 {
            let (content, word) = worded(rng, 3);
            messages.push(json!({ "text": content, "metadata": { "word": word } }));
            words.insert(word);
        }
        take(server.post("/ingest/batch/async", &json!({ "messages": messages })).await.unwrap());
        let (content, word) = worded(rng, 1500);
        let part = reqwest::multipart::Part::text(content).file_name("a.txt");
        let form = reqwest::multipart::Form::new().part("file", part);
        let sent = server.client().post(server.at("/ingest/async")).multipart(form).send().await.unwrap();
        take(sent.json().await.unwrap());
        words.insert(word);
    }
    (ids, words)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_restored_from_a_backup_is_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let server = ServerProcess::start(&place("data"), &FLAGS).await;
    let mut rng = Rng::with_seed(7);
    let (accepted, mut words) = send(&server, &mut rng, 20).await;

    // Under load first.
    let (data, file) = (place("data"), place("under-load.backup"));
    let backup = tokio::task::spawn_blocking(move || succeeds("backup", &data, &[text(&file)]));
    while !backup.is_finished() {
        words.extend(send(&server, &mut rng, 1).await.1);
    }
    println!("{}", backup.await.unwrap().trim());
    println!("{}", succeeds("restore", &place("early"), &[text(&place("under-load.backup"))]).trim());
    succeeds("check", &place("early"), &[]);
    let early = ServerProcess::start(&place("early"), &FLAGS).await;
    at_rest(&early).await;
    let holdings = Holdings::of(&early).await;
    for id in &accepted {
        assert_eq!(holdings.jobs[id]["status"], "completed", "a job that was under way begins anew");
        assert_eq!(holdings.jobs[id]["attempts"], Value::Null, "and nothing has failed");
    }
    early.signal("-TERM").await;
    succeeds("check", &place("early"), &[]);

    // Then at rest, where all must be the same.
    at_rest(&server).await;
    succeeds("backup", &place("data"), &[text(&place("at-rest.backup"))]);
    let before = Holdings::of(&server).await;
    let questions: BTreeSet<_> = words.into_iter().take(QUESTIONS).collect();
    assert_eq!(questions.len(), QUESTIONS);
    let answers = found(&server, &questions).await;
    let sample = format!("/documents/{}", before.documents[0]["document_id"].as_str().unwrap());
    let document = server.get(&sample).await;

    succeeds("restore", &place("copy"), &[text(&place("at-rest.backup"))]);
    let checked = succeeds("check", &place("copy"), &[]);
    assert!(checked.ends_with("The data folder is sound.\n"), "{checked}");
    let copy = ServerProcess::start(&place("copy"), &FLAGS).await;
    at_rest(&copy).await;
    let after = Holdings::of(&copy).await;
    assert_eq!(
        (&after.jobs, &after.documents, &after.stats),
        (&before.jobs, &before.documents, &before.stats)
    );
    assert_eq!(found(&copy, &questions).await, answers);
    assert_eq!(copy.get(&sample).await, document);
    let seq = before.info["index"]["seq"].as_u64().unwrap();
    let mut events = copy.client().get(copy.at(&format!("/jobs/events?after={seq}"))).send().await.unwrap();
    let first = events.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(b"event: reset"), "whoever followed must start anew: {first:?}");
    println!(
        "restored {} jobs and {} documents; {QUESTIONS} questions are answered as before",
        after.jobs.len(),
        after.documents.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_not_whole_restores_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = given_data(folder.path()).await;
    let backup = folder.path().join("backup");
    succeeds("backup", &data, &[text(&backup)]);
    fails("backup", &data, &[text(&backup)], "is there already");
    let whole = std::fs::read(&backup).unwrap();
    let (broken, target) = (folder.path().join("broken"), folder.path().join("target"));
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        bytes
    };
    for bytes in [
        Vec::new(),
        b"something else".to_vec(),
        whole[..1000].to_vec(),
        whole[..whole.len() / 2].to_vec(),
        whole[..whole.len() - 4096].to_vec(),
        // In the database, and in the last blob.
        flipped(1536 + 20),
        flipped(whole.len() / 3),
        flipped(whole.len() - 8192),
    ] {
        std::fs::write(&broken, &bytes).unwrap();
        let output = on("restore", &target, &[text(&broken)]);
        assert_eq!(output.status.code(), Some(1), "{} bytes: {}", bytes.len(), said(&output));
        assert!(said(&output).contains(text(&broken)), "{}", said(&output));
        assert!(!target.exists(), "nothing is left behind");
    }
    fails("restore", &data, &[text(&backup)], "is not empty");
    succeeds("restore", &target, &[text(&backup)]);
    succeeds("check", &target, &[]);
    let left: BTreeSet<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "no temporary file is left: {left:?}");
}

/// A data folder with a few documents and no server.
async fn given_data(folder: &Path) -> PathBuf {
    let data = folder.join("data");
    let server = ServerProcess::start(&data, &FLAGS).await;
    send(&server, &mut Rng::with_seed(3), 3).await;
    at_rest(&server).await;
    fails("check", &data, &[], "in use by another sluice");
    server.signal("-TERM").await;
    data
}

fn first_file(folder: &Path, ending: &str) -> PathBuf {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort();
    files.into_iter().find(|it| text(it).ends_with(ending)).unwrap()
}

fn sql(data: &Path, statements: &str) {
    Connection::open(data.join("sluice.db")).unwrap().execute_batch(statements).unwrap();
}

/// Writes nonsense over every page of the database that holds chunks, but for its first byte.
fn damage_database(data: &Path) {
    sql(data, "pragma wal_checkpoint(truncate)");
    let path = data.join("sluice.db");
    let mut bytes = std::fs::read(&path).unwrap();
    for page in bytes.chunks_mut(8192).filter(|page| page.windows(11).any(|it| it == b"lock keeper")) {
        page[3..100].fill(0xa5);
    }
    std::fs::write(&path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_finds_what_is_wrong_and_a_repair_mends_what_can_be_mended() {
    let folder = tempfile::tempdir().unwrap();
    let data = given_data(folder.path()).await;
    let blobs = data.join("blobs");
    fails("check", &folder.path().join("nowhere"), &[], "there is no data folder");
    fails("backup", &folder.path().join("nowhere"), &["x"], "there is no data folder");
    let sound = succeeds("check", &data, &[]);
    println!("{}", sound.trim());

    let damages: [(&str, &dyn Fn()); 6] = [
        ("counts of jobs", &|| sql(&data, "update job_count set jobs = jobs + 1")),
        ("chunks of 1 documents", &|| sql(&data, "insert into chunk values (1, 0, 1, 'x', null)")),
        ("cannot be read", &|| std::fs::write(first_file(&data.join("index"), ".term"), "x").unwrap()),
        ("cannot be read", &|| std::fs::remove_file(first_file(&data.join("index"), ".fast")).unwrap()),
        ("index: it lacks", &|| {
            let like = "insert into document (id, seq, version, job, name, media_type, size_bytes, characters, chunk_count, \
                        metadata, created_at) select randomblob(16), 1, 999999, job, name, media_type, 0, 0, 1, '{}', 0 \
                        from document limit 1; insert into chunk values (999999 << 24, 0, 1, 'x', null)";
            sql(&data, like);
        }),
        ("nothing needs it", &|| std::fs::write(blobs.join("ab".repeat(32)), "other bytes").unwrap()),
    ];
    for (part, damage) in damages {
        damage();
        fails("check", &data, &[], part);
        fails("check", &data, &[], "--repair mends it");
        let repaired = succeeds("check", &data, &["--repair"]);
        assert!(repaired.contains("mended"), "{repaired}");
        // The next start makes the index, and sweeps what is loose.
        let server = ServerProcess::start(&data, &FLAGS).await;
        at_rest(&server).await;
        server.signal("-TERM").await;
        succeeds("check", &data, &[]);
    }

    std::fs::write(first_file(&blobs, ""), "other bytes").unwrap();
    fails("check", &data, &[], "is damaged; it was the original of document");
    let backup = folder.path().join("backup");
    fails("backup", &data, &[text(&backup)], "all else is in it");
    succeeds("restore", &folder.path().join("restored"), &[text(&backup)]);
    let repaired = succeeds("check", &data, &["--repair"]);
    assert!(repaired.contains("was put aside"), "{repaired}");
    succeeds("check", &data, &[]);
    std::fs::remove_file(first_file(&blobs, "")).unwrap();
    fails("check", &data, &[], "is missing; it was the original of document");
    let database = std::fs::read(data.join("sluice.db")).unwrap();
    std::fs::remove_file(data.join("sluice.db")).unwrap();
    let start = on("serve", &data, &["--addr", "127.0.0.1:0"]);
    assert!(said(&start).contains("is missing, but files of its documents are there"), "{}", said(&start));
    std::fs::write(data.join("sluice.db"), database).unwrap();

    sql(&data, "delete from chunk where key = (select max(key) from chunk)");
    fails("check", &data, &["--repair"], "chunks: delete it, and send it again");
    damage_database(&data);
    fails("check", &data, &[], "restore a backup");
    fails("check", &data, &["--repair"], "restore a backup");
    fails("check", &data, &[], "index: not checked");
    fails("backup", &data, &[text(&folder.path().join("another"))], "is damaged");
}
