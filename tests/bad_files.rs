//! Files that are damaged, hostile or not what they say: each ends with a reason, none costs the server anything,
//! and the next one is read.
//!
//! `SLUICE_BIN` names the server (this build's by default).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::Path;
use std::time::Duration;

use common::process::{ServerProcess, server_under_test};
use common::{Form, eventually_within};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use serde_json::Value;
use zip::write::SimpleFileOptions;

/// The server's memory must not move by more than this, in bytes.
const MEMORY: u64 = 100 << 20;

/// Names told of each outcome.
const SOME: usize = 12;

/// All of them must have ended by then.
const PATIENCE: Duration = Duration::from_secs(600);

/// How a bad file may end. `internal` is not among them: that would be a fault of the server.
const CODES: [&str; 8] = [
    "damaged",
    "encrypted",
    "extractor_crashed",
    "extractor_timeout",
    "no_text",
    "source_lost",
    "too_expensive",
    "unsupported_format",
];

/// A file and what is wrong with it.
struct Bad {
    what: &'static str,
    name: String,
    bytes: Vec<u8>,
}

fn bad(what: &'static str, name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Bad {
    Bad { what, name: name.into(), bytes: bytes.into() }
}

fn fixtures() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().path())
        .filter(|it| it.is_file() && it.extension().is_some_and(|it| it != "md"))
        .map(|it| (it.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&it).unwrap()))
        .collect();
    found.sort();
    found
}

fn truncated() -> Vec<Bad> {
    let tenths = |(name, bytes): (String, Vec<u8>)| {
        (1..10)
            .map(move |tenth| bad("truncated", format!("{tenth}-{name}"), &bytes[..bytes.len() * tenth / 10]))
    };
    fixtures().into_iter().flat_map(tenths).collect()
}

fn flipped() -> Vec<Bad> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        // xorshift64: the same files in each run.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    let mut files = Vec::new();
    for (name, bytes) in fixtures() {
        for variant in 0..6 {
            let mut bytes = bytes.clone();
            for _ in 0..(1 << variant) {
                let place = random() % bytes.len();
                bytes[place] ^= 1 << (random() % 8);
            }
            files.push(bad("bits flipped", format!("{variant}-{name}"), bytes));
        }
    }
    files
}

