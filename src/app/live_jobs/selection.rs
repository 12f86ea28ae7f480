//! What can be done to many jobs: those ticked in the list, or all that match what is chosen.
//!
//! The ticks are the browser's own, and the buttons those of a form: so this works without JavaScript, and a row
//! costs nothing for it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlInputElement, SubmitEvent};

use super::list::JobList;
use crate::app::components::{JobActions, Question, Seal, Sealed, effect, flag, on_click, part, text, word};
use crate::app::desk::tell;
use crate::app::parts::{Part, refresh};
use crate::app::{desk, format};
use crate::domain::{BulkOutcome, JobId, JobSelection};
use crate::server_fns::{cancel_jobs, delete_jobs, retry_jobs};

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Cancel,
    Retry,
    Delete,
}

impl Act {
    const ALL: [Self; 3] = [Self::Cancel, Self::Retry, Self::Delete];

    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Retry => "retry",
            Self::Delete => "delete",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Cancel => "Cancel",
            Self::Retry => "Retry",
            Self::Delete => "Delete",
        }
    }

    /// The question before so many jobs.
    fn question(self, jobs: &str) -> String {
        let place = if self == Self::Delete { " from the list" } else { "" };
        format!("{} {jobs}{place}?", self.label())
    }

    pub fn path(self) -> &'static str {
        match self {
            Self::Cancel => "/jobs/cancel",
            Self::Retry => "/jobs/retry",
            Self::Delete => "/jobs/delete",
        }
    }

    /// What the question says of it.
    fn consequence(self) -> &'static str {
        match self {
            Self::Cancel => {
                "Nothing of them is kept, also not what they have taken in so far. Those that have ended stay as they are."
            }
            Self::Retry => {
                "Failed and cancelled ones are tried again, and failed items of completed ones. All others stay as they are."
            }
            Self::Delete => {
                "They leave the list; their documents stay. Those that have not ended stay on it."
            }
        }
    }

    fn done(self) -> &'static str {
        match self {
            Self::Cancel => "Cancelled",
            Self::Retry => "Queued again:",
            Self::Delete => "Deleted from the list:",
        }
    }
}

/// Asks before it acts.
pub fn ask(actions: JobActions, act: Act, selection: JobSelection, count: u64) {
    let jobs = format::counted(count, "job");
    actions.question.set(Some(Question {
        title: act.question(&jobs),
        text: act.consequence().to_owned(),
        yes: format!("{} {jobs}", act.label()),
        no: "Keep as they are".to_owned(),
        then: Callback::new(move |()| run(actions, act, selection.clone())),
    }));
}

fn run(actions: JobActions, act: Act, selection: JobSelection) {
    actions.problem.set(None);
    spawn_local(async move {
        let outcome = match act {
            Act::Cancel => cancel_jobs(selection).await,
            Act::Retry => retry_jobs(selection).await,
            Act::Delete => delete_jobs(selection).await,
        };
        match outcome {
            Ok(outcome) => {
                tell(words(act, &outcome), None);
                untick();
                refresh(&[Part::Chosen]);
            }
            Err(problem) => actions.problem.set(Some(problem)),
        }
    });
}

/// How many changed, how many could not, and why.
fn words(act: Act, outcome: &BulkOutcome) -> String {
    let mut words = format!("{} {}.", act.done(), format::counted(outcome.changed, "job"));
    for other in &outcome.unchanged {
        words.push_str(&format!(" {} could not be: {}", format::count(other.count), other.reason));
    }
    words
}

fn boxes(selector: &str) -> Vec<HtmlInputElement> {
    let Ok(found) = document().query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|index| found.get(index)?.dyn_into().ok()).collect()
}

const TICKED: &str = ".jobs input[name=id]:checked";

fn ticked() -> Vec<JobId> {
    boxes(TICKED).iter().filter_map(|it| it.value().parse().ok()).collect()
}

