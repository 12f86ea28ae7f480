//! Jobs that need attention, grouped by why, with one button for each group.

use leptos::prelude::*;

use crate::app::components::{Seal, Sealed};
use crate::app::job_manager::Act;
use crate::app::{address, format};
use crate::domain::JobCause;

#[component]
pub fn Causes(causes: Vec<JobCause>) -> impl IntoView {
    let none = causes.is_empty().then(|| view! { <li class="muted">"Nothing needs attention."</li> });
    view! {
        <section class="causes" aria-label="What needs attention">
            <ul>{causes.into_iter().map(cause).collect_view()} {none}</ul>
        </section>
    }
    .seal()
}

fn cause(cause: JobCause) -> Sealed {
    // What helps comes first.
    let acts = if cause.can_retry { [Act::Retry, Act::Delete] } else { [Act::Delete, Act::Retry] };
    let title = format!("{}: {}", format::counted(cause.count, "job"), cause.title);
    view! {
        <li class="cause" data-testid="cause" data-code=cause.error_code.clone()>
            <div>
                <a href=address::of_filter(cause.job_filter()) data-view="">{title}</a>
                <p class="muted"><bdi>{cause.example.clone()}</bdi></p>
            </div>
            {acts.map(|act| button(&cause, act)).collect_view()}
        </li>
    }
    .seal()
}

/// A form that the job manager sends in a live page, after asking.
fn button(cause: &JobCause, act: Act) -> Sealed {
    let chosen = address::of_filter(cause.job_filter());
    let fields: Vec<_> = cause
        .job_filter()
        .parameters()
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> }.seal())
        .collect();
    view! {
        <form action=act.path() method="post" data-act=act.word() data-chosen=chosen data-count=cause.count>
            {fields}
            <input type="hidden" name="back" value="/?attention=true"/>
            <button class="button small" data-testid=format!("cause-{}", act.word())>
                {format!("{} {}", act.label(), format::count(cause.count))}
                <span class="visually-hidden">{format!(": {}", cause.title)}</span>
            </button>
        </form>
    }
    .seal()
}
