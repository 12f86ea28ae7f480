//! A job's state as a word with a mark of its own shape: colour says nothing alone.

use leptos::prelude::*;

use super::{Seal, text, word};
use crate::app::format::count;
use crate::domain::{Job, JobStatus};

#[component]
pub fn StatusBadge(job: RwSignal<Job>) -> impl IntoView {
    let label = move || {
        let job = job.read();
        if job.cancel_requested && !job.status.is_final() {
            return "cancelling…".to_owned();
        }
        let mut words = job.status.as_str().to_owned();
        if job.completed_in_part() {
            words.push_str(", ");
            words.push_str(&count(job.failed_items));
            words.push_str(" failed");
        }
        words
    };
    // Not all of it went well: that is another colour and another mark.
    let looks = move || {
        let job = job.read();
        if job.completed_in_part() {
            ("partial", JobStatus::Failed)
        } else {
            (job.status.as_str(), job.status)
        }
    };
    view! {
        <span class=text(move || ["badge badge-", looks().0].concat())>
            <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
                <path d=word(move || mark(looks().1))></path>
            </svg>
            {text(label)}
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
