//! What waits: how the queue is set, and where jobs stand in it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::claims::{BULK_DELAY, LANES};
use super::rows::{self, bytes};
use super::*;

/// Places beyond this are not told: counting up to them is not worth it.
const FURTHEST_PLACE: u32 = 10_000;

pub(super) fn settings(connection: &Connection) -> Result<QueueSettings> {
    let mut statement = connection.prepare_cached("select paused, max_concurrent_jobs from queue_setting")?;
    Ok(statement
        .query_row([], |row| Ok(QueueSettings { paused: row.get(0)?, max_concurrent_jobs: row.get(1)? }))?)
}

pub(super) fn change(tx: &Tx<'_>, change: QueueChange) -> Result<QueueSettings> {
    tx.connection
        .prepare_cached(
            "update queue_setting set paused = coalesce(?1, paused), \
             max_concurrent_jobs = coalesce(?2, max_concurrent_jobs)",
        )?
        .execute(params![change.paused, change.max_concurrent_jobs])?;
    settings(tx.connection)
}

/// When the pending job that was accepted first was accepted.
pub(super) fn oldest(connection: &Connection) -> Result<Option<DateTime<Utc>>> {
    let mut statement = connection
        .prepare_cached("select created_at from job where status = 'pending' order by id limit 1")?;
    Ok(statement.query_row([], |row| rows::time(row, 0)).optional()?)
}

pub(super) fn ahead(connection: &Connection, id: JobId) -> Result<Option<u64>> {
    let mut statement = connection.prepare_cached(
        "select (select count(*) from job where status = 'pending' and cancel_requested = 0 \
         and (due_at + bulk * ?2, id) < (me.due_at + me.bulk * ?2, me.id)) from job me \
         where id = ?1 and status = 'pending' and cancel_requested = 0",
    )?;
    Ok(statement.query_row(params![bytes(id), BULK_DELAY], |row| row.get(0)).optional()?)
}

/// As [`ahead`] counts, of several jobs in one walk.
pub(super) fn places(connection: &Connection, ids: &[JobId]) -> Result<Vec<(JobId, u64)>> {
    let mut statement = connection.prepare_cached(
        "select due_at + bulk * ?3, id from job where status = 'pending' and cancel_requested = 0 \
         and suspect = ?1 and bulk = ?2 order by due_at, id limit ?4",
    )?;
    let mut waiting: Vec<(i64, JobId)> = Vec::new();
    for lane in LANES {
        let found = statement
            .query_map(params![lane.suspect, lane.bulk, BULK_DELAY, FURTHEST_PLACE], |row| {
                Ok((row.get(0)?, JobId(rows::uuid(row, 1)?)))
            })?;
        for next in found {
            waiting.push(next?);
        }
    }
    waiting.sort_unstable();
    // Beyond this a lane may have been cut.
    waiting.truncate(FURTHEST_PLACE as usize);
    let places: HashMap<JobId, u64> = waiting.into_iter().map(|(_, id)| id).zip(0..).collect();
    Ok(ids.iter().filter_map(|id| Some((*id, *places.get(id)?))).collect())
}
