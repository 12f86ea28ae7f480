//! How long a running job may still take.

use std::time::Duration;

use super::{Job, JobStatus, Pace, Stage};

/// A job's own rate says nothing before it has run so long, in milliseconds …
const LEAST_ELAPSED: u64 = 3000;
/// … and has come so far.
const LEAST_PROGRESS: f64 = 0.02;

/// From here on only the job's own rate counts.
const KNOWN_WELL: f64 = 0.5;

/// How far the rest may be off at the beginning, as a share of it.
const UNSURE: f64 = 0.5;

/// A job with fewer chunks waits for the index's next commit, and nobody knows how long.
const LARGE: u64 = 1000;

/// The least and the most that a running job will still take, as far as can be told, after `elapsed_ms`.
///
/// Two things tell: how far the job has come in that time, and how fast others like it were. The further it is,
/// the more its own rate counts, and the closer the two ends are.
pub fn time_left(job: &Job, elapsed_ms: u64, pace: Option<Pace>) -> Option<(Duration, Duration)> {
    let indexes_little = job.stage == Some(Stage::Indexing) && job.chunks_created < LARGE;
    if job.status != JobStatus::Running || job.cancel_requested || indexes_little {
        return None;
    }
    let (low, high) = match (own_rate(job, elapsed_ms), of_others(job, elapsed_ms, pace)) {
        (Some(own), Some(others)) => {
            let weight = (job.progress / KNOWN_WELL).min(1.0);
            let mixed = |own: f64, others: f64| own * weight + others * (1.0 - weight);
            (mixed(own.0, others.0), mixed(own.1, others.1))
        }
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => return None,
    };
    let duration = |milliseconds: f64| Duration::from_millis(milliseconds.max(0.0).round() as u64);
    Some((duration(low), duration(high)))
}

fn own_rate(job: &Job, elapsed_ms: u64) -> Option<(f64, f64)> {
    if elapsed_ms < LEAST_ELAPSED || job.progress < LEAST_PROGRESS {
        return None;
    }
    let rest = elapsed_ms as f64 * (1.0 - job.progress) / job.progress;
    let unsure = UNSURE * (1.0 - job.progress);
    Some((rest * (1.0 - unsure), rest * (1.0 + unsure)))
}

/// What the pace of others leaves; nothing once the job has taken longer than they would have.
fn of_others(job: &Job, elapsed_ms: u64, pace: Option<Pace>) -> Option<(f64, f64)> {
    let pace = pace.filter(|it| it.low > 0.0 && it.high >= it.low && job.size_bytes > 0)?;
    let rest = |speed: f64| job.size_bytes as f64 * 1000.0 / speed - elapsed_ms as f64;
    let (low, high) = (rest(pace.high).max(0.0), rest(pace.low));
    (high > 0.0).then_some((low, high))
}

/// The same as people say it: "about 2–3 min left".
pub fn words(low: Duration, high: Duration) -> String {
    let high = high.max(low);
    if high.as_secs() < 60 {
        return "less than a minute left".to_owned();
    }
    let minutes = |time: Duration| (time.as_secs_f64() / 60.0).round().max(1.0) as u64;
    let hours = |time: Duration| (time.as_secs_f64() / 3600.0).round() as u64;
    let range = |low: u64, high: u64, unit: &str| match low == high {
        true => format!("about {high} {unit} left"),
        false => format!("about {low}–{high} {unit} left"),
    };
    match (minutes(low), minutes(high)) {
        (low, high) if high < 90 => range(low, high, "min"),
        (few, _) if few < 60 => format!("about {few} min to {} h left", hours(high)),
        _ => range(hours(low), hours(high), "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::JobType;

    fn running(progress: f64) -> Job {
        Job {
            status: JobStatus::Running,
            stage: Some(Stage::Reading),
            size_bytes: 1_000_000,
            progress,
            ..Job::example()
        }
    }

    /// Takes `low` to `high` seconds for such a job.
    fn pace(low: f64, high: f64) -> Option<Pace> {
        let (at_least, below) = (0, None);
        let job_type = JobType::TextIngestion;
        Some(Pace { job_type, at_least, below, low: 1_000_000.0 / high, high: 1_000_000.0 / low })
    }

    fn seconds(job: &Job, elapsed: u64, pace: Option<Pace>) -> Option<(u64, u64)> {
        let left = time_left(job, elapsed * 1000, pace);
        left.map(|(low, high)| (low.as_secs_f64().round() as u64, high.as_secs_f64().round() as u64))
    }

    #[test]
    fn the_jobs_own_rate_counts_more_the_further_it_is() {
        for (progress, elapsed, others, left) in [
            // Too early to say anything, but for the pace of others.
            (0.0, 1, None, None),
            (0.5, 2, None, None),
            (0.01, 60, None, None),
            (0.0, 0, pace(100.0, 200.0), Some((100, 200))),
            (0.0, 60, pace(100.0, 200.0), Some((40, 140))),
            // Its own rate alone: 100 s in all.
            (0.1, 10, None, Some((50, 131))),
            (0.5, 50, None, Some((38, 63))),
            (0.9, 90, None, Some((10, 11))),
            // Both: a fifth of its own, then half, then all.
            (0.1, 10, pace(200.0, 300.0), Some((162, 258))),
            (0.25, 25, pace(200.0, 300.0), Some((111, 189))),
            (0.5, 50, pace(200.0, 300.0), Some((38, 63))),
            // Slower than any other: they say nothing any more.
            (0.1, 1000, pace(100.0, 200.0), Some((4950, 13_050))),
            (0.0, 1000, pace(100.0, 200.0), None),
        ] {
            assert_eq!(seconds(&running(progress), elapsed, others), left, "{progress} after {elapsed} s");
        }
    }

    #[test]
    fn the_range_narrows_as_the_job_goes_on() {
        let mut before = u64::MAX;
        for tenths in 0..=9 {
            let job = running(f64::from(tenths) / 10.0);
            let (low, high) = seconds(&job, u64::from(tenths as u8) * 10, pace(80.0, 300.0)).unwrap();
            assert!(high - low <= before, "{tenths}: {low} to {high}");
            before = high - low;
        }
    }

    #[test]
    fn nothing_is_said_of_jobs_that_do_not_run_or_wait_for_a_commit() {
        let job = running(0.5);
        let indexing = |chunks| Job { stage: Some(Stage::Indexing), chunks_created: chunks, ..job.clone() };
        for (job, said) in [
            (job.clone(), true),
            (Job { status: JobStatus::Pending, ..job.clone() }, false),
            (Job { status: JobStatus::Completed, ..job.clone() }, false),
            (Job { cancel_requested: true, ..job.clone() }, false),
            (indexing(999), false),
            (indexing(1000), true),
        ] {
            assert_eq!(time_left(&job, 10_000, pace(100.0, 200.0)).is_some(), said, "{job:?}");
        }
    }

    #[test]
    fn a_time_is_said_as_people_say_it() {
        for (low, high, text) in [
            (2, 40, "less than a minute left"),
            (30, 60, "about 1 min left"),
            (30, 100, "about 1–2 min left"),
            (110, 185, "about 2–3 min left"),
            (280, 310, "about 5 min left"),
            (600, 5300, "about 10–88 min left"),
            (2700, 7200, "about 45 min to 2 h left"),
            (7200, 7300, "about 2 h left"),
            (7200, 20_000, "about 2–6 h left"),
        ] {
            assert_eq!(words(Duration::from_secs(low), Duration::from_secs(high)), text, "{low} to {high}");
        }
    }
}
