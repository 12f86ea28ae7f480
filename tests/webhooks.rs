//! Who is told of a job's end, how often, and who is not, whatever a request says.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use axum::body::Body;
use axum::http::{Request, header};
use common::process::{ServerProcess, run};
use common::receiver::{OTHER_SECRET, Receiver, SECRET};
use common::{Form, TestServer, eventually};
use serde_json::{Value, json};

/// A server that may call this machine.
const ON: [&str; 4] = ["--webhook-secrets", SECRET, "--webhook-networks", "127.0.0.0/8,::1/128"];

async fn server() -> TestServer {
    TestServer::with(&ON).await
}

fn text(callback: &str) -> Value {
    json!({ "text_content": "A text about heralds.", "callback_url": callback })
}

/// Sends a text whose end is told, and waits for it.
async fn ingest(server: &TestServer, callback: &str) -> Value {
    let job = server.post("/ingest/text/async", text(callback)).await.ok();
    server.wait_for(&job, "completed").await
}

/// Waits until there is one webhook, with the status and so many attempts.
async fn webhook(server: &TestServer, status: &str, attempts: usize) -> Value {
    eventually(async || {
        let page = server.get("/webhooks").await.ok();
        let found = page["deliveries"].as_array().unwrap();
        assert!(found.len() <= 1, "{page}");
        let found = found.first()?;
        let is_so = found["status"] == status && found["attempts"].as_array().unwrap().len() == attempts;
        is_so.then(|| found.clone())
    })
    .await
}

async fn retry(server: &TestServer, webhook: &Value) -> Value {
    let path = format!("/webhooks/{}/retry", webhook["webhook_id"].as_str().unwrap());
    server.post(&path, json!({})).await.ok()
}

#[tokio::test]
async fn a_completed_job_is_told_in_a_call_that_can_be_checked() {
    let (receiver, server) = (Receiver::new().await, server().await);
    let job = ingest(&server, &receiver.url("/hook?token=1")).await;
    let call = &receiver.called(1).await[0];
    assert_eq!(call.path, "/hook?token=1");
    assert_eq!(call.header("content-type"), "application/json");
    assert!(call.header("user-agent").starts_with("sluice/"));
    assert!(call.is_signed_by(SECRET) && !call.is_signed_by(OTHER_SECRET), "{call:?}");
    let age =
        sluice::server::clock::now().timestamp() - call.header("webhook-timestamp").parse::<i64>().unwrap();
    assert!((0..60).contains(&age), "{age}");
    let body = call.json();
    assert_eq!(body["type"], "job.completed");
    assert_eq!(body["timestamp"], job["completed_at"]);
    let told = body["data"].as_object().unwrap();
    assert!(told.len() > 20, "{told:?}");
    for (field, value) in told {
        assert_eq!(value, &job[field], "{field}");
    }

    let delivered = webhook(&server, "delivered", 1).await;
    assert_eq!(delivered["webhook_id"], call.id());
    assert_eq!((&delivered["job_id"], &delivered["next_attempt_at"]), (&job["job_id"], &Value::Null));
    assert_eq!(delivered["url"], receiver.url("/hook?token=1"));
    let attempt = &delivered["attempts"][0];
    assert_eq!((&attempt["status"], &attempt["error"]), (&json!(204), &json!("")));
    let one = server.get(&format!("/webhooks/{}", call.id())).await.ok();
    assert_eq!(one, delivered);
}

#[tokio::test]
async fn every_kind_of_request_can_bring_a_callback() {
    let (receiver, server) = (Receiver::new().await, server().await);
    let callback = receiver.url("/");
    let batch = json!({ "messages": [{ "text": "a" }, { "text": "b" }], "callback_url": callback });
    let form = || Form::default().field("callback_url", &callback);
    let urlencoded = serde_urlencoded::to_string([("text_content", "a text"), ("callback_url", &callback)]);
    let form_type = "application/x-www-form-urlencoded";
    let file = || form().file("a.txt", "a text");
    for answer in [
        server.post("/ingest", text(&callback)).await,
        server.post("/ingest/text", text(&callback)).await,
        server.post("/ingest/text/async", text(&callback)).await,
        server.post("/ingest/batch?sync=true", batch.clone()).await,
        server.post("/ingest/batch/async", batch).await,
        server.post_form("/ingest", form().field("text_content", "a text")).await,
        server.post_form("/ingest/async", file().file("b.txt", "b text")).await,
        server.post_form("/ingest/file", file()).await,
        server.post_as("/ingest", form_type, urlencoded.unwrap()).await,
    ] {
        answer.ok();
    }
    receiver.called(9).await;
    // What a form in a page sends along, and what a program leaves open.
    server
        .post_form("/ingest", Form::default().field("text_content", "a").field("callback_url", ""))
        .await
        .ok();
    server.post("/ingest/text", json!({ "text_content": "a", "callback_url": null })).await.ok();
    assert_eq!(server.get("/webhooks").await.ok()["deliveries"].as_array().unwrap().len(), 9);
}

