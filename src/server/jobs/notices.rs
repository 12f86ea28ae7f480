//! What is worth a line in the log while a job is read.
//!
//! Told only to those who look while it takes its time: what is still to be said of a job when it has been read
//! follows from what it made.

use crate::domain::words::{count, counted};
use crate::domain::{LogLevel, Progress};
use crate::server::store::NewLine;

/// The first number of chunks that is told; after it 2, 5, 10, 20 and so on times as many.
const FIRST: u64 = 1000;

/// Watches how far a job is.
#[derive(Debug)]
pub(super) struct Notices {
    /// Each item has pages of its own, and they are too many to be told.
    has_items: bool,
    parts_told: bool,
    next_chunks: u64,
    waiting: Vec<NewLine>,
}

impl Notices {
    /// Of chunks that were there before nothing is told.
    pub(super) fn new(has_items: bool, chunks: u64) -> Self {
        let mut next_chunks = FIRST;
        while next_chunks <= chunks {
            next_chunks = after(next_chunks);
        }
        Self { has_items, parts_told: false, next_chunks, waiting: Vec::new() }
    }

    pub(super) fn see(&mut self, progress: &Progress) {
        let parts = progress.steps.filter(|it| it.total > 1 && (!self.has_items || it.unit == "file"));
        if let Some(steps) = parts.filter(|_| !self.parts_told) {
            self.parts_told = true;
            self.tell(format!("It has {}.", counted(steps.total, steps.unit)));
        }
        if progress.chunks_created >= self.next_chunks {
            let mut reached = self.next_chunks;
            while self.next_chunks <= progress.chunks_created {
                reached = self.next_chunks;
                self.next_chunks = after(reached);
            }
            self.tell(format!("Made {} chunks.", count(reached)));
        }
    }

    /// What is to be told, once.
    pub(super) fn take(&mut self) -> Vec<NewLine> {
        std::mem::take(&mut self.waiting)
    }

    fn tell(&mut self, text: String) {
        self.waiting.push(NewLine::new(LogLevel::Info, text));
    }
}

/// 1, 2, 5, 10, 20, 50 …: so few lines for any number.
fn after(number: u64) -> u64 {
    if number.to_string().starts_with('2') { number / 2 * 5 } else { number * 2 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::progress::Steps;

    fn told(notices: &mut Notices) -> Vec<String> {
        notices.take().into_iter().map(|it| it.text).collect()
    }

    #[test]
    fn the_number_of_parts_is_told_once_and_chunks_ever_more_rarely() {
        let mut notices = Notices::new(false, 0);
        let mut lines = Vec::new();
        for chunks in (0..=100_000).step_by(700) {
            let steps = Some(Steps { done: chunks / 700, total: 311, unit: "page" });
            notices.see(&Progress { chunks_created: chunks, steps, ..Progress::default() });
            lines.extend(told(&mut notices));
        }
        let expected = ["1,000", "2,000", "5,000", "10,000", "20,000", "50,000"];
        let expected = expected.map(|it| format!("Made {it} chunks."));
        assert_eq!(lines[0], "It has 311 pages.");
        assert_eq!(lines[1..], expected);
    }

    #[test]
    fn the_pages_of_one_file_among_many_are_not_told() {
        let mut notices = Notices::new(true, 2500);
        for (unit, lines) in [("page", vec![]), ("file", vec!["It has 9 files.".to_owned()])] {
            let steps = Some(Steps { done: 1, total: 9, unit });
            notices.see(&Progress { chunks_created: 2600, steps, ..Progress::default() });
            assert_eq!(told(&mut notices), lines, "{unit}");
        }
    }
}
