//! `<JobManager/>`: the numbers, the live list of jobs, and what can be done to each job.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::components::{
    ConfirmDialog, DismissableProblem, EmptyState, JobActions, JobRow, LiveSwitch, Seal,
    Sealed, StatCard, each, flag, on_click, part, text, word,
};
use super::job_list::{JobList, PAGE, Row, Window};
use super::live::{Changes, follow};
use super::{clock, format};
use crate::domain::{Job, JobChoice, JobFilter, JobStats, JobStatus, JobsView};
use crate::server_fns::list_jobs;

/// The job manager: statistics, filter, and the list of jobs, kept current by the event stream.
#[island]
pub fn JobManager(view: JobsView, window: Window) -> impl IntoView {
    let list = JobList::new();
    list.load(window, view);
    let wanted = Memo::new(move |_| window);
    view! {
        <section class="job-manager" aria-label="Jobs">
            <JobBoard list wanted/>
        </section>
    }
    .seal()
}

/// Loads the list again from the server: another filter, or the stream cannot tell what was missed.
fn reload(list: JobList, window: Window, request: StoredValue<u32>) {
    let number = request.get_value() + 1;
    request.set_value(number);
    spawn_local(async move {
        let limit = window.limit.min(JobFilter::MAX_LIMIT);
        let answer = list_jobs(window.choice, window.before, limit).await;
        // Only the latest request counts, and the page may have been left meanwhile. On an error
        // the list stays as it is: the stream, or the next poll, brings it up to date.
        if let (Ok(view), Some(true)) = (answer, request.try_get_value().map(|it| it == number)) {
            list.load(window, view);
        }
    });
}

/// Everything that stands on loaded data.
#[component]
fn JobBoard(list: JobList, wanted: Memo<Window>) -> impl IntoView {
    let request = StoredValue::new(0);
    Effect::new(move |_| {
        let wanted = wanted.get();
        let shown = list.window.get_untracked();
        if (wanted.choice, wanted.before) != (shown.choice, shown.before) {
            reload(list, wanted, request);
        }
    });
    let reload_now = move || reload(list, Window { ..list.window.get_untracked() }, request);
    follow(
        list.live,
        Memo::new(|_| true),
        Callback::new(move |changes| {
            list.apply(changes);
            if list.runs_short() {
                reload_now();
            }
        }),
        Callback::new(move |()| reload_now()),
    );
    let changed = move |job: Job| list.apply(Changes { jobs: vec![job], ..Changes::default() });
    let actions = JobActions::new(Callback::new(changed));
    view! {
        <Numbers list/>
        <div class="list-head">
            <Filters list wanted/>
            <LiveSwitch live=list.live/>
        </div>
        <DismissableProblem problem=actions.problem/>
        <JobTable list actions/>
        <ShowMore list actions/>
        <ConfirmDialog question=actions.question testid="confirm-cancel"/>
    }
    .seal()
}

#[component]
fn Numbers(list: JobList) -> impl IntoView {
    let number = |of: fn(&JobStats) -> u64| text(move || format::count(of(&list.stats.read())));
    view! {
        <dl class="stats">
            <StatCard label="Total" name="total" value=number(|it| it.total_jobs)/>
            <StatCard label="Pending" name="pending" value=number(|it| it.pending)/>
            <StatCard label="Running" name="running" value=number(|it| it.running)/>
            <StatCard label="Completed" name="completed" value=number(|it| it.completed)/>
            <StatCard label="Failed" name="failed" value=number(|it| it.failed)/>
            <StatCard label="Cancelled" name="cancelled" value=number(|it| it.cancelled)/>
            <StatCard label="Chunks" name="chunks" value=number(|it| it.total_chunks_created)/>
        </dl>
    }
    .seal()
}

/// Plain links: each filter is a page of its own.
#[component]
fn Filters(list: JobList, wanted: Memo<Window>) -> impl IntoView {
    let path = Memo::new(|_| "/".to_owned());
    let link = move |choice: JobChoice| {
        let name = match choice {
            JobChoice::All => "all",
            JobChoice::Status(status) => status.as_str(),
            JobChoice::Warned => "warnings",
        };
        let href = move || address(&path.read(), choice, None);
        let current = move || if wanted.get().choice == choice { "true" } else { "false" };
        view! {
            <li>
                <a href=text(href) data-noscroll="" aria-current=word(current) data-testid=format!("filter-{name}")>
                    {name}
                </a>
            </li>
        }
        .seal()
    };
    let older = part(move || {
        wanted.get().before.is_some().then(|| {
            let href = move || address(&path.read(), wanted.get().choice, None);
            view! { <a class="newest" href=text(href)>"Back to the newest"</a> }.seal()
        })
    });
    let busy = text(move || (wanted.get().choice != list.window.get().choice).to_string());
    view! {
        <nav class="filters" aria-label="Filter" aria-busy=busy>
            <ul>
                {link(JobChoice::All)}
                {JobStatus::ALL.map(|status| link(JobChoice::Status(status))).collect_view()}
                {link(JobChoice::Warned)}
            </ul>
            {older}
        </nav>
    }
    .seal()
}

