//! One job in the list. Shows it, and offers what can be done about it.

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use super::{
    JobActions, JobButtons, JobDuration, ProgressBar, Seal, Sealed, StatusBadge, flag, part, text, word,
};
use crate::app::format;
use crate::domain::job::rfc3339;
use crate::domain::{Job, JobStatus};

/// A row; on a narrow screen a card, hence the labels.
#[component]
pub fn JobRow(
    job: RwSignal<Job>,
    /// The present moment in milliseconds, unknown until the page is live.
    now: RwSignal<Option<i64>>,
    actions: JobActions,
) -> impl IntoView {
    let (id, job_type) = {
        let job = job.read_untracked();
        (job.job_id, job.job_type)
    };
    view! {
        <tr
            role="row"
            data-testid="job"
            data-job-id=id.to_string()
            data-status=word(move || job.read().status.as_str())
        >
            <td role="cell" class="cell-name">
                <a class="job-name" href=format!("/app/jobs/{id}")>
                    {text(move || job_title(&job.read()))}
                </a>
                <span class="job-type">{job_type.label()}</span>
                <JobNote job/>
            </td>
            <td role="cell" class="cell-status">
                <StatusBadge job/>
                <JobProgress job/>
            </td>
            <td role="cell" class="cell-number" data-label="Items">
                {text(move || items(&job.read()))}
                <span class="failed-items">{text(move || failed_items(&job.read()))}</span>
            </td>
            <td role="cell" class="cell-number" data-label="Chunks">
                {text(move || format::count(job.read().chunks_created))}
            </td>
            <td role="cell" class="cell-times" data-label="Times (UTC)">
                <JobTimes job/>
            </td>
            <td role="cell" class="cell-number" data-label="Duration">
                <JobDuration job now/>
            </td>
            <td role="cell" class="cell-actions">
                <JobButtons job actions/>
            </td>
        </tr>
    }
    .seal()
}

/// The job's name, and never nothing: a link needs words.
pub fn job_title(job: &Job) -> String {
    if job.name.trim().is_empty() {
        format!("{} {}", job.job_type.label(), job.job_id)
    } else {
        job.name.clone()
    }
}

fn items(job: &Job) -> String {
    format!("{} / {}", format::count(job.processed_items), format::count(job.total_items))
}

fn failed_items(job: &Job) -> String {
    match job.failed_items {
        0 => String::new(),
        failed => format!("{} failed", format::count(failed)),
    }
}

/// What happens, has happened, or went wrong, in a sentence.
#[component]
fn JobNote(job: RwSignal<Job>) -> impl IntoView {
    let failed = move || !job.read().error_message.is_empty();
    let note = move || {
        let job = job.read();
        if job.error_message.is_empty() { job.message.clone() } else { job.error_message.clone() }
    };
    view! {
        <span class=word(move || if failed() { "job-note wrong" } else { "job-note" })>
            <span class="visually-hidden">{word(move || if failed() { "Error: " } else { "" })}</span>
            {text(note)}
        </span>
    }
    .seal()
}

/// How far a running job is.
#[component]
pub fn JobProgress(job: RwSignal<Job>) -> impl IntoView {
    let running = Memo::new(move |_| job.read().status == JobStatus::Running);
    let percent = move || format::percent(job.read().progress);
    part(move || {
        running.get().then(|| {
            view! {
                <span class="job-progress">
                    <ProgressBar
                        percent=text(move || percent().to_string())
                        label=format!("Progress of {}", job_title(&job.read_untracked()))
                        testid="job-progress"
                    />
                    <span class="job-stage">
                        <span class="percent">{text(move || format!("{} %", percent()))}</span>
                        " "
                        {word(move || format::stage(job.read().stage))}
                    </span>
                </span>
            }
            .seal()
        })
    })
}

/// When the job was created, started and finished.
#[component]
fn JobTimes(job: RwSignal<Job>) -> impl IntoView {
    view! {
        {time_line("Created", job, |job| Some(job.created_at))}
        {time_line("Started", job, |job| job.started_at)}
        {time_line("Finished", job, |job| job.completed_at)}
    }
    .seal()
}

fn time_line(label: &'static str, job: RwSignal<Job>, time: fn(&Job) -> Option<DateTime<Utc>>) -> Sealed {
    let created = job.read_untracked().created_at;
    let time = move || time(&job.read());
    let shown = move || match time() {
        None => String::new(),
        Some(time) if time == created => format::date_time(&time),
        Some(time) => format::clock_beside(&time, &created),
    };
    let machine = move || time().map(|it| rfc3339::text(&it)).unwrap_or_default();
    view! {
        <span class="time-line" hidden=flag(move || time().is_none())>
            <span class="time-label">{label}</span>
            <time datetime=text(machine)>{text(shown)}</time>
        </span>
    }
    .seal()
}
