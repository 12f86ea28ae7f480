//! One job in full, live while it runs.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::components::{
    ConfirmDialog, DismissableProblem, JobActions, JobButtons, JobDuration, JobProgress, LiveSwitch,
    MetadataList, ProblemNotice, Seal, Sealed, StatusBadge, flag, job_title, on_click, part, text, word,
};
use super::live::{Changes, Live, follow};
use super::loaded::load;
use super::{clock, format};
use crate::domain::{
    AttemptOutcome, DocumentId, Job, JobChoice, JobDetails, JobId, JobItem, JobStatus, Problem,
};
use crate::server_fns::{get_job, list_jobs};

#[component]
pub fn JobPage() -> impl IntoView {
    let params = use_params_map();
    let fetch = move || find(params.read_untracked().get("id").unwrap_or_default());
    load(
        move || params.track(),
        fetch,
        "Loading the job…",
        |found| match found {
            Ok((job, items, attempts)) => view! { <JobInFull job items attempts/> }.seal(),
            Err(problem) => view! {
                <Title text="Job not found"/>
                <h1>"Job"</h1>
                <ProblemNotice problem/>
                <p><a href="/">"All jobs"</a></p>
            }
            .seal(),
        },
    )
}

/// What is not an id is the id of no job. The server is asked even so: its answer sets the page's
/// status to 404.
async fn find(given: String) -> Result<(Job, Vec<JobItem>, Vec<(u32, String)>), Problem> {
    match given.parse::<JobId>() {
        Ok(id) => get_job(id).await.map(parts),
        Err(_) => get_job(JobId(uuid::Uuid::nil()))
            .await
            .map(parts)
            .map_err(|problem| Problem { detail: format!("“{given}” is not a job id."), ..problem }),
    }
}

/// The job, its items, and the numbers of the attempts that failed, with why.
fn parts(found: JobDetails) -> (Job, Vec<JobItem>, Vec<(u32, String)>) {
    let failed = found.attempts.into_iter().filter(|it| it.outcome == AttemptOutcome::Failed);
    (found.job, found.items, failed.map(|it| (it.attempt, it.error_message)).collect())
}

#[derive(Clone, Copy)]
struct Shown {
    job: RwSignal<Job>,
    items: RwSignal<Vec<JobItem>>,
    attempts: RwSignal<Vec<(u32, String)>>,
    live: Live,
    /// The server was asked and has not answered.
    loading: StoredValue<bool>,
}

impl Shown {
    fn take(self, job: Job) {
        if job.seq > self.job.read_untracked().seq {
            self.job.set(job);
        }
    }

    fn apply(self, changes: Changes) {
        let id = self.job.read_untracked().job_id;
        let Some(job) = changes.jobs.into_iter().find(|it| it.job_id == id) else { return };
        let has_more = job.total_items > 1 || job.attempt > 1 || !job.error_code.is_empty();
        let moved = job.processed_items != self.job.read_untracked().processed_items
            || job.status != self.job.read_untracked().status;
        self.take(job);
        if has_more && moved {
            self.reload();
        }
    }

    /// Loads the job with its items again; while an answer is awaited, once is enough.
    fn reload(self) {
        if self.loading.try_get_value() != Some(false) {
            return;
        }
        self.loading.set_value(true);
        let id = self.job.read_untracked().job_id;
        spawn_local(async move {
            // The change number comes from the list and comes first: the job is at least as new.
            let newest = list_jobs(JobChoice::All, None, 1).await;
            let found = get_job(id).await.map(parts);
            // The page may have been left meanwhile.
            if self.loading.try_set_value(false).is_some() {
                return;
            }
            if let (Ok(newest), Ok((job, items, attempts))) = (newest, found) {
                self.take(job);
                self.items.set(items);
                self.attempts.set(attempts);
                self.live.loaded(newest.seq, true);
            }
        });
    }
}

