//! Many jobs in one transaction: cancelled, retried, deleted from the list. Each as if it were alone.

use chrono::{DateTime, Utc};

use super::jobs::{delete_items, delete_row, job, retry, start_cancelling};
use super::rows::bytes;
use super::*;

pub(super) fn cancel(tx: &Tx<'_>, ids: &[JobId], now: DateTime<Utc>) -> Result<Vec<Change>> {
    let one = |id: &JobId| match job(tx.connection, *id)? {
        None => Ok(Change::Unknown),
        Some(before) if before.can_cancel() => start_cancelling(tx, &before, now),
        Some(before) => Ok(Change::Refused(before)),
    };
    ids.iter().map(one).collect()
}

pub(super) fn retry_all(
    tx: &Tx<'_>,
    ids: &[JobId],
    more_attempts: u32,
    now: DateTime<Utc>,
) -> Result<Vec<Change>> {
    ids.iter().map(|id| retry(tx, *id, more_attempts, now)).collect()
}

/// Deletes the first of these jobs, as many as `limit` rows allow.
pub(super) fn delete(tx: &Tx<'_>, ids: &[JobId], limit: u32) -> Result<Vec<Change>> {
    let mut left = limit;
    let mut changes = Vec::new();
    for id in ids {
        if left == 0 {
            break;
        }
        let change = match job(tx.connection, *id)? {
            None => Change::Unknown,
            Some(before) if !before.status.is_final() => Change::Refused(before),
            Some(before) => {
                left -= delete_items(tx, bytes(*id), left)?;
                if left == 0 {
                    break;
                }
                delete_row(tx, bytes(*id))?;
                left -= 1;
                Change::Done(before)
            }
        };
        changes.push(change);
    }
    Ok(changes)
}
