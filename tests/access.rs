//! Who is let in, from where, and for what; and what is written down of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, header};
use chrono::TimeDelta;
use common::{Answer, TestServer};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sluice::domain::access::{Actor, Scopes};
use sluice::server::access::Access;
use sluice::server::clock;
use sluice::server::store::sqlite::SqliteStore;

/// A server that asks for keys, and some keys.
struct Guarded {
    server: TestServer,
    keys: Vec<(&'static str, String)>,
    access: Access,
}

/// The names of the keys; all but the last three are called as what they may do.
const KEYS: [(&str, &str); 7] = [
    ("read", "read"),
    ("ingest", "ingest"),
    ("manage", "manage"),
    ("admin", "admin"),
    ("several", "read,ingest,manage"),
    ("expired", "admin"),
    ("revoked", "admin"),
];

impl Guarded {
    async fn new() -> Self {
        Self::with(&["--require-keys"]).await
    }

    async fn with(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let (access, now) = (access_to(&data), clock::now());
        let mut keys = Vec::new();
        for (name, scopes) in KEYS {
            let expires = (name == "expired").then(|| now - TimeDelta::seconds(1));
            let scopes: Scopes = scopes.parse().unwrap();
            let key = access.create_key(name, scopes, expires, Actor::server(), now).await.unwrap();
            keys.push((name, key.expose_secret().to_owned()));
        }
        access.revoke_key("revoked", Actor::server(), now).await.unwrap();
        Self { server: TestServer::in_folder(folder, flags).await, keys, access }
    }

    fn key(&self, name: &str) -> &str {
        &self.keys.iter().find(|(it, _)| *it == name).unwrap().1
    }

    /// Sends a request with this key.
    async fn send(&self, key: &str, request: axum::http::request::Builder, body: &str) -> Answer {
        let request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        self.server.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    async fn get(&self, name: &str, path: &str) -> Answer {
        self.send(self.key(name), Request::get(path), "").await
    }

    async fn post(&self, name: &str, path: &str, body: Value) -> Answer {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        self.send(self.key(name), request, &body.to_string()).await
    }

    /// Logs in, and returns what the browser keeps.
    async fn log_in(&self, name: &str) -> String {
        let answer = self.post_login(self.key(name)).await;
        assert_eq!(answer.status, 303);
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
        cookie.split(';').next().unwrap().to_owned()
    }

    async fn post_login(&self, key: &str) -> Answer {
        let request = Request::post("/app/login")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "text/html");
        self.server.send(request.body(format!("key={key}&next=%2Fapp%2Fdocuments").into()).unwrap()).await
    }

    async fn get_page(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(path).header(header::ACCEPT, "text/html").header(header::COOKIE, cookie);
        self.server.send(request.body(Body::empty()).unwrap()).await
    }
}

fn access_to(data: &std::path::Path) -> Access {
    Access::new(Arc::new(SqliteStore::open(&data.join("sluice.db")).unwrap()))
}

const ID: &str = "0190b5a4-7c1e-7000-8000-3f2a91d0c6e4";

/// Requests, and the scope each needs.
fn requests() -> Vec<(&'static str, String, &'static str)> {
    let with_id = |path: &str| path.replace("ID", ID);
    let mut all = Vec::new();
    for path in [
        "/",
        "/jobs",
        "/jobs/stats",
        "/jobs/causes",
        "/jobs/history",
        "/jobs/ID",
        "/jobs/ID/items",
        "/jobs/ID/log",
        "/jobs/ID/source",
        "/documents",
        "/documents/ID",
        "/documents/ID/source",
        "/knowledge-base/info",
        "/limits",
        "/formats",
        "/queue",
        "/app/documents",
        "/app/search",
        "/app/jobs/ID",
        "/app/preview",
        "/nowhere",
    ] {
        all.push(("GET", with_id(path), "read"));
    }
    for path in [
        "/query",
        "/_fn/list_jobs",
        "/_fn/get_job",
        "/_fn/ask",
        "/_fn/list_documents",
        "/_fn/get_items",
        "/_fn/get_webhooks",
    ] {
        all.push(("POST", with_id(path), "read"));
    }
    for path in [
        "/ingest",
        "/ingest/async",
        "/ingest/text",
        "/ingest/text/async",
        "/ingest/file",
        "/ingest/batch",
        "/ingest/batch/async",
        "/chunks/preview",
        "/app/preview",
        "/_fn/ingest_text",
    ] {
        all.push(("POST", with_id(path), "ingest"));
    }
    for path in [
        "/jobs/cancel",
        "/jobs/retry",
        "/jobs/delete",
        "/jobs/ID/retry",
        "/queue",
        "/_fn/cancel_job",
        "/_fn/retry_job",
        "/_fn/retry_with_password",
        "/_fn/cancel_jobs",
        "/_fn/retry_jobs",
        "/_fn/delete_jobs",
        "/_fn/change_queue",
        "/_fn/delete_document",
    ] {
        all.push(("POST", with_id(path), "manage"));
    }
    for path in ["/jobs", "/jobs/ID", "/documents/ID"] {
        all.push(("DELETE", with_id(path), "manage"));
    }
    all.push(("PATCH", "/queue".to_owned(), "manage"));
    for (method, path) in [("GET", "/webhooks"), ("GET", "/webhooks/ID"), ("POST", "/webhooks/ID/retry")] {
        all.push((method, with_id(path), "manage"));
    }
    all.push(("GET", "/audit".to_owned(), "admin"));
    all
}

fn request(method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path)
}

