//! Jobs whose worker is gone, or is about to go: back to the queue, or failed once their attempts are used up.

use chrono::{DateTime, Utc};

use super::attempts::{Requeue, back_to_queue, fail};
use super::*;
use crate::domain::AttemptOutcome;

pub(super) fn rescue(tx: &Tx<'_>, expired: DateTime<Utc>, now: DateTime<Utc>) -> Result<Rescued> {
    let mut rescued = Rescued::default();
    for job in lost(tx, "lease_until < ?1 and cancel_requested = 0", expired)? {
        if job.attempt >= job.max_attempts {
            fail(tx, job.job_id, &crashed(&job), now)?;
            rescued.failed.push(job.job_id);
        } else {
            let failure = crashed(&job);
            kept_attempts::keep(tx, job.job_id, AttemptOutcome::Failed, Some(&failure), None, now)?;
            let requeue = Requeue { suspect: true, failure: Some(&failure), ..Requeue::since(now) };
            back_to_queue(tx, job.job_id, &requeue)?;
            rescued.requeued += 1;
        }
    }
    let cancelling = lost(tx, "cancel_requested = 1 and coalesce(lease_until < ?1, true)", expired)?;
    rescued.to_withdraw = cancelling.iter().map(Fence::of).collect();
    Ok(rescued)
}

/// Gives every attempt back, and answers how many there were. They are not kept: nobody knows when they ended.
pub(super) fn release_all(tx: &Tx<'_>) -> Result<usize> {
    let running = lost(tx, "lease_until < ?1 and cancel_requested = 0", DateTime::<Utc>::MAX_UTC)?;
    for job in &running {
        back_to_queue(tx, job.job_id, &Requeue { attempts_given_back: 1, ..Requeue::default() })?;
    }
    Ok(running.len())
}

fn crashed(job: &Job) -> Failure {
    let message = if job.attempt >= job.max_attempts {
        format!(
            "The server ended abruptly {} times while it worked on this job, so it does not try again by \
             itself. Retry it if you think the cause was another.",
            job.attempt
        )
    } else {
        "The server ended abruptly while it worked on this job.".to_owned()
    };
    Failure::that_may_pass("crashed", message)
}

/// Jobs that nobody works on although someone should.
fn lost(tx: &Tx<'_>, condition: &str, expired: DateTime<Utc>) -> Result<Vec<Job>> {
    let mut statement = tx
        .connection
        .prepare_cached(&format!("select {} from job where {condition} order by id", rows::JOB))?;
    let jobs = statement.query_map([expired.timestamp_millis()], rows::job)?;
    Ok(jobs.collect::<rusqlite::Result<_>>()?)
}
