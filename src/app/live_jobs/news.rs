//! Tells screen readers how jobs ended: the counts, some seconds apart, and not every step.

use std::time::Duration;

use leptos::prelude::*;

use crate::app::components::{Seal, effect, later, text};
use crate::app::format;
use crate::domain::JobStats;

/// Between two messages at least.
const PAUSE: Duration = Duration::from_secs(5);

#[component]
pub fn News(stats: RwSignal<JobStats>) -> impl IntoView {
    let told = RwSignal::new(stats.get_untracked());
    let words = RwSignal::new(String::new());
    let waiting = StoredValue::new(false);
    effect(move || {
        let now = stats.get();
        if news(&told.get_untracked(), &now).is_empty() || waiting.get_value() {
            return;
        }
        waiting.set_value(true);
        later(
            move || {
                waiting.set_value(false);
                let now = stats.get_untracked();
                words.set(news(&told.get_untracked(), &now));
                told.set(now);
            },
            PAUSE,
        );
    });
    view! { <p class="visually-hidden" role="status" data-testid="news">{text(move || words.get())}</p> }
        .seal()
}

/// What ended between two moments.
fn news(before: &JobStats, now: &JobStats) -> String {
    let ended = [
        (now.completed.saturating_sub(before.completed), "completed"),
        (now.failed.saturating_sub(before.failed), "failed"),
        (now.cancelled.saturating_sub(before.cancelled), "cancelled"),
    ];
    let parts = ended.into_iter().filter(|(count, _)| *count > 0);
    parts
        .map(|(count, how)| format!("{} {how}", format::counted(count, "job")))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_ended_is_told() {
        let before = JobStats { pending: 3, completed: 2, ..JobStats::default() };
        let now = JobStats { pending: 9, completed: 4, failed: 1, ..JobStats::default() };
        assert_eq!(news(&before, &now), "2 jobs completed, 1 job failed");
        assert_eq!(news(&now, &before), "");
    }
}