#[component]
fn JobTable(list: JobList, actions: JobActions) -> impl IntoView {
    let now = clock::present();
    let empty = Memo::new(move |_| list.rows.read().is_empty());
    let row = move |row: Row| {
        let job = RwSignal::from(row.job);
        view! { <JobRow job now actions/> }.seal()
    };
    view! {
        <table class="jobs" role="table" aria-label="Jobs, newest first" hidden=flag(move || empty.get())>
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col">"Job"</th>
                    <th role="columnheader" scope="col">"Status"</th>
                    <th role="columnheader" scope="col" class="cell-number">"Items"</th>
                    <th role="columnheader" scope="col" class="cell-number">"Chunks"</th>
                    <th role="columnheader" scope="col">"Times (UTC)"</th>
                    <th role="columnheader" scope="col" class="cell-number">"Duration"</th>
                    <th role="columnheader" scope="col"><span class="visually-hidden">"Actions"</span></th>
                </tr>
            </thead>
            <tbody role="rowgroup">
                {each(move || list.rows.get(), |row| row.id.0.as_u128(), row)}
            </tbody>
        </table>
        {part(move || empty.get().then(|| nothing(list.window.get().choice)))}
    }
    .seal()
}

fn nothing(choice: JobChoice) -> Sealed {
    match choice {
        JobChoice::All => view! {
            <EmptyState title="No jobs yet">"Add a file or paste a text above; its job appears here."</EmptyState>
        }
        .seal(),
        JobChoice::Warned => view! {
            <EmptyState title="No jobs with warnings">"A job warns of what was read in part, or guessed."</EmptyState>
        }
        .seal(),
        JobChoice::Status(status) => view! {
            <EmptyState title=format!("No {status} jobs")>"Jobs appear here as soon as they match."</EmptyState>
        }
        .seal(),
    }
}

/// How many are shown, and the way to older ones: more of them in place, or a page of its own
/// without JavaScript.
#[component]
fn ShowMore(list: JobList, actions: JobActions) -> impl IntoView {
    let path = Memo::new(|_| "/".to_owned());
    let busy = RwSignal::new(false);
    let href = move || address(&path.read(), list.window.get().choice, list.last().map(|id| id.to_string()));
    let show_more = move |event: leptos::ev::MouseEvent| {
        // A list that is as long as the server gives at once continues on a page of its own.
        let full = list.window.get_untracked().limit >= JobFilter::MAX_LIMIT;
        if full || event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key() {
            return;
        }
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let choice = list.window.get_untracked().choice;
        let before = untrack(|| list.last());
        spawn_local(async move {
            let answer = list_jobs(choice, before, PAGE).await;
            busy.try_set(false);
            // Another filter may have been chosen, or the page left, meanwhile.
            if list.window.try_get_untracked().map(|it| it.choice) != Some(choice) {
                return;
            }
            match answer {
                Ok(view) => list.append(view),
                Err(problem) => actions.problem.set(Some(problem)),
            }
        });
    };
    let shown = move || {
        let window = list.window.get();
        let stats = list.stats.get();
        let shown = list.rows.read().len();
        match window.choice {
            JobChoice::All => format!("{shown} of {}", stats.total_jobs),
            JobChoice::Status(status) => format!("{shown} of {}", stats.of(status)),
            JobChoice::Warned => shown.to_string(),
        }
    };
    let more = part(move || {
        list.more.get().then(|| {
            view! {
                <a
                    class="button"
                    data-testid="show-more"
                    href=text(href)
                    aria-disabled=text(move || busy.get().to_string())
                    on:click=on_click(show_more)
                >
                    "Show more"
                </a>
            }
            .seal()
        })
    });
    view! { <div class="list-foot">{more} <span class="muted">{text(shown)}</span></div> }.seal()
}

fn address(path: &str, choice: JobChoice, before: Option<String>) -> String {
    let choice = match choice {
        JobChoice::All => None,
        JobChoice::Status(status) => Some(format!("status={status}")),
        JobChoice::Warned => Some("warnings=true".to_owned()),
    };
    let query: Vec<_> = choice.into_iter().chain(before.map(|id| format!("before={id}"))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_only_what_is_chosen() {
        assert_eq!(address("/", JobChoice::All, None), "/");
        assert_eq!(address("/", JobChoice::Warned, None), "/?warnings=true");
        assert_eq!(address("/", JobChoice::Status(JobStatus::Failed), None), "/?status=failed");
        assert_eq!(
            address("/x", JobChoice::Status(JobStatus::Failed), Some("7".into())),
            "/x?status=failed&before=7"
        );
    }
}
