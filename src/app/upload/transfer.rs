//! How far a request is, and how fast.

use crate::app::format;

/// The speed is that of the last second or so, in milliseconds: a newer figure would jump about.
const SPAN: f64 = 1000.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transfer {
    sent: f64,
    all: f64,
    /// Bytes in a second, once it is known.
    speed: Option<f64>,
    /// When it was last measured, and what was sent by then.
    measured: (f64, f64),
}

impl Transfer {
    pub fn new(now: f64) -> Self {
        Self { sent: 0.0, all: 0.0, speed: None, measured: (now, 0.0) }
    }

    pub fn progress(&mut self, sent: f64, all: f64, now: f64) {
        (self.sent, self.all) = (sent, all);
        let (then, before) = self.measured;
        if now - then >= SPAN {
            self.speed = Some((sent - before) / (now - then) * 1000.0);
            self.measured = (now, sent);
        }
    }

    pub fn percent(&self) -> u32 {
        if self.all > 0.0 { (self.sent / self.all * 100.0).min(100.0) as u32 } else { 0 }
    }

    /// Whether all of it is on its way, so that only the answer is missing.
    pub fn is_through(&self) -> bool {
        self.percent() == 100
    }

    /// `42 %`, and once it is known `42 % · 3.2 MB/s`.
    pub fn words(&self) -> String {
        let mut words = self.percent().to_string();
        words.push_str(" %");
        if let Some(speed) = self.speed.filter(|_| !self.is_through()) {
            words.push_str(" · ");
            words.push_str(&format::bytes(speed as u64));
            words.push_str("/s");
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speed_is_that_of_the_last_second() {
        let mut transfer = Transfer::new(5_000.0);
        for (sent, now, words) in [
            (0.0, 5_010.0, "0 %"),
            (1_000_000.0, 5_500.0, "10 %"),
            (3_200_000.0, 6_000.0, "32 % · 3.2 MB/s"),
            (3_300_000.0, 6_900.0, "33 % · 3.2 MB/s"),
            (3_360_000.0, 8_000.0, "33 % · 80 KB/s"),
            (10_000_000.0, 9_000.0, "100 %"),
        ] {
            transfer.progress(sent, 10_000_000.0, now);
            assert_eq!(transfer.words(), words, "at {now}");
        }
    }

    #[test]
    fn percent_is_never_above_a_hundred() {
        for (sent, all, expected) in [(0.0, 0.0, 0), (50.0, 200.0, 25), (201.0, 200.0, 100)] {
            let mut transfer = Transfer::new(0.0);
            transfer.progress(sent, all, 0.0);
            assert_eq!(transfer.percent(), expected);
        }
    }
}
