//! The page at `/`: what can be added, and the job manager.

use leptos::prelude::*;
use leptos_meta::Title;

use super::components::Seal;
use super::job_manager::JobManager;
use super::permission::may;
use super::upload::IntakeForms;
use crate::domain::access::Scope;

#[component]
pub fn JobsPage() -> impl IntoView {
    view! {
        <Title text="Jobs"/>
        <h1 class="visually-hidden">"Jobs"</h1>
        {may(Scope::Ingest).then(|| view! { <IntakeForms/> })}
        <JobManager/>
    }
    .seal()
}
