//! What is chosen of the jobs, and in which order: a form, and a token for each choice that takes it back.

use std::time::Duration;

use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlFormElement};

use super::list::JobList;
use crate::app::address;
use crate::app::components::{Seal, Sealed, Text, later, on_submit, part, text};
use crate::domain::{JobFilter, JobQuery, JobSort, JobType, Moment};

/// After the last letter of a text typed so long passes before it is looked for.
const TYPING: Duration = Duration::from_millis(250);

/// Times that can be chosen.
const AGES: [(&str, &str); 5] =
    [("", "Any time"), ("1h", "Last hour"), ("24h", "Last day"), ("7d", "Last week"), ("30d", "Last month")];

/// `go` gets what the form asks for.
#[component]
pub fn FilterBar(list: JobList, go: Callback<JobQuery>) -> impl IntoView {
    let query = list.query;
    let typing = StoredValue::new(None::<TimeoutHandle>);
    let send = move |form: &HtmlFormElement| {
        if let Some(asked) = asked(form) {
            go.run(JobQuery { limit: JobQuery::DEFAULT_LIMIT, ..asked });
        }
    };
    let submit = on_submit(move |event| {
        event.prevent_default();
        send(&event_target(&event));
    });
    let change: Box<dyn FnMut(Event)> = Box::new(move |event| {
        let Some(form) = form_of(&event) else { return };
        if let Some(former) = typing.get_value() {
            former.clear();
        }
        let wait = if event.type_() == "input" { TYPING } else { Duration::ZERO };
        typing.set_value(later(move || send(&form), wait));
    });
    let chosen = |of: fn(&JobFilter) -> String| text(move || of(&query.read().filter));
    let type_option = |(value, label): (&'static str, &'static str)| {
        view! { <option value=value selected=move || query.read().filter.job_type.map_or("", JobType::as_str) == value>{label}</option> }.seal()
    };
    let age_option = |(value, label): (&'static str, &'static str)| {
        let is_chosen = move || query.read().filter.since.map_or(String::new(), |it| it.to_string()) == value;
        view! { <option value=value selected=is_chosen>{label}</option> }.seal()
    };
    let sort_option = |sort: JobSort| {
        let label = match sort {
            JobSort::Created => "Newest first",
            JobSort::Duration => "Longest first",
            JobSort::Chunks => "Most chunks first",
        };
        view! { <option value=sort.as_str() selected=move || query.read().sort == sort>{label}</option> }
            .seal()
    };
    let types =
        std::iter::once(("", "All types")).chain(JobType::ALL.iter().map(|it| (it.as_str(), it.label())));
    view! {
        <form class="filter-bar" action="/" method="get" aria-label="Filter" on:submit=submit on:input=change>
            <input
                type="search"
                name="q"
                aria-label="Find jobs by name, id, message or error"
                placeholder="Find jobs by name, id, message or error"
                autocomplete="off"
                data-testid="job-filter"
                data-key-search=""
                prop:value=chosen(|it| it.text.clone())
                value=query.read_untracked().filter.text.clone()
            />
            {hidden("status", chosen(|it| it.status.map_or(String::new(), |it| it.to_string())))}
            {hidden("attention", chosen(|it| if it.attention { "true".to_owned() } else { String::new() }))}
            {hidden("error_code", chosen(|it| it.error_code.clone()))}
            {hidden("until", chosen(|it| it.until.map_or(String::new(), |it| it.to_string())))}
            <select name="job_type" aria-label="Type" autocomplete="off">{types.map(type_option).collect_view()}</select>
            <select name="since" aria-label="Created" autocomplete="off">{AGES.map(age_option).collect_view()}</select>
            <select name="sort" aria-label="Order" autocomplete="off">{JobSort::ALL.map(sort_option).collect_view()}</select>
            <label class="check">
                <input type="checkbox" name="warnings" value="true" prop:checked=move || query.read().filter.warned checked=query.read_untracked().filter.warned/>
                "Warnings"
            </label>
            <button class="button without-js">"Filter"</button>
        </form>
        <Tokens list/>
    }
    .seal()
}

