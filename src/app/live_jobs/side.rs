//! The column at the side, which the server wrote: its numbers are kept current, and its forms sent.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement, SubmitEvent};

use super::list::JobList;
use crate::app::components::effect;
use crate::app::desk::{Undo, tell};
use crate::app::format;
use crate::domain::{JobStats, JobStatus, Problem, QueueChange, QueueState};
use crate::server_fns::change_queue;

/// Keeps the numbers current.
pub fn follow(list: JobList) {
    effect(move || show_counts(&list.stats.read()));
    effect(move || show_queue(&list.queue.read()));
}

fn show_counts(stats: &JobStats) {
    show("state-all", stats.total_jobs);
    show("state-attention", stats.needs_attention);
    for status in JobStatus::ALL {
        let mut id = "state-".to_owned();
        id.push_str(status.as_str());
        show(&id, stats.of(status));
    }
}

fn show(id: &str, count: u64) {
    let entry = document().get_element_by_id(id);
    if let Some(shown) = entry.and_then(|it| it.query_selector(".state-count").ok().flatten()) {
        put(&shown, &format::count(count));
    }
}

/// What is the same is not written again: screen readers may read it.
fn put(element: &Element, text: &str) {
    if element.text_content().as_deref() != Some(text) {
        element.set_text_content(Some(text));
    }
}

fn show_queue(queue: &QueueState) {
    let Ok(Some(panel)) = document().query_selector(".queue") else { return };
    let _ = panel.set_attribute("data-paused", if queue.paused { "true" } else { "false" });
    if let Ok(Some(meter)) = panel.query_selector("meter") {
        let _ = meter.set_attribute("max", &queue.max_concurrent_jobs.to_string());
        let _ = meter.set_attribute("value", &queue.running_slots.to_string());
    }
    // What someone is typing stays.
    if let Ok(Some(field)) = panel.query_selector("input[type=number]:not(:focus)")
        && let Some(field) = field.dyn_ref::<HtmlInputElement>()
    {
        field.set_value(&queue.max_concurrent_jobs.to_string());
    }
    if let Ok(Some(words)) = panel.query_selector(".muted") {
        put(&words, &queue.slots_in_words());
    }
}

/// Sends one of the queue's forms.
pub fn send_queue_form(
    list: JobList,
    problem: RwSignal<Option<Problem>>,
    form: &Element,
    event: &SubmitEvent,
) {
    let number = form
        .query_selector("input[type=number]")
        .ok()
        .flatten()
        .and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
    let paused = event.submitter().and_then(|it| it.get_attribute("value")).map(|it| it == "true");
    let wanted = match number {
        Some(number) => QueueChange { paused: None, max_concurrent_jobs: number.value().parse().ok() },
        None => QueueChange { paused, max_concurrent_jobs: None },
    };
    change(list.queue, problem, wanted, true);
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
                    _ => format::counted(now.max_concurrent_jobs.into(), "job") + " at once.",
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