#[component]
fn JobInFull(job: Job, items: Vec<JobItem>, attempts: Vec<(u32, String)>) -> impl IntoView {
    let live = Live::new();
    live.loaded(job.seq, true);
    let shown = Shown {
        job: RwSignal::new(job),
        items: RwSignal::new(items),
        attempts: RwSignal::new(attempts),
        live,
        loading: StoredValue::new(false),
    };
    let job = shown.job;
    let unfinished = Memo::new(move |_| !job.read().status.is_final());
    follow(
        live,
        unfinished,
        Callback::new(move |changes| shown.apply(changes)),
        Callback::new(move |()| shown.reload()),
    );
    let actions = JobActions::new(Callback::new(move |job| shown.take(job)));
    let title = job_title(&job.read_untracked());
    view! {
        <Title text=title.clone()/>
        <p class="crumbs"><a href="/">"Jobs"</a></p>
        <div class="page-head">
            <h1>{title}</h1>
            <div class="page-actions">
                {part(move || unfinished.get().then(|| view! { <LiveSwitch live/> }.seal()))}
                <JobButtons job actions/>
            </div>
        </div>
        <DismissableProblem problem=actions.problem/>
        <div data-testid="job" data-job-id=job.read_untracked().job_id.to_string() data-status=word(move || job.read().status.as_str())>
            <p class="status-line">
                <StatusBadge job/>
                <JobProgress job/>
                <span>{text(move || job.read().message.clone())}</span>
            </p>
            <JobError job/>
            <JobFields job/>
            <MetadataList metadata=job.read_untracked().metadata.clone()/>
            <JobResults shown/>
            <FormerAttempts attempts=shown.attempts/>
        </div>
        <ConfirmDialog question=actions.question testid="confirm-cancel"/>
    }
    .seal()
}

#[component]
fn JobError(job: RwSignal<Job>) -> impl IntoView {
    let no_code = move || job.read().error_code.is_empty();
    view! {
        <div class="notice" hidden=flag(move || job.read().error_message.is_empty())>
            <p class="notice-title">
                {word(move || match job.read().status {
                    JobStatus::Failed => "This job failed",
                    _ => "The last attempt failed",
                })}
            </p>
            <p>{text(move || job.read().error_message.clone())}</p>
            <p class="muted" hidden=flag(no_code)>
                "Code: " <code>{text(move || job.read().error_code.clone())}</code>
            </p>
        </div>
    }
    .seal()
}

#[component]
fn JobFields(job: RwSignal<Job>) -> impl IntoView {
    let now = clock::present();
    let id = job.read_untracked().job_id.to_string();
    let items = |job: &Job| {
        let failed = match job.failed_items {
            0 => String::new(),
            failed => format!(", {} failed", format::count(failed)),
        };
        format!("{} / {}{failed}", format::count(job.processed_items), format::count(job.total_items))
    };
    let field = move |label: &'static str, value: fn(&Job) -> String| {
        view! { <div><dt>{label}</dt><dd>{text(move || value(&job.read()))}</dd></div> }.seal()
    };
    view! {
        <dl class="fields">
            <div class="wide"><dt>"Job id"</dt><dd><code>{id.clone()}</code> <CopyButton what=id/></dd></div>
            {field("Type", |job| job.job_type.label().to_owned())}
            {field("Size", |job| format::bytes(job.size_bytes))}
            {field("Items", items)}
            {field("Chunks", |job| format::count(job.chunks_created))}
            {field("Read so far", |job| format::bytes(job.bytes_done))}
            {field("Chunks indexed", |job| format::count(job.chunks_indexed))}
            {field("Attempt", |job| format!("{} of {}", job.attempt, job.max_attempts))}
            <div><dt>"Duration"</dt><dd><JobDuration job now/></dd></div>
            {field("Created", |job| moment(Some(job.created_at)))}
            {field("Started", |job| moment(job.started_at))}
            {field("Finished", |job| moment(job.completed_at))}
            {field("Next attempt", |job| moment(job.retry_at))}
        </dl>
    }
    .seal()
}

