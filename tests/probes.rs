//! What those ask who run the server: whether it lives and whether it is ready.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use axum::body::Body;
use axum::http::Request;
use common::process::{ServerProcess, run};
use common::{Answer, TestServer, eventually};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

/// The checks of an answer, by name: whether all is well, and what is said of it.
fn check(answer: &Value, name: &str) -> (bool, String) {
    let checks = answer["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name).unwrap();
    (found["ok"].as_bool().unwrap(), found["detail"].as_str().unwrap().to_owned())
}

fn assert_only_failed(answer: &Answer, expected: &[&str]) {
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), body["status"].as_str()), (503, Some("not_ready")), "{body}");
    for name in ["store", "index", "disk", "stopping"] {
        let (ok, detail) = check(&body, name);
        assert_eq!(ok, !expected.contains(&name), "{name}: {detail}");
        assert!(detail.ends_with('.') || detail.ends_with("room."), "{detail}");
    }
}

#[tokio::test]
async fn a_server_at_work_lives_and_is_ready() {
    let server = TestServer::new().await;
    let live = server.get("/livez").await;
    assert_eq!((live.status.as_u16(), live.text().as_str()), (200, "ok"));

    // The index's thread may need a moment to start.
    let answer = eventually(async || Some(server.get("/readyz").await).filter(|it| it.status == 200)).await;
    let body = answer.ok();
    assert_eq!(body["status"], "ready");
    for name in ["store", "index", "disk", "stopping"] {
        assert!(check(&body, name).0, "{body}");
    }
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn a_probe_may_call_a_server_by_whatever_address_it_has() {
    let server = TestServer::new().await;
    let ask = async |path: &str| {
        let request = Request::get(path).header("host", "10.2.3.4:8011").body(Body::empty()).unwrap();
        server.send(request).await.status.as_u16()
    };
    for path in ["/livez", "/health"] {
        assert_eq!(ask(path).await, 200, "{path}");
    }
    assert_ne!(ask("/readyz").await, 421);
    assert_eq!(ask("/jobs").await, 421);
}

#[tokio::test]
async fn a_full_disk_is_not_ready_but_alive() {
    let server = TestServer::with(&["--min-free-disk", "1000000TiB"]).await;
    let answer = eventually(async || {
        let answer = server.get("/readyz").await;
        check(&answer.json(), "index").0.then_some(answer)
    })
    .await;
    assert_only_failed(&answer, &["disk"]);
    assert_eq!(server.get("/livez").await.status, 200);
}

#[tokio::test]
async fn a_stopping_server_is_not_ready_but_alive() {
    let server = TestServer::new().await;
    let router = server.service().router.clone();
    let _folder = server.stop().await;
    let ask = async |path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, body: response.into_body().collect().await.unwrap().to_bytes().to_vec() }
    };
    assert_only_failed(&ask("/readyz").await, &["index", "stopping"]);
    assert_eq!(ask("/livez").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_asks_a_server_and_says_so_by_its_exit_code() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &[]).await;
    let health = |more: &[&str]| run(&[&["health", "--url", server.url.as_str()], more].concat());
    let said = eventually(async || Some(health(&[])).filter(|output| output.status.success())).await;
    let said = String::from_utf8(said.stdout).unwrap();
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 4, "{said}");
    assert_eq!(health(&["--live"]).stdout, b"live\n");

    server.kill_now();
    let gone = health(&["--live"]);
    let said = String::from_utf8(gone.stderr).unwrap();
    assert!(gone.status.code() == Some(1) && said.contains("does not answer"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_connections_are_all_taken_is_alive() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &["--max-connections", "1"]).await;
    // The client keeps its connection open, and so the only place.
    server.get("/health").await;
    let other = sluice::client::https::builder().build().unwrap();
    let refused = other.get(server.at("/health")).send().await.unwrap();
    assert_eq!(refused.status(), 503);
    let live = other.get(server.at("/livez")).send().await.unwrap();
    assert_eq!((live.status().as_u16(), live.text().await.unwrap().as_str()), (200, "ok"));
}
