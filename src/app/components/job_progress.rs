//! How far a running job is.

use leptos::prelude::*;

use super::{ProgressBar, Seal, holds, part, text};
use crate::app::format;
use crate::domain::{Job, JobStatus};

/// The job's name, and never nothing: a link needs words.
pub fn job_title(job: &Job) -> String {
    if job.name.trim().is_empty() {
        format!("{} {}", job.job_type.label(), job.job_id)
    } else {
        job.name.clone()
    }
}

#[component]
pub fn JobProgress(job: RwSignal<Job>) -> impl IntoView {
    let running = holds(move || job.read().status == JobStatus::Running);
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
                    <span class="percent">{text(move || format!("{} %", percent()))}</span>
                </span>
            }
            .seal()
        })
    })
}