/// Each with the ending of another.
fn misnamed() -> Vec<Bad> {
    let all = fixtures();
    let endings: Vec<_> = all.iter().map(|(name, _)| name.rsplit('.').next().unwrap().to_owned()).collect();
    let wrong = |(place, (name, bytes)): (usize, (String, Vec<u8>))| {
        bad("wrong ending", format!("{name}.{}", endings[(place + 3) % endings.len()]), bytes)
    };
    all.into_iter().enumerate().map(wrong).collect()
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let packed = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    let mut bytes = Cursor::new(Vec::new());
    let mut archive = zip::ZipWriter::new(&mut bytes);
    for (name, content) in files {
        archive.start_file(*name, packed).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap();
    bytes.into_inner()
}

fn packed<W: Write>(mut packer: W, finish: impl FnOnce(W) -> Vec<u8>) -> Vec<u8> {
    let zeros = vec![b' '; 1 << 20];
    (0..300).for_each(|_| packer.write_all(&zeros).unwrap());
    finish(packer)
}

fn bombs() -> Vec<Bad> {
    let spaces = vec![b' '; 200 << 20];
    let types: (&str, &[u8]) = ("[Content_Types].xml", b"<Types/>");
    let mimetype = |kind: &'static str| ("mimetype", kind.as_bytes());
    let laughs = laughs();
    let sheet =
        [b"<worksheet><sheetData>".to_vec(), b"<row><c><v>1</v></c></row>".repeat(4_000_000)].concat();
    let mut nested = zipped(&[("a.txt", b"the innermost")]);
    for _ in 0..20 {
        nested = zipped(&[("inner.zip", &nested)]);
    }
    let gz = packed(GzEncoder::new(Vec::new(), Compression::best()), |it| it.finish().unwrap());
    let stream = packed(ZlibEncoder::new(Vec::new(), Compression::best()), |it| it.finish().unwrap());
    let many: Vec<String> = (0..30_000).map(|it| format!("word/{it}.xml")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|it| (it.as_str(), &b"x"[..])).collect();
    [
        ("bomb.docx", zipped(&[types, ("word/document.xml", &spaces)])),
        ("bomb.pptx", zipped(&[types, ("ppt/presentation.xml", &spaces)])),
        (
            "bomb.xlsx",
            zipped(&[types, ("xl/workbook.xml", b"<workbook/>"), ("xl/sharedStrings.xml", &spaces)]),
        ),
        (
            "rows.xlsx",
            zipped(&[types, ("xl/workbook.xml", b"<workbook/>"), ("xl/worksheets/sheet1.xml", &sheet)]),
        ),
        (
            "bomb.odt",
            zipped(&[mimetype("application/vnd.oasis.opendocument.text"), ("content.xml", &spaces)]),
        ),
        ("bomb.epub", zipped(&[mimetype("application/epub+zip"), ("a.xhtml", &spaces)])),
        ("bomb.zip", zipped(&[("a.txt", &spaces)])),
        ("nested.zip", nested),
        ("bomb.tgz", gz.clone()),
        ("bomb.txt.gz", gz),
        ("bomb.pdf", pdf(&[format!("<< /Filter /FlateDecode /Length {} >>", stream.len())], &stream)),
        ("laughs.xml", laughs.clone()),
        (
            "laughs.odt",
            zipped(&[mimetype("application/vnd.oasis.opendocument.text"), ("content.xml", &laughs)]),
        ),
        ("laughs.docx", zipped(&[types, ("word/document.xml", &laughs)])),
        ("members.docx", zipped(&many)),
    ]
    .into_iter()
    .map(|(name, bytes)| bad("bomb", name, bytes))
    .collect()
}

/// Entities of entities of entities.
fn laughs() -> Vec<u8> {
    let mut xml = "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY l0 \"ha\">".to_owned();
    for level in 1..30 {
        let former = format!("&l{};", level - 1).repeat(10);
        xml.push_str(&format!("<!ENTITY l{level} \"{former}\">"));
    }
    (xml + "]><a>&l29;</a>").into_bytes()
}

/// A PDF whose one page shows a stream with this dictionary.
fn pdf(dictionary: &[String], stream: &[u8]) -> Vec<u8> {
    let head = "%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n\
                2 0 obj\n<< /Type /Pages /Count 1 /Kids [3 0 R] >>\nendobj\n\
                3 0 obj\n<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>\nendobj\n4 0 obj\n";
    let end = b"\nendstream\nendobj\ntrailer << /Root 1 0 R /Size 5 >>\n%%EOF";
    [head.as_bytes(), dictionary.concat().as_bytes(), b"\nstream\n", stream, end].concat()
}

fn loops_and_depths() -> Vec<Bad> {
    let deep = |open: &str, close: &str, count: usize| open.repeat(count) + "deep" + &close.repeat(count);
    let mut mail = "Subject: innermost\n\ntext\n".to_owned();
    for level in 0..200 {
        mail = format!("Subject: level {level}\nContent-Type: message/rfc822\n\n{mail}");
    }
    let pages = "%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n\
                 2 0 obj\n<< /Type /Pages /Count 9 /Kids [2 0 R 2 0 R] /Parent 2 0 R >>\nendobj\n\
                 trailer << /Root 1 0 R /Size 3 /Prev 9 >>\nstartxref\n9\n%%EOF";
    [
        ("deep.html", deep("<div>", "</div>", 10_000)),
        ("unclosed.html", "<div>".repeat(200_000)),
        ("deep.xml", deep("<a>", "</a>", 10_000)),
        ("unclosed.xml", "<a>".repeat(200_000)),
        ("deep.rtf", format!("{{\\rtf1 {}", deep("{", "}", 100_000))),
        ("deep.json", deep("[", "]", 10_000)),
        ("deep.md", deep("> ", "", 10_000)),
        ("deep.pdf", format!("%PDF-1.4\n1 0 obj\n{}", "[".repeat(200_000))),
        ("loop.pdf", pages.to_owned()),
        ("deep.eml", mail),
        ("quotes.csv", "\"".repeat(100_001)),
        ("line.csv", "a;".repeat(1_000_000)),
        ("line.txt", "x".repeat(2_000_000)),
        ("blank.md", "\n".repeat(1_000_000)),
    ]
    .into_iter()
    .map(|(name, text)| bad("loop or depth", name, text))
    .collect()
}

fn encrypted_and_empty() -> Vec<Bad> {
    let locked =
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/locked.pdf")).unwrap();
    let mut files = vec![bad("encrypted", "locked.pdf", locked)];
    for name in ["a.pdf", "a.docx", "a.txt", "a.zip", "a.html"] {
        files.push(bad("zero bytes", name, Vec::new()));
        files.push(bad("all zeros", format!("zeros-{name}"), vec![0; 100_000]));
    }
    files
}

/// What a file came to: `completed`, the code of its failure, or the status that refused it at once.
async fn outcome(server: &ServerProcess, file: &Bad) -> Result<String, Value> {
    let request = server.client().post(server.at("/ingest/async")).header("content-type", Form::MEDIA_TYPE);
    let body = Form::default().file(&file.name, &file.bytes).end();
    let answer = request.body(body).send().await.unwrap();
    let (status, body): (u16, Value) = (answer.status().as_u16(), answer.json().await.unwrap());
    if status == 200 {
        return Err(body["job_id"].clone());
    }
    assert!(matches!(status, 400 | 415) && body["code"].is_string(), "{}: {status} {body}", file.name);
    Ok(format!("refused with {status}"))
}

fn check(file: &Bad, job: &Value) -> String {
    let warned = |code: &str| job["warnings"].as_array().unwrap().iter().any(|it| it["code"] == code);
    if job["status"] == "completed" {
        assert!(job["chunks_created"].as_u64() > Some(0), "an empty result is no success: {job}");
        let cut_pdf = file.what == "truncated" && file.name.ends_with(".pdf");
        assert!(!cut_pdf || warned("damaged"), "nobody is told that pages are missing: {job}");
        return "completed".to_owned();
    }
    let code = job["error_code"].as_str().unwrap();
    assert_eq!(job["status"], "failed", "{job}");
    assert!(CODES.contains(&code), "{}: {job}", file.name);
    assert!(job["error_message"].as_str().unwrap().len() > 20, "{job}");
    code.to_owned()
}

#[tokio::test]
async fn bad_files_end_with_a_reason_and_hurt_nobody() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start_as(data.path(), &["--max-jobs", "100000"], server_under_test).await;
    let good = async |name: &str| {
        let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/survey.pdf"));
        let form = Form::default().file(name, bytes.unwrap()).end();
        let request =
            server.client().post(server.at("/ingest/file")).header("content-type", Form::MEDIA_TYPE);
        let answer = request.body(form).send().await.unwrap();
        assert_eq!(answer.status(), 200, "a good file is read");
    };
    good("first.pdf").await;
    // What any work needs is not what bad files cost: the index keeps its buffers once it has them.
    let words: String = (0..1_500_000).map(|it| format!("word{} ", it % 50_000)).collect();
    let form = Form::default().file("ordinary.txt", words).end();
    let request = server.client().post(server.at("/ingest/file")).header("content-type", Form::MEDIA_TYPE);
    assert_eq!(request.body(form).send().await.unwrap().status(), 200);
    let before = server.memory();

    let kinds = [truncated(), flipped(), misnamed(), bombs(), loops_and_depths(), encrypted_and_empty()];
    let files: Vec<Bad> = kinds.into_iter().flatten().collect();
    let (mut outcomes, mut most) = (BTreeMap::<_, Vec<&str>>::new(), before);
    let mut jobs = Vec::new();
    for file in &files {
        match outcome(&server, file).await {
            Ok(refused) => outcomes.entry((file.what, refused)).or_default().push(&file.name),
            Err(id) => jobs.push((file, id)),
        }
        most = most.max(server.memory());
    }
    for (file, id) in &jobs {
        let path = format!("/jobs/{}", id.as_str().unwrap());
        let job = eventually_within(PATIENCE, async || {
            most = most.max(server.memory());
            let job = server.get(&path).await;
            job["completed_at"].is_string().then_some(job)
        })
        .await;
        outcomes.entry((file.what, check(file, &job))).or_default().push(&file.name);
    }
    good("last.pdf").await;
    let moved = most.saturating_sub(before);
    println!("{} bad files; the server's memory moved by {} MiB at most", files.len(), moved >> 20);
    for ((what, outcome), names) in &outcomes {
        let some: Vec<_> = names.iter().take(SOME).copied().collect();
        println!("{:>5}  {what}: {outcome} ({}, …)", names.len(), some.join(", "));
    }
    assert!(files.len() >= 100);
    assert!(moved <= MEMORY, "the server's memory moved by {moved} bytes");
}
