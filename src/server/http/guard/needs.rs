//! What a request needs to be let in.

use axum::http::Method;

use crate::domain::access::Scope;
use crate::server::http::site;

/// What is open to everyone: it tells nothing of what the server holds.
const OPEN: [&str; 8] =
    ["/app/login", "/app/logout", "/app/theme", "/health", "/livez", "/readyz", "/openapi.json", "/docs"];

/// Asked by what runs the server, by whatever address it has: they tell nothing that another site could use.
const PROBES: [&str; 3] = ["/health", "/livez", "/readyz"];

/// Whether it may be asked under any name.
pub fn is_probe(path: &str) -> bool {
    PROBES.contains(&path)
}

/// Posted, and yet they only read.
const READING_POSTS: [&str; 15] = [
    "/query",
    "/_fn/list_jobs",
    "/_fn/follow_job",
    "/_fn/get_job",
    "/_fn/get_items",
    "/_fn/get_webhooks",
    "/_fn/get_history",
    "/_fn/list_causes",
    "/_fn/queue_places",
    "/_fn/ask",
    "/_fn/list_documents",
    "/_fn/get_document",
    "/_fn/get_knowledge_base",
    "/_fn/get_limits",
    "/_fn/take_refusal",
];

/// Beside all that begins with `/ingest`.
const INGESTING_POSTS: [&str; 3] = ["/_fn/ingest_text", "/app/preview", "/chunks/preview"];

/// Read by who runs the server only.
const FOR_ADMINS: [&str; 1] = ["/audit"];

/// The scope that a request needs, if any. What is not known here needs more rather than less.
pub fn needed(method: &Method, path: &str) -> Option<Scope> {
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let is_page_file = reads && (path.starts_with("/pkg/") || site::is_public(path));
    if OPEN.contains(&path) || path.starts_with("/docs/") || is_page_file {
        return None;
    }
    Some(match path {
        _ if FOR_ADMINS.contains(&path) => Scope::Admin,
        // The URLs of receivers may hold secrets.
        _ if path == "/webhooks" || path.starts_with("/webhooks/") => Scope::Manage,
        _ if reads || READING_POSTS.contains(&path) => Scope::Read,
        _ if path == "/ingest" || path.starts_with("/ingest/") || INGESTING_POSTS.contains(&path) => {
            Scope::Ingest
        }
        _ => Scope::Manage,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_request_needs_its_scope() {
        for (method, path, scope) in [
            ("GET", "/", Some(Scope::Read)),
            ("GET", "/jobs", Some(Scope::Read)),
            ("GET", "/jobs/events", Some(Scope::Read)),
            ("POST", "/query", Some(Scope::Read)),
            ("POST", "/_fn/list_jobs", Some(Scope::Read)),
            ("POST", "/ingest", Some(Scope::Ingest)),
            ("POST", "/ingest/text/async", Some(Scope::Ingest)),
            ("POST", "/_fn/ingest_text", Some(Scope::Ingest)),
            ("DELETE", "/jobs", Some(Scope::Manage)),
            ("POST", "/jobs/cancel", Some(Scope::Manage)),
            ("PATCH", "/queue", Some(Scope::Manage)),
            ("POST", "/_fn/change_queue", Some(Scope::Manage)),
            ("POST", "/_fn/what_comes_one_day", Some(Scope::Manage)),
            ("POST", "/ingestion", Some(Scope::Manage)),
            ("GET", "/webhooks", Some(Scope::Manage)),
            ("GET", "/webhooks/0190b5a4-7c1e-7000-8000-3f2a91d0c6e4", Some(Scope::Manage)),
            ("GET", "/audit", Some(Scope::Admin)),
            ("GET", "/livez", None),
            ("GET", "/app/login", None),
            ("GET", "/pkg/0123/sluice.js", None),
            ("POST", "/pkg/0123/sluice.js", Some(Scope::Manage)),
        ] {
            let method: Method = method.parse().unwrap();
            assert_eq!(needed(&method, path), scope, "{method} {path}");
        }
    }
}