#[tokio::test]
async fn without_a_good_key_nothing_is_answered() {
    let guarded = Guarded::new().await;
    let (id, secret) = guarded.key("admin").rsplit_once('_').unwrap();
    let wrong_secret = format!("{id}_{}", secret.chars().rev().collect::<String>());
    for (method, path, _) in requests() {
        let answer = guarded.server.send(request(method, &path).body(Body::empty()).unwrap()).await;
        answer.problem(401, "key_needed");
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer", "{method} {path}");
        for (key, code) in [
            (wrong_secret.as_str(), "key_unknown"),
            ("sluice_", "key_unknown"),
            ("", "key_unknown"),
            (guarded.key("expired"), "key_expired"),
            (guarded.key("revoked"), "key_revoked"),
        ] {
            guarded.send(key, request(method, &path), "").await.problem(401, code);
        }
    }
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_say_and_nothing_else() {
    let guarded = Guarded::new().await;
    for (method, path, needed) in requests() {
        for name in ["read", "ingest", "manage", "admin"] {
            let answer = guarded.send(guarded.key(name), request(method, &path), "").await;
            if name == needed || name == "admin" {
                assert!(
                    !matches!(answer.status.as_u16(), 401 | 403),
                    "{name} {method} {path}: {}",
                    answer.text()
                );
            } else {
                let problem = answer.problem(403, "scope_too_small");
                assert!(problem["detail"].as_str().unwrap().contains(needed), "{problem}");
            }
        }
    }
    guarded.get("several", "/jobs").await.ok();
    guarded.post("several", "/ingest/text/async", json!({"text_content": "a text"})).await.ok();
    guarded.get("several", "/audit").await.problem(403, "scope_too_small");
}

#[tokio::test]
async fn who_may_not_delete_may_not_replace() {
    let guarded = Guarded::new().await;
    let text = |text: &str| json!({"text_content": text, "on_duplicate": "replace"});
    for path in ["/ingest/text/async", "/ingest", "/ingest/async"] {
        let refused = guarded.post("ingest", path, text("a")).await.problem(403, "scope_too_small");
        let detail = "The API key \"ingest\" may do ingest; this needs manage.";
        assert_eq!(refused["detail"], detail, "{path}");
    }
    let batch = json!({"messages": [{"text": "a"}]});
    guarded.post("ingest", "/ingest/batch?on_duplicate=replace", batch).await.problem(403, "scope_too_small");
    guarded.post("several", "/ingest/text/async", text("a")).await.ok();
    guarded
        .post("ingest", "/ingest/text/async", json!({"text_content": "a", "on_duplicate": "skip"}))
        .await
        .ok();
}

#[tokio::test]
async fn what_tells_nothing_is_open_to_all() {
    let guarded = Guarded::new().await;
    for path in ["/health", "/app/login"] {
        assert_eq!(guarded.server.get(path).await.status, 200, "{path}");
    }
    // A build for tests may have no files for the browser.
    guarded.server.get("/pkg/0/nothing.js").await.problem(404, "not_found");
}

#[tokio::test]
async fn a_server_for_this_machine_alone_asks_nobody_but_checks_the_keys_it_is_shown() {
    let guarded = Guarded::with(&[]).await;
    guarded.server.get("/jobs").await.ok();
    guarded.get("read", "/jobs").await.ok();
    guarded.get("expired", "/jobs").await.problem(401, "key_expired");
    guarded.post("read", "/jobs/cancel?status=failed", json!({})).await.problem(403, "scope_too_small");
}

#[tokio::test]
async fn a_browser_logs_in_and_out() {
    let guarded = Guarded::new().await;
    let page = guarded.get_page("/app/documents?q=a%20b", "").await;
    assert_eq!(page.status, 303);
    assert_eq!(page.headers[header::LOCATION], "/app/login?next=%2Fapp%2Fdocuments%3Fq%3Da%2520b");

    let refused = guarded.post_login("sluice_nonsense").await;
    assert_eq!(refused.headers[header::LOCATION], "/app/login?next=%2Fapp%2Fdocuments&why=key_unknown");
    assert!(!refused.headers.contains_key(header::SET_COOKIE));
    let told = guarded.get_page("/app/login?why=key_unknown", "").await.text();
    assert!(told.contains("role=\"alert\"") && !told.contains("Log out"), "{told}");

    let cookie = guarded.log_in("read").await;
    let page = guarded.get_page("/app/documents", &cookie).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Log out"));

    let out = Request::post("/app/logout").header(header::COOKIE, &cookie);
    let out = guarded.server.send(out.body(Body::empty()).unwrap()).await;
    assert!(out.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(guarded.get_page("/", &cookie).await.status, 303, "the session has ended on the server, too");
}

#[tokio::test]
async fn a_session_ends_with_its_key() {
    let guarded = Guarded::new().await;
    let cookie = guarded.log_in("read").await;
    assert_eq!(guarded.get_page("/", &cookie).await.status, 200);
    // By another process, as `sluice keys revoke` is one.
    guarded.access.revoke_key("read", Actor::server(), clock::now()).await.unwrap();
    assert_eq!(guarded.get_page("/", &cookie).await.status, 303);
    guarded.get("read", "/jobs").await.problem(401, "key_revoked");
}

#[tokio::test]
async fn a_session_may_do_what_its_key_may() {
    let guarded = Guarded::new().await;
    let cookie = guarded.log_in("read").await;
    let pause = Request::post("/queue").header(header::COOKIE, &cookie);
    guarded.server.send(pause.body("paused=true".into()).unwrap()).await.problem(403, "scope_too_small");
    assert_eq!(guarded.get("read", "/queue").await.ok()["paused"], false);
}

#[tokio::test]
async fn only_who_may_manage_sees_more_of_a_receiver_than_its_host() {
    let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let guarded = Guarded::with(&["--require-keys", "--webhook-secrets", secret]).await;
    let text = json!({ "text_content": "a text", "callback_url": "https://nowhere.invalid/hook?key=1" });
    let job = guarded.post("several", "/ingest/text", text).await.ok();
    let path = format!("/app/jobs/{}", job["job_id"].as_str().unwrap());
    for (name, path_is_shown) in [("read", false), ("several", true)] {
        let page = guarded.get_page(&path, &guarded.log_in(name).await).await.text();
        assert!(page.contains("https://nowhere.invalid"), "{name}: {page}");
        assert_eq!(page.contains("nowhere.invalid/hook"), path_is_shown, "{name}");
        assert!(!page.contains("key=1"), "{name}");
    }
    let listed = guarded.get("several", "/webhooks").await.ok();
    assert_eq!(listed["deliveries"][0]["url"], "https://nowhere.invalid/hook?key=1");
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let server = TestServer::new().await;
    for (method, path, _) in requests().into_iter().filter(|(method, ..)| *method != "GET") {
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "http://evil.example"),
            ("origin", "null"),
        ] {
            let form = request(method, &path)
                .header(header::HOST, "localhost:8011")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(name, value);
            server.send(form.body("paused=true".into()).unwrap()).await.problem(403, "cross_origin");
        }
    }
    for path in ["/app/login", "/app/logout", "/app/theme"] {
        let form = Request::post(path).header("sec-fetch-site", "cross-site").body(Body::empty()).unwrap();
        server.send(form).await.problem(403, "cross_origin");
    }
    let own = Request::post("/queue")
        .header(header::HOST, "localhost:8011")
        .header(header::ORIGIN, "http://localhost:8011")
        .header("sec-fetch-site", "same-origin");
    let answer = server.send(own.body("paused=true".into()).unwrap()).await;
    assert_eq!(answer.ok()["paused"], true);
}

