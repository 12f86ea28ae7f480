//! Shows how far a run is: bars on a terminal, a plain line now and then anywhere else.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{DecimalBytes, HumanCount, MultiProgress, ProgressBar, ProgressStyle};

use super::output::note;

const REDRAW: Duration = Duration::from_millis(100);
const LINE_EVERY: Duration = Duration::from_secs(5);

/// What has happened so far. Counted from several tasks, read by the display.
#[derive(Debug, Default)]
pub struct Counts {
    pub files_sent: AtomicU64,
    pub bytes_sent: AtomicU64,
    /// Files that were given up, of those that could be sent.
    pub files_lost: AtomicU64,
    pub jobs_ended: AtomicU64,
}

/// The number in a counter. Nothing else hangs on it, so no order of memory is needed.
pub fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// Adds to a counter.
pub fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

/// The display of one run, on standard error so that the summary can be piped.
#[derive(Debug)]
pub struct Display {
    bars: MultiProgress,
    sending: ProgressBar,
    /// `None` when nobody waits for the jobs.
    working: Option<ProgressBar>,
    files: u64,
}

impl Display {
    /// For a run that sends `files` of `bytes` together, and then waits for their jobs or does not.
    pub fn new(files: u64, bytes: u64, waits: bool) -> Self {
        let bars = MultiProgress::new();
        let sending = bars.add(ProgressBar::new(bytes));
        sending.set_style(style(
            "sending    [{bar:30}] {decimal_bytes} of {decimal_total_bytes}, {msg} ({decimal_bytes_per_sec})",
        ));
        let working = waits.then(|| {
            let working = bars.add(ProgressBar::new(files));
            working.set_style(style("ingesting  [{bar:30}] {human_pos} of {human_len} jobs, {elapsed}"));
            working
        });
        Self { bars, sending, working, files }
    }

    /// Prints a line above the bars.
    pub fn line(&self, text: &str) {
        self.above(|| note(text));
    }

    /// Runs what prints, while the bars make room.
    pub fn above<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bars.suspend(print)
    }

    /// Shows `counts` as they grow. Never returns; drop it when the run is over.
    pub async fn follow(&self, counts: &Counts) {
        if self.bars.is_hidden() {
            let mut said = String::new();
            loop {
                tokio::time::sleep(LINE_EVERY).await;
                let line = self.plain(counts);
                if line != said {
                    self.line(&line);
                    said = line;
                }
            }
        }
        loop {
            self.draw(counts);
            tokio::time::sleep(REDRAW).await;
        }
    }

    /// Leaves the bars as they are, showing the last state.
    pub fn close(&self, counts: &Counts) {
        if !self.bars.is_hidden() {
            self.draw(counts);
        }
        self.sending.abandon();
        if let Some(working) = &self.working {
            working.abandon();
        }
    }

    fn draw(&self, counts: &Counts) {
        self.sending.set_position(read(&counts.bytes_sent));
        let (sent, files) = (HumanCount(read(&counts.files_sent)), HumanCount(self.files));
        self.sending.set_message(format!("{sent} of {files} files"));
        if let Some(working) = &self.working {
            working.set_length(self.files - read(&counts.files_lost).min(self.files));
            working.set_position(read(&counts.jobs_ended));
        }
    }

    fn plain(&self, counts: &Counts) -> String {
        let sent = HumanCount(read(&counts.files_sent));
        let files = HumanCount(self.files);
        let bytes = DecimalBytes(read(&counts.bytes_sent));
        let ended = HumanCount(read(&counts.jobs_ended));
        match self.working {
            Some(_) => format!("sent {sent} of {files} files, {bytes}; {ended} jobs ended"),
            None => format!("sent {sent} of {files} files, {bytes}"),
        }
    }
}

/// A bar as all of them look.
pub fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("##-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_line_says_how_far_it_is() {
        let display = Display::new(4120, 80_000_000, true);
        let counts = Counts::default();
        add(&counts.files_sent, 1500);
        add(&counts.bytes_sent, 30_000_000);
        add(&counts.jobs_ended, 7);
        assert_eq!(display.plain(&counts), "sent 1,500 of 4,120 files, 30.00 MB; 7 jobs ended");
    }

    #[test]
    fn the_templates_of_the_bars_are_valid() {
        let display = Display::new(1, 1, true);
        display.draw(&Counts::default());
        assert!(ProgressStyle::with_template("{decimal_bytes_per_sec} {human_len}").is_ok());
    }
}
