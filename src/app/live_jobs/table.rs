//! The list as a table, and the way to more of it.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::blocks::{Block, blocks, of_block};
use super::list::{JobList, Row};
use super::row::JobRow;
use crate::app::components::{JobActions, Seal, each, flag, holds, on_click, part, text};
use crate::app::{address, clock, format};
use crate::domain::{JobQuery, Problem};
use crate::server_fns::list_jobs;

/// Rows are boxes and not `<tr>`, because a browser can leave out the layout of those that are not in view.
#[component]
pub fn JobTable(list: JobList, actions: JobActions) -> impl IntoView {
    let clock = clock::present();
    let empty = holds(move || list.rows.read().is_empty());
    let row = move |row: Row| {
        let job = RwSignal::from(row.job);
        view! { <JobRow job list clock actions/> }.seal()
    };
    let block = move |block: Block| {
        let rows = move || of_block(&list.rows.read(), block).to_vec();
        view! { <div role="rowgroup" class="job-block">{each(rows, |row| row.id.0.as_u128(), row)}</div> }
            .seal()
    };
    view! {
        <div class="jobs" role="table" aria-label="Jobs" hidden=flag(move || empty.get())>
            <div role="rowgroup">
                <div class="job-head" role="row">
                    <span role="columnheader">
                        <input id="tick-all" type="checkbox" class="needs-js" autocomplete="off" aria-label="Select all jobs on show"/>
                    </span>
                    <span role="columnheader">"Job"</span>
                    <span role="columnheader">"Status"</span>
                    <span role="columnheader" class="cell-number">"Chunks"</span>
                    <span role="columnheader">"Time"</span>
                    <span role="columnheader"><span class="visually-hidden">"Actions"</span></span>
                </div>
            </div>
            <div class="job-rows">{each(move || blocks(&list.rows.read()), |block| *block as u128, block)}</div>
        </div>
    }
    .seal()
}

/// How many are shown, and the way to more: in place, or a page of its own without JavaScript.
#[component]
pub fn ShowMore(list: JobList, problem: RwSignal<Option<Problem>>) -> impl IntoView {
    let busy = RwSignal::new(false);
    let older = move || {
        let next = list.next.get()?;
        Some(JobQuery { before: Some(next), limit: JobQuery::DEFAULT_LIMIT, ..list.query.get() })
    };
    let show_more = move |event: leptos::ev::MouseEvent| {
        if event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key() {
            return;
        }
        event.prevent_default();
        let Some(query) = untrack(older).filter(|_| !busy.get_untracked()) else { return };
        let view = move || {
            let query = list.query.get_untracked();
            (query.filter, query.sort, query.before)
        };
        let asked_in = view();
        busy.set(true);
        spawn_local(async move {
            let answer = list_jobs(query).await;
            busy.set(false);
            // Another view may have been chosen meanwhile.
            if view() != asked_in {
                return;
            }
            match answer {
                Ok(view) => list.append(view),
                Err(refused) => problem.set(Some(refused)),
            }
        });
    };
    let shown = move || {
        let shown = list.rows.read().len() as u64;
        format::shown_of(shown, list.total.get().max(shown), "job")
    };
    let more = part(move || {
        older().map(|query| {
            view! {
                <a
                    class="button"
                    data-testid="show-more"
                    href=address::of_jobs(&query)
                    aria-disabled=text(move || busy.get().to_string())
                    on:click=on_click(show_more)
                >
                    "Show more"
                </a>
            }
            .seal()
        })
    });
    let newest = part(move || {
        let query = list.query.get();
        query.before.is_some().then(|| {
            let first = JobQuery { before: None, ..query };
            view! { <a href=address::of_jobs(&first) data-view="">"Back to the first"</a> }.seal()
        })
    });
    view! {
        <div class="list-foot">{more} <span class="muted" data-testid="shown">{text(shown)}</span> {newest}</div>
    }
    .seal()
}
