//! Which job is worked on next, and that it is: bulk gives way to what people wait for, small texts go in groups.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, named_params, params};

use super::rows::{self, bytes};
use super::*;
use crate::domain::TimedStage;

/// Texts up to this size are claimed in groups, in bytes.
const SMALL_TEXT: u64 = 64 << 10;

/// A bulk job is claimed as if it were due so much later, in milliseconds.
pub(super) const BULK_DELAY: i64 = 30_000;

pub(super) fn claim(tx: &Tx<'_>, claim: &Claim, now: DateTime<Utc>) -> Result<Vec<Lease>> {
    // Asked here, too, because a claim may have been on its way when the queue was paused.
    if waiting::settings(tx.connection)?.paused {
        return Ok(Vec::new());
    }
    let suspect_runs: bool = tx
        .connection
        .prepare_cached("select exists (select 1 from job where suspect = 1 and stage = 'reading')")?
        .query_row([], |row| row.get(0))?;
    // Each lane is looked at by itself, where `job_due` begins: what may not be claimed is never walked over.
    let mut first: Option<(i64, JobId, Lane)> = None;
    for lane in LANES {
        if lane.bulk && !claim.bulk || lane.suspect && suspect_runs {
            continue;
        }
        let next = lane.next(tx, now)?;
        if next.is_some_and(|next| first.is_none_or(|(due, id, _)| next < (due, id))) {
            first = next.map(|(due, id)| (due, id, lane));
        }
    }
    let Some((_, _, lane)) = first else { return Ok(Vec::new()) };
    let mut leases = lane.leases(tx, claim.group, now)?;
    for (lease, waits_since) in &mut leases {
        lease.job = start(tx, &lease.job, claim, now)?;
        tx.note(now, Event::took(TimedStage::Waiting, *waits_since, now));
    }
    Ok(leases.into_iter().map(|(lease, _)| lease).collect())
}

/// Jobs that wait for their turn among their like.
#[derive(Clone, Copy)]
pub(super) struct Lane {
    pub(super) suspect: bool,
    pub(super) bulk: bool,
}

pub(super) const LANES: [Lane; 4] = [
    Lane { suspect: false, bulk: false },
    Lane { suspect: false, bulk: true },
    Lane { suspect: true, bulk: false },
    Lane { suspect: true, bulk: true },
];

impl Lane {
    /// The first job that is due, with when it counts as due.
    fn next(self, tx: &Tx<'_>, now: DateTime<Utc>) -> Result<Option<(i64, JobId)>> {
        let mut statement = tx.connection.prepare_cached(
            "select due_at + bulk * ?4, id from job where status = 'pending' and cancel_requested = 0 \
             and suspect = ?1 and bulk = ?2 and due_at <= ?3 order by due_at, id limit 1",
        )?;
        Ok(statement
            .query_row(params![self.suspect, self.bulk, now.timestamp_millis(), BULK_DELAY], |row| {
                Ok((row.get(0)?, JobId(rows::uuid(row, 1)?)))
            })
            .optional()?)
    }

    /// The first job, and with a small text those that follow it; with each, since when it has waited for its
    /// turn.
    fn leases(self, tx: &Tx<'_>, group: u32, now: DateTime<Utc>) -> Result<Vec<(Lease, i64)>> {
        let mut statement = tx.connection.prepare_cached(&format!(
            "select {}, (select source from job_source where job = job.id), \
             max(due_at, coalesce(queued_at, created_at)) from job where status = 'pending' \
             and cancel_requested = 0 and suspect = ?1 and bulk = ?2 and due_at <= ?3 \
             order by due_at, id limit ?4",
            rows::JOB
        ))?;
        let mut due =
            statement.query(params![self.suspect, self.bulk, now.timestamp_millis(), group.max(1)])?;
        let mut leases: Vec<(Lease, i64)> = Vec::new();
        while let Some(row) = due.next()? {
            let job = rows::job(row)?;
            let alone = !goes_in_groups(&job);
            if alone && !leases.is_empty() {
                break;
            }
            let source: Option<String> = row.get(rows::JOB_COLUMNS)?;
            let lease = Lease { job, bulk: self.bulk, source: source.unwrap_or_default() };
            leases.push((lease, row.get(rows::JOB_COLUMNS + 1)?));
            if alone {
                break;
            }
        }
        Ok(leases)
    }
}

fn goes_in_groups(job: &Job) -> bool {
    job.job_type == JobType::TextIngestion && job.size_bytes <= SMALL_TEXT && job.attempt == 0
}

fn start(tx: &Tx<'_>, job: &Job, claim: &Claim, now: DateTime<Utc>) -> Result<Job> {
    let mut statement = tx.connection.prepare_cached(&format!(
        "update job set seq = :seq, status = 'running', stage = 'reading', attempt = attempt + 1, \
         worker = :worker, lease_until = :until, started_at = :now, read_at = null, progress = 0, bytes_done = 0, \
         chunks_indexed = 0, message = '', error_code = '', error_message = '' \
         where id = :id and status = 'pending' returning {}",
        rows::JOB
    ))?;
    Ok(statement.query_row(
        named_params! {
            ":seq": tx.next_seq(),
            ":worker": claim.worker.0,
            ":until": claim.lease_until.timestamp_millis(),
            ":now": now.timestamp_millis(),
            ":id": bytes(job.job_id),
        },
        rows::job,
    )?)
}
