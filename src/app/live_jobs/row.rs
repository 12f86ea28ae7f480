//! One job in the list. Shows it, and offers what can be done about it.

use leptos::prelude::*;

use super::list::JobList;
use crate::app::clock::Clock;
use crate::app::components::{
    JobActions, JobButton, JobProgress, JobTime, Seal, StatusBadge, TypeIcon, holds, job_title, part, text,
    word,
};
use crate::app::format;
use crate::domain::queue::waits_for;
use crate::domain::whereabouts::where_it_is;
use crate::domain::{Job, JobStatus};

/// A row; on a narrow screen a card. There may be a thousand of them: each element and each closure counts.
#[component]
pub fn JobRow(job: RwSignal<Job>, list: JobList, clock: Clock, actions: JobActions) -> impl IntoView {
    // A job keeps its name.
    let (id, job_type, title) = {
        let job = job.read_untracked();
        (job.job_id, job.job_type, job_title(&job))
    };
    view! {
        <div
            role="row"
            class="job-row"
            data-testid="job"
            data-job-id=id.to_string()
            data-status=word(move || job.read().status.as_str())
        >
            <span role="cell" class="cell-tick">
                <input type="checkbox" name="id" value=id.to_string() form="many" aria-label=format!("Select {title}")/>
            </span>
            <div role="cell" class="cell-name">
                <TypeIcon job_type/>
                <a class="job-name" href=format!("/app/jobs/{id}")>{title}</a>
                <JobNote job list/>
            </div>
            <div role="cell" class="cell-status">
                <StatusBadge job/>
                <JobProgress job/>
            </div>
            <div role="cell" class="cell-number">
                {text(move || format::count(job.read().chunks_created))}
                <JobItems job/>
            </div>
            <div role="cell" class="cell-times"><JobTime job clock paces=list.paces/></div>
            <div role="cell" class="cell-actions"><JobButton job actions/></div>
        </div>
    }
    .seal()
}

/// How many of a job's items are through, if it has several.
#[component]
fn JobItems(job: RwSignal<Job>) -> impl IntoView {
    let has_items = holds(move || {
        let job = job.read();
        job.total_items > 1 || job.failed_items > 0
    });
    part(move || {
        has_items
            .get()
            .then(|| view! { <span class="items">{text(move || items(&job.read()))}</span> }.seal())
    })
}

fn items(job: &Job) -> String {
    let through =
        format!("{} / {} items", format::count(job.processed_items), format::count(job.total_items));
    match job.failed_items {
        0 => through,
        failed => format!("{through}, {} failed", format::count(failed)),
    }
}

/// What happens, has happened, or went wrong, in a sentence.
#[component]
fn JobNote(job: RwSignal<Job>, list: JobList) -> impl IntoView {
    let waiting = holds(move || job.read().status == JobStatus::Pending);
    let note = move || {
        let job = job.read();
        if !job.error_message.is_empty() {
            return job.error_message.clone();
        }
        if waiting.get() {
            let ahead = list.places.read().get(&job.job_id).copied();
            // A pending job says itself when it is tried again: no clock is needed here.
            return waits_for(&job, &list.queue.read(), ahead, job.created_at).unwrap_or_default();
        }
        where_it_is(&job)
    };
    let class = word(move || if job.read().error_message.is_empty() { "job-note" } else { "job-note wrong" });
    view! { <span class=class>{text(note)}</span> }.seal()
}
