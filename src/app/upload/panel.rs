//! The panel in the corner: how many files are through, what can be done to all of them, and the files.

use leptos::prelude::*;

use super::centre::{Board, UploadAct, act};
use super::item::item;
use super::queue::Tally;
use super::unsent::Names;
use crate::app::components::{Flag, Seal, Sealed, each, flag, on_click, text, word};
use crate::app::format;

/// Names of lost files that are shown.
const MOST_LOST: usize = 10;

#[component]
pub fn Panel(board: Board) -> impl IntoView {
    let Board { rows, tally, lost } = board;
    let folded = RwSignal::new(false);
    let is_empty = move || tally.read().all == 0 && lost.read().count == 0;
    view! {
        <section class="uploads" aria-label="Uploads" data-testid="uploads" hidden=flag(is_empty)>
            <div class="uploads-head">
                <button
                    type="button"
                    class="uploads-fold"
                    aria-expanded=word(move || if folded.get() { "false" } else { "true" })
                    aria-controls="uploads-body"
                    on:click=on_click(move |_| folded.set(!folded.get_untracked()))
                >
                    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
                        <path d="M4 6l4 4 4-4"></path>
                    </svg>
                    {text(move || summary(*tally.read()))}
                </button>
                {all_of("Pause all", UploadAct::PauseAll, flag(move || tally.read().going == 0))}
                {all_of("Resume all", UploadAct::ResumeAll, flag(move || tally.read().paused == 0))}
                {all_of("Send failed again", UploadAct::AllFailedAgain, flag(move || tally.read().failed == 0))}
                {all_of("Clear", UploadAct::Clear, flag(move || tally.read().ended() == 0))}
            </div>
            <div id="uploads-body" class="uploads-body" hidden=flag(move || folded.get())>
                <div class="uploads-lost" data-testid="uploads-lost" hidden=flag(move || lost.read().count == 0)>
                    <p>{text(move || were_lost(&lost.read()))}</p>
                    <ul>{each(move || numbered(&lost.read()), |it: &(u128, String)| it.0, lost_name)}</ul>
                    {all_of("Dismiss", UploadAct::ForgetLost, flag(|| false))}
                </div>
                <ul>{each(move || rows.get(), |row| u128::from(row.number), item)}</ul>
                <p class="uploads-more muted" hidden=flag(move || tally.read().all as usize == rows.read().len())>
                    {text(move || more(tally.read().all, rows.read().len()))}
                </p>
            </div>
            <div class="uploads-foot">
                <button type="button" class="button small" data-chooses="choose-files">"Add files"</button>
                <button type="button" class="button small" data-chooses="choose-folder">"Add folder"</button>
            </div>
        </section>
        <p class="visually-hidden" role="status">{text(move || told(*tally.read()))}</p>
    }
    .seal()
}

fn all_of(label: &'static str, what: UploadAct, hidden: Flag) -> Sealed {
    view! {
        <button
            type="button"
            class="button small"
            hidden=hidden
            on:click=on_click(move |_| act(what))
        >
            {label}
        </button>
    }
    .seal()
}

fn lost_name((_, name): (u128, String)) -> Sealed {
    view! { <li><bdi>{name}</bdi></li> }.seal()
}

fn numbered(lost: &Names) -> Vec<(u128, String)> {
    (0..).zip(lost.known.iter().take(MOST_LOST).cloned()).collect()
}

fn were_lost(lost: &Names) -> String {
    let mut words = format::counted(lost.count as u64, "file");
    words.push_str(" had not been sent when the page was left. Add ");
    words.push_str(if lost.count == 1 { "it again:" } else { "them again:" });
    words
}

fn summary(tally: Tally) -> String {
    if tally.all == 0 {
        return "Not sent".to_owned();
    }
    let mut words = format::count(tally.taken.into());
    words.push_str(" of ");
    words.push_str(&format::count(tally.all.into()));
    words.push_str(" sent");
    words
}

fn more(all: u32, shown: usize) -> String {
    ["and ", &format::count(u64::from(all).saturating_sub(shown as u64)), " more"].concat()
}

/// What a screen reader hears: once all is through, and nothing on the way.
fn told(tally: Tally) -> String {
    if tally.all == 0 || tally.going > 0 {
        return String::new();
    }
    let mut words = "Uploads are through: ".to_owned();
    for (number, what) in [
        (tally.taken, " taken in"),
        (tally.refused, " not taken"),
        (tally.failed, " failed"),
        (tally.paused, " paused"),
    ] {
        if number > 0 {
            if !words.ends_with(' ') {
                words.push_str(", ");
            }
            words.push_str(&format::count(number.into()));
            words.push_str(what);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_told_once_and_not_the_way_there() {
        let on_the_way = Tally { all: 3, taken: 2, going: 1, ..Tally::default() };
        assert_eq!(told(on_the_way), "");
        let through = Tally { all: 1240, taken: 1238, refused: 2, ..Tally::default() };
        assert_eq!(told(through), "Uploads are through: 1,238 taken in, 2 not taken");
        assert_eq!(summary(on_the_way), "2 of 3 sent");
    }

    #[test]
    fn rows_that_are_not_shown_are_counted() {
        assert_eq!(more(12_345, 100), "and 12,245 more");
    }
}
