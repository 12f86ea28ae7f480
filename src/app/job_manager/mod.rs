//! `<JobManager/>`: the states of jobs and the queue on the left, and beside them the live list, what was chosen of
//! it, and what can be done to one job or many.

mod causes;
mod filter_bar;
mod held;
pub(in crate::app) mod list;
mod news;
mod queue_panel;
mod row_keys;
mod selection;
mod states;
mod table;
mod view_links;

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use self::causes::Causes;
use self::filter_bar::FilterBar;
use self::held::Held;
use self::list::JobList;
use self::news::News;
use self::queue_panel::QueuePanel;
use self::selection::Selection;
use self::states::States;
use self::table::{JobTable, ShowMore};
use super::components::{ConfirmDialog, DismissableProblem, JobActions, LiveSwitch, Seal, effect, holds};
use super::live::{Changes, follow, refresh};
use super::{activity, address, clock};
use crate::domain::{Job, JobCause, JobQuery, JobStatus, JobsView};
use crate::server_fns::{list_causes, list_jobs, queue_places};

/// How often the charts are brought up to date.
const CHARTS: Duration = Duration::from_secs(30);
/// How often the places of waiting jobs are.
const PLACES: Duration = Duration::from_secs(3);
/// So many places are asked for.
const MOST_PLACES: usize = 200;

/// The job manager. What it shows at first comes from the page; from then on the event stream keeps it current,
/// and what is chosen stands in the page's address.
#[island]
pub fn JobManager(
    /// What it shows, as the page's address says it.
    address: String,
    view: JobsView,
    causes: Vec<JobCause>,
) -> impl IntoView {
    let list = JobList::new(address::jobs_at(&address), view);
    let causes = RwSignal::new(causes);
    let loader = Loader { list, causes, request: StoredValue::new(0) };
    let held = Held::new(Callback::new(move |changes| loader.apply(changes)));
    follow(
        list.live,
        holds(|| true),
        Callback::new(move |changes| held.take(changes)),
        Callback::new(move |()| loader.load_again()),
    );
    let go = Callback::new(move |query: JobQuery| {
        view_links::show_address(address::of_jobs(&query));
        loader.load(query);
    });
    view_links::follow(Callback::new(move |query| loader.load(query)), go);
    effect(move || row_keys::listen());
    regularly(CHARTS, || refresh(activity::ID));
    regularly(PLACES, move || loader.load_places());
    let changed = move |job: Job| loader.apply(Changes { jobs: vec![job], ..Changes::default() });
    let actions = JobActions::new(Callback::new(changed));
    view! {
        <section class="job-manager" aria-label="Jobs" on:pointerover=held.enter() on:pointerleave=held.leave()>
            <div class="side">
                <States list/>
                <QueuePanel queue=list.queue problem=actions.problem/>
            </div>
            <div class="board">
                <div class="list-head">
                    <FilterBar list go/>
                    <LiveSwitch live=list.live/>
                </div>
                <DismissableProblem problem=actions.problem/>
                <Causes list causes actions/>
                <div class="list">
                    <Selection list actions/>
                    <JobTable list actions/>
                </div>
                <ShowMore list problem=actions.problem/>
            </div>
            <News stats=list.stats/>
            <ConfirmDialog question=actions.question testid="confirm-cancel"/>
        </section>
    }
    .seal()
}

/// Loads the list from the server: another view, or what the stream cannot tell.
#[derive(Clone, Copy)]
struct Loader {
    list: JobList,
    causes: RwSignal<Vec<JobCause>>,
    request: StoredValue<u32>,
}

impl Loader {
    fn apply(self, changes: Changes) {
        self.list.apply(changes, clock::now());
        if self.list.needs_the_server() {
            self.load_again();
        }
    }

    fn load_again(self) {
        let query = self.list.query.get_untracked();
        let limit = self.list.length().clamp(1, JobQuery::MAX_LIMIT);
        self.load(JobQuery { limit, ..query });
    }

    /// Asks where the waiting jobs on show stand.
    fn load_places(self) {
        let rows = self.list.rows.read_untracked();
        let waits = |job: &Job| (job.status == JobStatus::Pending).then_some(job.job_id);
        let ids: Vec<_> =
            rows.iter().filter_map(|row| waits(&row.job.read_untracked())).take(MOST_PLACES).collect();
        if ids.is_empty() {
            return;
        }
        spawn_local(async move {
            if let Ok(places) = queue_places(ids).await {
                let places = places.into_iter().collect();
                if *self.list.places.read_untracked() != places {
                    self.list.places.set(places);
                }
            }
        });
    }

    fn load(self, query: JobQuery) {
        let number = self.request.get_value() + 1;
        self.request.set_value(number);
        spawn_local(async move {
            if query.filter.attention
                && let Ok(found) = list_causes().await
            {
                self.causes.set(found);
            }
            // Only the latest request counts. On an error the list stays as it is: the stream, or the next poll,
            // brings it up to date.
            if let Ok(view) = list_jobs(query.clone()).await
                && self.request.get_value() == number
            {
                self.list.load(query, view);
            }
        });
    }
}

/// Does something now and then, while the page can be seen.
fn regularly(period: Duration, work: impl Fn() + Clone + 'static) {
    effect(move || {
        let work = work.clone();
        let when_seen = move || {
            if !document().hidden() {
                work();
            }
        };
        let _ = set_interval_with_handle(when_seen, period);
    });
}
