//! The present moment, for views that show how long something has been going on.

use std::time::Duration;

use leptos::prelude::*;

/// The present moment in milliseconds, each second anew. Unknown until the page is live: the first
/// HTML must be the same on both sides.
pub fn present() -> RwSignal<Option<i64>> {
    let now = RwSignal::new(None);
    Effect::new(move |_| {
        let tick = move || now.set(Some(js_sys::Date::now() as i64));
        tick();
        if let Ok(clock) = set_interval_with_handle(tick, Duration::from_secs(1)) {
            on_cleanup(move || clock.clear());
        }
    });
    now
}
