//! What happened over time. Noted by each step, written once for all steps of a transaction, and summed up the
//! longer it is ago.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, params};

use super::*;
use crate::domain::durations::Durations;
use crate::domain::{HistoryPoint, StageTimes, TimedStage};

const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// Minutes older than the first become steps of the second; each is longer than the range that shows what it
/// ends.
const FOLDS: [(TimeDelta, HistoryRange); 2] =
    [(TimeDelta::hours(2), HistoryRange::Day), (TimeDelta::days(2), HistoryRange::Week)];

/// Older than any range.
const FORGOTTEN: TimeDelta = TimeDelta::days(8);

/// What happened in one minute.
#[derive(Clone, Copy, Default)]
struct Counts {
    accepted: u64,
    completed: u64,
    failed: u64,
    cancelled: u64,
    chunks: u64,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.completed += other.completed;
        self.failed += other.failed;
        self.cancelled += other.cancelled;
        self.chunks += other.chunks;
    }
}

/// Adds events to their minutes.
pub(super) fn save(connection: &Connection, events: &[(DateTime<Utc>, Event)]) -> Result<()> {
    let mut minutes: BTreeMap<i64, Counts> = BTreeMap::new();
    let mut times: BTreeMap<(i64, TimedStage, u16), u64> = BTreeMap::new();
    for (at, event) in events {
        let minute = start_of(*at, MINUTE);
        if let Event::Took(stage, milliseconds) = event {
            *times.entry((minute, *stage, Durations::bucket(*milliseconds))).or_default() += 1;
            continue;
        }
        let counted = match event {
            Event::Accepted => Counts { accepted: 1, ..Counts::default() },
            Event::Completed { chunks } => Counts { completed: 1, chunks: *chunks, ..Counts::default() },
            Event::Added { chunks } => Counts { chunks: *chunks, ..Counts::default() },
            Event::Failed => Counts { failed: 1, ..Counts::default() },
            Event::Cancelled => Counts { cancelled: 1, ..Counts::default() },
            // The history does not show these.
            _ => continue,
        };
        minutes.entry(minute).or_default().add(counted);
    }
    for (minute, it) in minutes {
        connection
            .prepare_cached(
                "insert into history values (?1, ?2, ?3, ?4, ?5, ?6) on conflict do update set \
                 accepted = accepted + excluded.accepted, completed = completed + excluded.completed, \
                 failed = failed + excluded.failed, cancelled = cancelled + excluded.cancelled, \
                 chunks = chunks + excluded.chunks",
            )?
            .execute(params![minute, it.accepted, it.completed, it.failed, it.cancelled, it.chunks])?;
    }
    for ((minute, stage, bucket), jobs) in times {
        connection
            .prepare_cached(
                "insert into stage_time values (?1, ?2, ?3, ?4) on conflict do update set jobs = jobs + excluded.jobs",
            )?
            .execute(params![minute, stage.as_str(), bucket, jobs])?;
    }
    Ok(())
}

/// When the step began that a moment is in, in milliseconds since 1970.
fn start_of(at: DateTime<Utc>, step: TimeDelta) -> i64 {
    let at = at.timestamp_millis();
    at - at.rem_euclid(step.num_milliseconds())
}

pub(super) fn history(connection: &Connection, range: HistoryRange, now: DateTime<Utc>) -> Result<History> {
    let (from, step) = (range.from(now), range.step());
    let until = (from + step * range.points()).timestamp_millis();
    let mut points: Vec<_> =
        (0..range.points()).map(|number| HistoryPoint::empty(from + step * number)).collect();
    let first = from.timestamp_millis();

    let mut statement = connection.prepare_cached(
        "select (at - ?1) / ?3, sum(accepted), sum(completed), sum(failed), sum(cancelled), sum(chunks) \
         from history where at >= ?1 and at < ?2 group by 1",
    )?;
    let mut rows = statement.query(params![first, until, step.num_milliseconds()])?;
    while let Some(row) = rows.next()? {
        let Some(point) = points.get_mut(row.get::<_, usize>(0)?) else { continue };
        *point = HistoryPoint {
            at: point.at,
            accepted: row.get(1)?,
            completed: row.get(2)?,
            failed: row.get(3)?,
            cancelled: row.get(4)?,
            chunks: row.get(5)?,
        };
    }
    let stages = TimedStage::ALL.into_iter().map(|stage| stage_times(connection, stage, first, until));
    Ok(History {
        range,
        step_seconds: step.num_seconds() as u64,
        from,
        points,
        stages: stages.collect::<Result<_>>()?,
    })
}

fn stage_times(connection: &Connection, stage: TimedStage, from: i64, until: i64) -> Result<StageTimes> {
    let mut durations = Durations::default();
    let mut statement = connection.prepare_cached(
        "select bucket, sum(jobs) from stage_time where at >= ?1 and at < ?2 and stage = ?3 group by bucket",
    )?;
    let mut rows = statement.query(params![from, until, stage.as_str()])?;
    while let Some(row) = rows.next()? {
        durations.add(row.get(0)?, row.get(1)?);
    }
    let [p50_ms, p90_ms, p99_ms] = [50, 90, 99].map(|percent| durations.percentile(percent));
    Ok(StageTimes { stage, count: durations.count(), p50_ms, p90_ms, p99_ms })
}

pub(super) fn fold(tx: &Tx<'_>, now: DateTime<Utc>) -> Result<()> {
    for (age, range) in FOLDS {
        // Only whole steps: what still grows is not summed up.
        let (step, before) = (range.step().num_milliseconds(), start_of(now - age, range.step()));
        tx.connection
            .prepare_cached(
                "insert into history select at - at % ?1, sum(accepted), sum(completed), sum(failed), \
                 sum(cancelled), sum(chunks) from history where at < ?2 and at % ?1 <> 0 group by 1 \
                 on conflict do update set accepted = accepted + excluded.accepted, \
                 completed = completed + excluded.completed, failed = failed + excluded.failed, \
                 cancelled = cancelled + excluded.cancelled, chunks = chunks + excluded.chunks",
            )?
            .execute([step, before])?;
        tx.connection
            .prepare_cached(
                "insert into stage_time select at - at % ?1, stage, bucket, sum(jobs) from stage_time \
                 where at < ?2 and at % ?1 <> 0 group by 1, 2, 3 \
                 on conflict do update set jobs = jobs + excluded.jobs",
            )?
            .execute([step, before])?;
        for table in ["history", "stage_time"] {
            tx.connection
                .prepare_cached(&format!("delete from {table} where at < ?2 and at % ?1 <> 0"))?
                .execute([step, before])?;
        }
    }
    for table in ["history", "stage_time"] {
        tx.connection
            .prepare_cached(&format!("delete from {table} where at < ?1"))?
            .execute([(now - FORGOTTEN).timestamp_millis()])?;
    }
    Ok(())
}
