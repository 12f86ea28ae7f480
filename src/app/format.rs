//! Numbers, times and words as people read them. Small functions of the data alone: no clock, no
//! time zone, no locale, so that the server and the browser write the same text.

use chrono::{DateTime, Datelike, Timelike, Utc};

pub use crate::domain::words::{ago, bytes, count, counted, duration, percent, shown_of};

/// `2024-01-15 10:30:05`, in UTC.
pub fn date_time(time: &DateTime<Utc>) -> String {
    format!("{:04}-{:02}-{:02} {}", time.year(), time.month(), time.day(), clock(time))
}

fn clock(time: &DateTime<Utc>) -> String {
    format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
}

/// A number with two decimals, such as a score.
pub fn decimal(number: f64) -> String {
    let hundredths = (number.max(0.0) * 100.0).round() as u64;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Where a passage is: its chunk, its place in the source if that is known, and its characters.
pub fn place(chunk: &str, place: &str, start: u64, end: u64) -> String {
    let before = if place.is_empty() { "" } else { " · " };
    format!("{chunk}{before}{place} · characters {start}–{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn times_are_utc() {
        assert_eq!(date_time(&at(1_705_314_600)), "2024-01-15 10:30:00");
    }

    #[test]
    fn a_decimal_has_two_places() {
        assert_eq!(decimal(12.3456), "12.35");
    }
}
