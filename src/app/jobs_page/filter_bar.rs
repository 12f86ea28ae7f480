//! What is chosen of the jobs, and in which order: a plain form. In a live page the job manager follows its fields.

use leptos::prelude::*;

use crate::app::components::{Seal, Sealed};
use crate::domain::{JobQuery, JobSort, JobType};

/// Times that can be chosen, and what they are called.
pub const AGES: [(&str, &str); 5] =
    [("", "Any time"), ("1h", "Last hour"), ("24h", "Last day"), ("7d", "Last week"), ("30d", "Last month")];

#[component]
pub fn FilterBar(query: JobQuery) -> impl IntoView {
    let filter = query.filter;
    let text = |value: Option<String>| value.unwrap_or_default();
    let age = text(filter.since.map(|it| it.to_string()));
    let types = std::iter::once(("", "All types"))
        .chain(JobType::ALL.iter().map(|it| (it.as_str(), it.label())))
        .map(|(value, label)| option(value, label, filter.job_type.map_or("", JobType::as_str) == value));
    let ages = AGES.map(|(value, label)| option(value, label, age == value));
    let sorts = JobSort::ALL.map(|sort| option(sort.as_str(), sort_label(sort), query.sort == sort));
    view! {
        <form class="filter-bar" action="/" method="get" aria-label="Filter">
            <input
                id="job-filter"
                type="search"
                name="q"
                aria-label="Find jobs by name, id, message or error"
                placeholder="Find jobs by name, id, message or error"
                autocomplete="off"
                data-testid="job-filter"
                data-key-search=""
                value=filter.text
            />
            {hidden("status", text(filter.status.map(|it| it.to_string())))}
            {hidden("attention", if filter.attention { "true".to_owned() } else { String::new() })}
            {hidden("error_code", filter.error_code)}
            {hidden("until", text(filter.until.map(|it| it.to_string())))}
            <select name="job_type" aria-label="Type" autocomplete="off">{types.collect_view()}</select>
            <select name="since" aria-label="Created" autocomplete="off">{ages.collect_view()}</select>
            <select name="sort" aria-label="Order" autocomplete="off">{sorts.collect_view()}</select>
            <label class="check">
                <input type="checkbox" name="warnings" value="true" autocomplete="off" checked=filter.warned/>
                "Warnings"
            </label>
            <button class="button without-js">"Filter"</button>
        </form>
    }
    .seal()
}

fn option(value: &'static str, label: &'static str, selected: bool) -> Sealed {
    view! { <option value=value selected=selected>{label}</option> }.seal()
}

fn sort_label(sort: JobSort) -> &'static str {
    match sort {
        JobSort::Created => "Newest first",
        JobSort::Duration => "Longest first",
        JobSort::Chunks => "Most chunks first",
    }
}

fn hidden(name: &'static str, value: String) -> Sealed {
    view! { <input type="hidden" name=name value=value/> }.seal()
}
