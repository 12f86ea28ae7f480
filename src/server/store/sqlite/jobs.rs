//! Jobs outside of their attempts: accepted, listed, counted, cancelled, retried, cleaned up.

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, named_params, params, params_from_iter};

use super::rows::{self, bytes};
use super::*;
use crate::domain::JobStatus;

pub(super) fn accept(tx: &Tx<'_>, job: &NewJob, now: DateTime<Utc>) -> Result<Job> {
    let id = bytes(job.id);
    let inserted = tx
        .connection
        .prepare_cached(&format!(
            "insert into job (id, seq, job_type, name, created_at, due_at, max_attempts, size_bytes, \
             total_items, metadata) \
             values (:id, :seq, :job_type, :name, :now, :now, :max_attempts, :size, :items, :metadata) \
             returning {}",
            rows::JOB
        ))?
        .query_row(
            named_params! {
                ":id": id,
                ":seq": tx.next_seq(),
                ":job_type": job.job_type.as_str(),
                ":name": job.name,
                ":now": now.timestamp_millis(),
                ":max_attempts": job.max_attempts,
                ":size": job.size_bytes,
                ":items": job.total_items,
                ":metadata": rows::to_json(&job.metadata)?,
            },
            rows::job,
        )?;
    tx.connection
        .prepare_cached("insert into job_source (job, source) values (?1, ?2)")?
        .execute(params![id, rows::to_json(&job.source)?])?;
    for blob in job.source.blobs() {
        // The same file twice in one job is one blob.
        tx.connection
            .prepare_cached("insert or ignore into job_blob (blob, job) values (?1, ?2)")?
            .execute(params![blob.0, id])?;
    }
    Ok(inserted)
}

pub(super) fn job(connection: &Connection, id: JobId) -> Result<Option<Job>> {
    let mut statement = connection.prepare_cached(&format!("select {} from job where id = ?1", rows::JOB))?;
    Ok(statement.query_row([bytes(id)], rows::job).optional()?)
}

pub(super) fn page(connection: &Connection, filter: &JobFilter) -> Result<JobPage> {
    let mut conditions = vec!["true"];
    let mut values: Vec<Value> = Vec::new();
    if let Some(status) = filter.status {
        conditions.push("status = ?");
        values.push(status.as_str().to_owned().into());
    }
    if let Some(job_type) = filter.job_type {
        conditions.push("job_type = ?");
        values.push(job_type.as_str().to_owned().into());
    }

    let total_count = if filter.job_type.is_none() {
        let stats = stats(connection)?;
        filter.status.map_or(stats.total_jobs, |status| stats.of(status))
    } else {
        connection
            .prepare_cached(&format!("select count(*) from job where {}", conditions.join(" and ")))?
            .query_row(params_from_iter(&values), |row| row.get(0))?
    };

    if let Some(before) = filter.before {
        conditions.push("id < ?");
        values.push(bytes(before).to_vec().into());
    }
    // One more than asked for tells whether there is a next page.
    values.push(i64::from(filter.limit + 1).into());
    let jobs = connection
        .prepare_cached(&format!(
            "select {} from job where {} order by id desc limit ?",
            rows::JOB,
            conditions.join(" and ")
        ))?
        .query_map(params_from_iter(&values), rows::job)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(cut(jobs, filter.limit, total_count))
}

fn cut(mut jobs: Vec<Job>, limit: u32, total_count: u64) -> JobPage {
    let more = jobs.len() > limit as usize;
    jobs.truncate(limit as usize);
    let next = if more { jobs.last().map(|job| job.job_id) } else { None };
    JobPage { jobs, total_count, next }
}

pub(super) fn stats(connection: &Connection) -> Result<JobStats> {
    let mut stats = JobStats::default();
    let mut statement = connection.prepare_cached("select status, jobs, chunks from job_count")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let jobs: u64 = row.get(1)?;
        match row.get_ref(0)?.as_str().unwrap_or_default() {
            "pending" => stats.pending = jobs,
            "running" => stats.running = jobs,
            "completed" => stats.completed = jobs,
            "failed" => stats.failed = jobs,
            "cancelled" => stats.cancelled = jobs,
            other => return Err(StoreError::Corrupt(format!("a count of jobs that are {other}"))),
        }
        stats.total_jobs += jobs;
        stats.total_chunks_created += row.get::<_, u64>(2)?;
    }
    Ok(stats)
}

