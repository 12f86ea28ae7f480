//! Jobs that need attention, grouped by why, with one button for each group.

use leptos::prelude::*;

use super::list::JobList;
use super::selection::{Act, ask};
use crate::app::components::{JobActions, Seal, Sealed, flag, holds, on_submit, part};
use crate::app::{address, format};
use crate::domain::{JobCause, JobSelection};

/// Nothing at all unless these jobs are on show.
#[component]
pub fn Causes(list: JobList, causes: RwSignal<Vec<JobCause>>, actions: JobActions) -> impl IntoView {
    let here = holds(move || list.query.read().filter.attention);
    let rows = part(move || {
        let found = causes.get();
        Some(match found.is_empty() {
            true => view! { <li class="muted">"Nothing needs attention."</li> }.seal(),
            false => found.into_iter().map(|it| cause(it, actions)).collect::<Vec<_>>().seal(),
        })
    });
    view! {
        <section class="causes" aria-label="What needs attention" hidden=flag(move || !here.get())>
            <ul>{rows}</ul>
        </section>
    }
    .seal()
}

fn cause(cause: JobCause, actions: JobActions) -> Sealed {
    let filter = cause.job_filter();
    let jobs = format::counted(cause.count, "job");
    let count = cause.count;
    let button = |act: Act| {
        let filter = filter.clone();
        let submit = on_submit(move |event| {
            event.prevent_default();
            ask(actions, act, JobSelection { filter: filter.clone(), ids: Vec::new() }, count);
        });
        let fields: Vec<_> = cause
            .job_filter()
            .parameters()
            .into_iter()
            .map(|(name, value)| view! { <input type="hidden" name=name value=value/> }.seal())
            .collect();
        view! {
            <form action=act.path() method="post" on:submit=submit>
                {fields}
                <input type="hidden" name="back" value="/?attention=true"/>
                <button class="button small" data-testid=format!("cause-{}", act.word())>
                    {format!("{} {}", act.label(), format::count(count))}
                    <span class="visually-hidden">{format!(": {}", cause.title)}</span>
                </button>
            </form>
        }
        .seal()
    };
    let buttons = if cause.can_retry {
        vec![button(Act::Retry), button(Act::Delete)]
    } else {
        vec![button(Act::Delete), button(Act::Retry)]
    };
    view! {
        <li class="cause" data-testid="cause" data-code=cause.error_code.clone()>
            <div>
                <a href=address::of_filter(filter.clone()) data-view="">{format!("{jobs}: {}", cause.title)}</a>
                <p class="muted"><bdi>{cause.example.clone()}</bdi></p>
            </div>
            {buttons}
        </li>
    }
    .seal()
}