fn untick() {
    for tick in boxes(".jobs input[type=checkbox]:checked") {
        tick.set_checked(false);
    }
    if let Ok(event) = Event::new("ticked") {
        let _ = document().dispatch_event(&event);
    }
}

/// The bar over the list, there while something is ticked.
#[component]
pub fn Selection(list: JobList, actions: JobActions) -> impl IntoView {
    let count = RwSignal::new(0_usize);
    // All that match, not only those on show.
    let all = RwSignal::new(false);
    let recount = move || {
        let now = boxes(TICKED).len();
        if now != count.get_untracked() {
            count.set(now);
        }
    };
    effect(move || {
        let look = move |event: Event| {
            let target = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
            if let Some(header) = target.filter(|it| it.id() == "tick-all") {
                for tick in boxes(".jobs input[name=id]") {
                    tick.set_checked(header.checked());
                }
            }
            recount();
            all.set(false);
        };
        desk::on(&document(), "change", look);
        desk::on(&document(), "ticked", look);
        // What was ticked before the page was live.
        recount();
        // Rows that leave take their ticks along.
        effect(move || {
            list.rows.track();
            if count.get_untracked() > 0 {
                request_animation_frame(recount);
            }
        });
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let pressed = event.submitter().and_then(|it| it.get_attribute("value")).unwrap_or_default();
        let Some(act) = Act::named(&pressed) else { return };
        if all.get_untracked() {
            let filter = list.query.read_untracked().filter.clone();
            ask(actions, act, JobSelection { filter, ids: Vec::new() }, list.total.get_untracked());
        } else {
            let ids = ticked();
            let count = ids.len() as u64;
            ask(actions, act, JobSelection { ids, ..JobSelection::default() }, count);
        }
    };
    let selected = move || match all.get() {
        true => format!("All {} that match are selected", format::count(list.total.get())),
        false => format!("{} selected", format::count(count.get() as u64)),
    };
    // Without a filter "all" would be every job there is: that needs one choice at least.
    let more = part(move || {
        let choosable = !list.query.read().filter.is_empty() && list.total.get() > count.get() as u64;
        (choosable && !all.get()).then(|| {
            let label = format!("Select all {} that match", format::count(list.total.get()));
            view! {
                <button type="button" class="link" data-testid="select-all" on:click=on_click(move |_| all.set(true))>
                    {label}
                </button>
            }
            .seal()
        })
    });
    let back = text(move || crate::app::address::of_jobs(&list.query.read()));
    view! {
        <form
            id="many"
            class=word(move || if count.get() > 0 { "selection shown" } else { "selection" })
            action=Act::Cancel.path()
            method="post"
            autocomplete="off"
            aria-label="Selected jobs"
            data-testid="selection"
            on:submit=submit
        >
            <input type="hidden" name="back" value=back/>
            <span class="needs-js" role="status">{text(selected)}</span>
            {more}
            {Act::ALL.map(|act| button(act, count)).collect_view()}
            <button type="button" class="link needs-js" on:click=on_click(move |_| untick())>"Clear"</button>
        </form>
    }
    .seal()
}

fn button(act: Act, count: RwSignal<usize>) -> Sealed {
    // The keys press these rather than a row's own while something is ticked.
    let key = move |of: Act| flag(move || of == act && count.get() > 0);
    view! {
        <button
            class="button small"
            formaction=act.path()
            value=act.word()
            data-testid=format!("selected-{}", act.word())
            data-key-cancel=key(Act::Cancel)
            data-key-retry=key(Act::Retry)
        >
            {act.label()}
        </button>
    }
    .seal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_and_what_could_not_is_told_with_why() {
        let mut outcome = BulkOutcome { matched: 12, changed: 10, ..BulkOutcome::default() };
        outcome.add_unchanged("job_already_final", "they have already ended.", 2);
        assert_eq!(
            words(Act::Cancel, &outcome),
            "Cancelled 10 jobs. 2 could not be: they have already ended."
        );
    }
}
