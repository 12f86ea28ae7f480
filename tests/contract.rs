//! The document of the API and the API itself: neither has what the other has not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{Request, header};
use common::TestServer;
use serde_json::Value;
use sluice::domain::{Chunking, DocumentPage, DocumentWithChunks, ItemFilter, JobQuery, Query, QueueState};

/// What is no call of the API: pages, their files and server functions.
const NOT_OF_THE_API: [&str; 4] = ["/app/", "/_fn/", "/pkg/", "/docs"];

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

async fn document(server: &TestServer) -> Value {
    server.get("/openapi.json").await.ok()
}

/// All paths of the router. It shows them to nobody but a debugger.
fn paths(server: &TestServer) -> BTreeSet<String> {
    let shown = format!("{:?}", server.service().router);
    let ids = shown.split("RouteId(").skip(1);
    let paths = ids.filter_map(|it| it.split_once("): \"")?.1.split_once('"').map(|(path, _)| path));
    paths.filter(|it| it.starts_with('/') && !it.contains("__private")).map(str::to_owned).collect()
}

/// The methods that a path takes, as it tells who comes with another one.
async fn methods(server: &TestServer, path: &str) -> BTreeSet<String> {
    let path = path.replace("{id}", "0190b5a4-7c1e-7000-8000-3f2a91d0c6e4");
    let answer = server.send(Request::builder().method("PURGE").uri(path).body(Body::empty()).unwrap()).await;
    let allowed = answer.headers[header::ALLOW].to_str().unwrap().to_ascii_lowercase();
    allowed.split(',').map(|it| it.trim().to_owned()).filter(|it| it != "head").collect()
}

#[tokio::test]
async fn every_route_is_in_the_document_and_every_call_of_the_document_has_a_route() {
    let server = TestServer::new().await;
    let mut routes = BTreeMap::new();
    for path in paths(&server) {
        if path != "/" && !NOT_OF_THE_API.iter().any(|it| path.starts_with(it)) {
            routes.insert(path.clone(), methods(&server, &path).await);
        }
    }
    assert!(routes.len() > 20, "{routes:?}");
    let document = document(&server).await;
    let described: BTreeMap<_, BTreeSet<_>> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(path, item)| {
            let methods = item.as_object().unwrap().keys().filter(|it| METHODS.contains(&it.as_str()));
            (path.clone(), methods.cloned().collect())
        })
        .collect();
    assert_eq!(routes, described);
}

/// Every call of the document, with its path and its method.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (format!("{method} {path}"), operation))
        })
        .collect()
}

/// What a reference leads to.
fn resolved<'a>(document: &'a Value, reference: &Value) -> &'a Value {
    let place = reference["$ref"].as_str().unwrap().trim_start_matches('#');
    document.pointer(place).unwrap_or_else(|| panic!("nothing is at {place}"))
}

