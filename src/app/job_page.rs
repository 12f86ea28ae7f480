//! One job in full. What changes all the time is an island; the rest the server writes again when something happened.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::components::{
    ChunkText, ItemList, JobLog, MetadataList, ProblemNotice, Seal, Sealed, TimeOf, Timeline, job_title,
};
use super::job_head::JobHead;
use super::loaded::load;
use super::{format, job_head};
use crate::domain::{Chunk, ItemFilter, Job, JobDetails, JobId, JobItem, JobItemPage, JobStatus, Problem};
use crate::server_fns::{get_document, get_items, get_job};

/// Chunks shown with a job that made one document.
const CHUNKS_SHOWN: usize = 20;

/// What the page shows.
struct Found {
    details: JobDetails,
    items: JobItemPage,
    filter: ItemFilter,
    /// The beginning of the document, if the job made one.
    chunks: Vec<Chunk>,
}

#[component]
pub fn JobPage() -> impl IntoView {
    let given = use_params_map().read_untracked().get("id").unwrap_or_default();
    let query = use_query_map();
    let filter = ItemFilter {
        failed_only: query.read_untracked().get_str("items") == Some("failed"),
        after: query.read_untracked().get_str("after").and_then(|it| it.parse().ok()),
        limit: ItemFilter::DEFAULT_LIMIT,
    };
    load(find(given, filter), |found| match found {
        Ok(found) => in_full(found),
        Err(problem) => view! {
            <Title text="Job not found"/>
            <h1>"Job"</h1>
            <ProblemNotice problem/>
            <p><a href="/">"All jobs"</a></p>
        }
        .seal(),
    })
}

/// What is not an id is the id of no job. The server is asked even so: its answer sets the page's
/// status to 404.
async fn find(given: String, filter: ItemFilter) -> Result<Found, Problem> {
    let details = match given.parse::<JobId>() {
        Ok(id) => get_job(id).await?,
        Err(_) => get_job(JobId(uuid::Uuid::nil()))
            .await
            .map_err(|problem| Problem { detail: format!("“{given}” is not a job id."), ..problem })?,
    };
    let items = match details.job.job_type.has_items() {
        true => get_items(details.job.job_id, filter).await?,
        false => JobItemPage { items: Vec::new(), next: None },
    };
    let chunks = match details.document_id {
        // It may have been deleted since.
        Some(id) => get_document(id, 0).await.map(|(_, _, chunks, _)| chunks).unwrap_or_default(),
        None => Vec::new(),
    };
    Ok(Found { details, items, filter, chunks })
}

fn in_full(found: Found) -> Sealed {
    let Found { details, items, filter, chunks } = found;
    let title = job_title(&details.job);
    let job = details.job.clone();
    view! {
        <Title text=title.clone()/>
        <p class="crumbs"><a href="/">"Jobs"</a></p>
        <h1><bdi>{title}</bdi></h1>
        <JobHead job=job.clone()/>
        <div id=job_head::PARTS class="job-parts">
            {error(&job)}
            <ul class="warnings" hidden=details.warnings.is_empty()>
                {details.warnings.iter().map(|it| view! { <li><bdi>{it.message.clone()}</bdi></li> }.seal()).collect_view()}
            </ul>
            <p class="muted">{details.waits_for.clone()}</p>
            <JobFields details=details.clone()/>
            <MetadataList metadata=job.metadata.clone()/>
            <Timeline attempts=details.attempts queued_at=job.created_at/>
            {document(&details.document_id, &chunks)}
            {items_of(&job, items, filter)}
            <JobLog lines=details.log/>
        </div>
    }
    .seal()
}

fn error(job: &Job) -> Sealed {
    let title = match job.status {
        JobStatus::Failed => "This job failed",
        _ => "The last attempt failed",
    };
    let code = (!job.error_code.is_empty())
        .then(|| view! { <p class="muted">"Code: " <code>{job.error_code.clone()}</code></p> });
    (!job.error_message.is_empty())
        .then(|| {
            view! {
                <div class="notice">
                    <p class="notice-title">{title}</p>
                    <p><bdi>{job.error_message.clone()}</bdi></p>
                    {code}
                </div>
            }
        })
        .seal()
}

