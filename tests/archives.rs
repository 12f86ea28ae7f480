//! Archives: each file in one becomes a document, and what cannot be read costs no other.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use std::io::{Cursor, Write};
use std::path::Path;

use common::{Form, TestServer, eventually, pdf};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use zip::unstable::write::FileOptionsExt;
use zip::write::{FileOptions, SimpleFileOptions};

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

fn packed() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated)
}

fn zipped_with(files: &[(&str, Vec<u8>)], options: FileOptions<'_, '_, ()>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut archive = zip::ZipWriter::new(&mut bytes);
    for (name, content) in files {
        archive.start_file(*name, options).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap();
    bytes.into_inner()
}

fn zipped(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    zipped_with(files, packed())
}

fn tarred(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, name, content.as_slice()).unwrap();
    }
    archive.into_inner().unwrap()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

async fn ingest(server: &TestServer, form: Form) -> Value {
    let job = server.post_form("/ingest", form).await.ok();
    let path = format!("/jobs/{}", job["job_id"].as_str().unwrap());
    eventually(async || {
        let job = server.get(&path).await.ok();
        job["completed_at"].is_string().then_some(job)
    })
    .await
}

/// The names of the items, with the codes of those that failed.
fn items(job: &Value) -> Vec<(&str, &str)> {
    let items = job["items"].as_array().unwrap().iter();
    let mut items: Vec<_> = items
        .map(|it| (it["name"].as_str().unwrap(), it["error_code"].as_str().unwrap_or_default()))
        .collect();
    items.sort_unstable();
    items
}

async fn source(server: &TestServer, words: &str) -> Value {
    let answer = server.post("/query", json!({ "question": words })).await.ok();
    answer["sources"][0].clone()
}

#[tokio::test]
async fn each_file_of_an_archive_becomes_a_document_and_those_of_archives_in_it_too() {
    let server = TestServer::new().await;
    let inner = zipped(&[("deep/notes.txt", b"the pelican is inside".to_vec())]);
    let files = [
        ("guide/a.txt", b"the heron is first".to_vec()),
        ("survey.pdf", fixture("survey.pdf")),
        ("inner.zip", inner),
        ("picture.png", b"\x89PNG\r\n\x1a\n\0\0".to_vec()),
        ("__MACOSX/._a.txt", b"junk".to_vec()),
        ("empty.txt", Vec::new()),
    ];
    for (name, bytes) in [
        ("birds.zip", zipped(&files)),
        ("birds.tar", tarred(&files)),
        ("birds.tar.gz", gzipped(&tarred(&files))),
        ("birds.tgz", gzipped(&tarred(&files))),
    ] {
        let job = ingest(&server, Form::default().file(name, bytes)).await;
        assert_eq!(job["status"], "completed", "{name}: {job}");
        assert_eq!(job["job_type"], "batch_ingestion");
        let path = |member: &str| format!("{name}/{member}");
        let [empty, guide, inner, picture, survey] =
            ["empty.txt", "guide/a.txt", "inner.zip/deep/notes.txt", "picture.png", "survey.pdf"].map(path);
        let expected = [
            (empty.as_str(), "no_text"),
            (guide.as_str(), ""),
            (inner.as_str(), ""),
            (picture.as_str(), "unsupported_format"),
            (survey.as_str(), ""),
        ];
        assert_eq!(items(&job), expected, "{name}");
        assert_eq!((&job["total_items"], &job["failed_items"]), (&json!(5), &json!(2)), "{job}");
        let found = source(&server, "pelican").await;
        assert_eq!(found["location"]["member"], "inner.zip/deep/notes.txt", "{found}");
        let found = source(&server, "puddle clay").await;
        assert_eq!(found["location"], json!({ "member": "survey.pdf", "page": 3 }), "{found}");
        for item in job["items"].as_array().unwrap().iter().filter(|it| it["document_id"].is_string()) {
            server.delete(&format!("/documents/{}", item["document_id"].as_str().unwrap())).await;
        }
    }
}

