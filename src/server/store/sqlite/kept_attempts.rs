//! The attempts at a job: former ones have rows of their own, the present one is in the job's row.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, named_params};

use super::rows::{self, bytes};
use super::*;
use crate::domain::AttemptOutcome;

/// Keeps how the present attempt ended, before the job's row forgets it.
pub(super) fn keep(
    tx: &Tx<'_>,
    id: JobId,
    outcome: AttemptOutcome,
    failure: Option<&Failure>,
    retry_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.connection
        .prepare_cached(
            "insert or replace into job_attempt (job, attempt, outcome, queued_at, started_at, read_at, ended_at, \
             retry_at, error_code, error_message) \
             select id, attempt, :outcome, coalesce(queued_at, created_at), coalesce(started_at, :now), read_at, \
             :now, :retry_at, :code, :error from job where id = :id",
        )?
        .execute(named_params! {
            ":id": bytes(id),
            ":outcome": outcome.as_str(),
            ":now": now.timestamp_millis(),
            ":retry_at": retry_at.map(|it| it.timestamp_millis()),
            ":code": failure.map_or("", |it| it.code),
            ":error": failure.map_or("", |it| &it.message),
        })?;
    tx.note(now, Event::AttemptEnded(outcome));
    Ok(())
}

/// Keeps the attempt that was cancelled, or completed in part, before the job is tried again. One that failed was
/// kept then.
pub(super) fn keep_ended(tx: &Tx<'_>, id: JobId) -> Result<()> {
    tx.connection
        .prepare_cached(
            "insert or replace into job_attempt (job, attempt, outcome, queued_at, started_at, read_at, ended_at, \
             error_code, error_message) \
             select id, attempt, status, coalesce(queued_at, created_at), started_at, read_at, completed_at, '', '' \
             from job where id = ?1 and status in ('cancelled', 'completed') and started_at is not null",
        )?
        .execute([bytes(id)])?;
    Ok(())
}

/// The job has completed without another attempt: the one that had completed before is the present one again, and
/// the job ended when that did.
pub(super) fn take_back(tx: &Tx<'_>, id: JobId) -> Result<()> {
    let of_job = "job = ?1 and outcome = 'completed' and attempt = (select max(attempt) from job_attempt \
                  where job = ?1 and outcome = 'completed')";
    let taken = tx
        .connection
        .prepare_cached(&format!(
            "update job set (queued_at, started_at, read_at, completed_at) = (select queued_at, started_at, read_at, \
             ended_at from job_attempt where {of_job}) where id = ?1 and exists (select 1 from job_attempt where {of_job})"
        ))?
        .execute([bytes(id)])?;
    if taken > 0 {
        tx.connection
            .prepare_cached(&format!("delete from job_attempt where {of_job}"))?
            .execute([bytes(id)])?;
    }
    Ok(())
}

pub(super) fn attempts(connection: &Connection, id: JobId) -> Result<Vec<KeptAttempt>> {
    let mut statement = connection.prepare_cached(
        "select attempt, queued_at, started_at, read_at, ended_at, outcome, error_code, error_message, retry_at \
         from job_attempt where job = ?1 \
         union all select attempt, coalesce(queued_at, created_at), started_at, read_at, completed_at, status, \
         '', '', null from job where id = ?1 and started_at is not null \
         and status in ('running', 'completed', 'cancelled') order by started_at, attempt, ended_at nulls last",
    )?;
    let attempts = statement.query_map([bytes(id)], |row| {
        let attempt = JobAttempt {
            attempt: row.get(0)?,
            queued_at: rows::time(row, 1)?,
            started_at: rows::time(row, 2)?,
            read_at: rows::optional_time(row, 3)?,
            ended_at: rows::optional_time(row, 4)?,
            outcome: rows::parsed(row, 5)?,
            error_code: row.get(6)?,
            error_message: row.get(7)?,
        };
        Ok(KeptAttempt { attempt, retry_at: rows::optional_time(row, 8)? })
    })?;
    Ok(attempts.collect::<rusqlite::Result<_>>()?)
}
