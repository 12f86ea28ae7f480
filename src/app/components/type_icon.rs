//! What kind of job it is, as a mark with its name.

use leptos::prelude::*;

use super::Seal;
use crate::domain::JobType;

#[component]
pub fn TypeIcon(job_type: JobType) -> impl IntoView {
    view! {
        <span class="type-icon" title=job_type.label()>
            <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
                <path d=mark(job_type)></path>
            </svg>
            <span class="visually-hidden">{job_type.label()}</span>
        </span>
    }
    .seal()
}

fn mark(job_type: JobType) -> &'static str {
    match job_type {
        JobType::TextIngestion => "M3 4h10M3 8h10M3 12h6",
        JobType::FileIngestion => "M4 2.5h5l3 3v8H4zM9 2.5v3h3",
        JobType::BatchIngestion => {
            "M2.5 5l5.5-2.5L13.5 5 8 7.500zM2.5 8L8 10.500 13.500 8M2.5 11L8 13.500 13.500 11"
        }
        JobType::DirectoryIngestion => "M2.500 4h4l1.500 2h5.500v7h-11z",
    }
}
