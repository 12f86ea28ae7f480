//! What changes all the time of a job on its own page, and what can be done to it.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::clock;
use super::components::{
    ConfirmDialog, CopyButton, DismissableProblem, JobActions, JobButtons, JobProgress, JobTime, LiveSwitch,
    Seal, StatusBadge, holds, later, part, text, word,
};
use super::live::{Changes, Live, follow, refresh};
use crate::domain::Job;
use crate::domain::whereabouts::where_it_is;
use crate::server_fns::follow_job;

/// The part of the page that the server writes again.
pub const PARTS: &str = "job-parts";

/// The server writes it again so often at most.
const PAUSE: Duration = Duration::from_secs(1);

thread_local! {
    static WAITING: Cell<bool> = const { Cell::new(false) };
}

/// Something happened: the rest of the page is brought up to date soon, and once for all that comes until then.
fn refresh_soon() {
    if !WAITING.replace(true) {
        let refresh_now = || {
            WAITING.set(false);
            refresh(PARTS);
        };
        later(refresh_now, PAUSE);
    }
}

#[derive(Clone, Copy)]
struct Shown {
    job: RwSignal<Job>,
    live: Live,
}

impl Shown {
    fn take(self, job: Job) {
        if job.seq > self.job.read_untracked().seq {
            self.job.set(job);
            refresh_soon();
        }
    }

    fn apply(self, changes: Changes) {
        let id = self.job.read_untracked().job_id;
        if let Some(job) = changes.jobs.into_iter().find(|it| it.job_id == id) {
            self.take(job);
        }
    }

    /// Loads the job again: the stream cannot tell what was missed.
    fn reload(self) {
        let id = self.job.read_untracked().job_id;
        spawn_local(async move {
            if let Ok((job, seq)) = follow_job(id).await {
                self.take(job);
                self.live.loaded(seq, true);
            }
        });
    }
}

#[island]
pub fn JobHead(job: Job) -> impl IntoView {
    let live = Live::new();
    live.loaded(job.seq, true);
    let shown = Shown { job: RwSignal::new(job), live };
    let job = shown.job;
    let clock = clock::present();
    let unfinished = holds(move || !job.read().status.is_final());
    follow(
        live,
        unfinished,
        Callback::new(move |changes| shown.apply(changes)),
        Callback::new(move |()| shown.reload()),
    );
    let actions = JobActions::new(Callback::new(move |job| shown.take(job)));
    let id = job.read_untracked().job_id.to_string();
    let data_id = id.clone();
    let curl = move || format!("curl {}/jobs/{id}", window().location().origin().unwrap_or_default());
    let just_id = job.read_untracked().job_id.to_string();
    let paces = RwSignal::new(Arc::from([]));
    view! {
        <div
            class="job-head-line"
            data-testid="job"
            data-job-id=data_id
            data-status=word(move || job.read().status.as_str())
        >
            <span role="status"><StatusBadge job/></span>
            <JobProgress job/>
            <span class="job-where"><bdi>{text(move || where_it_is(&job.read()))}</bdi></span>
            <span class="job-spent"><JobTime job clock paces/></span>
            <div class="page-actions">
                {part(move || unfinished.get().then(|| view! { <LiveSwitch live/> }.seal()))}
                <CopyButton label="Copy id" what=move || just_id.clone()/>
                <CopyButton label="Copy as curl" what=curl/>
                <JobButtons job actions/>
            </div>
        </div>
        <DismissableProblem problem=actions.problem/>
        <ConfirmDialog question=actions.question testid="confirm-cancel"/>
    }
    .seal()
}
