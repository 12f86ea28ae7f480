//! A job's state as a word with a mark of its own shape: colour says nothing alone. The style sheet draws the marks: a
//! list has many.

use leptos::prelude::*;

use super::{Seal, text};
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
        if job.completed_in_part() { "partial" } else { job.status.as_str() }
    };
    view! { <span class=text(move || ["badge mark-", looks()].concat())>{text(label)}</span> }.seal()
}

/// A state's mark alone.
#[component]
pub fn StateMark(status: JobStatus) -> impl IntoView {
    view! { <span class=format!("state-mark mark-{status}")></span> }.seal()
}
