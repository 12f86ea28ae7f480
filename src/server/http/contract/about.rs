//! What the document says before its calls: what this is, how to say who one is, and the groups of calls.

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ComponentsBuilder, Info, InfoBuilder, License, OpenApi, OpenApiBuilder, Tag};

use crate::domain::{JobId, JobSort, Metadata, Problem, WebhookId, WebhookStatus};
use crate::server::http::bulk;

/// The name of the one way to say who one is.
pub const BEARER: &str = "bearer";

const DESCRIPTION: &str = "\
Send documents; get a job id at once; ask how far the job is; ask questions once it is `completed`.

Times are RFC 3339 in UTC. Fields may be added to answers; none is taken away. Every error is an \
`application/problem+json` with a stable `code`; the codes of each status are named beside it, with an example of \
each. What is refused with 429, 503 or 507 was not accepted, and `Retry-After` says when to come back, unless the \
Problem names a job that was.";

const TAGS: [(&str, &str); 7] = [
    ("ingest", "Texts, files and folders become jobs."),
    ("jobs", "How jobs go; cancel, retry and delete them."),
    ("queue", "All jobs that wait: paused, and given more or fewer slots."),
    ("documents", "What was ingested."),
    ("query", "Questions over what was ingested."),
    ("webhooks", "Who was told that a job has ended, and how that went."),
    ("server", "The server itself."),
];

/// The document without its calls.
pub fn about() -> OpenApi {
    let components = ComponentsBuilder::new()
        .schema_from::<Problem>()
        .schema_from::<JobId>()
        .schema_from::<JobSort>()
        .schema_from::<WebhookId>()
        .schema_from::<WebhookStatus>()
        .schema_from::<Metadata>()
        .schema_from::<bulk::Ids>()
        .security_scheme(BEARER, SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)))
        .build();
    OpenApiBuilder::new()
        .info(info())
        .components(Some(components))
        // Without a key, or with one.
        .security(Some([SecurityRequirement::default(), SecurityRequirement::new(BEARER, NO_SCOPES)]))
        .tags(Some(TAGS.map(|(name, about)| tag(name, about))))
        .build()
}

const NO_SCOPES: [&str; 0] = [];

fn info() -> Info {
    let license = License::new(env!("CARGO_PKG_LICENSE"));
    InfoBuilder::new()
        .title("Sluice")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(license))
        .build()
}

fn tag(name: &str, about: &str) -> Tag {
    TagBuilder::new().name(name).description(Some(about)).build()
}
