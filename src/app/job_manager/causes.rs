//! Jobs that need attention, grouped by why, with one button for each group.

use leptos::prelude::*;

use crate::app::components::{Seal, Sealed};
use crate::app::live_jobs::Act;
use crate::app::permission::may;
use crate::app::{address, format};
use crate::domain::JobCause;
use crate::domain::access::Scope;

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
    // Always in this order, so that a button is where it was in the group before.
    let acts = may(Scope::Manage).then(|| {
        let retry = match cause.can_retry {
            true => button(&cause, Act::Retry),
            false => view! { <span class="muted no-help">"Retrying does not help"</span> }.seal(),
        };
        view! { {retry} {button(&cause, Act::Delete)} }.seal()
    });
    let title = format!("{}: {}", format::counted(cause.count, "job"), cause.title);
    view! {
        <li class="cause" data-testid="cause" data-code=cause.error_code.clone()>
            <div>
                <a href=address::of_filter(cause.job_filter()) data-view="">{title}</a>
                <p class="muted"><bdi>{cause.example.clone()}</bdi></p>
            </div>
            {acts}
        </li>
    }
    .seal()
}

/// A form that the list sends in a live page, after asking.
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
