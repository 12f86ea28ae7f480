//! When a job that failed is tried again by itself.

use std::io;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::Job;
use crate::server::store::Failure;

/// Each attempt waits this many times as long as the one before it.
const GROWTH: u32 = 4;

/// No attempt waits longer, but for the jitter.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// By how much a wait may be shorter or longer, so that jobs that failed together do not come together.
const JITTER: f64 = 0.2;

/// The moment of the next attempt, if there is to be one: only a cause that may pass is worth it.
pub fn next_attempt(
    job: &Job,
    failure: &Failure,
    first_delay: Duration,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let again = failure.may_pass && job.attempt < job.max_attempts;
    let delay = delay(first_delay, job.attempt, fastrand::f64());
    again.then(|| now + TimeDelta::from_std(delay).unwrap_or(TimeDelta::MAX))
}

/// How long to wait after attempt number `attempt`; `random` is from 0 to 1.
fn delay(first: Duration, attempt: u32, random: f64) -> Duration {
    let growth = GROWTH.saturating_pow(attempt.saturating_sub(1));
    let jitter = 1.0 + JITTER * (2.0 * random - 1.0);
    first.saturating_mul(growth).min(LONGEST).mul_f64(jitter)
}

/// Whether an error of the machine may be gone at the next attempt.
pub fn may_pass(error: &io::Error) -> bool {
    use io::ErrorKind::*;
    !matches!(
        error.kind(),
        NotFound | PermissionDenied | InvalidInput | InvalidData | NotADirectory | IsADirectory | Unsupported
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_longer_up_to_an_hour() {
        let first = Duration::from_secs(5);
        let seconds = [1, 2, 3, 9, 100].map(|attempt| delay(first, attempt, 0.5).as_secs());
        assert_eq!(seconds, [5, 20, 80, 3600, 3600]);
    }

    #[test]
    fn waits_differ_by_a_fifth() {
        let first = Duration::from_secs(10);
        assert_eq!([0.0, 1.0].map(|random| delay(first, 1, random).as_secs()), [8, 12]);
    }

    #[test]
    fn only_a_cause_that_may_pass_is_tried_again_and_only_while_attempts_are_left() {
        let now = DateTime::UNIX_EPOCH;
        for (may_pass, attempt, again) in
            [(true, 1, true), (true, 2, true), (true, 3, false), (false, 1, false)]
        {
            let job = Job { attempt, max_attempts: 3, ..Job::example() };
            let failure = Failure { may_pass, ..Failure::new("unreadable", "") };
            let next = next_attempt(&job, &failure, Duration::from_secs(5), now);
            assert_eq!(next.is_some_and(|at| at > now), again, "{may_pass} {attempt}");
        }
    }
}
