//! The metrics: what they count, and that the README and the dashboard speak of those that there are.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{Method, Request};
use common::{TestServer, eventually};
use serde_json::json;

/// A scrape, taken apart.
struct Scrape {
    /// The type of each metric.
    types: BTreeMap<String, String>,
    /// The value of each series, named with its labels.
    values: BTreeMap<String, f64>,
}

impl Scrape {
    async fn of(server: &TestServer) -> Self {
        let answer = server.get("/metrics").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        Self::parse(&answer.text())
    }

    /// Takes a scrape apart, and asserts that it is well-formed: described first, and nothing twice.
    fn parse(text: &str) -> Self {
        let (mut types, mut values, mut described) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, help) = help.split_once(' ').unwrap();
                assert!(!help.is_empty() && described.insert(name), "{line}");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert!(described.contains(name), "{line}");
                assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "{line}");
            } else {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let metric = metric_of(series.split('{').next().unwrap(), &types);
                assert!(types.contains_key(metric), "{line}");
                let value = value.parse::<f64>().unwrap();
                assert!(values.insert(series.to_owned(), value).is_none(), "{line}");
            }
        }
        Self { types, values }
    }

    #[track_caller]
    fn value(&self, series: &str) -> f64 {
        *self.values.get(series).unwrap_or_else(|| panic!("there is no {series}"))
    }
}

/// The metric that a sample is of: those of a histogram have names of their own.
fn metric_of<'a>(sample: &'a str, types: &BTreeMap<String, String>) -> &'a str {
    let ends = ["_bucket", "_sum", "_count"].into_iter();
    let whole = ends.filter_map(|end| sample.strip_suffix(end));
    whole.into_iter().find(|name| types.get(*name).is_some_and(|kind| kind == "histogram")).unwrap_or(sample)
}

fn project_file(name: &str) -> String {
    std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[tokio::test]
async fn a_fresh_server_shows_every_metric_that_the_readme_names_and_no_other() {
    let server = TestServer::new().await;
    let shown: BTreeSet<_> = Scrape::of(&server).await.types.into_keys().collect();
    let readme = project_file("README.md");
    let named: BTreeSet<_> = readme
        .lines()
        .filter(|line| line.starts_with("| `sluice_") || line.starts_with("| `process_"))
        .map(|line| line.split('`').nth(1).unwrap().split('{').next().unwrap().to_owned())
        .collect();
    assert_eq!(shown, named);
}

#[tokio::test]
async fn the_dashboard_names_only_metrics_that_there_are() {
    let types = Scrape::of(&TestServer::new().await).await.types;
    let text = project_file("docs/grafana.json");
    serde_json::from_str::<serde_json::Value>(&text).unwrap();
    let words = text.split(|it: char| !(it.is_ascii_alphanumeric() || it == '_'));
    let named: BTreeSet<_> =
        words.filter(|word| word.starts_with("sluice_") || word.starts_with("process_")).collect();
    assert!(named.len() > 10, "{named:?}");
    for name in named {
        assert!(types.contains_key(metric_of(name, &types)), "{name}");
    }
}

#[tokio::test]
async fn names_follow_prometheus_conventions() {
    for (name, kind) in Scrape::of(&TestServer::new().await).await.types {
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name}");
        assert_eq!(name.ends_with("_duration_seconds"), kind == "histogram", "{name}");
        let unit =
            ["milliseconds", "_ms", "kilobytes", "_mb", "percent"].iter().find(|it| name.contains(*it));
        assert_eq!(unit, None, "{name} is in base units");
    }
}