#[component]
fn JobFields(details: JobDetails) -> impl IntoView {
    let job = details.job;
    let through = |job: &Job| {
        let failed = match job.failed_items {
            0 => String::new(),
            failed => format!(", {} failed", format::count(failed)),
        };
        format!("{} / {}{failed}", format::count(job.processed_items), format::count(job.total_items))
    };
    let field =
        |label: &'static str, value: String| view! { <div><dt>{label}</dt><dd>{value}</dd></div> }.seal();
    let moment = |label: &'static str, time: Option<_>| {
        time.map(|time| view! { <div><dt>{label}</dt><dd><TimeOf time/></dd></div> }.seal())
    };
    let download = details.source.as_ref().filter(|it| it.available).map(|_| {
        let href = format!("/jobs/{}/source", job.job_id);
        view! { <div><dt>"Source"</dt><dd><a href=href download="" data-testid="download">"Download"</a></dd></div> }.seal()
    });
    let hash = details.source.and_then(|it| it.sha256).map(|sha256| {
        view! { <div class="wide"><dt>"SHA-256"</dt><dd><code>{sha256}</code></dd></div> }.seal()
    });
    view! {
        <dl class="fields">
            <div class="wide"><dt>"Job id"</dt><dd><code>{job.job_id.to_string()}</code></dd></div>
            {field("Type", job.job_type.label().to_owned())}
            {field("Size", format::bytes(job.size_bytes))}
            {field("Items", through(&job))}
            {field("Chunks", format::count(job.chunks_created))}
            {field("Attempt", format!("{} of {}", job.attempt, job.max_attempts))}
            {moment("Created", Some(job.created_at))}
            {moment("Started", job.started_at)}
            {moment("Finished", job.completed_at)}
            {moment("Next attempt", job.retry_at)}
            {download}
            {hash}
        </dl>
    }
    .seal()
}

/// The document a job without items made, with where its text was cut.
fn document(id: &Option<crate::domain::DocumentId>, chunks: &[Chunk]) -> Sealed {
    let Some(id) = id.filter(|_| !chunks.is_empty()) else { return ().seal() };
    let shown = chunks.len().min(CHUNKS_SHOWN);
    let href = format!("/app/documents/{id}");
    let rest = match shown < chunks.len() {
        true => "Open the document for the rest",
        false => "Open the document",
    };
    view! {
        <h2>"Chunks"</h2>
        <ChunkText chunks=chunks[..shown].to_vec()/>
        <p><a class="button" href=href>{rest}</a></p>
    }
    .seal()
}

fn items_of(job: &Job, page: JobItemPage, filter: ItemFilter) -> Sealed {
    if !job.job_type.has_items() {
        return ().seal();
    }
    let here = format!("/app/jobs/{}", job.job_id);
    let next = page.next.map(|after| {
        let kind = if filter.failed_only { "items=failed&" } else { "" };
        format!("{here}?{kind}after={after}#items")
    });
    let link = |failed: bool, label: String, href: String| {
        let current = if failed == filter.failed_only { "true" } else { "false" };
        view! { <li><a href=href aria-current=current>{label}</a></li> }.seal()
    };
    let all = link(false, format!("All {}", format::count(job.processed_items)), format!("{here}#items"));
    let failed = link(
        true,
        format!("Failed {}", format::count(job.failed_items)),
        format!("{here}?items=failed#items"),
    );
    view! {
        <div class="list-head" id="items">
            <h2>"Items"</h2>
            <ul class="ranges" aria-label="Which items">{all} {failed}</ul>
        </div>
        <ItemList items=page.items/>
        {next.map(|href| view! { <p><a class="button" rel="next" href=href>"More items"</a></p> })}
    }
    .seal()
}

/// What an item without a name is called.
pub fn item_name(item: &JobItem) -> String {
    if item.name.is_empty() { format!("Item {}", item.item + 1) } else { item.name.clone() }
}
