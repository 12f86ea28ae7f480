//! One open event stream, with its timers. Runs in the browser only.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{EventSource, MessageEvent};

use super::{Live, LiveState, Loaded};
use crate::app::components::later;
use crate::domain::event::RemovedJob;
use crate::domain::{Job, JobEvent, JobId, JobStats, QueueState, json};

/// The event that says: this cursor is too old, load the view again.
const RESET: &str = "reset";
/// An event that only says the server is there.
const PING: &str = "ping";
/// Events are gathered for so long before they reach the view.
const GATHER: Duration = Duration::from_millis(30);
/// So many changed jobs go to the view at once, and the others right after: more would hold up what a person does
/// meanwhile.
const AT_ONCE: usize = 8;
/// How often the state of the stream is looked at.
const TICK: Duration = Duration::from_secs(1);
/// While the stream is broken, the server is asked this often.
const POLL_MS: f64 = 3_000.0;
/// A stream that says nothing for so long is checked: a sleeping laptop's may be dead unnoticed.
const QUIET_MS: f64 = 25_000.0;
/// A stream that does not open in this time counts as broken.
const OPENING_MS: f64 = 5_000.0;

/// What the stream has told since the view was last brought up to date.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Each job once, in its newest state.
    pub jobs: Vec<Job>,
    pub removed: Vec<JobId>,
    pub stats: Option<JobStats>,
    pub queue: Option<QueueState>,
}

impl Changes {
    fn changed(&mut self, job: Job) {
        match self.jobs.iter_mut().find(|it| it.job_id == job.job_id) {
            Some(older) => *older = job,
            None => self.jobs.push(job),
        }
    }

    /// Takes out what goes to the view at once.
    fn take_some(&mut self) -> Self {
        let left = self.jobs.split_off(self.jobs.len().min(AT_ONCE));
        std::mem::replace(self, Self { jobs: left, ..Self::default() })
    }

    fn removed(&mut self, id: JobId) {
        self.jobs.retain(|it| it.job_id != id);
        self.removed.push(id);
    }
}

/// An open stream; closes when dropped.
pub struct Connection(Rc<Stream>);

impl Connection {
    pub fn open(live: Live, apply: Callback<Changes>, reload: Callback<()>) -> Self {
        let now = js_sys::Date::now();
        let stream = Rc::new(Stream {
            live,
            apply,
            reload,
            source: RefCell::new(None),
            handlers: RefCell::new(None),
            gathered: RefCell::new(Changes::default()),
            gathering: Cell::new(None),
            ticking: Cell::new(None),
            must_reopen: Cell::new(false),
            opened_at: Cell::new(now),
            heard_at: Cell::new(now),
            asked_at: Cell::new(0.0),
        });
        stream.handlers.replace(Some(Handlers::of(&stream)));
        stream.open();
        let ticking = Rc::clone(&stream);
        stream.ticking.set(set_interval_with_handle(move || ticking.tick(), TICK).ok());
        Self(stream)
    }

