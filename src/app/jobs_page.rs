//! The page at `/`: what can be added, what happened lately, and the job manager.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::activity::Activity;
use super::address;
use super::components::{ProblemNotice, Seal};
use super::job_manager::JobManager;
use super::loaded::load;
use super::upload::IntakeForms;
use crate::domain::{HistoryRange, JobQuery};
use crate::server_fns::{get_history, list_causes, list_jobs};

#[component]
pub fn JobsPage() -> impl IntoView {
    let parameters = use_query_map();
    let parameter = move |name: &str| parameters.read_untracked().get(name);
    // What cannot be read chooses nothing: all jobs are shown, and the filter says so.
    let query = JobQuery::from_parameters(&parameter).unwrap_or_default();
    let range = parameter("activity").and_then(|it| it.parse().ok()).unwrap_or(HistoryRange::Hour);
    let fetch = {
        let query = query.clone();
        async move {
            let causes = if query.filter.attention { list_causes().await? } else { Vec::new() };
            Ok((list_jobs(query).await?, causes, get_history(range).await?))
        }
    };
    view! {
        <Title text="Jobs"/>
        <h1 class="visually-hidden">"Jobs"</h1>
        <IntakeForms/>
        {load(fetch, move |found| match found {
            Ok((view, causes, history)) => view! {
                <Activity history query=query.clone()/>
                <JobManager address=address::of_jobs(&query) view causes/>
            }
            .seal(),
            Err(problem) => view! { <ProblemNotice problem/> }.seal(),
        })}
    }
    .seal()
}
