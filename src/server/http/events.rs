//! `GET /jobs/events`: what happens to jobs, as server-sent events.
//!
//! A subscriber asks the store for what changed after its own number, and not again before `PACE` has passed, so
//! changes that come faster collapse into each job's newest state and nobody is ever replayed to.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;
use utoipa::ToSchema;

use super::contract::parameters;
use super::extract::Query;
use crate::domain::parameters::{NEXT_NUMBER, parsed};
use crate::domain::{JobEvent, JobStats, Limits, Problem, QueueState};
use crate::server::jobs::{JobManager, JobsError, SlotsInUse};
use crate::server::state::AppState;

/// Between two looks at the store lies at least this long.
const PACE: Duration = Duration::from_millis(80);

/// Changes taken from the store at once.
const CHANGES: u32 = 500;

/// Silence after which a sign of life is sent.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Where to start when there is no `Last-Event-ID`, which browsers send only when they reconnect.
#[derive(Debug, Deserialize)]
pub struct EventParameters {
    after: Option<String>,
}

/// An event as it comes.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only its attributes are read")]
struct EventMessage {
    /// `job`, `removed`, `stats`, `queue`, `reset` or `ping`.
    event: String,
    /// The number of the change it tells.
    #[schema(nullable = false)]
    id: Option<String>,
    /// JSON.
    #[schema(content_media_type = "application/json")]
    data: String,
}

/// What happens to jobs, as server-sent events.
///
/// Sends jobs that change from now on, or from `Last-Event-ID` or `?after=` on.
#[utoipa::path(
    get,
    path = "/jobs/events",
    operation_id = "follow_jobs",
    tag = "jobs",
    params(
        parameters::After,
        parameters::LastEvent,
    ),
    responses((
        status = 200, body = EventMessage, content_type = "text/event-stream",
        description = "Events `job` (a Job), `removed` (its job_id), `stats` (JobStats), `queue` (a QueueState), `reset` \
                       (load everything anew) and `ping`. The id of an event is the number of its change."
    )),
    security((), ("bearer" = ["read"])),
    extensions(("x-problems" = json!(["too_many_event_streams"])))
)]
pub async fn events(
    State(state): State<AppState>,
    headers: HeaderMap,
    Query(parameters): Query<EventParameters>,
) -> Result<impl IntoResponse, Problem> {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let last = parsed("Last-Event-ID", last, NEXT_NUMBER)?;
    let after = parsed("after", parameters.after.as_deref(), NEXT_NUMBER)?;
    let after = last.or(after);
    let place = state.places.event_streams.clone().try_acquire_owned();
    let place = place.map_err(|_| too_many_streams(&state.limits))?;
    let subscription = Subscription::new(state.jobs.clone(), after, place);
    // Otherwise an open stream would keep a stopping server waiting.
    let events = subscription.events().take_until(state.stopping.clone().cancelled_owned());
    // A named event, because scripts in a page never see comments.
    let ping = KeepAlive::new().interval(KEEP_ALIVE).event(Event::default().event(PING).data("{}"));
    Ok(Sse::new(events).keep_alive(ping))
}

fn too_many_streams(limits: &Limits) -> Problem {
    let most = limits.max_event_streams;
    let detail = format!(
        "{most} event streams are open, as many as this server serves (--max-event-streams). Try again later, or ask \
         for /jobs now and then."
    );
    Problem::new(429, "too_many_event_streams", detail)
}

struct Subscription {
    jobs: JobManager,
    changes: watch::Receiver<u64>,
    slots: watch::Receiver<SlotsInUse>,
    after: u64,
    ready: VecDeque<Event>,
    stats: Option<JobStats>,
    queue: Option<QueueState>,
    looked: Option<Instant>,
    /// Its place among the streams. One whose reader takes nothing is ended with its connection.
    _place: OwnedSemaphorePermit,
}

impl Subscription {
    fn new(jobs: JobManager, after: Option<u64>, place: OwnedSemaphorePermit) -> Self {
        let mut changes = jobs.watch();
        changes.mark_changed();
        let after = after.unwrap_or_else(|| jobs.latest_change());
        Self {
            slots: jobs.watch_slots(),
            jobs,
            changes,
            after,
            ready: VecDeque::new(),
            stats: None,
            queue: None,
            looked: None,
            _place: place,
        }
    }

    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut subscription| async move {
            let event = subscription.next().await?;
            Some((Ok(event), subscription))
        })
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let changed = tokio::select! {
                changed = self.changes.changed() => changed,
                changed = self.slots.changed() => changed,
            };
            changed.ok()?;
            if let Some(looked) = self.looked {
                tokio::time::sleep_until(looked + PACE).await;
            }
            self.looked = Some(Instant::now());
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "an event stream ended because the store failed");
                return None;
            }
        }
    }

    async fn look(&mut self) -> Result<(), JobsError> {
        self.changes.mark_unchanged();
        self.slots.mark_unchanged();
        let changes = self.jobs.changes(self.after, CHANGES).await?;
        if changes.too_old {
            self.after = self.jobs.latest_change();
            self.ready.push_back(Event::default().event(RESET).id(self.after.to_string()).data("{}"));
        }
        if changes.events.len() == CHANGES as usize {
            // There is more to take after this.
            self.changes.mark_changed();
        }
        for (seq, event) in changes.events {
            self.after = seq;
            self.ready.push_back(message(&event).id(seq.to_string()));
        }
        let stats = self.jobs.stats().await?;
        if self.stats.replace(stats) != Some(stats) {
            self.ready.push_back(message(&JobEvent::Stats(stats)));
        }
        let queue = self.jobs.queue_beside(&stats).await?;
        if self.queue.as_ref() != Some(&queue) {
            self.queue = Some(queue.clone());
            self.ready.push_back(message(&JobEvent::Queue(queue)));
        }
        Ok(())
    }
}

/// Sent when nothing happens, so that a page can tell a quiet stream from a dead one.
const PING: &str = "ping";

/// Told to a subscriber who was away for too long: load everything anew.
const RESET: &str = "reset";

fn message(event: &JobEvent) -> Event {
    let data = serde_json::to_string(event).unwrap_or_default();
    Event::default().event(event.name()).data(data)
}
