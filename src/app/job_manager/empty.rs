//! What stands in place of an empty list.

use leptos::prelude::*;

use crate::app::components::{EmptyState, Seal, curl_line};
use crate::domain::{JobFilter, JobStatus};

#[component]
pub fn Empty(filter: JobFilter) -> impl IntoView {
    match filter.status {
        None if filter.is_empty() => view! {
            <EmptyState title="No jobs yet">
                "Drop a file anywhere on this page, paste a text above, or send one from a terminal:"
                <code class="example">{curl_line()}</code>
            </EmptyState>
        }
        .seal(),
        None if (JobFilter { attention: false, ..filter.clone() }).is_empty() => view! {
            <EmptyState title="Nothing needs attention">
                "Jobs that failed, in whole or in part, appear here, grouped by why."
            </EmptyState>
        }
        .seal(),
        Some(status) if (JobFilter { status: None, ..filter.clone() }).is_empty() => view! {
            <EmptyState title=format!("No {status} jobs")>{about(status)}</EmptyState>
        }
        .seal(),
        _ => view! {
            <EmptyState title="No jobs match">
                "Take a choice back, or " <a href="/" data-view="">"see all jobs"</a> "."
            </EmptyState>
        }
        .seal(),
    }
}

fn about(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Pending => "Every job that was accepted has begun.",
        JobStatus::Running => "Jobs being read or indexed appear here.",
        JobStatus::Completed => "Jobs whose documents a search finds appear here.",
        JobStatus::Failed => "Jobs that could not be read appear here, with why.",
        JobStatus::Cancelled => "Jobs somebody stopped appear here.",
    }
}