#[tokio::test]
async fn archives_among_other_files_are_read_in_their_place() {
    let server = TestServer::new().await;
    let form = Form::default()
        .file("a.txt", "about apples")
        .file(
            "more.zip",
            zipped(&[("b.txt", b"about bananas".to_vec()), ("c.txt", b"about cherries".to_vec())]),
        )
        .file("d.txt", "about dates");
    let job = ingest(&server, form).await;
    assert_eq!(items(&job), [("a.txt", ""), ("d.txt", ""), ("more.zip/b.txt", ""), ("more.zip/c.txt", "")]);
    assert_eq!((&job["total_items"], &job["processed_items"]), (&json!(4), &json!(4)), "{job}");
}

#[tokio::test]
async fn two_archives_of_one_name_are_two_archives() {
    let server = TestServer::new().await;
    let one = |name: &str, text: &str| zipped(&[(name, text.as_bytes().to_vec())]);
    let form = Form::default()
        .file("a.zip", one("x.txt", "about xylem"))
        .file("a.zip", one("y.txt", "about yews"))
        .file("empty.zip", zipped(&[("inner.zip", zipped(&[]))]));
    let job = ingest(&server, form).await;
    assert_eq!(items(&job), [("a.zip/x.txt", ""), ("a.zip/y.txt", ""), ("empty.zip/inner.zip", "no_text")]);
    assert_eq!((&job["total_items"], &job["failed_items"]), (&json!(3), &json!(1)), "{job}");
}

#[tokio::test]
async fn a_mailbox_becomes_its_mails() {
    let server = TestServer::new().await;
    let mail = String::from_utf8(fixture("stoppage.eml")).unwrap();
    let other = "Subject: Second\nFrom: b@example.org\n\nThe kingfisher is here.\n>From the bank.\n";
    let mailbox =
        format!("From a@b Thu Jan  1 00:00:00 2026\n{mail}\nFrom a@b Thu Jan  1 00:00:01 2026\n{other}");
    let job = ingest(&server, Form::default().file("inbox.mbox", mailbox)).await;
    assert_eq!(items(&job), [("inbox.mbox/message 1.eml", ""), ("inbox.mbox/message 2.eml", "")]);
    let found = source(&server, "kingfisher").await;
    assert_eq!(found["location"], json!({ "member": "message 2.eml", "part": "message" }), "{found}");
    let found = source(&server, "aqueduct").await;
    assert_eq!(found["location"]["part"], "survey.pdf", "{found}");
}

