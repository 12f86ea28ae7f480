//! Nothing moves under the pointer: while it rests on something to press in the list, changes wait.

use leptos::ev::PointerEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use crate::app::live::Changes;
use crate::domain::JobId;

#[derive(Clone, Copy)]
pub struct Held {
    over: StoredValue<bool>,
    /// The job that was acted on from here: whoever pressed wants to see what comes of it.
    passes: StoredValue<Option<JobId>>,
    waiting: StoredValue<Vec<Changes>>,
    apply: Callback<Changes>,
}

impl Held {
    pub fn new(apply: Callback<Changes>) -> Self {
        Self {
            over: StoredValue::new(false),
            passes: StoredValue::new(None),
            waiting: StoredValue::new(Vec::new()),
            apply,
        }
    }

    /// Nothing of this job waits from now on.
    pub fn let_pass(self, job: JobId) {
        self.passes.set_value(Some(job));
    }

    pub fn take(self, mut changes: Changes) {
        if !self.over.get_value() {
            return self.apply.run(changes);
        }
        let passes = self.passes.get_value();
        if let Some(place) = changes.jobs.iter().position(|it| Some(it.job_id) == passes) {
            let jobs = vec![changes.jobs.swap_remove(place)];
            self.apply.run(Changes { jobs, ..Changes::default() });
        }
        self.waiting.update_value(|it| it.push(changes));
    }

    fn hold(self, over: bool) {
        if over == self.over.get_value() {
            return;
        }
        self.over.set_value(over);
        if !over {
            let waiting = self.waiting.try_update_value(std::mem::take).unwrap_or_default();
            waiting.into_iter().for_each(|changes| self.apply.run(changes));
        }
    }

    /// Where the pointer has come to. A finger does not rest.
    pub fn enter(self) -> impl FnMut(PointerEvent) {
        move |event| {
            let target = event.target().and_then(|it| it.dyn_into::<Element>().ok());
            let pressable =
                target.is_some_and(|it| it.closest(".jobs button, .jobs input").ok().flatten().is_some());
            self.hold(pressable && event.pointer_type() == "mouse");
        }
    }

    pub fn leave(self) -> impl FnMut(PointerEvent) {
        move |_| self.hold(false)
    }
}
