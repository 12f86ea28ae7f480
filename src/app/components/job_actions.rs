//! What a person can do to a job: cancel it, or try it again.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;

use super::{Question, Seal, Sealed, flag, holds, job_title, on_click, part};
use crate::app::desk::{Undo, tell};
use crate::domain::{Job, JobId, JobStatus, Problem};
use crate::server_fns::{CancelJob, RetryJob, cancel_job, retry_job};

/// Shared by all rows of a list, so that there is one dialog and one place for problems.
#[derive(Clone, Copy, Debug)]
pub struct JobActions {
    pub question: RwSignal<Option<Question>>,
    pub problem: RwSignal<Option<Problem>>,
    /// The job an answer is awaited for.
    busy: RwSignal<Option<JobId>>,
    /// Gets the job as the action left it.
    changed: Callback<Job>,
}

impl JobActions {
    pub fn new(changed: Callback<Job>) -> Self {
        Self {
            question: RwSignal::new(None),
            problem: RwSignal::new(None),
            busy: RwSignal::new(None),
            changed,
        }
    }

    fn ask_to_cancel(self, job: RwSignal<Job>) {
        let id = job.read_untracked().job_id;
        self.question.set(Some(Question {
            title: "Cancel this job?".to_owned(),
            text: format!(
                "Nothing of “{}” is kept, also not what it has taken in so far. You can retry it later.",
                job.read_untracked().name
            ),
            yes: "Cancel job".to_owned(),
            no: "Keep job".to_owned(),
            then: Callback::new(move |()| self.run(id, true)),
        }));
    }

    /// Says what was done. What was cancelled can be tried again, and the other way round.
    fn tell(self, job: &Job, cancelled: bool) {
        let id = job.job_id;
        let (done, label) = match (cancelled, job.status) {
            (true, JobStatus::Cancelled) => ("Cancelled", "Retry"),
            (true, _) => ("Cancelling", ""),
            (false, _) => ("Queued again:", "Undo"),
        };
        let undo = Undo { label, run: Arc::new(move || self.run(id, !cancelled)) };
        tell(format!("{done} “{}”.", job.name), (!label.is_empty()).then_some(undo));
    }

    fn run(self, id: JobId, cancel: bool) {
        self.busy.set(Some(id));
        self.problem.set(None);
        spawn_local(async move {
            let result = if cancel { cancel_job(id).await } else { retry_job(id).await };
            // The page may have been left meanwhile.
            self.busy.try_set(None);
            match result {
                Ok(job) => {
                    self.tell(&job, cancel);
                    let _ = self.changed.try_run(job);
                }
                Err(problem) => {
                    self.problem.try_set(Some(problem));
                }
            }
        });
    }
}

/// The button that makes sense for the job now, in a form, so that it works before the page is live. Each has its own:
/// a form that many share is gone through by the browser whenever one of them comes or goes.
#[component]
pub fn JobButton(job: RwSignal<Job>, actions: JobActions) -> impl IntoView {
    let can_cancel = holds(move || job.read().can_cancel());
    let can_retry = holds(move || job.read().is_worth_retrying());
    let in_part = holds(move || job.read().completed_in_part());
    part(move || {
        let label = match (can_cancel.get(), can_retry.get(), in_part.get()) {
            (true, ..) => "Cancel",
            (_, true, true) => "Retry failed",
            (_, true, false) => "Retry",
            _ => return None,
        };
        Some(button(job, actions, label, can_cancel.get()))
    })
}

fn button(job: RwSignal<Job>, actions: JobActions, label: &'static str, cancel: bool) -> Sealed {
    // A job keeps its name.
    let (id, title) = {
        let job = job.read_untracked();
        (job.job_id, job_title(&job))
    };
    let (url, testid) =
        if cancel { (CancelJob::url(), "cancel-job") } else { (RetryJob::url(), "retry-job") };
    let press = on_click(move |event| {
        event.prevent_default();
        if cancel { actions.ask_to_cancel(job) } else { actions.run(id, false) }
    });
    view! {
        <form action=url method="post">
            <button
                class="button small"
                name="id"
                value=id.to_string()
                data-testid=testid
                aria-label=format!("{label} {title}")
                disabled=flag(move || actions.busy.get() == Some(id))
                on:click=press
            >
                {label}
            </button>
        </form>
    }
    .seal()
}
