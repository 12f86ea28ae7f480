//! Numbers and durations in sentences that server and browser both write.

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
}