fn hidden(name: &'static str, value: Text) -> Sealed {
    view! { <input type="hidden" name=name value=value/> }.seal()
}

fn form_of(event: &Event) -> Option<HtmlFormElement> {
    event.target()?.dyn_into::<web_sys::Element>().ok()?.closest("form").ok()??.dyn_into().ok()
}

/// What the form's fields say.
fn asked(form: &HtmlFormElement) -> Option<JobQuery> {
    let fields = web_sys::FormData::new_with_form(form).ok()?;
    JobQuery::from_parameters(&|name| fields.get(name).as_string().filter(|it| !it.is_empty())).ok()
}

/// A choice that is made, and the view without it.
struct Token {
    label: String,
    without: JobFilter,
}

/// The choices, other than the state: that is shown by the column.
fn tokens(filter: &JobFilter) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut token = |label: String, change: fn(&mut JobFilter)| {
        let mut without = filter.clone();
        change(&mut without);
        tokens.push(Token { label, without });
    };
    if !filter.text.is_empty() {
        token(format!("“{}”", filter.text), |it| it.text.clear());
    }
    if let Some(job_type) = filter.job_type {
        token(format!("Type: {}", job_type.label()), |it| it.job_type = None);
    }
    if let Some(since) = filter.since {
        token(age(since, "since"), |it| it.since = None);
    }
    if let Some(until) = filter.until {
        token(age(until, "until"), |it| it.until = None);
    }
    if !filter.error_code.is_empty() {
        token(format!("Cause: {}", filter.error_code), |it| it.error_code.clear());
    }
    if filter.warned {
        token("With warnings".to_owned(), |it| it.warned = false);
    }
    tokens
}

fn age(moment: Moment, word: &str) -> String {
    let text = moment.to_string();
    match moment {
        Moment::Ago { .. } if word == "since" => AGES
            .iter()
            .find(|(value, _)| *value == text)
            .map_or(format!("Last {text}"), |(_, label)| (*label).to_owned()),
        Moment::Ago { .. } => format!("Until {text} ago"),
        Moment::At(_) => format!("Created {word} {text}"),
    }
}

#[component]
fn Tokens(list: JobList) -> impl IntoView {
    part(move || {
        let query = list.query.read();
        let tokens = tokens(&query.filter);
        (!tokens.is_empty()).then(|| {
            let token = |token: Token| {
                let href =
                    address::of_jobs(&JobQuery { filter: token.without, before: None, ..query.clone() });
                view! {
                    <li>
                        <a class="token" href=href data-view="" data-testid="token">
                            <bdi>{token.label}</bdi>
                            <span aria-hidden="true">" ×"</span>
                            <span class="visually-hidden">": remove"</span>
                        </a>
                    </li>
                }
                .seal()
            };
            let all = address::of_jobs(&JobQuery {
                filter: JobFilter {
                    status: query.filter.status,
                    attention: query.filter.attention,
                    ..JobFilter::default()
                },
                before: None,
                ..query.clone()
            });
            let clear = (tokens.len() > 1)
                .then(|| view! { <li><a href=all.clone() data-view="">"Clear all"</a></li> }.seal());
            let tokens: Vec<_> = tokens.into_iter().map(token).collect();
            view! { <ul class="tokens" aria-label="Chosen">{tokens} {clear}</ul> }.seal()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_choice_has_a_token_that_takes_only_it_back() {
        let filter = JobFilter {
            text: "report".to_owned(),
            job_type: Some(JobType::FileIngestion),
            since: Some(Moment::Ago { minutes: 1440 }),
            warned: true,
            ..JobFilter::default()
        };
        let tokens = tokens(&filter);
        let labels: Vec<_> = tokens.iter().map(|it| it.label.as_str()).collect();
        assert_eq!(labels, ["“report”", "Type: File", "Last day", "With warnings"]);
        for (place, token) in tokens.iter().enumerate() {
            assert_eq!(super::tokens(&token.without).len(), 3, "{place}");
        }
    }
}
