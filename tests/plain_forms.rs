//! The forms of pages, as a browser without scripts sends them and as a live page does: through the router.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use axum::body::Body;
use axum::http::{Request, header};
use common::{Answer, TestServer};

const PAGE: &str = "text/html,application/xhtml+xml,*/*;q=0.8";
const JSON: &str = "application/json";

/// Sends a form of the page to a server function.
async fn send(server: &TestServer, function: &str, fields: String, page: &str, accept: &str) -> Answer {
    let request = Request::post(format!("/_fn/{function}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, accept)
        .header(header::REFERER, format!("http://sluice.example{page}"));
    server.send(request.body(Body::from(fields)).unwrap()).await
}

async fn see(server: &TestServer, page: &str, cookie: &str) -> Answer {
    let request = Request::get(page).header(header::ACCEPT, PAGE).header(header::COOKIE, cookie);
    server.send(request.body(Body::empty()).unwrap()).await
}

async fn given_a_document(server: &TestServer) -> String {
    let text = server.given_a_text("about herons").await;
    text["document_id"].as_str().unwrap().to_owned()
}

fn location(answer: &Answer) -> &str {
    answer.headers[header::LOCATION].to_str().unwrap()
}

#[tokio::test]
async fn a_refused_form_leads_back_to_its_page_which_says_why_once() {
    let server = TestServer::new().await;
    let id = given_a_document(&server).await;
    server.delete(&format!("/documents/{id}")).await;

    let list = "/app/documents?q=heron";
    let refused = send(&server, "delete_document", format!("id={id}"), list, PAGE).await;
    assert_eq!((refused.status.as_u16(), location(&refused)), (302, list));
    let cookie = refused.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.ends_with("; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"), "{cookie}");

    let page = see(&server, list, cookie.split(';').next().unwrap()).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains(&format!("There is no document {id}.")), "{}", page.text());
    assert!(page.text().contains(r#"role="alert""#));
    assert!(page.headers[header::SET_COOKIE].to_str().unwrap().starts_with("refusal=; Path=/; Max-Age=0;"));

    let next = see(&server, list, "refusal=").await;
    assert!(!next.text().contains(r#"role="alert""#));
}

#[tokio::test]
async fn what_a_cookie_says_is_never_a_part_of_the_page() {
    let server = TestServer::new().await;
    let problem = r#"{"type":"","title":"<b>x</b>","status":404,"detail":"<script>1</script>","code":""}"#;
    let cookie: String = problem.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let page = see(&server, "/", &format!("theme=dark; refusal={cookie}")).await.text();
    assert!(page.contains("&lt;script&gt;1&lt;/script&gt;") && !page.contains("<b>x</b>"));
    for unreadable in ["%FF", "%7B%7D", "x"] {
        assert_eq!(see(&server, "/", &format!("refusal={unreadable}")).await.status, 200);
    }
}

#[tokio::test]
async fn a_live_page_hears_the_problem_itself() {
    let server = TestServer::new().await;
    let id = given_a_document(&server).await;
    server.delete(&format!("/documents/{id}")).await;
    let refused = send(&server, "delete_document", format!("id={id}"), "/app/documents", JSON).await;
    assert_eq!((refused.status.as_u16(), refused.json()["code"].as_str()), (404, Some("document_not_found")));
    assert!(!refused.headers.contains_key(header::SET_COOKIE));
}

#[tokio::test]
async fn a_page_that_shows_what_is_not_there_still_has_its_status() {
    let server = TestServer::new().await;
    for page in ["/app/documents/nonsense", "/app/jobs/nonsense"] {
        assert_eq!(see(&server, page, "").await.status, 404, "{page}");
    }
}

#[tokio::test]
async fn deleting_a_document_leads_away_from_its_own_page_only() {
    let server = TestServer::new().await;
    for accept in [PAGE, JSON] {
        let id = given_a_document(&server).await;
        let own = format!("/app/documents/{id}?offset=100");
        let done = send(&server, "delete_document", format!("id={id}"), &own, accept).await;
        assert_eq!(location(&done), "/app/documents", "{accept}");
    }
    let id = given_a_document(&server).await;
    let list = "/app/documents?q=heron&before=0190b5a4-7c1e-7000-8000-3f2a91d0c6e4";
    let done = send(&server, "delete_document", format!("id={id}"), list, PAGE).await;
    assert_eq!((done.status.as_u16(), location(&done)), (302, &*format!("http://sluice.example{list}")));
    let id = given_a_document(&server).await;
    let done = send(&server, "delete_document", format!("id={id}"), list, JSON).await;
    assert_eq!((done.status.as_u16(), done.headers.get(header::LOCATION)), (200, None));
}
