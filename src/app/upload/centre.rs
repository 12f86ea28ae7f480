//! The uploads of this page: fills the queue, keeps requests under way, and tells the panel what to show.
//!
//! Works in the browser only. There may be thousands of items, so the panel is told of changes some times a second
//! and given only what it shows.

use std::cell::RefCell;
use std::time::Duration;

use leptos::prelude::*;
use web_sys::{File, HtmlTextAreaElement, XmlHttpRequest};

use super::queue::{Item, Queue, Source, State, Tally};
use super::refusal::Refusal;
use super::send::{on_duplicate, send};
use super::unsent::{self, Names};

/// Rows of the panel at most.
const MOST_ROWS: usize = 100;
/// How long changes are gathered before they are shown.
const GATHER: Duration = Duration::from_millis(100);
/// In characters, of a text's first line.
const TEXT_NAME: usize = 60;

/// An item as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    pub name: String,
    pub size: u64,
    pub state: State,
}

/// The panel's row of an item; the row stays while its content changes.
#[derive(Clone, Debug)]
pub struct UploadRow {
    pub number: u32,
    pub item: ArcRwSignal<Shown>,
}

/// What the panel shows.
#[derive(Clone, Copy, Debug)]
pub struct Board {
    pub rows: RwSignal<Vec<UploadRow>>,
    pub tally: RwSignal<Tally>,
    /// What former pages had not sent.
    pub lost: RwSignal<Names>,
}

impl Board {
    pub fn new() -> Self {
        Self {
            rows: RwSignal::new(Vec::new()),
            tally: RwSignal::new(Tally::default()),
            lost: RwSignal::new(Names::new()),
        }
    }
}

/// In bytes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub file: u64,
    pub text: u64,
}

struct Centre {
    queue: Queue,
    lost: Names,
    /// By the item's number and attempt.
    requests: Vec<(u32, u32, XmlHttpRequest)>,
    bounds: Bounds,
    board: Option<Board>,
    will_show: bool,
}

thread_local! {
    static CENTRE: RefCell<Centre> = const {
        RefCell::new(Centre {
            queue: Queue::new(),
            lost: Names::new(),
            requests: Vec::new(),
            bounds: Bounds { file: u64::MAX, text: u64::MAX },
            board: None,
            will_show: false,
        })
    };
}

/// What a person can do to what is listed.
#[derive(Clone, Copy, Debug)]
pub enum UploadAct {
    /// Pauses, resumes or sends again, whichever its state allows.
    Toggle(u32),
    Remove(u32),
    PauseAll,
    ResumeAll,
    AllFailedAgain,
    Clear,
    ForgetLost,
}

/// Begins to show on the board.
pub fn open(board: Board, bounds: Bounds) {
    CENTRE.with_borrow_mut(|centre| {
        centre.bounds = bounds;
        centre.board = Some(board);
        centre.lost = unsent::left_behind();
    });
    show();
}

/// Takes a file up, or says at once why it does not. A file from a folder is known by its path.
pub fn add_file(path: String, file: File) {
    let size = file.size() as u64;
    CENTRE.with_borrow_mut(|centre| {
        centre.lost.remove(&path);
        let refusal = Refusal::of_file(&path, size, centre.bounds.file);
        centre.queue.on_duplicate = on_duplicate();
        centre.queue.add(path, size, Source::File(file), refusal);
    });
    changed();
}

pub fn add_text(text: String) {
    let size = text.len() as u64;
    let name = text.trim().lines().next().unwrap_or_default().chars().take(TEXT_NAME).collect();
    CENTRE.with_borrow_mut(|centre| {
        let refusal = Refusal::of_size(size, centre.bounds.text);
        centre.queue.on_duplicate = on_duplicate();
        centre.queue.add(name, size, Source::Text(text), refusal);
    });
    changed();
}

/// Says that something of a folder cannot be read.
pub fn add_unreadable(path: String) {
    CENTRE.with_borrow_mut(|centre| {
        centre.queue.add(path, 0, Source::Text(String::new()), Some(Refusal::Unreadable));
    });
    changed();
}