/// An archive whose one file claims to have more bytes than there are numbers.
fn liar() -> Vec<u8> {
    let mut bytes = tarred(&[("a.txt", b"few bytes".to_vec())]);
    // The size in the header, in base 256, and the sum of the header.
    bytes[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    bytes[148..156].copy_from_slice(b"        ");
    let sum: u32 = bytes[..512].iter().map(|byte| u32::from(*byte)).sum();
    bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    bytes
}

#[tokio::test]
async fn an_archive_that_breaks_off_keeps_what_came_before() {
    let server = TestServer::new().await;
    let noise: Vec<u8> =
        (0..200_000_u32).map(|it| b'a' + (it.wrapping_mul(2_654_435_761) >> 27) as u8 % 26).collect();
    let mut bytes = gzipped(&tarred(&[("a.txt", b"the heron is first".to_vec()), ("b.txt", noise)]));
    bytes.truncate(bytes.len() / 2);
    let job = ingest(&server, Form::default().file("cut.tgz", bytes)).await;
    assert_eq!(items(&job), [("cut.tgz", "damaged"), ("cut.tgz/a.txt", ""), ("cut.tgz/b.txt", "damaged")]);
    assert_eq!(job["status"], "completed");

    for (name, bytes, code) in [
        ("none.zip", zipped(&[]), "no_text"),
        ("liar.tar", liar(), "too_expensive"),
        ("bad.zip", b"PK\x03\x04 and no more".to_vec(), "damaged"),
        ("bomb.zip", zipped(&[("zeros.txt", vec![b' '; 200 << 20])]), "too_expensive"),
    ] {
        let job = ingest(&server, Form::default().file(name, bytes)).await;
        assert_eq!(
            (job["status"].as_str(), job["error_code"].as_str()),
            (Some("failed"), Some(code)),
            "{job}"
        );
    }
}

#[tokio::test]
async fn a_file_that_crashes_its_reader_costs_no_other_of_the_archive() {
    let server = TestServer::new().await;
    let files = [
        ("a.txt", b"the heron is first".to_vec()),
        ("crash.pdf", pdf::crashing()),
        ("inner.zip", zipped(&[("c.txt", b"the stork is inside".to_vec()), ("deep.pdf", pdf::crashing())])),
        ("b.txt", b"the pelican is last".to_vec()),
    ];
    let job = ingest(&server, Form::default().file("birds.tar", tarred(&files))).await;
    let expected = [
        ("birds.tar/a.txt", ""),
        ("birds.tar/b.txt", ""),
        ("birds.tar/crash.pdf", "extractor_crashed"),
        ("birds.tar/inner.zip/c.txt", ""),
        ("birds.tar/inner.zip/deep.pdf", "extractor_crashed"),
    ];
    assert_eq!(items(&job), expected, "{job}");
    assert_eq!((&job["total_items"], &job["failed_items"]), (&json!(5), &json!(2)), "{job}");
    assert_eq!(source(&server, "pelican").await["location"]["member"], "b.txt");
}

#[tokio::test]
async fn a_password_opens_what_is_encrypted_and_is_nowhere_to_be_found_afterwards() {
    let server = TestServer::new().await;
    let word = "correct horse battery staple";
    let files = [("a.txt", b"the secret heron".to_vec())];
    let strong = zipped_with(&files, packed().with_aes_encryption(zip::AesMode::Aes256, word));
    let weak = zipped_with(&files, packed().with_deprecated_encryption(word.as_bytes()).unwrap());
    for (name, bytes) in [("strong.zip", strong), ("weak.zip", weak)] {
        let code = |job: &Value| job["items"][0]["error_code"].as_str().unwrap_or_default().to_owned();
        let job = ingest(&server, Form::default().file(name, &bytes)).await;
        assert_eq!(code(&job), "encrypted", "{job}");
        let message = job["items"][0]["error_message"].as_str().unwrap();
        assert!(message.contains("in the field password"), "{message}");
        let job = ingest(&server, Form::default().file(name, &bytes).field("password", "wrong")).await;
        assert_eq!(code(&job), "encrypted", "{job}");
        let job = ingest(&server, Form::default().file(name, &bytes).field("password", word)).await;
        assert_eq!(job["status"], "completed", "{job}");
    }
    let form = Form::default().file("locked.pdf", fixture("locked.pdf")).field("password", "secret");
    let job = ingest(&server, form).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(source(&server, "puddle clay").await["location"]["page"], 3);
    for entry in walkdir::WalkDir::new(server.data()).into_iter().flatten() {
        if entry.file_type().is_file() {
            let bytes = std::fs::read(entry.path()).unwrap();
            let found = bytes.windows(word.len()).any(|it| it == word.as_bytes());
            assert!(!found, "{}", entry.path().display());
        }
    }
}

#[tokio::test]
async fn an_archive_of_the_servers_machine_and_in_a_folder_is_read_the_same_way() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.zip"), zipped(&[("x.txt", b"about xylem".to_vec())])).unwrap();
    std::fs::write(folder.path().join("b.txt"), "about bark").unwrap();
    let server = TestServer::with(&["--allowed-dirs", folder.path().to_str().unwrap()]).await;
    for (path, names) in [
        (folder.path().join("a.zip"), &[("a.zip/x.txt", "")][..]),
        (folder.path().to_owned(), &[("a.zip/x.txt", ""), ("b.txt", "")]),
    ] {
        let job = server.post("/ingest/async", json!({ "file_path": path })).await.ok();
        let path = format!("/jobs/{}", job["job_id"].as_str().unwrap());
        let job = eventually(async || {
            let job = server.get(&path).await.ok();
            job["completed_at"].is_string().then_some(job)
        })
        .await;
        assert_eq!(items(&job), names, "{job}");
        assert_eq!(job["total_items"], names.len(), "{job}");
    }
}
