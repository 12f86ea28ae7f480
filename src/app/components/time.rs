//! Moments and lengths of time.

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use super::{Seal, text};
use crate::app::format;
use crate::domain::job::rfc3339;
use crate::domain::{Job, JobStatus};

/// A moment in UTC, for parts of a page that no island owns; the desk puts it into words.
#[component]
pub fn TimeOf(time: DateTime<Utc>) -> impl IntoView {
    view! { <time class="ago" datetime=rfc3339::text(&time)>{format::date_time(&time)} " UTC"</time> }.seal()
}

/// How long a job ran, or has been running.
#[component]
pub fn JobDuration(job: RwSignal<Job>, now: RwSignal<Option<i64>>) -> impl IntoView {
    text(move || {
        let (started, ended) = {
            let job = job.read();
            let ended = match (job.completed_at, job.status) {
                (Some(time), _) => Some(time.timestamp_millis()),
                // Whole seconds, so that the text does not flicker.
                (None, JobStatus::Running) => now.get(),
                _ => None,
            };
            (job.started_at, ended)
        };
        match (started, ended) {
            (Some(started), Some(ended)) => format::duration(ended - started.timestamp_millis()),
            _ => "—".to_owned(),
        }
    })
}
