//! Requests that may come again.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, params};

use super::*;
use super::{jobs, rows};

/// What became of the request when it came before, if it did.
pub(super) fn known(
    tx: &Tx<'_>,
    by: &Actor,
    request: &RequestKey,
    now: DateTime<Utc>,
) -> Result<Option<Acceptance>> {
    let oldest = (now - RequestKey::KEPT).timestamp_millis();
    let found: Option<([u8; 32], JobId)> = tx
        .connection
        .prepare_cached(
            "select fingerprint, job from request_key where by = ?1 and key = ?2 and created_at > ?3",
        )?
        .query_row(params![&*by.name, request.key, oldest], |row| {
            Ok((row.get(0)?, JobId(rows::uuid(row, 1)?)))
        })
        .optional()?;
    Ok(match found {
        None => None,
        Some((fingerprint, _)) if fingerprint != request.fingerprint => Some(Acceptance::KeyTaken),
        Some((_, id)) => Some(jobs::job(tx.connection, id)?.map_or(Acceptance::Gone(id), Acceptance::Known)),
    })
}

/// Remembers which job a request brought.
pub(super) fn remember(
    tx: &Tx<'_>,
    by: &Actor,
    request: &RequestKey,
    job: JobId,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.connection
        .prepare_cached(
            "insert or replace into request_key (by, key, fingerprint, job, created_at) values (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            &*by.name,
            request.key,
            request.fingerprint,
            rows::bytes(job),
            now.timestamp_millis()
        ])?;
    Ok(())
}

/// Answers whether more are left.
pub(super) fn forget(tx: &Tx<'_>, before: DateTime<Utc>, limit: u32) -> Result<bool> {
    let gone = tx
        .connection
        .prepare_cached(
            "delete from request_key where (by, key) in \
             (select by, key from request_key where created_at <= ?1 order by created_at limit ?2)",
        )?
        .execute(params![before.timestamp_millis(), limit])?;
    Ok(gone == limit as usize)
}
