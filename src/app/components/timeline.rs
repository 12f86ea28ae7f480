//! The attempts at a job as bars on one scale: how long each waited, read, and waited for the index.

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use super::{Seal, Sealed};
use crate::app::format;
use crate::domain::{AttemptOutcome, JobAttempt};

/// The width of the whole scale, in its own units.
const WIDTH: f64 = 1000.0;

#[component]
pub fn Timeline(attempts: Vec<JobAttempt>) -> impl IntoView {
    attempts.first().map(|first| {
        let start = first.queued_at;
        let ends = attempts.iter().map(|it| it.ended_at.or(it.read_at).unwrap_or(it.started_at));
        let whole = ends.max().map_or(1, |end| (end - start).num_milliseconds().max(1));
        let rows: Vec<_> = attempts.iter().map(|it| row(it, start, whole)).collect();
        view! { <h2>"Timeline"</h2> <ol class="timeline">{rows}</ol> }.seal()
    })
}

/// A stretch of an attempt.
struct Stretch {
    name: &'static str,
    class: &'static str,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

fn stretches(attempt: &JobAttempt) -> Vec<Stretch> {
    let mut stretches = vec![Stretch {
        name: "waited",
        class: "stretch-waiting",
        from: attempt.queued_at,
        to: attempt.started_at,
    }];
    if let Some(to) = attempt.read_at.or(attempt.ended_at) {
        stretches.push(Stretch { name: "read", class: "stretch-reading", from: attempt.started_at, to });
    }
    if let (Some(from), Some(to)) = (attempt.read_at, attempt.ended_at) {
        stretches.push(Stretch { name: "indexed", class: "stretch-indexing", from, to });
    }
    stretches
}

fn row(attempt: &JobAttempt, start: DateTime<Utc>, whole: i64) -> Sealed {
    let place = |time: DateTime<Utc>| (time - start).num_milliseconds() as f64 / whole as f64 * WIDTH;
    let stretches = stretches(attempt);
    let words: Vec<_> = stretches
        .iter()
        .map(|it| format!("{} {}", it.name, format::duration((it.to - it.from).num_milliseconds())))
        .collect();
    let words = words.join(" · ");
    let bars: Vec<_> = stretches
        .iter()
        .map(|it| {
            let (from, to) = (place(it.from), place(it.to));
            view! {
                <rect class=it.class x=format!("{from:.1}") y="0" width=format!("{:.1}", (to - from).max(3.0)) height="10"></rect>
            }
            .seal()
        })
        .collect();
    let error = (!attempt.error_message.is_empty())
        .then(|| view! { <p class="wrong"><bdi>{attempt.error_message.clone()}</bdi></p> });
    view! {
        <li data-testid="job-attempt" data-outcome=attempt.outcome.as_str()>
            <span class="attempt-name">{format!("Attempt {}", attempt.attempt)} " " <span class="muted">{outcome(attempt.outcome)}</span></span>
            <svg role="img" aria-label=words.clone() viewBox=format!("0 0 {} 10", WIDTH + 3.0) preserveAspectRatio="none">{bars}</svg>
            <span class="muted attempt-words" aria-hidden="true">{words.clone()}</span>
            {error}
        </li>
    }
    .seal()
}

fn outcome(outcome: AttemptOutcome) -> &'static str {
    match outcome {
        AttemptOutcome::Running => "running",
        AttemptOutcome::Completed => "completed",
        AttemptOutcome::Failed => "failed",
        AttemptOutcome::Cancelled => "cancelled",
        AttemptOutcome::Released => "given back",
    }
}