#[tokio::test]
async fn another_hosts_name_does_not_lead_to_a_server_for_this_machine_alone() {
    let server = TestServer::with(&["--allowed-hosts", "sluice.example"]).await;
    let ask = async |host: &str| {
        server.send(Request::get("/jobs").header(header::HOST, host).body(Body::empty()).unwrap()).await
    };
    for host in ["evil.example", "evil.example:8011", "127.0.0.1.evil.example"] {
        ask(host).await.problem(421, "host_not_allowed");
    }
    ask("not a host").await.problem(400, "invalid_host");
    for host in ["localhost:8011", "127.0.0.1:8011", "[::1]:8011", "sluice.example"] {
        ask(host).await.ok();
    }
}

#[tokio::test]
async fn other_sites_pages_use_the_api_where_the_operator_lets_them() {
    let preflight = async |server: &TestServer| {
        let asked = request("OPTIONS", "/ingest/text")
            .header(header::ORIGIN, "https://app.example")
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type");
        server.send(asked.body(Body::empty()).unwrap()).await
    };
    let closed = preflight(&TestServer::new().await).await;
    assert!(!closed.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));

    let open = Guarded::with(&["--require-keys", "--cors-origins", "https://app.example"]).await;
    let allowed = preflight(&open.server).await;
    assert_eq!(allowed.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.example");
    assert!(!allowed.headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS), "no cookies, only keys");
    let sent = Request::post("/ingest/text/async")
        .header(header::ORIGIN, "https://app.example")
        .header("sec-fetch-site", "cross-site")
        .header(header::CONTENT_TYPE, "application/json");
    open.send(open.key("ingest"), sent, r#"{"text_content": "from elsewhere"}"#).await.ok();
}

