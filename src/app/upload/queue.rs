//! What is to be sent, in order, and what became of it. Plain data: it neither sends nor shows.

use web_sys::File;

use super::refusal::Refusal;
use super::transfer::Transfer;
use crate::domain::JobId;

/// Requests at the same time.
const AT_ONCE: usize = 3;

/// Where the content lies. The browser reads a file only while it is being sent.
#[derive(Clone, Debug)]
pub enum Source {
    File(File),
    Text(String),
}

#[derive(Clone, Debug, PartialEq)]
pub enum State {
    Waiting,
    Sending(Transfer),
    Paused,
    Taken(JobId),
    /// Why it did not arrive. Sent again, it may.
    Failed(String),
    /// Why it is not taken. Sent again, it would not be either.
    Refused(Refusal),
}

impl State {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            // All of it is on the server, which may have taken it in already: too late to stop it.
            Self::Sending(transfer) if transfer.is_through() => "sent",
            Self::Sending(_) => "sending",
            Self::Paused => "paused",
            Self::Taken(_) => "taken",
            Self::Failed(_) => "failed",
            Self::Refused(_) => "refused",
        }
    }

    fn is_sending(&self) -> bool {
        matches!(self, Self::Sending(_))
    }

    fn is_taken(&self) -> bool {
        matches!(self, Self::Taken(_))
    }

    fn has_ended(&self) -> bool {
        matches!(self, Self::Taken(_) | Self::Failed(_) | Self::Refused(_))
    }

    /// Whether leaving the page loses it.
    fn is_unsent(&self) -> bool {
        !matches!(self, Self::Taken(_) | Self::Refused(_))
    }

    fn can_wait_again(&self) -> bool {
        matches!(self, Self::Paused | Self::Failed(_))
    }

    /// What is shown first when not all can be.
    fn rank(&self) -> usize {
        match self {
            Self::Sending(_) => 0,
            Self::Failed(_) => 1,
            Self::Waiting | Self::Paused => 2,
            Self::Refused(_) => 3,
            Self::Taken(_) => 4,
        }
    }
}

const RANKS: usize = 5;

/// A file or text.
#[derive(Clone, Debug)]
pub struct Item {
    /// Tells items of the same name apart, and grows: items lie in this order.
    pub number: u32,
    pub name: String,
    pub size: u64,
    pub source: Source,
    pub state: State,
    /// What to do if its content is there already, as chosen when it was added.
    pub on_duplicate: String,
    /// Counts the requests made for it, so that what an aborted one still says is not heeded.
    pub attempt: u32,
}

/// How many there are of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub all: u32,
    pub taken: u32,
    pub failed: u32,
    pub refused: u32,
    pub paused: u32,
    /// Waiting or being sent.
    pub going: u32,
}

impl Tally {
    pub fn ended(&self) -> u32 {
        self.taken + self.failed + self.refused
    }
}

#[derive(Debug, Default)]
pub struct Queue {
    items: Vec<Item>,
    last: u32,
    /// What is chosen now for what is added next.
    pub on_duplicate: String,
}

impl Queue {
    /// No items, and no allocation.
    pub const fn new() -> Self {
        Self { items: Vec::new(), last: 0, on_duplicate: String::new() }
    }

    /// Puts something at the end.
    pub fn add(&mut self, name: String, size: u64, source: Source, refusal: Option<Refusal>) {
        self.last += 1;
        let state = refusal.map_or(State::Waiting, State::Refused);
        self.items.push(Item {
            number: self.last,
            name,
            size,
            source,
            state,
            on_duplicate: self.on_duplicate.clone(),
            attempt: 0,
        });
    }

    /// What is to be sent now, when a place is free. What was paused or failed keeps its place in the line.
    pub fn next(&mut self, now: f64) -> Option<Item> {
        if self.items.iter().filter(|it| it.state.is_sending()).count() >= AT_ONCE {
            return None;
        }
        let item = self.items.iter_mut().find(|it| it.state == State::Waiting)?;
        item.attempt += 1;
        item.state = State::Sending(Transfer::new(now));
        Some(item.clone())
    }

    /// So much of the item is on its way to the server.
    pub fn progress(&mut self, number: u32, attempt: u32, sent: f64, all: f64, now: f64) {
        if let Some(Item { state: State::Sending(transfer), .. }) = self.attempted(number, attempt) {
            transfer.progress(sent, all, now);
        }
    }

    /// The request came to its end. What a former request says changes nothing.
    pub fn end(&mut self, number: u32, attempt: u32, end: State) -> Option<&Item> {
        let item = self.attempted(number, attempt).filter(|it| it.state.is_sending())?;
        item.state = end;
        Some(item)
    }

    /// Whether this request is still wanted.
    pub fn is_sending(&self, number: u32, attempt: u32) -> bool {
        self.items.iter().any(|it| it.number == number && it.attempt == attempt && it.state.is_sending())
    }

    /// Stops what goes on, and lets go on what stands still.
    pub fn toggle(&mut self, number: u32) {
        for item in self.items.iter_mut().filter(|it| it.number == number) {
            if item.state.can_wait_again() {
                item.state = State::Waiting;
            } else {
                pause(item);
            }
        }
    }

    pub fn pause_all(&mut self) {
        self.items.iter_mut().for_each(pause);
    }

    pub fn resume_all(&mut self) {
        self.wait_again(|it| *it == State::Paused);
    }

    pub fn all_failed_again(&mut self) {
        self.wait_again(|it| matches!(it, State::Failed(_)));
    }

    pub fn remove(&mut self, number: u32) {
        self.items.retain(|it| it.number != number);
    }

