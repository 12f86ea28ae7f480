//! The states of jobs with their counts; each is a view of its own.

use leptos::prelude::*;

use super::list::JobList;
use crate::app::components::{Seal, Sealed, StateIcon, text, word};
use crate::app::{address, format};
use crate::domain::{JobFilter, JobQuery, JobStats, JobStatus};

/// One entry of the column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    All,
    Attention,
    Of(JobStatus),
}

impl State {
    const ALL: [Self; 7] = [
        Self::All,
        Self::Attention,
        Self::Of(JobStatus::Pending),
        Self::Of(JobStatus::Running),
        Self::Of(JobStatus::Completed),
        Self::Of(JobStatus::Failed),
        Self::Of(JobStatus::Cancelled),
    ];

    fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Attention => "attention",
            Self::Of(status) => status.as_str(),
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Attention => "Needs attention",
            Self::Of(JobStatus::Pending) => "Pending",
            Self::Of(JobStatus::Running) => "Running",
            Self::Of(JobStatus::Completed) => "Completed",
            Self::Of(JobStatus::Failed) => "Failed",
            Self::Of(JobStatus::Cancelled) => "Cancelled",
        }
    }

    fn count(self, stats: &JobStats) -> u64 {
        match self {
            Self::All => stats.total_jobs,
            Self::Attention => stats.needs_attention,
            Self::Of(status) => stats.of(status),
        }
    }

    fn is_of(self, filter: &JobFilter) -> bool {
        match self {
            Self::All => filter.status.is_none() && !filter.attention,
            Self::Attention => filter.attention,
            Self::Of(status) => filter.status == Some(status) && !filter.attention,
        }
    }

    /// The same view of the jobs in this state: what else was chosen stays.
    fn chosen(self, query: &JobQuery) -> JobQuery {
        let (status, attention) = match self {
            Self::All => (None, false),
            Self::Attention => (None, true),
            Self::Of(status) => (Some(status), false),
        };
        let filter = JobFilter { status, attention, error_code: String::new(), ..query.filter.clone() };
        JobQuery { filter, before: None, ..query.clone() }
    }
}

#[component]
pub fn States(list: JobList) -> impl IntoView {
    view! {
        <nav class="states" aria-label="States">
            <ul>{State::ALL.map(|state| entry(state, list)).collect_view()}</ul>
        </nav>
    }
    .seal()
}

fn entry(state: State, list: JobList) -> Sealed {
    let href = move || address::of_jobs(&state.chosen(&list.query.read()));
    let current = move || if state.is_of(&list.query.read().filter) { "true" } else { "false" };
    let status = match state {
        State::Of(status) => Some(status),
        _ => None,
    };
    view! {
        <li class=format!("state state-{}", state.name()) data-testid=format!("stat-{}", state.name())>
            <a href=text(href) data-view="" aria-current=word(current) data-testid=format!("filter-{}", state.name())>
                {status.map(|status| view! { <StateIcon status/> })}
                <span class="state-label">{state.label()}</span>
                <span class="state-count" data-testid="stat-value">
                    {text(move || format::count(state.count(&list.stats.read())))}
                </span>
            </a>
        </li>
    }
    .seal()
}
