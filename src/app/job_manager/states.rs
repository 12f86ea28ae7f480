//! The states of jobs with their counts; each is a view of its own. The list keeps the counts current.

use leptos::prelude::*;

use crate::app::components::{Seal, Sealed, StateMark};
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
        query.in_state_of(&JobQuery::newest(JobFilter { status, attention, ..JobFilter::default() }))
    }
}

#[component]
pub fn States(stats: JobStats, query: JobQuery) -> impl IntoView {
    view! {
        <nav class="states" aria-label="States">
            <ul>{State::ALL.map(|state| entry(state, &stats, &query)).collect_view()}</ul>
        </nav>
    }
    .seal()
}

fn entry(state: State, stats: &JobStats, query: &JobQuery) -> Sealed {
    let name = state.name();
    let current = if state.is_of(&query.filter) { "true" } else { "false" };
    let mark = match state {
        State::Of(status) => Some(view! { <StateMark status/> }),
        _ => None,
    };
    view! {
        <li class="state" data-testid=format!("stat-{name}")>
            <a
                id=format!("state-{name}")
                href=address::of_jobs(&state.chosen(query))
                data-view=""
                aria-current=current
                data-testid=format!("filter-{name}")
            >
                {mark}
                <span>{state.label()}</span>
                <span class="state-count" data-testid="stat-value">{format::count(state.count(stats))}</span>
            </a>
        </li>
    }
    .seal()
}
