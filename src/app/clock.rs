//! The present moment, for islands that show how long something has been going on.

use std::time::Duration;

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use super::components::effect;
use crate::domain::JobId;

/// The present moment in milliseconds. Unknown until the page is live: the first HTML must be the same on both
/// sides.
#[derive(Clone, Copy)]
pub struct Clock {
    /// Each second anew, for what is running.
    pub second: RwSignal<Option<i64>>,
    /// Each ten seconds anew, for what only gets older. There are several, a second apart: else all rows of a long
    /// list would change at once.
    slow: [RwSignal<Option<i64>>; SLOW],
}

/// Seconds between two steps of a slow clock, and the number of slow clocks.
const SLOW: usize = 10;

impl Clock {
    /// The slow clock of a job.
    pub fn slow(&self, id: JobId) -> RwSignal<Option<i64>> {
        // The last bits of an id are random.
        self.slow[(id.0.as_u128() % SLOW as u128) as usize]
    }
}

/// Runs as long as the view that asks for it.
pub fn present() -> Clock {
    let unknown = || RwSignal::new(None);
    let clock = Clock { second: unknown(), slow: std::array::from_fn(|_| unknown()) };
    effect(move || {
        let tick = move || {
            let now = js_sys::Date::now() as i64;
            clock.second.set(Some(now));
            clock.slow[(now / 1000) as usize % SLOW].set(Some(now));
        };
        clock.slow.iter().for_each(|it| it.set(Some(js_sys::Date::now() as i64)));
        tick();
        if let Ok(ticking) = set_interval_with_handle(tick, Duration::from_secs(1)) {
            on_cleanup(move || ticking.clear());
        }
    });
    clock
}

/// The present moment, in the browser.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(js_sys::Date::now() as i64).unwrap_or_default()
}