    /// Forgets what has ended, well or not.
    pub fn clear(&mut self) {
        self.items.retain(|it| !it.state.has_ended());
    }

    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for item in &self.items {
            tally.all += 1;
            *match item.state {
                State::Waiting | State::Sending(_) => &mut tally.going,
                State::Paused => &mut tally.paused,
                State::Taken(_) => &mut tally.taken,
                State::Failed(_) => &mut tally.failed,
                State::Refused(_) => &mut tally.refused,
            } += 1;
        }
        tally
    }

    /// What leaving the page would lose.
    pub fn unsent(&self) -> impl Iterator<Item = &str> {
        self.items.iter().filter(|it| it.state.is_unsent()).map(|it| it.name.as_str())
    }

    /// At most so many items: those being sent and those that failed before all others. In the order in which
    /// they were added, but for those taken in, which come last.
    pub fn shown(&self, most: usize) -> Vec<&Item> {
        let mut room = [0; RANKS];
        for item in &self.items {
            room[item.state.rank()] += 1;
        }
        let mut left = most;
        for places in &mut room {
            *places = left.min(*places);
            left -= *places;
        }
        let mut shown = Vec::with_capacity(most - left);
        for taken in [false, true] {
            for item in self.items.iter().filter(|it| it.state.is_taken() == taken) {
                let places = &mut room[item.state.rank()];
                if *places > 0 {
                    *places -= 1;
                    shown.push(item);
                }
            }
        }
        shown
    }

    fn attempted(&mut self, number: u32, attempt: u32) -> Option<&mut Item> {
        self.items.iter_mut().find(|it| it.number == number && it.attempt == attempt)
    }

    fn wait_again(&mut self, which: fn(&State) -> bool) {
        for item in self.items.iter_mut().filter(|it| which(&it.state)) {
            item.state = State::Waiting;
        }
    }
}

fn pause(item: &mut Item) {
    if matches!(item.state.as_str(), "waiting" | "sending") {
        item.state = State::Paused;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(items: u32) -> Queue {
        let mut queue = Queue::new();
        for number in 1..=items {
            queue.add(format!("{number}.txt"), 10, Source::Text(String::new()), None);
        }
        queue
    }

    fn states(queue: &Queue) -> Vec<&str> {
        queue.items.iter().map(|it| it.state.as_str()).collect()
    }

    fn send_next(queue: &mut Queue) -> u32 {
        queue.next(0.0).unwrap().number
    }

    fn failed() -> State {
        State::Failed("no connection".to_owned())
    }

    fn taken() -> State {
        State::Taken(JobId(uuid::Uuid::nil()))
    }

    #[test]
    fn three_are_sent_at_once_in_the_order_they_were_added() {
        let mut queue = queue(5);
        assert_eq!([(); 3].map(|()| send_next(&mut queue)), [1, 2, 3]);
        assert!(queue.next(0.0).is_none());
        queue.end(2, 1, taken());
        assert_eq!(send_next(&mut queue), 4);
    }

    #[test]
    fn what_was_paused_keeps_its_place_in_the_line() {
        let mut queue = queue(5);
        assert_eq!(send_next(&mut queue), 1);
        queue.toggle(1);
        assert_eq!(send_next(&mut queue), 2);
        queue.toggle(1);
        assert_eq!(send_next(&mut queue), 1);
        assert!(queue.is_sending(1, 2));
    }

    #[test]
    fn what_an_aborted_request_says_changes_nothing() {
        let mut queue = queue(1);
        send_next(&mut queue);
        queue.toggle(1);
        assert!(queue.end(1, 1, failed()).is_none());
        queue.toggle(1);
        send_next(&mut queue);
        queue.progress(1, 1, 10.0, 10.0, 1.0);
        assert!(queue.end(1, 1, failed()).is_none());
        assert_eq!(states(&queue), ["sending"]);
        assert!(queue.end(1, 2, taken()).is_some());
    }

    #[test]
    fn what_is_on_the_server_as_a_whole_is_not_paused() {
        let mut queue = queue(2);
        send_next(&mut queue);
        queue.progress(1, 1, 10.0, 10.0, 1.0);
        queue.pause_all();
        assert_eq!(states(&queue), ["sent", "paused"]);
    }

    #[test]
    fn failed_items_are_sent_again_and_paused_ones_stay() {
        let mut queue = queue(3);
        send_next(&mut queue);
        queue.end(1, 1, failed());
        queue.toggle(2);
        queue.all_failed_again();
        assert_eq!(states(&queue), ["waiting", "paused", "waiting"]);
        queue.resume_all();
        assert_eq!(queue.tally(), Tally { all: 3, going: 3, ..Tally::default() });
    }

    #[test]
    fn leaving_loses_what_is_not_taken_in_and_could_be() {
        let mut queue = queue(4);
        queue.add("a.png".to_owned(), 1, Source::Text(String::new()), Some(Refusal::Kind));
        for end in [taken(), failed()] {
            let number = send_next(&mut queue);
            queue.end(number, 1, end);
        }
        queue.toggle(3);
        assert_eq!(queue.unsent().collect::<Vec<_>>(), ["2.txt", "3.txt", "4.txt"]);
        queue.clear();
        assert_eq!(states(&queue), ["paused", "waiting"]);
    }

    #[test]
    fn those_being_sent_and_those_that_failed_are_shown_before_all_others() {
        let mut queue = queue(6);
        for _ in 1..=3 {
            send_next(&mut queue);
        }
        queue.end(1, 1, taken());
        queue.end(2, 1, failed());
        for (most, expected) in
            [(1, vec![3]), (2, vec![2, 3]), (3, vec![2, 3, 4]), (9, vec![2, 3, 4, 5, 6, 1])]
        {
            let shown: Vec<_> = queue.shown(most).iter().map(|it| it.number).collect();
            assert_eq!(shown, expected, "at most {most}");
        }
    }
}