/// Looks at every object in the document.
fn each_object(value: &Value, look: &mut dyn FnMut(&Value)) {
    match value {
        Value::Array(values) => values.iter().for_each(|it| each_object(it, look)),
        Value::Object(fields) => {
            look(value);
            fields.values().for_each(|it| each_object(it, look));
        }
        _ => {}
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_no_description_has_links_to_code() {
    let server = TestServer::new().await;
    let document = document(&server).await;
    let mut references = 0;
    each_object(&document, &mut |object| {
        if object["$ref"].is_string() {
            resolved(&document, object);
            references += 1;
        }
        if let Some(text) = object["description"].as_str() {
            assert!(!text.contains("[`") && !text.contains("Self::"), "{text}");
        }
    });
    assert!(references > 100, "{references}");
}

#[tokio::test]
async fn every_call_says_what_it_is_who_may_make_it_and_how_it_fails() {
    let server = TestServer::new().await;
    let document = document(&server).await;
    let mut names = BTreeSet::new();
    for (call, operation) in operations(&document) {
        assert!(names.insert(operation["operationId"].as_str().unwrap()), "{call} has the name of another");
        assert!(operation["summary"].as_str().is_some_and(|it| !it.is_empty()), "{call}");
        assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{call}");
        let security = operation["security"].as_array().unwrap();
        assert_eq!(security[0], serde_json::json!({}), "{call}: a server may ask for no key");
        let open = ["/health", "/livez", "/readyz", "/openapi.json"].iter().any(|it| call.ends_with(it));
        assert_eq!(security.len(), if open { 1 } else { 2 }, "{call}");
        for (status, answer) in operation["responses"].as_object().unwrap() {
            assert!(answer["description"].is_string(), "{call} {status}");
            let problem = &answer["content"]["application/problem+json"];
            assert_eq!(status.as_str() >= "400" && status != "416", problem.is_object(), "{call} {status}");
            for (code, example) in problem["examples"].as_object().into_iter().flatten() {
                let example = &resolved(&document, example)["value"];
                assert_eq!(example["code"], code.as_str());
                assert_eq!(example["status"].to_string(), *status);
            }
        }
        assert!(operation["responses"]["500"].is_object(), "{call}");
        assert!(!operation.to_string().contains("\"x-"), "{call} has what is for the generator only");
    }
}

#[tokio::test]
async fn the_bounds_in_the_document_are_those_that_are_enforced() {
    let server = TestServer::new().await;
    let document = document(&server).await;
    let schema =
        |name: &str, property: &str| &document["components"]["schemas"][name]["properties"][property];
    let bounds = |schema: &Value| (schema["minimum"].as_u64(), schema["maximum"].as_u64());
    for (body, property, least, most) in [
        ("QueueChange", "max_concurrent_jobs", 1, QueueState::MOST_SLOTS),
        ("Query", "max_chunks", 1, Query::MAX_CHUNKS),
        ("TextBody", "chunk_size", Chunking::LEAST_SIZE, Chunking::MOST_SIZE),
        ("TextBody", "chunk_overlap", 0, Chunking::MOST_SIZE / 2),
        ("BatchBody", "chunk_size", Chunking::LEAST_SIZE, Chunking::MOST_SIZE),
    ] {
        assert_eq!(
            bounds(schema(body, property)),
            (Some(least.into()), Some(most.into())),
            "{body} {property}"
        );
    }
    assert_eq!(schema("Query", "question")["maxLength"], Query::MAX_QUESTION);
    assert_eq!(schema("Query", "max_chunks")["default"], Query::DEFAULT_MAX_CHUNKS);
    for (path, default, most) in [
        ("/jobs", JobQuery::DEFAULT_LIMIT, JobQuery::MAX_LIMIT),
        ("/jobs/{id}/items", ItemFilter::DEFAULT_LIMIT, ItemFilter::MAX_LIMIT),
        ("/documents", DocumentPage::DEFAULT_LIMIT, DocumentPage::MAX_LIMIT),
        ("/documents/{id}", DocumentWithChunks::DEFAULT_LIMIT, DocumentWithChunks::MAX_LIMIT),
    ] {
        let parameters = document["paths"][path]["get"]["parameters"].as_array().unwrap();
        let limit = &parameters.iter().find(|it| it["name"] == "limit").unwrap()["schema"];
        assert_eq!(
            (bounds(limit), &limit["default"]),
            ((Some(1), Some(most.into())), &default.into()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_page_of_the_document_needs_no_other_host() {
    let server = TestServer::new().await;
    let page = server.get("/docs").await;
    assert_eq!(page.status, 200);
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    let html = page.text();
    assert!(!html.contains("://"), "{html}");
    for part in html.split("=\"").skip(1).filter_map(|it| it.split_once('"')).map(|(value, _)| value) {
        if part.starts_with("/docs/") || part == "/openapi.json" {
            assert_eq!(server.get(part).await.status, 200, "{part}");
        }
    }
    server.get("/docs/other.js").await.problem(404, "not_found");
}
