//! When a delivery is tried again: at first soon, then ever more seldom, for three days.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// The waits after the first try, the second and so on; after the last one nothing is tried any more.
const WAITS: [u64; 9] =
    [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

/// A receiver that names a time is waited for so long at most.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * HOUR);

/// By how much a wait may be longer, so that what failed together does not come together.
const JITTER: f64 = 0.1;

/// How long to wait after try number `tries`, and at least as long as the receiver asked for; nothing once it was the
/// last. `random` is from 0 to 1.
pub fn wait_after(tries: u32, asked: Option<Duration>, random: f64) -> Option<Duration> {
    let wait = WAITS.get(tries.saturating_sub(1) as usize)?;
    let wait = Duration::from_secs(*wait).mul_f64(1.0 + JITTER * random);
    Some(wait.max(asked.unwrap_or_default().min(LONGEST_ASKED)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(tries: u32, asked: Option<u64>, random: f64) -> Option<u64> {
        wait_after(tries, asked.map(Duration::from_secs), random).map(|it| it.as_secs())
    }

    #[test]
    fn there_are_ten_tries_in_about_three_days() {
        let waits: Vec<_> = (1..=10).map_while(|tries| seconds(tries, None, 0.0)).collect();
        assert_eq!(waits, [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]);
        assert_eq!(seconds(10, None, 0.0), None);
        assert_eq!(seconds(10, Some(60), 0.0), None, "also when the receiver asks for more");
        let days = waits.iter().sum::<u64>() as f64 / (24 * HOUR) as f64;
        assert!((3.0..3.5).contains(&days), "{days}");
    }

    #[test]
    fn a_wait_grows_by_a_tenth_at_most() {
        assert_eq!((seconds(2, None, 0.0), seconds(2, None, 1.0)), (Some(300), Some(330)));
    }

    #[test]
    fn a_receiver_can_ask_for_more_up_to_a_day() {
        assert_eq!(seconds(1, Some(60), 0.0), Some(60));
        assert_eq!(seconds(1, Some(1), 0.0), Some(5), "not for less");
        assert_eq!(seconds(1, Some(999_999), 0.0), Some(24 * HOUR));
    }
}