pub(super) fn items(connection: &Connection, id: JobId, limit: u32) -> Result<Vec<JobItem>> {
    let mut statement = connection.prepare_cached(
        "select item, name, document, chunks, error_code, error_message from job_item where job = ?1 \
         order by error_code = '', item limit ?2",
    )?;
    let items = statement.query_map(params![bytes(id), limit], |row| {
        Ok(JobItem {
            item: row.get(0)?,
            name: row.get(1)?,
            document_id: rows::optional_uuid(row, 2)?.map(DocumentId),
            chunks_created: row.get(3)?,
            error_code: row.get(4)?,
            error_message: row.get(5)?,
        })
    })?;
    Ok(items.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn delivered_items(connection: &Connection, id: JobId) -> Result<Vec<u64>> {
    let mut statement = connection.prepare_cached("select item from job_item where job = ?1")?;
    let items = statement.query_map([bytes(id)], |row| row.get(0))?;
    Ok(items.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn cancel(tx: &Tx<'_>, id: JobId, now: DateTime<Utc>) -> Result<Change> {
    let Some(before) = job(tx.connection, id)? else { return Ok(Change::Unknown) };
    match before.status {
        JobStatus::Pending => {
            tx.connection
                .prepare_cached(
                    "update job set seq = ?2, status = 'cancelled', completed_at = ?3, message = 'Cancelled' \
                     where id = ?1 and status = 'pending'",
                )?
                .execute(params![bytes(id), tx.next_seq(), now.timestamp_millis()])?;
            // What earlier attempts left goes with it.
            take_back_all(tx, id)?;
        }
        JobStatus::Running if before.cancel_requested => return Ok(Change::Done(before)),
        JobStatus::Running => {
            tx.connection
                .prepare_cached(
                    "update job set seq = ?2, cancel_requested = 1, message = 'Cancelling' \
                     where id = ?1 and status = 'running'",
                )?
                .execute(params![bytes(id), tx.next_seq()])?;
        }
        _ => return Ok(Change::Refused(before)),
    }
    Ok(job(tx.connection, id)?.map_or(Change::Unknown, Change::Done))
}

fn take_back_all(tx: &Tx<'_>, id: JobId) -> Result<()> {
    documents::delete_of_job(tx, id, u32::MAX)?;
    forget_results(tx, id)
}

/// The job needs its source no more.
pub(super) fn forget_source(tx: &Tx<'_>, id: [u8; 16]) -> Result<()> {
    tx.connection.prepare_cached("delete from job_source where job = ?1")?.execute([id])?;
    tx.connection.prepare_cached("delete from job_blob where job = ?1")?.execute([id])?;
    Ok(())
}

/// Nothing the job made is left.
pub(super) fn forget_results(tx: &Tx<'_>, id: JobId) -> Result<()> {
    tx.connection.prepare_cached("delete from job_item where job = ?1")?.execute([bytes(id)])?;
    tx.connection
        .prepare_cached(
            "update job set processed_items = 0, failed_items = 0, chunks_created = 0, chunks_indexed = 0 \
             where id = ?1",
        )?
        .execute([bytes(id)])?;
    Ok(())
}

pub(super) fn retry(tx: &Tx<'_>, id: JobId, more_attempts: u32, now: DateTime<Utc>) -> Result<Change> {
    let Some(before) = job(tx.connection, id)? else { return Ok(Change::Unknown) };
    if !before.can_retry() {
        return Ok(Change::Refused(before));
    }
    // Items that failed are tried again; those that were ingested stay.
    tx.connection
        .prepare_cached("delete from job_item where job = ?1 and error_code <> ''")?
        .execute([bytes(id)])?;
    tx.connection
        .prepare_cached(
            "update job set seq = ?2, status = 'pending', due_at = ?3, started_at = null, completed_at = null, \
             cancel_requested = 0, max_attempts = attempt + ?4, progress = 0, bytes_done = 0, \
             chunks_indexed = 0, message = '', error_code = '', error_message = '', failed_items = 0, \
             processed_items = (select count(*) from job_item where job = ?1), \
             chunks_created = (select coalesce(sum(chunks), 0) from job_item where job = ?1) \
             where id = ?1 and status in ('failed', 'cancelled')",
        )?
        .execute(params![bytes(id), tx.next_seq(), now.timestamp_millis(), more_attempts])?;
    Ok(job(tx.connection, id)?.map_or(Change::Unknown, Change::Done))
}

pub(super) fn clean_up(tx: &Tx<'_>, older_than: DateTime<Utc>, keep: u64, limit: u32) -> Result<u32> {
    let ids = tx
        .connection
        .prepare_cached(
            "select id from job where status in ('completed', 'failed', 'cancelled') and (completed_at < ?1 \
             or id < (select id from job order by id desc limit 1 offset ?2 - 1)) order by id limit ?3",
        )?
        .query_map(params![older_than.timestamp_millis(), keep, limit], |row| rows::uuid(row, 0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for id in &ids {
        let id = id.into_bytes();
        tx.connection.prepare_cached("delete from job where id = ?1")?.execute([id])?;
        tx.connection.prepare_cached("delete from job_item where job = ?1")?.execute([id])?;
        forget_source(tx, id)?;
        tx.connection
            .prepare_cached("insert into removal (seq, job) values (?1, ?2)")?
            .execute(params![tx.next_seq(), id])?;
    }
    Ok(ids.len() as u32)
}
