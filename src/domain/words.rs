//! Numbers, sizes and durations as people read them, the same from the server, the browser and the command line.

/// Larger numbers in groups of three: `12,345`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 chunk`, `2 chunks`.
pub fn counted(number: u64, one: &str) -> String {
    format!("{} {one}{}", count(number), if number == 1 { "" } else { "s" })
}

/// How much of all there is: `50 of 120 jobs`, and `1 job` where all are there.
pub fn shown_of(shown: u64, all: u64, one: &str) -> String {
    let all_of_them = counted(all, one);
    if shown < all { format!("{} of {all_of_them}", count(shown)) } else { all_of_them }
}

/// What a message says of what it names, for a place that has just named it: `It could not be read` in place of
/// `a.pdf could not be read`.
pub fn of_it(name: &str, message: &str) -> String {
    let rest = message.strip_prefix(name).filter(|rest| !name.is_empty() && rest.starts_with(' '));
    if let Some(rest) = rest {
        return format!("It{rest}");
    }
    match message.split_once(&format!(" in {name}")) {
        Some((before, after)) if !name.is_empty() && ends_a_word(after) => format!("{before} in it{after}"),
        _ => message.to_owned(),
    }
}

/// Whether the text before has ended with a whole word.
fn ends_a_word(after: &str) -> bool {
    let after = after.strip_prefix(['.', ',']).unwrap_or(after);
    after.is_empty() || after.starts_with(' ')
}

/// A part of a size, both in the unit that suits the whole: `3.2 of 8.0 MB`.
pub fn part_of_size(part: u64, whole: u64) -> String {
    let units = [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000)];
    match units.into_iter().find(|(_, size)| whole >= *size) {
        Some((unit, size)) => format!("{} of {} {unit}", tenths(part, size), tenths(whole, size)),
        None => format!("{part} of {whole} bytes"),
    }
}

fn tenths(bytes: u64, unit: u64) -> String {
    let tenths = bytes / (unit / 10);
    format!("{}.{}", count(tenths / 10), tenths % 10)
}

/// A length of time in at most two units: `850 ms`, `4.2 s`, `1 min 05 s`, `2 h 03 min`, `3 d 4 h`.
pub fn duration(milliseconds: i64) -> String {
    let milliseconds = milliseconds.max(0);
    let seconds = milliseconds / 1000;
    match seconds {
        0 => format!("{milliseconds} ms"),
        1..10 => format!("{seconds}.{} s", milliseconds % 1000 / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3600 % 24),
    }
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

/// A fraction as whole percent; only what is finished reaches 100.
pub fn percent(fraction: f64) -> u32 {
    if fraction >= 1.0 { 100 } else { (fraction.max(0.0) * 100.0).min(99.0) as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        for (number, text) in [(0, "0"), (999, "999"), (1204, "1,204"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), text);
        }
        assert_eq!((counted(1, "chunk"), counted(1000, "chunk")), ("1 chunk".into(), "1,000 chunks".into()));
    }

    #[test]
    fn all_of_it_is_not_counted_twice() {
        assert_eq!((shown_of(1, 1, "job"), shown_of(0, 0, "job")), ("1 job".into(), "0 jobs".into()));
        assert_eq!(shown_of(50, 1200, "job"), "50 of 1,200 jobs");
    }

    #[test]
    fn a_message_beside_a_name_does_not_say_it_again() {
        for (name, message, told) in [
            ("a.pdf", "a.pdf could not be read: it is encrypted.", "It could not be read: it is encrypted."),
            (
                "b.txt",
                "There is no text in b.txt, only white space.",
                "There is no text in it, only white space.",
            ),
            ("b.txt", "b.txt.gz could not be read.", "b.txt.gz could not be read."),
            ("b", "There is no text in b.txt.", "There is no text in b.txt."),
            ("", "Something is wrong.", "Something is wrong."),
        ] {
            assert_eq!(of_it(name, message), told, "{name}");
        }
    }

    #[test]
    fn a_part_of_a_size_is_in_the_unit_of_the_whole() {
        for (part, whole, text) in [
            (12, 300, "12 of 300 bytes"),
            (3_249_999, 8_000_000, "3.2 of 8.0 MB"),
            (500, 12_300, "0.5 of 12.3 KB"),
            (1_500_000_000, 2_000_000_000, "1.5 of 2.0 GB"),
        ] {
            assert_eq!(part_of_size(part, whole), text);
        }
    }

    #[test]
    fn durations_have_at_most_two_units() {
        for (milliseconds, text) in [
            (-5, "0 ms"),
            (850, "850 ms"),
            (4_260, "4.2 s"),
            (59_999, "59 s"),
            (65_000, "1 min 05 s"),
            (7_380_000, "2 h 03 min"),
            (273_600_000, "3 d 4 h"),
        ] {
            assert_eq!(duration(milliseconds), text);
        }
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
    }
}
