//! What happened in the attempts at a job, line by line.

use leptos::prelude::*;

use super::Seal;
use crate::app::format;
use crate::domain::LogLine;
use crate::domain::job::rfc3339;

#[component]
pub fn JobLog(lines: Vec<LogLine>) -> impl IntoView {
    let several = lines.first().zip(lines.last()).is_some_and(|(first, last)| first.attempt != last.attempt);
    let rows: Vec<_> = lines
        .into_iter()
        .map(|line| {
            let attempt = several.then(|| format!("attempt {}", line.attempt));
            view! {
                <li class=format!("log-{}", line.level.as_str()) data-testid="log-line">
                    <time datetime=rfc3339::text(&line.at)>{format::date_time(&line.at)}</time>
                    <span class="log-attempt muted">{attempt}</span>
                    <span class="log-level">{line.level.as_str()}</span>
                    <bdi>{line.text}</bdi>
                </li>
            }
            .seal()
        })
        .collect();
    (!rows.is_empty())
        .then(|| view! { <h2>"Log"</h2> <ol class="log" tabindex="0" aria-label="Log">{rows}</ol> }.seal())
}