#[tokio::test]
async fn failed_and_cancelled_jobs_are_told_too() {
    let (receiver, server) = (Receiver::new().await, server().await);
    let blank = Form::default().file("blank.txt", "  \n").field("callback_url", receiver.url("/"));
    let failed = server.post_form("/ingest/async", blank).await.ok();
    let told = receiver.called(1).await[0].json();
    assert_eq!((&told["type"], &told["data"]["error_code"]), (&json!("job.failed"), &json!("no_text")));
    assert_eq!(told["data"]["job_id"], failed["job_id"]);

    let queue = Request::patch("/queue").header(header::CONTENT_TYPE, "application/json");
    server.send(queue.body(Body::from(r#"{"paused": true}"#)).unwrap()).await.ok();
    let waiting = server.post("/ingest/text/async", text(&receiver.url("/"))).await.ok();
    server.delete(&format!("/jobs/{}", waiting["job_id"].as_str().unwrap())).await.ok();
    let told = receiver.called(2).await[1].json();
    assert_eq!((&told["type"], &told["data"]["job_id"]), (&json!("job.cancelled"), &waiting["job_id"]));
}

#[tokio::test]
async fn some_are_told_of_every_job_and_each_is_told_once() {
    let (all, one) = (Receiver::new().await, Receiver::new().await);
    let url = all.url("/all");
    let both = format!("{SECRET} {OTHER_SECRET}");
    let flags = ["--webhook-secrets", &both, "--webhook-networks", "127.0.0.0/8", "--webhook-urls", &url];
    let server = TestServer::with(&flags).await;
    ingest(&server, &one.url("/one")).await;
    server.given_a_text("A text that names nobody.").await;
    ingest(&server, &url).await;
    let calls = all.called(3).await;
    one.called(1).await;
    assert!(calls.iter().all(|it| it.is_signed_by(SECRET) && it.is_signed_by(OTHER_SECRET)), "{calls:?}");
    eventually(async || {
        let page = server.get("/webhooks?status=delivered").await.ok();
        (page["deliveries"].as_array().unwrap().len() == 4).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_was_not_delivered_is_sent_again_with_the_same_id() {
    let (receiver, server) = (Receiver::new().await, server().await);
    receiver.answer(500, &[]);
    receiver.answer(503, &[("retry-after", "7200")]);
    let job = ingest(&server, &receiver.url("/")).await;
    let waiting = webhook(&server, "pending", 1).await;
    assert_eq!(waiting["attempts"][0]["status"], 500);
    let again = waiting["next_attempt_at"].as_str().unwrap();
    assert!(again > waiting["attempts"][0]["at"].as_str().unwrap(), "{waiting}");

    let asked = retry(&server, &waiting).await;
    assert_eq!((&asked["status"], &asked["webhook_id"]), (&json!("pending"), &waiting["webhook_id"]));
    let busy = webhook(&server, "pending", 2).await;
    let time = |value: &Value| value.as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let wait = time(&busy["next_attempt_at"]) - time(&busy["attempts"][1]["at"]);
    assert!((7200..7300).contains(&wait.num_seconds()), "as it asked: {wait}");

    retry(&server, &busy).await;
    let delivered = webhook(&server, "delivered", 3).await;
    retry(&server, &delivered).await;
    webhook(&server, "delivered", 4).await;
    let calls = receiver.called(4).await;
    assert!(calls.iter().all(|it| it.id() == waiting["webhook_id"] && it.body == calls[0].body), "{calls:?}");
    assert!(calls.iter().all(|it| it.is_signed_by(SECRET)));

    let trail = server.get("/audit").await.ok();
    let entry = &trail["entries"][0];
    assert_eq!((&entry["action"], &entry["subject"]), (&json!("retry_webhook"), &waiting["webhook_id"]));
    let unknown = job["job_id"].as_str().unwrap();
    server.get(&format!("/webhooks/{unknown}")).await.problem(404, "webhook_not_found");
    server.post(&format!("/webhooks/{unknown}/retry"), json!({})).await.problem(404, "webhook_not_found");
    server.get("/webhooks?status=lost").await.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (receiver, server) = (Receiver::new().await, server().await);
    receiver.answer(307, &[("location", "/elsewhere")]);
    ingest(&server, &receiver.url("/")).await;
    let refused = webhook(&server, "pending", 1).await;
    let error = refused["attempts"][0]["error"].as_str().unwrap();
    assert!(
        refused["attempts"][0]["status"] == 307 && error.contains("redirects are not followed"),
        "{error}"
    );
    assert_eq!(receiver.calls().len(), 1);
}

#[tokio::test]
async fn a_receiver_that_wants_no_more_is_asked_no_more() {
    let (receiver, server) = (Receiver::new().await, server().await);
    receiver.answer(410, &[]);
    ingest(&server, &receiver.url("/")).await;
    let failed = webhook(&server, "failed", 1).await;
    assert_eq!(failed["next_attempt_at"], Value::Null);
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_told_of() {
    let server = server().await;
    // Nobody listens on a port that was just given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    ingest(&server, &format!("http://localhost:{port}/?key=secret")).await;
    let lost = webhook(&server, "pending", 1).await;
    let error = lost["attempts"][0]["error"].as_str().unwrap();
    assert!(error.contains("could not be reached") && !error.contains("secret"), "{error}");
    assert_eq!(lost["attempts"][0]["status"], Value::Null);
    let metrics = server.get("/metrics").await.text();
    assert!(metrics.contains("sluice_webhook_attempts_total{outcome=\"unreachable\"} 1"), "{metrics}");
    assert!(metrics.contains("sluice_webhooks_pending 1"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_does_not_answer_holds_up_no_other() {
    let (dead, alive, server) = (Receiver::new().await, Receiver::new().await, server().await);
    dead.hold(true);
    for _ in 0..40 {
        server.post("/ingest/text/async", text(&dead.url("/"))).await.ok();
    }
    eventually(async || (server.get("/jobs/stats").await.ok()["completed"] == 40).then_some(())).await;
    ingest(&server, &alive.url("/")).await;
    alive.called(1).await;
    assert_eq!(dead.calls().len(), 4, "so many at a time");
    dead.hold(false);
    dead.called(40).await;
    eventually(async || {
        let page = server.get("/webhooks?status=pending").await.ok();
        page["deliveries"].as_array().unwrap().is_empty().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_off_by_a_stop_or_a_kill_is_sent_again() {
    let data = tempfile::tempdir().unwrap();
    let receiver = Receiver::new().await;
    receiver.hold(true);
    let server = ServerProcess::start(data.path(), &ON).await;
    let job = server.post("/ingest/text", &text(&receiver.url("/"))).await.unwrap();
    receiver.called(1).await;
    server.kill();

    let server = ServerProcess::start(data.path(), &ON).await;
    receiver.called(2).await;
    let (code, took) = server.signal("-TERM").await;
    assert!(code == Some(0) && took.as_secs() < 10, "{code:?} after {took:?}");

    receiver.hold(false);
    let server = ServerProcess::start(data.path(), &ON).await;
    let calls = receiver.called(3).await;
    assert!(calls.iter().all(|it| it.id() == calls[0].id() && it.body == calls[0].body), "{calls:?}");
    assert_eq!(calls[2].json()["data"]["job_id"], job["job_id"]);
    let path = format!("/webhooks/{}", calls[0].id());
    eventually(async || (server.get(&path).await["status"] == "delivered").then_some(())).await;
}

#[tokio::test]
async fn callbacks_to_private_places_are_refused_and_nothing_is_accepted() {
    let server = TestServer::with(&["--webhook-secrets", SECRET, "--webhook-networks", "10.1.0.0/16"]).await;
    for url in [
        "http://127.0.0.1/",
        "http://127.0.0.1:8011/jobs/delete",
        "http://localhost/",
        "https://localhost./",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://0/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.2.0.1/",
        "http://192.168.1.1/",
        "http://[fd00::1]/",
        "http://[fe80::1]/",
    ] {
        server.post("/ingest/text", text(url)).await.problem(403, "callback_not_allowed");
        let form = Form::default().file("a.txt", "a text").field("callback_url", url);
        server.post_form("/ingest", form).await.problem(403, "callback_not_allowed");
    }
    let long = format!("https://a.example/{}", "a".repeat(2048));
    for url in [
        "ftp://a.example/",
        "file:///etc/passwd",
        "//a.example",
        "a.example",
        "http://u:p@a.example/",
        "http:///",
        &long,
    ] {
        server.post("/ingest/text", text(url)).await.problem(400, "invalid_callback");
        let batch = json!({ "messages": [{ "text": "a" }], "callback_url": url });
        server.post("/ingest/batch", batch).await.problem(400, "invalid_callback");
    }
    assert_eq!(server.get("/jobs/stats").await.ok()["total_jobs"], 0);
    server.post("/ingest/text", text("http://10.1.2.3/")).await.ok();
    server.post("/ingest/text", text("https://nowhere.invalid/")).await.ok();
}

#[tokio::test]
async fn an_address_that_may_no_longer_be_reached_is_not_called() {
    let receiver = Receiver::new().await;
    for host in ["127.0.0.1", "localhost"] {
        let server = server().await;
        receiver.answer(500, &[]);
        let before = receiver.calls().len();
        ingest(&server, &format!("http://{host}:{}/", receiver.port())).await;
        webhook(&server, "pending", 1).await;
        // As if the name had changed its mind, and as if the operator had.
        let folder = server.stop().await;
        let server = TestServer::in_folder(folder, &["--webhook-secrets", SECRET]).await;
        retry(&server, &webhook(&server, "pending", 1).await).await;
        let blocked = webhook(&server, "pending", 2).await;
        let error = blocked["attempts"][1]["error"].as_str().unwrap();
        assert!(error.contains("not public") && error.contains(host), "{error}");
        assert_eq!(receiver.calls().len(), before + 1, "{host}");
        let metrics = server.get("/metrics").await.text();
        assert!(metrics.contains("sluice_webhook_attempts_total{outcome=\"blocked\"} 1"), "{metrics}");
    }
}

#[tokio::test]
async fn without_a_secret_there_are_no_webhooks() {
    let server = TestServer::new().await;
    let problem = server.post("/ingest/text", text("https://a.example/")).await.problem(400, "webhooks_off");
    assert!(problem["detail"].as_str().unwrap().contains("--webhook-secrets"), "{problem}");
    assert_eq!(server.get("/jobs/stats").await.ok()["total_jobs"], 0);
    let id = "0190b5a4-7c1e-7000-8000-3f2a91d0c6e4";
    server.post(&format!("/webhooks/{id}/retry"), json!({})).await.problem(400, "webhooks_off");
}

#[tokio::test]
async fn a_callback_is_a_part_of_what_a_request_says() {
    let (receiver, server) = (Receiver::new().await, server().await);
    let send = async |callback: &str| {
        let request = Request::post("/ingest/text/async").header(header::CONTENT_TYPE, "application/json");
        let request = request.header("idempotency-key", "a-key");
        server.send(request.body(text(callback).to_string().into()).unwrap()).await
    };
    let first = send(&receiver.url("/")).await.ok();
    assert_eq!(send(&receiver.url("/")).await.ok()["job_id"], first["job_id"]);
    send(&receiver.url("/other")).await.problem(409, "idempotency_key_taken");
    server.wait_for(&first, "completed").await;
    receiver.called(1).await;
}

#[tokio::test]
async fn a_jobs_page_shows_who_was_told() {
    let (receiver, server) = (Receiver::new().await, server().await);
    receiver.answer(500, &[]);
    let job = ingest(&server, &receiver.url("/hook?key=secret")).await;
    webhook(&server, "pending", 1).await;
    let path = format!("/app/jobs/{}", job["job_id"].as_str().unwrap());
    let page = server.get(&path).await.text();
    assert!(page.contains("<h2>Webhooks</h2>") && page.contains(&receiver.url("/hook")), "{page}");
    assert!(page.contains("The receiver answered 500.") && page.contains("job.completed"), "{page}");
    assert!(!page.contains("key=secret"), "{page}");
    let plain = server.given_a_text("A text that names nobody.").await;
    let page = server.get(&format!("/app/jobs/{}", plain["job_id"].as_str().unwrap())).await.text();
    assert!(!page.contains("Webhooks"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_asked_for_and_seen_at_the_command_line() {
    let (data, receiver) = (tempfile::tempdir().unwrap(), Receiver::new().await);
    receiver.answer(500, &[]);
    let server = ServerProcess::start(data.path(), &ON).await;
    let said = |arguments: &[&str]| {
        let output = run(&[arguments, &["--url", &server.url]].concat());
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    };
    assert!(said(&["webhooks", "list"]).contains("No webhook matches."));
    let file = data.path().join("notes.txt");
    std::fs::write(&file, "notes").unwrap();
    said(&["ingest", file.to_str().unwrap(), "--callback-url", &receiver.url("/hook?key=secret")]);
    let id = receiver.called(1).await[0].id().to_owned();
    let listed = eventually(async || {
        Some(said(&["webhooks", "list", "--status", "pending"])).filter(|it| it.contains("answered 500"))
    })
    .await;
    assert!(
        listed.contains(&id) && listed.contains("job.completed") && !listed.contains("secret"),
        "{listed}"
    );
    let page: Value = serde_json::from_str(&said(&["webhooks", "list", "--json"])).unwrap();
    assert_eq!(page["deliveries"][0]["url"], receiver.url("/hook?key=secret"));
    let job = page["deliveries"][0]["job_id"].as_str().unwrap();

    assert!(said(&["webhooks", "retry", &id]).contains("is sent again"));
    receiver.called(2).await;
    eventually(async || said(&["webhooks", "list", "--job", job]).contains("delivered").then_some(())).await;
    let unknown = run(&["webhooks", "retry", job, "--url", &server.url]);
    assert!(!unknown.status.success() && String::from_utf8(unknown.stderr).unwrap().contains("no webhook"));
}

#[test]
fn settings_that_cannot_work_end_the_start_and_no_secret_is_told() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path().to_str().unwrap();
    for (flags, part) in [
        (vec!["--webhook-urls", "https://a.example/"], "no --webhook-secrets"),
        (vec!["--webhook-secrets", "whsec_c2VjcmV0"], "base64 of 24 to 64"),
        (vec!["--webhook-secrets", "secret-c2VjcmV0"], "base64 of 24 to 64"),
        (
            vec!["--webhook-secrets", SECRET, "--webhook-urls", "a.example?c2VjcmV0"],
            "URL 1 of --webhook-urls is not a URL",
        ),
        (vec!["--webhook-secrets", SECRET, "--webhook-urls", "http://10.0.0.1/"], "not a public address"),
        (
            vec!["--webhook-secrets", SECRET, "--webhook-networks", "10.0"],
            "it must be a network, such as 10.1.0.0/16",
        ),
    ] {
        let always = ["--addr", "127.0.0.1:0", "--data-dir", data];
        let output = run(&[&always[..], &flags].concat());
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!output.status.success() && said.contains(part), "{flags:?}: {said}");
        assert!(!said.contains("c2VjcmV0") && !said.contains(SECRET), "{said}");
    }
}

#[test]
fn help_tells_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    let settings = format!("webhook_secrets = [\"{SECRET}\"]\nwebhook_urls = \"https://a.example/hidden\"");
    std::fs::write(&file, settings).unwrap();
    let mut command = common::process::sluice(&["--config", file.to_str().unwrap(), "--help"]);
    let output = command.env("SLUICE_WEBHOOK_SECRETS", OTHER_SECRET).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("--webhook-secrets"), "{help}");
    for secret in [SECRET, OTHER_SECRET, "hidden"] {
        assert!(!help.contains(secret), "{help}");
    }
}
