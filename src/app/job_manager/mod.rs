//! `<JobManager/>`: what happened lately, the states and the queue, what is chosen of the jobs, and their live list.
//!
//! Only the list is an island. What else depends on the jobs chosen is a [`Part`], which the server writes again when
//! others are; in the column at the side the list changes numbers only.

mod activity;
mod causes;
mod empty;
mod filter_bar;
mod queue_panel;
mod states;
mod tokens;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use self::activity::Activity;
use self::causes::Causes;
use self::empty::Empty;
use self::filter_bar::FilterBar;
use self::queue_panel::QueuePanel;
use self::states::States;
use self::tokens::Tokens;
use super::address;
use super::components::{ProblemNotice, Seal, Sealed};
use super::live_jobs::LiveJobs;
use super::loaded::load;
use super::parts::{PARTS_ONLY, Part};
use super::permission::may;
use crate::domain::access::Scope;
use crate::domain::{History, HistoryRange, JobCause, JobQuery, JobsView};
use crate::server_fns::{get_history, list_causes, list_jobs};

/// The job manager: states, queue, filter, charts and the live list. Takes nothing, fetches its own data, and shows
/// what the page's address says; any page can embed it.
#[component]
pub fn JobManager() -> impl IntoView {
    let parameters = use_query_map();
    let parameter = move |name: &str| parameters.read_untracked().get(name);
    // What cannot be read chooses nothing: all jobs are shown, and the filter says so.
    let query = JobQuery::from_parameters(&parameter).unwrap_or_default();
    let range = parameter("activity").and_then(|it| it.parse().ok()).unwrap_or(HistoryRange::Hour);
    // Of the list only whether it is empty is a part.
    let parts_only = parameter(PARTS_ONLY).is_some();
    let asked = JobQuery { limit: if parts_only { 1 } else { query.limit }, ..query.clone() };
    let fetch = async move {
        let causes = if asked.filter.attention { list_causes().await? } else { Vec::new() };
        Ok((list_jobs(asked).await?, causes, get_history(range).await?))
    };
    load(fetch, move |found| match found {
        Ok((view, causes, history)) => jobs(query, view, causes, history),
        Err(problem) => view! { <ProblemNotice problem/> }.seal(),
    })
}

fn jobs(query: JobQuery, view: JobsView, causes: Vec<JobCause>, history: History) -> Sealed {
    let filter = query.filter.clone();
    let attention = filter.attention.then(|| view! { <Causes causes/> });
    let empty = view.page.jobs.is_empty();
    // The rows live in the browser and are the same for everyone; the style sheet hides what acts on them.
    let class = if may(Scope::Manage) { "job-manager may-manage" } else { "job-manager" };
    view! {
        <Activity history query=query.clone()/>
        <section class=class aria-label="Jobs">
            <div class="side">
                <div id=Part::States.id()><States stats=view.stats query=query.clone()/></div>
                <QueuePanel queue=view.queue.clone() back=address::of_jobs(&query)/>
            </div>
            <div class="board">
                <div id=Part::Filter.id()><FilterBar query=query.clone()/></div>
                <div id=Part::Chosen.id()><Tokens query=query.clone()/> {attention}</div>
                <LiveJobs address=address::of_jobs(&query) view=serde_json::to_string(&view).unwrap_or_default()/>
                <div id=Part::Empty.id() class="when-empty">{empty.then(|| view! { <Empty filter/> })}</div>
            </div>
        </section>
    }
    .seal()
}
