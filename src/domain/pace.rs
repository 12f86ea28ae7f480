//! How fast jobs have been lately.

use serde::{Deserialize, Serialize};

use super::{Job, JobType};

/// Bytes a second from the start of a job to its completion: a quarter of the last jobs of its kind were slower
/// than `low`, a quarter faster than `high`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    pub job_type: JobType,
    /// Of jobs of so many bytes …
    pub at_least: u64,
    /// … and less than so many.
    pub below: Option<u64>,
    pub low: f64,
    pub high: f64,
}

/// A job that completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    pub bytes: u64,
    pub milliseconds: u64,
}

impl Pace {
    /// Fewer jobs say nothing.
    const LEAST: usize = 5;
    /// More are too long ago.
    const MOST: usize = 50;
    /// What was done in less time says little about what takes longer, in milliseconds.
    pub const LEAST_TIME: u64 = 1000;
    /// The sizes at which jobs begin to be of another kind: each has a cost that does not depend on its size.
    const SIZES: [u64; 4] = [0, 1_000_000, 32_000_000, u64::MAX];

    /// What `done` says of jobs of one type, newest first: of each size of which there are enough, and then of
    /// all together.
    pub fn measured(job_type: JobType, done: &[Done]) -> Vec<Self> {
        let sizes = Self::SIZES.windows(2).map(|it| (it[0], it[1]));
        let all = std::iter::once((0, u64::MAX));
        sizes
            .chain(all)
            .filter_map(|(at_least, below)| Self::of_size(job_type, at_least, below, done))
            .collect()
    }

    fn of_size(job_type: JobType, at_least: u64, below: u64, done: &[Done]) -> Option<Self> {
        let like = done.iter().filter(|it| {
            it.milliseconds >= Self::LEAST_TIME && it.bytes > 0 && (at_least..below).contains(&it.bytes)
        });
        let mut speeds: Vec<f64> =
            like.take(Self::MOST).map(|it| it.bytes as f64 * 1000.0 / it.milliseconds as f64).collect();
        if speeds.len() < Self::LEAST {
            return None;
        }
        speeds.sort_by(f64::total_cmp);
        let quartile = |quarters: usize| speeds[(speeds.len() - 1) * quarters / 4];
        let below = (below < u64::MAX).then_some(below);
        Some(Self { job_type, at_least, below, low: quartile(1), high: quartile(3) })
    }

    /// The pace of jobs like this one, if there were enough.
    pub fn of(paces: &[Self], job: &Job) -> Option<Self> {
        let fits = |it: &&Self| {
            it.job_type == job.job_type
                && it.at_least <= job.size_bytes
                && it.below.is_none_or(|below| job.size_bytes < below)
        };
        paces.iter().find(fits).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(bytes: u64, seconds: u64) -> Done {
        Done { bytes, milliseconds: seconds * 1000 }
    }

    #[test]
    fn the_pace_lies_between_the_quartiles() {
        let jobs: Vec<_> = [1, 2, 3, 4, 5].map(|megabytes| done(megabytes * 1_000_000, 1)).to_vec();
        let paces = Pace::measured(JobType::FileIngestion, &jobs);
        let seen: Vec<_> = paces.iter().map(|it| (it.at_least, it.below, it.low, it.high)).collect();
        assert_eq!(
            seen,
            [(1_000_000, Some(32_000_000), 2_000_000.0, 4_000_000.0), (0, None, 2_000_000.0, 4_000_000.0)]
        );
    }

    #[test]
    fn fewer_than_five_and_those_that_took_no_time_say_nothing() {
        assert!(Pace::measured(JobType::FileIngestion, &[done(5000, 2); 4]).is_empty());
        let quick = Done { bytes: 5000, milliseconds: 999 };
        assert!(Pace::measured(JobType::FileIngestion, &[quick; 50]).is_empty());
    }

    #[test]
    fn only_the_last_fifty_count() {
        let mut jobs = vec![done(2000, 1); 50];
        jobs.extend([done(90_000, 1); 500]);
        assert_eq!(Pace::measured(JobType::FileIngestion, &jobs)[0].high, 2000.0);
    }

    #[test]
    fn a_job_has_the_pace_of_its_size_or_else_that_of_all() {
        let mut jobs = vec![done(50_000_000, 1); 5];
        jobs.extend([done(10_000, 1); 5]);
        let paces = Pace::measured(JobType::FileIngestion, &jobs);
        let of = |job_type, size_bytes| {
            Pace::of(&paces, &Job { job_type, size_bytes, ..Job::example() }).map(|it| it.low)
        };
        assert_eq!(of(JobType::FileIngestion, 20_000), Some(10_000.0));
        assert_eq!(of(JobType::FileIngestion, 90_000_000), Some(50_000_000.0));
        assert_eq!(of(JobType::FileIngestion, 5_000_000), Some(10_000.0), "those of all");
        assert_eq!(of(JobType::TextIngestion, 20_000), None);
    }
}
