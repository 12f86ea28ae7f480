//! The live list of jobs, and what can be done to one of them or to many.
//!
//! Around it the server wrote the states, the queue, the filter and the causes. It follows what is chosen there, asks
//! for these parts anew when it must, and keeps their numbers current.

mod blocks;
mod held;
pub(in crate::app) mod list;
mod news;
mod row;
mod row_keys;
mod selection;
mod side;
mod table;
mod view_links;

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlFormElement, SubmitEvent};

pub use self::selection::Act;

use self::held::Held;
use self::list::JobList;
use self::news::News;
use self::selection::Selection;
use self::table::{JobTable, ShowMore};
use super::components::{ConfirmDialog, DismissableProblem, JobActions, LiveSwitch, Seal, effect, holds};
use super::live::{Changes, follow};
use super::parts::{Part, refresh};
use super::{address, clock, desk};
use crate::domain::{Job, JobQuery, JobSelection, JobStatus, json};
use crate::server_fns::{list_jobs, queue_places};

/// How often the charts are brought up to date.
const CHARTS: Duration = Duration::from_secs(30);
/// How often the places of waiting jobs are.
const PLACES: Duration = Duration::from_secs(1);
/// So many places are asked for.
const MOST_PLACES: usize = 200;

/// What it shows at first comes from the page; from then on the event stream keeps it current, and what is chosen
/// stands in the page's address.
#[island]
pub fn LiveJobs(
    /// What it shows, as the page's address says it.
    address: String,
    /// The jobs and all around them, as JSON: an island also writes what it was given, and a text costs no code.
    view: String,
) -> impl IntoView {
    // Fails only for a page of another version.
    let view = json::read(&view).unwrap_or_default();
    let list = JobList::new(address::jobs_at(&address), view);
    let loader = Loader { list, request: StoredValue::new(0), loading: StoredValue::new(false) };
    let held = Held::new(Callback::new(move |changes| loader.apply(changes)));
    follow(
        list.live,
        holds(|| true),
        Callback::new(move |changes| held.take(changes)),
        Callback::new(move |()| loader.load_again()),
    );
    let changed = move |job: Job| {
        held.let_pass(job.job_id);
        loader.apply(Changes { jobs: vec![job], ..Changes::default() });
    };
    let actions = JobActions::new(Callback::new(changed));
    let choose = Callback::new(move |query| {
        loader.load(query);
        refresh(&[Part::Activity, Part::States, Part::Filter, Part::Chosen, Part::Empty]);
    });
    effect(move || {
        view_links::follow(choose);
        row_keys::listen();
        desk::on(&document(), "submit", move |event| take_form(&event, list, actions));
        regularly(CHARTS, || refresh(&[Part::Activity]));
        regularly(PLACES, move || loader.load_places());
    });
    side::follow(list);
    let empty = holds(move || list.rows.read().is_empty());
    effect(move || show_if(Part::Empty.id(), empty.get()));
    view! {
        <div class="live-list" on:pointerover=held.enter() on:pointerleave=held.leave()>
            <LiveSwitch live=list.live/>
            <DismissableProblem problem=actions.problem/>
            <div class="list">
                <Selection list actions/>
                <JobTable list actions/>
            </div>
            <ShowMore list problem=actions.problem/>
            <News stats=list.stats/>
            <ConfirmDialog question=actions.question testid="confirm-cancel"/>
        </div>
    }
    .seal()
}

/// Takes over the forms that the server wrote around the list.
fn take_form(event: &Event, list: JobList, actions: JobActions) {
    let Some(form) = event.target().and_then(|it| it.dyn_into::<HtmlFormElement>().ok()) else { return };
    let has = |what: &str| form.matches(what).unwrap_or_default();
    if has(".queue form") {
        event.prevent_default();
        if let Some(event) = event.dyn_ref::<SubmitEvent>() {
            side::send_queue_form(list, actions.problem, &form, event);
        }
    } else if has(".filter-bar") {
        // Its fields are followed as they change.
        event.prevent_default();
    } else if let Some(act) = form.get_attribute("data-act").and_then(|it| Act::named(&it)) {
        event.prevent_default();
        let words = |name: &str| form.get_attribute(name).unwrap_or_default();
        let filter = address::jobs_at(&words("data-chosen")).filter;
        let count = words("data-count").parse().unwrap_or_default();
        selection::ask(actions, act, JobSelection { filter, ids: Vec::new() }, count);
    }
}

/// Loads the list from the server: another view, or what the stream cannot tell.
#[derive(Clone, Copy)]
struct Loader {
    list: JobList,
    /// The number of the latest request: only that counts.
    request: StoredValue<u32>,
    /// Its answer is awaited.
    loading: StoredValue<bool>,
}

impl Loader {
    fn apply(self, changes: Changes) {
        let were = self.list.rows.read_untracked().len();
        self.list.apply(changes, clock::now());
        self.load_if_needed();
        if were > 0 && self.list.rows.read_untracked().is_empty() {
            refresh(&[Part::Empty]);
        }
    }

    fn load_if_needed(self) {
        if self.list.needs_the_server() {
            self.load_again();
        }
    }

    /// One request at a time: who asks again before an answer has come would never see one.
    fn load_again(self) {
        if self.loading.get_value() {
            return;
        }
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
        self.loading.set_value(true);
        spawn_local(async move {
            let answer = list_jobs(query.clone()).await;
            if self.request.get_value() != number {
                return;
            }
            self.loading.set_value(false);
            // On an error the list stays as it is: the stream, or the next poll, brings it up to date.
            if let Ok(view) = answer {
                self.list.load(query, view);
                // For what came meanwhile.
                self.load_if_needed();
            }
        });
    }
}

/// Shows or hides what the server wrote for an empty list.
fn show_if(id: &str, shown: bool) {
    if let Some(element) = document().get_element_by_id(id) {
        let _ = element.toggle_attribute_with_force("hidden", !shown);
    }
}

/// Does something now and then, while the page can be seen.
fn regularly(period: Duration, work: impl Fn() + 'static) {
    let when_seen: Box<dyn Fn()> = Box::new(move || {
        if !document().hidden() {
            work();
        }
    });
    let _ = set_interval_with_handle(when_seen, period);
}