#[tokio::test]
async fn pages_run_only_what_is_the_servers_own() {
    let server = TestServer::new().await;
    let page =
        server.send(Request::get("/").header(header::ACCEPT, "text/html").body(Body::empty()).unwrap()).await;
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    let nonce = policy.split_once("'nonce-").unwrap().1.split('\'').next().unwrap();
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
    let text = page.text();
    assert!(!text.contains(" style=\""), "inline styles do not work under the policy");
    for script in text.split("<script").skip(1).filter(|it| !it.split('>').next().unwrap().contains("src=")) {
        assert!(script.split('>').next().unwrap().contains(nonce), "{script}");
    }
    let again = server.get("/").await;
    assert!(
        !again.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains(nonce),
        "used once only"
    );
    for path in ["/jobs", "/nowhere", "/favicon.svg"] {
        let answer = server.get(path).await;
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert!(
            answer.headers[header::CONTENT_SECURITY_POLICY]
                .to_str()
                .unwrap()
                .starts_with("default-src 'none'")
        );
    }
}

#[tokio::test]
async fn who_did_what_is_written_down() {
    let guarded = Guarded::new().await;
    let send = Request::post("/ingest/text").header(header::CONTENT_TYPE, "application/json");
    let send = send.header("x-request-id", "my-request-7");
    let job = guarded.send(guarded.key("several"), send, r#"{"text_content": "about audits"}"#).await.ok();
    let (job, document) = (job["job_id"].as_str().unwrap(), job["document_id"].as_str().unwrap());
    guarded.send(guarded.key("manage"), Request::post("/jobs/cancel?status=pending"), "").await.ok();
    guarded.post("manage", "/_fn/change_queue", json!({"change": {"max_concurrent_jobs": 2}})).await.ok();
    guarded.send(guarded.key("manage"), request("DELETE", &format!("/documents/{document}")), "").await;
    let cookie = guarded.log_in("several").await;
    let out = Request::post("/app/logout").header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    guarded.server.send(out).await;

    let page = guarded.get("admin", "/audit?limit=6").await.ok();
    let entries = page["entries"].as_array().unwrap();
    let told: Vec<_> = entries
        .iter()
        .map(|it| ["by", "action", "detail"].map(|field| it[field].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ["several", "log_out", ""],
            ["several", "log_in", ""],
            ["manage", "delete_document", ""],
            ["manage", "change_queue", "max_concurrent_jobs=2"],
            ["manage", "cancel_jobs", "0 of 0 jobs; status=pending"],
            ["several", "accept_job", "text_ingestion"],
        ]
    );
    assert_eq!((&entries[5]["subject"], &entries[5]["request_id"]), (&json!(job), &json!("my-request-7")));
    assert_eq!(entries[2]["subject"], document);
    let older = guarded.get("admin", &format!("/audit?before={}", page["next"])).await.ok();
    assert_eq!(older["entries"][0]["action"], "revoke_key");

    let shown = guarded.get("read", &format!("/jobs/{job}")).await.ok();
    assert_eq!((&shown["accepted_by"], &shown["request_id"]), (&json!("several"), &json!("my-request-7")));
    let trail = guarded.get("admin", "/audit").await.text();
    assert!(!trail.contains("about audits"), "no text of documents");
}

#[tokio::test]
async fn a_problem_names_the_request_it_answers() {
    let server = TestServer::new().await;
    let answer = server.get("/jobs/nonsense").await;
    let problem = answer.problem(400, "invalid_id");
    assert_eq!(problem["request_id"], answer.headers["x-request-id"].to_str().unwrap());
    let refused = server.post("/_fn/get_job", json!({ "id": ID })).await;
    assert_eq!(refused.json()["request_id"], refused.headers["x-request-id"].to_str().unwrap());
}
