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

/// A duration: `85 ms`, `1.2 s`, `34 s`, `5 min`, `2 h 5 min`.
pub fn duration(milliseconds: u64) -> String {
    match milliseconds {
        0..1000 => format!("{milliseconds} ms"),
        1000..10_000 => format!("{}.{} s", milliseconds / 1000, milliseconds / 100 % 10),
        10_000..60_000 => format!("{} s", milliseconds / 1000),
        60_000..3_600_000 => format!("{} min", milliseconds / 60_000),
        _ => format!("{} h {} min", milliseconds / 3_600_000, milliseconds / 60_000 % 60),
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
    fn durations_are_written_with_what_matters() {
        for (milliseconds, text) in
            [(85, "85 ms"), (1250, "1.2 s"), (34_900, "34 s"), (301_000, "5 min"), (7_500_000, "2 h 5 min")]
        {
            assert_eq!(duration(milliseconds), text);
        }
    }
}
