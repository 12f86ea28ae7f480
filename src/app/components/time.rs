//! Moments and lengths of time.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use super::{Seal, holds, part, text};
use crate::app::clock::Clock;
use crate::app::format;
use crate::domain::job::rfc3339;
use crate::domain::time_left::{self, time_left};
use crate::domain::{Job, JobStatus, Pace};

/// A moment in UTC, for parts of a page that no island owns; the desk puts it into words.
#[component]
pub fn TimeOf(time: DateTime<Utc>) -> impl IntoView {
    view! { <time class="ago" datetime=rfc3339::text(&time)>{format::date_time(&time)} " UTC"</time> }.seal()
}

/// When a job came, how long it waited, has been running or took, and how long it may still take.
#[component]
pub fn JobTime(job: RwSignal<Job>, clock: Clock, paces: RwSignal<Arc<[Pace]>>) -> impl IntoView {
    let (created, slow) = {
        let job = job.read_untracked();
        (job.created_at, clock.slow(job.job_id))
    };
    let ago = move || match slow.get() {
        None => format!("{} UTC", format::date_time(&created)),
        Some(now) => format::ago(now - created.timestamp_millis()),
    };
    let left = move || {
        let job = job.read();
        let now = (job.status == JobStatus::Running).then(|| clock.second.get()).flatten()?;
        let elapsed = now - job.started_at?.timestamp_millis();
        let (low, high) = time_left(&job, u64::try_from(elapsed).ok()?, Pace::of(&paces.read(), &job))?;
        Some(time_left::words(low, high))
    };
    let has_left = holds(move || left().is_some());
    view! {
        <time datetime=rfc3339::text(&created)>{text(ago)}</time>
        <span>{text(move || spent(&job.read(), clock))}</span>
        {part(move || {
            has_left.get().then(|| {
                view! { <span data-testid="time-left">{text(move || left().unwrap_or_default())}</span> }.seal()
            })
        })}
    }
    .seal()
}

/// How long a job waited, and how long it ran.
fn spent(job: &Job, clock: Clock) -> String {
    let since = |from: DateTime<Utc>, to: i64| format::duration(to - from.timestamp_millis());
    let waited = job.started_at.map(|started| since(job.created_at, started.timestamp_millis()));
    match (job.status, waited) {
        (JobStatus::Pending, _) => match clock.slow(job.job_id).get() {
            // A slow clock may stand where the job was not there yet.
            Some(now) if now > job.created_at.timestamp_millis() => {
                format!("waiting {}", since(job.created_at, now))
            }
            _ => "waiting".to_owned(),
        },
        (JobStatus::Running, Some(waited)) => match (job.started_at, clock.second.get()) {
            (Some(started), Some(now)) => format!("waited {waited}, running {}", since(started, now)),
            _ => format!("waited {waited}, running"),
        },
        (_, Some(waited)) => match (job.started_at, job.completed_at) {
            (Some(started), Some(ended)) => {
                format!("waited {waited}, took {}", since(started, ended.timestamp_millis()))
            }
            _ => format!("waited {waited}"),
        },
        (_, None) => "never begun".to_owned(),
    }
}