#[tokio::test]
async fn a_job_is_counted_on_its_way() {
    let server = TestServer::new().await;
    let before = Scrape::of(&server).await;
    server.given_a_text("A text about otters.").await;
    let after = Scrape::of(&server).await;
    for series in [
        "sluice_jobs_accepted_total",
        r#"sluice_jobs_ended_total{status="completed"}"#,
        r#"sluice_attempts_total{outcome="completed"}"#,
        r#"sluice_stage_duration_seconds_count{stage="waiting"}"#,
        r#"sluice_stage_duration_seconds_count{stage="reading"}"#,
        r#"sluice_stage_duration_seconds_count{stage="indexing"}"#,
        "sluice_ingested_documents_total",
        "sluice_ingested_chunks_total",
        r#"sluice_jobs{status="completed",type="text_ingestion"}"#,
        "sluice_documents",
        "sluice_chunks",
        r#"sluice_http_requests_total{method="GET",route="/metrics",status="200"}"#,
    ] {
        assert_eq!(after.value(series) - before.value(series), 1.0, "{series}");
    }
    for series in ["sluice_ingested_bytes_total", "sluice_document_bytes"] {
        assert_eq!(after.value(series) - before.value(series), 20.0, "{series}");
    }
    for (series, value) in [
        ("sluice_queue_depth", 0.0),
        ("sluice_queue_paused", 0.0),
        ("sluice_slots", 3.0),
        ("sluice_index_lag_seconds", 0.0),
    ] {
        assert_eq!(after.value(series), value, "{series}");
    }
    for series in ["process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds"] {
        assert!(after.value(series) > 1.0, "{series}");
    }
}

#[tokio::test]
async fn what_waits_is_shown_and_how_long_a_cancel_took() {
    let server = TestServer::new().await;
    let queue = Request::patch("/queue").header("content-type", "application/json");
    server
        .send(
            queue.body(Body::from(json!({ "paused": true, "max_concurrent_jobs": 5 }).to_string())).unwrap(),
        )
        .await
        .ok();
    let job = server.post("/ingest/text/async", json!({ "text_content": "A text that waits." })).await.ok();
    let waiting = Scrape::of(&server).await;
    for (series, value) in [
        ("sluice_queue_depth", 1.0),
        ("sluice_queue_paused", 1.0),
        ("sluice_slots", 5.0),
        ("sluice_slots_in_use", 0.0),
        (r#"sluice_jobs{status="pending",type="text_ingestion"}"#, 1.0),
        ("sluice_cancel_duration_seconds_count", 0.0),
    ] {
        assert_eq!(waiting.value(series), value, "{series}");
    }
    let age = eventually(async || {
        Some(Scrape::of(&server).await.value("sluice_oldest_pending_job_age_seconds"))
            .filter(|age| *age > 0.0)
    })
    .await;
    assert!(age < 60.0, "{age} s");

    server.delete(&format!("/jobs/{}", job["job_id"].as_str().unwrap())).await.ok();
    let cancelled = Scrape::of(&server).await;
    assert_eq!(cancelled.value("sluice_cancel_duration_seconds_count"), 1.0);
    assert_eq!(cancelled.value(r#"sluice_jobs_ended_total{status="cancelled"}"#), 1.0);
    assert_eq!(cancelled.value(r#"sluice_attempts_total{outcome="cancelled"}"#), 0.0, "none was begun");
    assert_eq!(cancelled.value("sluice_oldest_pending_job_age_seconds"), 0.0);
}

#[tokio::test]
async fn what_clients_send_makes_no_series() {
    let server = TestServer::new().await;
    let ask = async || {
        for _ in 0..3 {
            let id = uuid::Uuid::now_v7();
            server.get(&format!("/jobs/{id}?q={id}")).await.problem(404, "job_not_found");
            server.get(&format!("/{id}")).await.problem(404, "not_found");
            server.get(&format!("/jobs/{id}/items/{id}")).await.problem(404, "not_found");
            let invented = Method::from_bytes(format!("X{}", id.simple()).as_bytes()).unwrap();
            let request = Request::builder().method(invented).uri("/jobs").body(Body::empty()).unwrap();
            server.send(request).await.problem(405, "method_not_allowed");
        }
        Scrape::of(&server).await
    };
    let (first, second) = (ask().await, ask().await);
    for (series, count) in [
        (r#"{method="GET",route="/jobs/{id}",status="404"}"#, 3.0),
        (r#"{method="GET",route="none",status="404"}"#, 6.0),
        (r#"{method="other",route="/jobs",status="405"}"#, 3.0),
    ] {
        let series = format!("sluice_http_requests_total{series}");
        assert_eq!((first.value(&series), second.value(&series)), (count, count * 2.0), "{series}");
    }
    assert_eq!(first.values.len(), second.values.len());
}
