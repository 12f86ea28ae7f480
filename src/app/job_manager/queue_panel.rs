//! The queue: how many slots are in use, how many there are, and whether it is paused.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::HtmlInputElement;

use crate::app::components::{Seal, field, on_submit, text, word};
use crate::app::desk::{Undo, tell};
use crate::domain::{Problem, QueueChange, QueueState};
use crate::server_fns::change_queue;

/// Two forms, so that both work without JavaScript.
#[component]
pub fn QueuePanel(queue: RwSignal<QueueState>, problem: RwSignal<Option<Problem>>) -> impl IntoView {
    let slots = move || {
        let queue = queue.read();
        format!("{} of {} slots in use", queue.running_slots, queue.max_concurrent_jobs)
    };
    let pause = on_submit(move |event| {
        event.prevent_default();
        let paused = !queue.read_untracked().paused;
        change(queue, problem, QueueChange { paused: Some(paused), ..QueueChange::default() }, true);
    });
    let resize = on_submit(move |event| {
        event.prevent_default();
        let wanted =
            field::<HtmlInputElement>(&event, "input[type=number]").and_then(|it| it.value().parse().ok());
        change(queue, problem, QueueChange { max_concurrent_jobs: wanted, ..QueueChange::default() }, true);
    });
    let paused = move || queue.read().paused;
    view! {
        <section class="queue" aria-label="Queue" data-testid="queue" data-paused=text(move || paused().to_string())>
            <h2>"Queue"</h2>
            <meter
                class="slots"
                min="0"
                max=text(move || queue.read().max_concurrent_jobs.to_string())
                value=text(move || queue.read().running_slots.to_string())
                aria-label="Slots in use"
            ></meter>
            <p class="muted" data-testid="slots">{text(slots)}</p>
            <p class="paused" role="status">{word(move || if paused() { "Paused: nothing new is begun." } else { "" })}</p>
            <form action="/queue" method="post" on:submit=pause>
                <input type="hidden" name="paused" value=text(move || (!paused()).to_string())/>
                <button class="button small" data-testid="pause">{word(move || if paused() { "Resume" } else { "Pause" })}</button>
            </form>
            <form class="slots-form" action="/queue" method="post" on:submit=resize>
                <label for="slots-wanted">"Jobs at once"</label>
                <input
                    id="slots-wanted"
                    type="number"
                    name="max_concurrent_jobs"
                    min="1"
                    max=QueueState::MOST_SLOTS
                    required
                    autocomplete="off"
                    value=queue.read_untracked().max_concurrent_jobs
                />
                <button class="button small">"Set"</button>
            </form>
        </section>
    }
    .seal()
}

/// Changes the queue, and offers to change it back.
fn change(
    queue: RwSignal<QueueState>,
    problem: RwSignal<Option<Problem>>,
    wanted: QueueChange,
    undoable: bool,
) {
    let before = queue.get_untracked();
    problem.set(None);
    spawn_local(async move {
        match change_queue(wanted).await {
            Err(refused) => problem.set(Some(refused)),
            Ok(now) => {
                let text = match (before.paused, now.paused) {
                    (false, true) => "The queue is paused. What runs goes on.".to_owned(),
                    (true, false) => "The queue goes on.".to_owned(),
                    _ => format!("{} jobs at once.", now.max_concurrent_jobs),
                };
                queue.set(now);
                let back = QueueChange {
                    paused: wanted.paused.map(|_| before.paused),
                    max_concurrent_jobs: wanted.max_concurrent_jobs.map(|_| before.max_concurrent_jobs),
                };
                let undo = Undo { label: "Undo", run: Arc::new(move || change(queue, problem, back, false)) };
                tell(text, undoable.then_some(undo));
            }
        }
    });
}