pub fn act(act: UploadAct) {
    CENTRE.with_borrow_mut(|centre| match act {
        UploadAct::Toggle(number) => centre.queue.toggle(number),
        UploadAct::Remove(number) => centre.queue.remove(number),
        UploadAct::PauseAll => centre.queue.pause_all(),
        UploadAct::ResumeAll => centre.queue.resume_all(),
        UploadAct::AllFailedAgain => centre.queue.all_failed_again(),
        UploadAct::Clear => centre.queue.clear(),
        UploadAct::ForgetLost => centre.lost = Names::new(),
    });
    abort_unwanted();
    send_what_waits();
    show();
}

pub fn progress(number: u32, attempt: u32, sent: f64, all: f64) {
    CENTRE.with_borrow_mut(|centre| centre.queue.progress(number, attempt, sent, all, js_sys::Date::now()));
    changed();
}

pub fn end(number: u32, attempt: u32, end: State) {
    CENTRE.with_borrow_mut(|centre| {
        centre.requests.retain(|it| (it.0, it.1) != (number, attempt));
        let was_taken = matches!(end, State::Taken(_));
        if let Some(Item { source: Source::Text(text), .. }) = centre.queue.end(number, attempt, end)
            && was_taken
        {
            empty_field(text);
        }
    });
    changed();
}

/// Whether leaving the page loses something, which it first keeps the names of.
pub fn would_lose() -> bool {
    CENTRE.with_borrow(|centre| centre.queue.unsent().next().is_some())
}

/// Keeps the names of what is not sent for the next page, which begins when this one is `left`.
pub fn keep_names(left: bool) {
    CENTRE.with_borrow(|centre| {
        let mut names = centre.lost.clone();
        centre.queue.unsent().for_each(|it| names.add(it));
        unsent::keep(&names, left);
    });
}

/// Sends on, and shows the change a little later, with others.
fn changed() {
    send_what_waits();
    let is_first = CENTRE.with_borrow_mut(|centre| !std::mem::replace(&mut centre.will_show, true));
    if is_first {
        set_timeout(show, GATHER);
    }
}

fn send_what_waits() {
    while let Some(item) = CENTRE.with_borrow_mut(|centre| centre.queue.next(js_sys::Date::now())) {
        let request = send(&item);
        CENTRE.with_borrow_mut(|centre| match request {
            Ok(request) => centre.requests.push((item.number, item.attempt, request)),
            Err(_) => {
                centre.queue.end(item.number, item.attempt, State::Refused(Refusal::Unreadable));
            }
        });
    }
}

fn abort_unwanted() {
    let unwanted: Vec<_> = CENTRE.with_borrow_mut(|centre| {
        let queue = &centre.queue;
        centre.requests.extract_if(.., |it| !queue.is_sending(it.0, it.1)).collect()
    });
    // Each tells its end at once, so the centre must be free.
    for (_, _, request) in unwanted {
        let _ = request.abort();
    }
}

fn show() {
    CENTRE.with_borrow_mut(|centre| {
        centre.will_show = false;
        let Some(board) = centre.board else { return };
        let former = board.rows.get_untracked();
        let rows: Vec<_> = centre.queue.shown(MOST_ROWS).into_iter().map(|it| row(it, &former)).collect();
        let numbers = |rows: &[UploadRow]| rows.iter().map(|it| it.number).collect::<Vec<_>>();
        if numbers(&rows) != numbers(&former) {
            board.rows.set(rows);
        }
        let tally = centre.queue.tally();
        if board.tally.get_untracked() != tally {
            board.tally.set(tally);
        }
        if *board.lost.read_untracked() != centre.lost {
            board.lost.set(centre.lost.clone());
        }
    });
    keep_names(false);
}

/// The item's row as it is, with its new content, or a new one.
fn row(item: &Item, former: &[UploadRow]) -> UploadRow {
    let shown = Shown { name: item.name.clone(), size: item.size, state: item.state.clone() };
    match former.iter().find(|it| it.number == item.number) {
        Some(row) => {
            if *row.item.read_untracked() != shown {
                row.item.set(shown);
            }
            row.clone()
        }
        None => UploadRow { number: item.number, item: ArcRwSignal::new(shown) },
    }
}

/// What was pasted is in; what was typed meanwhile stays.
fn empty_field(text: &str) {
    use wasm_bindgen::JsCast;
    let field = document().get_element_by_id("paste-text");
    if let Some(field) = field.and_then(|it| it.dyn_into::<HtmlTextAreaElement>().ok())
        && field.value() == text
    {
        field.set_value("");
    }
}
