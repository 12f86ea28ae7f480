//! Durations counted in buckets, so that percentiles over any time come from sums.

use std::collections::BTreeMap;

/// Buckets for each doubling of a duration.
const PER_DOUBLING: f64 = 4.0;

/// How many durations fell into each bucket.
///
/// A bucket begins at 2^(n/4) milliseconds, so each is 19 % wider than the one before. A percentile is told as
/// the middle of its bucket in whole milliseconds, and is so at most 9 % off, and half a millisecond; what took
/// less than one counts as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations(BTreeMap<u16, u64>);

impl Durations {
    /// The bucket of a duration.
    pub fn bucket(milliseconds: u64) -> u16 {
        ((milliseconds.max(1) as f64).log2() * PER_DOUBLING) as u16
    }

    /// Counts `count` durations of one bucket.
    pub fn add(&mut self, bucket: u16, count: u64) {
        *self.0.entry(bucket).or_default() += count;
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// The duration that so many percent do not exceed, in milliseconds; 0 if there are none.
    pub fn percentile(&self, percent: u64) -> u64 {
        let rank = (self.count() * percent).div_ceil(100).max(1);
        let mut passed = 0;
        let bucket = self.0.iter().find(|(_, count)| {
            passed += *count;
            passed >= rank
        });
        bucket.map_or(0, |(bucket, _)| middle(*bucket))
    }
}

/// The middle of a bucket, in milliseconds.
fn middle(bucket: u16) -> u64 {
    ((f64::from(bucket) + 0.5) / PER_DOUBLING).exp2().round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_told_within_nine_percent() {
        for milliseconds in (1..2000).chain([59_999, 3_600_000, 86_400_000, 2_592_000_000]) {
            let mut durations = Durations::default();
            durations.add(Durations::bucket(milliseconds), 1);
            let off = (durations.percentile(50) as f64 - milliseconds as f64).abs();
            assert!(off <= 0.091 * milliseconds as f64 + 0.5, "{milliseconds} is {off} off");
        }
    }

    #[test]
    fn percentiles_come_from_the_sums_of_buckets() {
        let mut durations = Durations::default();
        for (milliseconds, count) in [(10, 50), (100, 40), (1000, 9), (60_000, 1)] {
            durations.add(Durations::bucket(milliseconds), count);
        }
        assert_eq!(durations.count(), 100);
        for (percent, milliseconds) in
            [(0, 10), (50, 10), (51, 100), (90, 100), (91, 1000), (99, 1000), (100, 60_000)]
        {
            let expected = middle(Durations::bucket(milliseconds));
            assert_eq!(durations.percentile(percent), expected, "p{percent}");
        }
    }

    #[test]
    fn nothing_measured_is_zero() {
        assert_eq!((Durations::default().percentile(50), Durations::default().count()), (0, 0));
        assert_eq!(Durations::bucket(0), Durations::bucket(1));
    }
}
