//! A token for each choice that is made, which takes it back.

use leptos::prelude::*;

use super::filter_bar::AGES;
use crate::app::address;
use crate::app::components::Seal;
use crate::domain::{JobFilter, JobQuery, Moment};

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
        token(since_words(since), |it| it.since = None);
    }
    if let Some(until) = filter.until {
        token(format!("Created until {until}"), |it| it.until = None);
    }
    if !filter.error_code.is_empty() {
        token(format!("Cause: {}", filter.error_code), |it| it.error_code.clear());
    }
    if filter.warned {
        token("With warnings".to_owned(), |it| it.warned = false);
    }
    tokens
}

fn since_words(since: Moment) -> String {
    let text = since.to_string();
    match AGES.iter().find(|(value, _)| *value == text) {
        Some((_, label)) => (*label).to_owned(),
        None => format!("Created since {text}"),
    }
}

#[component]
pub fn Tokens(query: JobQuery) -> impl IntoView {
    let with = |filter: JobFilter| address::of_jobs(&JobQuery { filter, before: None, ..query.clone() });
    let tokens = tokens(&query.filter);
    let none =
        JobFilter { status: query.filter.status, attention: query.filter.attention, ..JobFilter::default() };
    let clear =
        (tokens.len() > 1).then(|| view! { <li><a href=with(none) data-view="">"Clear all"</a></li> });
    let shown: Vec<_> = tokens
        .into_iter()
        .map(|token| {
            view! {
                <li>
                    <a class="token" href=with(token.without) data-view="" data-testid="token">
                        <bdi>{token.label}</bdi>
                        <span aria-hidden="true">" ×"</span>
                        <span class="visually-hidden">": remove"</span>
                    </a>
                </li>
            }
            .seal()
        })
        .collect();
    (!shown.is_empty()).then(|| view! { <ul class="tokens" aria-label="Chosen">{shown} {clear}</ul> }.seal())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::JobType;

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
