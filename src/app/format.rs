//! Numbers, times and words as people read them. Small functions of the data alone: no clock, no
//! time zone, no locale, so that the server and the browser write the same text.

use chrono::{DateTime, Datelike, Timelike, Utc};

pub use crate::domain::words::{count, counted, duration};

/// `2024-01-15 10:30:05`, in UTC.
pub fn date_time(time: &DateTime<Utc>) -> String {
    format!("{:04}-{:02}-{:02} {}", time.year(), time.month(), time.day(), clock(time))
}

fn clock(time: &DateTime<Utc>) -> String {
    format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
}

/// How long ago something was, or how soon it will be: `just now`, `3 min ago`, `in 2 h`, `4 d ago`.
pub fn ago(milliseconds: i64) -> String {
    let seconds = milliseconds.abs() / 1000;
    let words = match seconds {
        0..10 => return "just now".to_owned(),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    };
    if milliseconds < 0 { format!("in {words}") } else { format!("{words} ago") }
}

/// `512 B`, `1.4 KB`, `20 MB`: powers of 1000.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["KB", "MB", "GB", "TB", "PB"];
    if number < 1000 {
        return format!("{number} B");
    }
    let mut unit = 0;
    let mut tenths = number / 100;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    if tenths < 100 {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    } else {
        format!("{} {}", tenths / 10, UNITS[unit])
    }
}

/// A number with two decimals, such as a score.
pub fn decimal(number: f64) -> String {
    let hundredths = (number.max(0.0) * 100.0).round() as u64;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// A fraction as whole percent; only what is finished reaches 100.
pub fn percent(fraction: f64) -> u32 {
    if fraction >= 1.0 { 100 } else { (fraction.max(0.0) * 100.0).min(99.0) as u32 }
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
    fn moments_are_told_from_now() {
        for (milliseconds, text) in [
            (0, "just now"),
            (-9_000, "just now"),
            (59_999, "59 s ago"),
            (-180_000, "in 3 min"),
            (7_200_000, "2 h ago"),
            (200_000_000, "2 d ago"),
        ] {
            assert_eq!(ago(milliseconds), text);
        }
    }

    #[test]
    fn sizes_keep_two_or_three_digits() {
        for (number, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_449, "1.4 KB"),
            (20_500, "20 KB"),
            (999_999, "999 KB"),
            (1_000_000, "1.0 MB"),
            (80_000_000, "80 MB"),
            (1_073_741_824, "1.0 GB"),
        ] {
            assert_eq!(bytes(number), text);
        }
    }

    #[test]
    fn only_a_finished_job_is_at_a_hundred_percent() {
        for (fraction, expected) in [(-1.0, 0), (0.0, 0), (0.427, 42), (0.9999, 99), (1.0, 100)] {
            assert_eq!(percent(fraction), expected, "{fraction}");
        }
        assert_eq!(decimal(12.3456), "12.35");
    }
}
