//! One job in full, kept current while it runs.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::components::{
    ChunkText, CopyButton, ItemList, JobLog, JobProgress, MetadataList, ProblemNotice, Seal, Sealed,
    StatusBadge, TimeOf, Timeline, WebhookList, job_title,
};
use super::format;
use super::job_watch::JobWatch;
use super::loaded::load;
use super::parts::Part;
use super::permission::may;
use crate::domain::access::Scope;
use crate::domain::cause::wants_password;
use crate::domain::whereabouts::where_it_is;
use crate::domain::{
    Chunk, Duplicate, DuplicateOutcome, ItemFilter, Job, JobDetails, JobId, JobItemPage, JobStatus, Problem,
    WebhookDelivery,
};
use crate::server_fns::{
    CancelJob, RetryJob, RetryWithPassword, follow_job, get_document, get_items, get_job, get_webhooks,
};

/// Chunks shown with a job that made one document.
const CHUNKS_SHOWN: usize = 20;

/// What the page shows.
struct Found {
    /// The change number from which to follow the job.
    seq: u64,
    details: JobDetails,
    items: JobItemPage,
    filter: ItemFilter,
    /// The beginning of the document, if the job made one.
    chunks: Vec<Chunk>,
    /// Who was told of its end.
    webhooks: Vec<WebhookDelivery>,
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
    let (seq, details) = match given.parse::<JobId>() {
        Ok(id) => (follow_job(id).await?, get_job(id).await?),
        Err(_) => get_job(JobId(uuid::Uuid::nil()))
            .await
            .map(|details| (0, details))
            .map_err(|problem| Problem { detail: format!("“{given}” is not a job id."), ..problem })?,
    };
    let items = match details.job.job_type.has_items() {
        true => get_items(details.job.job_id, filter).await?,
        false => JobItemPage { items: Vec::new(), next: None },
    };
    let chunks = match details.document_id {
        Some(id) => get_document(id, 0).await.map(|(_, _, chunks, _)| chunks).unwrap_or_default(),
        None => Vec::new(),
    };
    let webhooks = get_webhooks(details.job.job_id).await?;
    Ok(Found { seq, details, items, filter, chunks, webhooks })
}

fn in_full(found: Found) -> Sealed {
    let Found { seq, details, items, filter, chunks, webhooks } = found;
    let title = job_title(&details.job);
    let job = details.job.clone();
    let unwarned = details.warnings.is_empty();
    let password = wants_password(&job.error_code, &job.error_message)
        || items.items.iter().any(|it| wants_password(&it.error_code, &it.error_message));
    let warnings =
        details.warnings.iter().map(|it| view! { <li><bdi>{it.message.clone()}</bdi></li> }.seal());
    view! {
        <Title text=title.clone()/>
        <p class="crumbs"><a href="/">"Jobs"</a></p>
        <div class="page-head">
            <h1><bdi>{title}</bdi></h1>
            <JobWatch id=job.job_id seq/>
        </div>
        <div id=Part::Job.id() class="job-parts" data-testid="job" data-job-id=job.job_id.to_string() data-status=job.status.as_str()>
            {head(&job, details.waits_for.as_deref(), password)}
            {error(&job)}
            <ul class="warnings" hidden=unwarned>{warnings.collect_view()}</ul>
            <JobFields details=details.clone()/>
            <MetadataList metadata=job.metadata.clone()/>
            <Timeline attempts=details.attempts/>
            {document(&details.document_id, &chunks)}
            {items_of(&job, items, filter)}
            <WebhookList deliveries=webhooks/>
            <JobLog lines=details.log/>
        </div>
    }
    .seal()
}

/// The state, how far it is, and what can be done; with a password, if that may help.
fn head(job: &Job, waits_for: Option<&str>, password: bool) -> Sealed {
    let shown = RwSignal::new(job.clone());
    let place = waits_for.map_or_else(|| where_it_is(job), str::to_owned);
    let id = job.job_id.to_string();
    view! {
        <div class="job-head-line">
            <span role="status"><StatusBadge job=shown/></span>
            <JobProgress job=shown/>
            <span class="job-where"><bdi>{place}</bdi></span>
            <div class="page-actions">
                <CopyButton label="Copy id" what=id.clone()/>
                <CopyButton label="Copy as curl" what=format!("curl {{origin}}/jobs/{id}")/>
                {may(Scope::Manage).then(|| view! { <JobForm job=job.clone() password/> })}
            </div>
        </div>
    }
    .seal()
}

/// What makes sense to do to the job now. The desk asks before it is cancelled.
#[component]
fn JobForm(job: Job, password: bool) -> impl IntoView {
    let id = job.job_id.to_string();
    let title = job_title(&job);
    if job.can_cancel() {
        return view! {
            <form
                action=CancelJob::url()
                method="post"
                data-confirm="Cancel this job?"
                data-confirm-text=format!("Nothing of “{title}” is kept, also not what it has taken in so far. You can retry it later.")
                data-confirm-yes="Cancel job"
                data-done=format!("Cancelling “{title}”.")
            >
                <input type="hidden" name="id" value=id/>
                <button id="act" class="button small" data-testid="cancel-job">"Cancel"</button>
            </form>
        }
        .seal();
    }
    let label = match (job.completed_in_part(), job.is_worth_retrying()) {
        (true, _) => "Retry failed items",
        (false, true) => "Retry",
        (false, false) => "Retry all the same",
    };
    let with_password = (password && job.can_retry()).then(|| password_form(&id, &title));
    if with_password.is_some() && !job.is_worth_retrying() {
        return with_password.seal();
    }
    let doubt = (!job.is_worth_retrying())
        .then(|| view! { <span class="muted no-help">"Retrying it as it is does not help"</span> });
    job.can_retry()
        .then(|| {
            view! {
                {with_password}
                {doubt}
                <form action=RetryJob::url() method="post" data-done=format!("Queued again: “{title}”.")>
                    <input type="hidden" name="id" value=id/>
                    <button id="act" class="button small" data-testid="retry-job">{label}</button>
                </form>
            }
        })
        .seal()
}

fn password_form(id: &str, title: &str) -> Sealed {
    view! {
        <form
            class="password-form"
            action=RetryWithPassword::url()
            method="post"
            data-done=format!("Queued again: “{title}”.")
        >
            <input type="hidden" name="id" value=id.to_owned()/>
            <input
                type="password"
                name="password"
                required
                autocomplete="off"
                aria-label="Password of the file"
                placeholder="Password of the file"
            />
            <button class="button small" data-testid="retry-with-password">"Retry with it"</button>
        </form>
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
            {field("Attempts", job.attempt_in_words())}
            {job.duplicate.map(duplicate)}
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

/// The document that had the content of a job without items.
fn duplicate(met: Duplicate) -> Sealed {
    let id = met.document_id;
    match met.outcome {
        DuplicateOutcome::Replaced => {
            view! { <div class="wide"><dt>"Replaced document"</dt><dd><code>{id.to_string()}</code></dd></div> }.seal()
        }
        DuplicateOutcome::Skipped | DuplicateOutcome::Refused => {
            let href = format!("/app/documents/{id}");
            view! { <div><dt>"Same content"</dt><dd><a href=href data-testid="twin">"Document"</a></dd></div> }.seal()
        }
    }
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
        <p class="below"><a class="button" href=href>{rest}</a></p>
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
