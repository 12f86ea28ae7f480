//! How many jobs came and ended, and how long they took, over time: what charts show.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::job::{named, rfc3339};

/// How far back a chart goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HistoryRange {
    #[default]
    Hour,
    Day,
    Week,
}
named!(HistoryRange, "range");

impl HistoryRange {
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Week];

    /// The name used on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
        }
    }

    /// How long a point lasts.
    pub fn step(self) -> TimeDelta {
        match self {
            Self::Hour => TimeDelta::minutes(1),
            Self::Day => TimeDelta::minutes(15),
            Self::Week => TimeDelta::hours(2),
        }
    }

    /// How many points there are.
    pub fn points(self) -> i32 {
        match self {
            Self::Hour => 60,
            Self::Day => 96,
            Self::Week => 84,
        }
    }

    /// When the first point begins. The last one is the step that `now` is in; all begin at whole steps since
    /// 1970.
    pub fn from(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let into_step = now.timestamp_millis().rem_euclid(self.step().num_milliseconds());
        now - TimeDelta::milliseconds(into_step)
            - TimeDelta::nanoseconds(sub_millisecond(now))
            - self.step() * (self.points() - 1)
    }
}

fn sub_millisecond(time: DateTime<Utc>) -> i64 {
    i64::from(time.timestamp_subsec_nanos() % 1_000_000)
}

/// What happened in each step of a range, and how long the stages of jobs took in all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct History {
    pub range: HistoryRange,
    /// How long a point lasts.
    pub step_seconds: u64,
    #[serde(with = "rfc3339")]
    pub from: DateTime<Utc>,
    /// One for each step, oldest first, also where nothing happened.
    pub points: Vec<HistoryPoint>,
    /// One for each stage, also where nothing was measured.
    pub stages: Vec<StageTimes>,
}

/// What happened in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryPoint {
    /// When the step began.
    #[serde(with = "rfc3339")]
    pub at: DateTime<Utc>,
    /// Jobs that came.
    pub accepted: u64,
    /// Jobs that ended so.
    pub completed: u64,
    pub failed: u64,
    pub cancelled: u64,
    /// Of the jobs that completed.
    pub chunks: u64,
}

impl HistoryPoint {
    /// A step in which nothing happened.
    pub fn empty(at: DateTime<Utc>) -> Self {
        Self { at, accepted: 0, completed: 0, failed: 0, cancelled: 0, chunks: 0 }
    }
}

/// A part of a job's way that takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimedStage {
    /// From when a job is due until a worker takes it.
    Waiting,
    /// Until all is read and written.
    Reading,
    /// Until a query finds it.
    Indexing,
}
named!(TimedStage, "stage");

impl TimedStage {
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Reading, Self::Indexing];

    /// The name used on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Reading => "reading",
            Self::Indexing => "indexing",
        }
    }
}

/// How long a stage took: so many percent of the jobs were through by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StageTimes {
    pub stage: TimedStage,
    /// How often it was measured.
    pub count: u64,
    /// In milliseconds, up to 9 % off. 0 if nothing was measured.
    pub p50_ms: u64,
    pub p90_ms: u64,
    pub p99_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_point_is_the_step_of_now_and_all_begin_at_whole_steps() {
        let now = DateTime::from_timestamp(1_800_000_123, 456_789_000).unwrap();
        for range in HistoryRange::ALL {
            let (from, step) = (range.from(now), range.step());
            assert_eq!(from.timestamp_millis() % step.num_milliseconds(), 0, "{range}");
            let last = from + step * (range.points() - 1);
            assert!(last <= now && now < last + step, "{range}");
        }
    }

    #[test]
    fn a_range_is_as_long_as_it_is_called() {
        for (range, hours) in [(HistoryRange::Hour, 1), (HistoryRange::Day, 24), (HistoryRange::Week, 168)] {
            assert_eq!(range.step() * range.points(), TimeDelta::hours(hours), "{range}");
            assert_eq!(range.as_str().parse(), Ok(range));
        }
    }
}
