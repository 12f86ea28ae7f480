//! The page at `/`: what can be added, and the job manager.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::components::{ProblemNotice, Seal};
use super::job_list::{PAGE, Window};
use super::job_manager::JobManager;
use super::loaded::load;
use super::upload::IntakeForms;
use crate::domain::JobChoice;
use crate::server_fns::list_jobs;

#[component]
pub fn JobsPage() -> impl IntoView {
    let query = use_query_map();
    let window = {
        let query = query.read_untracked();
        Window {
            // An unknown state is no state: all jobs are shown, and the filter says so.
            choice: match query.get_str("status").and_then(|it| it.parse().ok()) {
                Some(status) => JobChoice::Status(status),
                None if query.get_str("warnings") == Some("true") => JobChoice::Warned,
                None => JobChoice::All,
            },
            before: query.get_str("before").and_then(|it| it.parse().ok()),
            limit: PAGE,
        }
    };
    let fetch = list_jobs(window.choice, window.before, window.limit);
    view! {
        <Title text="Jobs"/>
        <h1 class="visually-hidden">"Jobs"</h1>
        <IntakeForms/>
        {load(fetch, move |found| match found {
            Ok(view) => view! { <JobManager view window/> }.seal(),
            Err(problem) => view! { <ProblemNotice problem/> }.seal(),
        })}
    }
    .seal()
}
