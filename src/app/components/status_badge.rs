//! A job's state as a word with a mark of its own shape: colour says nothing alone.

use leptos::prelude::*;

use super::{Seal, text, word};
use crate::domain::{Job, JobStatus};

#[component]
pub fn StatusBadge(job: RwSignal<Job>) -> impl IntoView {
    let label = move || {
        let job = job.read();
        if job.cancel_requested && !job.status.is_final() { "cancelling…" } else { job.status.as_str() }
    };
    view! {
        <span class=text(move || format!("badge badge-{}", job.read().status))>
            <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
                <path d=word(move || mark(job.read().status))></path>
            </svg>
            {word(label)}
        </span>
    }
    .seal()
}

/// A state's mark alone.
#[component]
pub fn StateIcon(status: JobStatus) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <path d=mark(status)></path>
        </svg>
    }
    .seal()
}

fn mark(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Pending => "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M8 5v3.2l2 1.3",
        JobStatus::Running => "M5.5 3.5v9l7-4.5z",
        JobStatus::Completed => "M3 8.5l3.2 3.2L13 4.8",
        JobStatus::Failed => "M8 2.8v6.4M8 12.2v.9",
        JobStatus::Cancelled => "M4 4l8 8M12 4l-8 8",
    }
}