    pub fn stream(&self) -> Rc<Stream> {
        Rc::clone(&self.0)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The browser's callbacks, alive as long as the connection.
struct Handlers {
    message: Closure<dyn FnMut(MessageEvent)>,
    open: Closure<dyn FnMut()>,
    error: Closure<dyn FnMut()>,
}

impl Handlers {
    fn of(stream: &Rc<Stream>) -> Self {
        let (message, open, error) = (Rc::clone(stream), Rc::clone(stream), Rc::clone(stream));
        Self {
            message: Closure::new(move |event: MessageEvent| message.hear(&event)),
            open: Closure::new(move || open.has_opened()),
            error: Closure::new(move || error.has_failed()),
        }
    }
}

pub struct Stream {
    live: Live,
    apply: Callback<Changes>,
    reload: Callback<()>,
    source: RefCell<Option<EventSource>>,
    handlers: RefCell<Option<Handlers>>,
    gathered: RefCell<Changes>,
    gathering: Cell<Option<TimeoutHandle>>,
    ticking: Cell<Option<IntervalHandle>>,
    /// The server has said that it cannot go on from our cursor.
    must_reopen: Cell<bool>,
    opened_at: Cell<f64>,
    heard_at: Cell<f64>,
    asked_at: Cell<f64>,
}

impl Stream {
    /// Opens the stream from the cursor on, in place of an open one.
    fn open(&self) {
        if let Some(old) = self.source.take() {
            old.close();
        }
        let now = js_sys::Date::now();
        self.opened_at.set(now);
        self.heard_at.set(now);
        self.must_reopen.set(false);
        let cursor = self.live.cursor.try_get_value().unwrap_or_default();
        let Ok(source) = EventSource::new(&format!("/jobs/events?after={cursor}")) else { return };
        if let Some(handlers) = self.handlers.borrow().as_ref() {
            source.set_onopen(Some(handlers.open.as_ref().unchecked_ref()));
            source.set_onerror(Some(handlers.error.as_ref().unchecked_ref()));
            for name in [JobEvent::JOB, JobEvent::REMOVED, JobEvent::STATS, JobEvent::QUEUE, RESET, PING] {
                // Fails only without a handler, and there is one.
                let _ =
                    source.add_event_listener_with_callback(name, handlers.message.as_ref().unchecked_ref());
            }
        }
        self.source.replace(Some(source));
    }

    fn close(&self) {
        if let Some(source) = self.source.take() {
            source.close();
        }
        if let Some(ticking) = self.ticking.take() {
            ticking.clear();
        }
        if let Some(gathering) = self.gathering.take() {
            gathering.clear();
        }
        self.handlers.take();
    }

    fn hear(self: &Rc<Self>, event: &MessageEvent) {
        self.heard_at.set(js_sys::Date::now());
        if let Ok(seq) = event.last_event_id().parse() {
            self.live.cursor.try_set_value(seq);
        }
        let data = event.data().as_string().unwrap_or_default();
        let mut gathered = self.gathered.borrow_mut();
        // What cannot be read comes from another version of the server; a reload of the page helps,
        // and until then the other events still do.
        match event.type_().as_str() {
            JobEvent::JOB => {
                if let Ok(job) = json::read(&data) {
                    gathered.changed(job);
                }
            }
            JobEvent::REMOVED => {
                if let Ok(RemovedJob { job_id }) = json::read(&data) {
                    gathered.removed(job_id);
                }
            }
            JobEvent::STATS => gathered.stats = json::read(&data).ok().or(gathered.stats),
            JobEvent::QUEUE => {
                if let Ok(queue) = json::read(&data) {
                    gathered.queue = Some(queue);
                }
            }
            RESET => {
                self.must_reopen.set(true);
                drop(gathered);
                return self.ask();
            }
            _ => return,
        }
        drop(gathered);
        if self.gathering.get().is_none() {
            self.flush_after(GATHER);
        }
    }

    fn flush_after(self: &Rc<Self>, pause: Duration) {
        let stream = Rc::clone(self);
        self.gathering.set(later(move || stream.flush(), pause));
    }

    /// Always on its own and never while events are heard: many of them come in one go.
    fn flush(self: &Rc<Self>) {
        self.gathering.take();
        let changes = self.gathered.borrow_mut().take_some();
        let _ = self.apply.try_run(changes);
        if !self.gathered.borrow().jobs.is_empty() {
            self.flush_after(Duration::ZERO);
        }
    }

    fn has_opened(&self) {
        self.heard_at.set(js_sys::Date::now());
        self.show(LiveState::Live);
    }

    fn has_failed(&self) {
        self.show(LiveState::Reconnecting);
    }

    fn show(&self, state: LiveState) {
        if self.live.state.try_get_untracked() != Some(state) {
            self.live.state.try_set(state);
        }
    }

    /// The browser opens a broken stream again by itself, unless the server refused it.
    fn is_open(&self) -> bool {
        self.source.borrow().as_ref().is_some_and(|it| it.ready_state() == EventSource::OPEN)
    }

    fn is_closed(&self) -> bool {
        self.source.borrow().as_ref().is_none_or(|it| it.ready_state() == EventSource::CLOSED)
    }

    fn tick(&self) {
        let now = js_sys::Date::now();
        let due = if self.is_open() {
            self.heard_at.get() + QUIET_MS
        } else {
            if now - self.opened_at.get() > OPENING_MS {
                self.show(LiveState::Reconnecting);
            }
            self.opened_at.get() + POLL_MS
        };
        if now >= due && now - self.asked_at.get() >= POLL_MS {
            self.ask();
        }
    }

    fn ask(&self) {
        self.asked_at.set(js_sys::Date::now());
        let _ = self.reload.try_run(());
    }

    /// Goes on from the view that was just loaded, if the stream cannot go on by itself.
    pub(super) fn view_was_loaded(&self, loaded: Loaded) {
        let quiet = js_sys::Date::now() - self.heard_at.get() >= QUIET_MS;
        if loaded.behind || self.must_reopen.get() || self.is_closed() || (quiet && loaded.ahead) {
            self.open();
        } else if quiet {
            self.heard_at.set(js_sys::Date::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::live_jobs::list::tests::job;
    use crate::domain::JobStatus::{Completed, Pending, Running};

    #[test]
    fn each_job_is_gathered_once_in_its_newest_state() {
        let mut changes = Changes::default();
        changes.changed(job(1, Pending, 1));
        changes.changed(job(2, Pending, 2));
        changes.changed(job(1, Running, 3));
        let states: Vec<_> = changes.jobs.iter().map(|it| (it.seq, it.status)).collect();
        assert_eq!(states, [(3, Running), (2, Pending)]);
    }

    #[test]
    fn many_changes_go_to_the_view_in_lots_and_each_once() {
        let mut changes = Changes::default();
        for id in 1..=AT_ONCE as u64 + 1 {
            changes.changed(job(id.into(), Pending, id));
        }
        changes.removed(job(99, Completed, 99).job_id);
        let (first, second) = (changes.take_some(), changes.take_some());
        assert_eq!((first.jobs.len(), first.removed.len()), (AT_ONCE, 1));
        assert_eq!((second.jobs.len(), second.removed.len()), (1, 0));
        assert_eq!(second.jobs[0].seq, AT_ONCE as u64 + 1);
        assert!(changes.jobs.is_empty());
    }

    #[test]
    fn a_removed_job_is_not_shown_again_by_what_was_told_before() {
        let mut changes = Changes::default();
        let gone = job(1, Completed, 1);
        changes.changed(gone.clone());
        changes.removed(gone.job_id);
        assert!(changes.jobs.is_empty());
        assert_eq!(changes.removed, [gone.job_id]);
    }
}
