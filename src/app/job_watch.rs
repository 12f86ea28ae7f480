//! Keeps a job's page current while the job runs: what the server wrote of it is asked for anew when something happened.

use std::cell::Cell;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::components::{LiveSwitch, Seal, holds, later};
use super::live::{Changes, Live, follow};
use super::parts::{Part, refresh};
use crate::domain::JobId;
use crate::server_fns::follow_job;

/// Between two refreshes.
const PAUSE: Duration = Duration::from_millis(400);

thread_local! {
    static WAITING: Cell<bool> = const { Cell::new(false) };
}

/// The page is brought up to date soon, and once for all that comes until then.
fn refresh_soon() {
    if !WAITING.replace(true) {
        let refresh_now = || {
            WAITING.set(false);
            refresh(&[Part::Job]);
        };
        later(refresh_now, PAUSE);
    }
}

#[island]
pub fn JobWatch(
    id: JobId,
    /// The page shows all that happened up to this change.
    seq: u64,
) -> impl IntoView {
    let live = Live::new();
    live.loaded(seq, true);
    let apply = move |changes: Changes| {
        if changes.jobs.iter().any(|it| it.job_id == id) || changes.removed.contains(&id) {
            refresh_soon();
        }
    };
    // The stream cannot tell what was missed.
    let reload = move || {
        spawn_local(async move {
            if let Ok(seq) = follow_job(id).await {
                refresh_soon();
                live.loaded(seq, true);
            }
        });
    };
    follow(live, holds(|| true), Callback::new(apply), Callback::new(move |()| reload()));
    view! { <LiveSwitch live/> }.seal()
}
