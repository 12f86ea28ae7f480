//! The present moment, for islands that show how long something has been going on.

use std::time::Duration;

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use super::components::effect;

/// The present moment in milliseconds. Unknown until the page is live: the first HTML must be the same on both
/// sides.
#[derive(Clone, Copy)]
pub struct Clock {
    /// Each second anew, for what is running.
    pub second: RwSignal<Option<i64>>,
    /// Each ten seconds anew, for what only gets older: a long list would else have much to do each second.
    pub slow: RwSignal<Option<i64>>,
}

/// Seconds between two steps of the slow one.
const SLOW: i64 = 10;

/// Runs as long as the view that asks for it.
pub fn present() -> Clock {
    let clock = Clock { second: RwSignal::new(None), slow: RwSignal::new(None) };
    effect(move || {
        let tick = move || {
            let now = js_sys::Date::now() as i64;
            clock.second.set(Some(now));
            if clock.slow.get_untracked().is_none_or(|it| now - it >= SLOW * 1000) {
                clock.slow.set(Some(now));
            }
        };
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