fn moment(time: Option<DateTime<Utc>>) -> String {
    time.map_or("—".to_owned(), |time| format!("{} UTC", format::date_time(&time)))
}

/// Copies a text; says in words whether it could.
#[component]
fn CopyButton(what: String) -> impl IntoView {
    let label = RwSignal::new("Copy");
    let copy = on_click(move |_| {
        let navigator = window().navigator();
        // Browsers offer the clipboard to secure pages only.
        let offered = js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|it| it.is_object());
        if offered {
            let written = navigator.clipboard().write_text(&what);
            spawn_local(async move {
                let copied = js_sys::futures::JsFuture::from(written).await.is_ok();
                label.try_set(if copied { "Copied" } else { "Could not copy" });
            });
        } else {
            label.set("Copying needs HTTPS");
        }
    });
    view! {
        <button type="button" class="button small needs-js" on:click=copy>
            <span role="status">{word(move || label.get())}</span>
            <span class="visually-hidden">" the job id"</span>
        </button>
    }
}

/// What came of the job: its items, or its one document.
#[component]
fn JobResults(shown: Shown) -> impl IntoView {
    let job = shown.job;
    let document = DocumentId::of(job.read_untracked().job_id, 0);
    let one = Memo::new(move |_| {
        let job = job.read();
        job.status == JobStatus::Completed && job.total_items == 1 && shown.items.read().is_empty()
    });
    let any = Memo::new(move |_| !shown.items.read().is_empty());
    let note = move || {
        let (all, listed) = (job.read().total_items, shown.items.read().len() as u64);
        if listed < all {
            format!("{listed} of {all} items are listed, failed ones first.")
        } else {
            String::new()
        }
    };
    view! {
        {part(move || {
            one.get().then(|| {
                let href = format!("/app/documents/{document}");
                view! { <p><a class="button" href=href>"Open the document"</a></p> }.seal()
            })
        })}
        {part(move || {
            any.get()
                .then(|| {
                    let rows = part(move || {
                        Some(shown.items.get().into_iter().map(item).collect::<Vec<_>>().seal())
                    });
                    view! {
                        <h2>"Items"</h2>
                        <p class="muted">{text(note)}</p>
                        <ol class="items">{rows}</ol>
                    }
                    .seal()
                })
        })}
    }
    .seal()
}

/// How the attempts that failed went.
#[component]
fn FormerAttempts(attempts: RwSignal<Vec<(u32, String)>>) -> impl IntoView {
    part(move || {
        let rows: Vec<_> = attempts.get().into_iter().map(attempt).collect();
        (!rows.is_empty())
            .then(|| view! { <h2>"Failed attempts"</h2> <ol class="items">{rows.seal()}</ol> }.seal())
    })
}

fn attempt((number, error): (u32, String)) -> Sealed {
    view! {
        <li data-testid="job-attempt">
            <span class="item-name">{format!("Attempt {number}")}</span>
            <span class="wrong">{error}</span>
        </li>
    }
    .seal()
}

fn item(item: JobItem) -> Sealed {
    let name = if item.name.is_empty() { format!("Item {}", item.item + 1) } else { item.name };
    let outcome = match (item.document_id, item.error_message) {
        (_, error) if !error.is_empty() => view! { <span class="wrong">"Failed: " {error}</span> }.seal(),
        (Some(id), _) => {
            let chunks = format::counted(item.chunks_created, "chunk");
            view! { <a href=format!("/app/documents/{id}")>"Document"</a> " " <span class="muted">{chunks}</span> }
                .seal()
        }
        (None, _) => view! { <span class="muted">"not yet"</span> }.seal(),
    };
    view! {
        <li data-testid="job-item">
            <span class="item-name">{name}</span>
            <span>{outcome}</span>
        </li>
    }
    .seal()
}
