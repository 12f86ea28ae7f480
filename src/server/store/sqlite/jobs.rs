//! Jobs outside of their attempts: accepted, shown, cancelled, retried, cleaned up.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::rows::{self, bytes};
use super::*;
use crate::domain::access::Action;
use crate::domain::{AttemptOutcome, Duplicate, JobStatus};

pub(super) fn accept(tx: &Tx<'_>, job: &NewJob, max_pending: u64, now: DateTime<Utc>) -> Result<Acceptance> {
    if let Some(request) = &job.request_key
        && let Some(known) = request_keys::known(tx, &job.by, request, now)?
    {
        return Ok(known);
    }
    if let Some(alone) = job.alone
        && let Some((document, seq)) = duplicates::oldest(tx.connection, alone.hash)?
    {
        if alone.or_refused {
            return Ok(Acceptance::Refused(document));
        }
        let added = add(tx, job, now)?;
        return Ok(Acceptance::Skipped(skip(tx, added.job_id, document, seq, now)?));
    }
    let pending: u64 = tx
        .connection
        .prepare_cached("select coalesce(sum(jobs), 0) from job_count where status = 'pending'")?
        .query_row([], |row| row.get(0))?;
    if pending >= max_pending {
        return Ok(Acceptance::Full);
    }
    Ok(Acceptance::Added(add(tx, job, now)?))
}

/// There is nothing to read: the job waits only for the index to have the document that has its content.
fn skip(tx: &Tx<'_>, id: JobId, document: DocumentId, seq: u64, now: DateTime<Utc>) -> Result<Job> {
    let duplicate = Duplicate::skipped(document);
    let (outcome, met) = rows::duplicate_columns(Some(duplicate));
    Ok(tx
        .connection
        .prepare_cached(&format!(
            "update job set seq = ?2, status = 'running', stage = 'indexing', started_at = ?3, read_at = ?3, \
             attempt = 1, processed_items = 1, bytes_done = size_bytes, wait_seq = ?4, message = ?5, duplicate = ?6, \
             duplicate_of = ?7 where id = ?1 returning {}",
            rows::JOB
        ))?
        .query_row(
            params![
                bytes(id),
                tx.next_seq(),
                now.timestamp_millis(),
                seq,
                duplicate.to_string(),
                outcome,
                met
            ],
            rows::job,
        )?)
}

fn add(tx: &Tx<'_>, job: &NewJob, now: DateTime<Utc>) -> Result<Job> {
    let id = bytes(job.id);
    let inserted = tx
        .connection
        .prepare_cached(&format!(
            "insert into job (id, seq, job_type, name, created_at, due_at, bulk, max_attempts, size_bytes, \
             total_items, metadata, accepted_by, request_id, callbacks) \
             values (:id, :seq, :job_type, :name, :now, :now, :bulk, :max_attempts, :size, :items, :metadata, :by, \
             :request_id, :callbacks) \
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
                ":bulk": job.bulk,
                ":max_attempts": job.max_attempts,
                ":size": job.size_bytes,
                ":items": job.total_items,
                ":metadata": rows::to_json(&job.metadata)?,
                ":by": &*job.by.name,
                ":request_id": &*job.by.request_id,
                ":callbacks": rows::to_json(&job.callbacks)?,
            },
            rows::job,
        )?;
    tx.connection
        .prepare_cached("insert into job_source (job, source) values (?1, ?2)")?
        .execute(params![id, job.source])?;
    for blob in &job.blobs {
        // The same file twice in one job is one blob.
        tx.connection
            .prepare_cached("insert or ignore into job_blob (blob, job) values (?1, ?2)")?
            .execute(params![blob.0, id])?;
    }
    let deed = Deed {
        by: job.by.clone(),
        action: Action::AcceptJob,
        subject: job.id.to_string(),
        detail: job.job_type.as_str().to_owned(),
    };
    access::record(tx, &deed, now)?;
    if let Some(request) = &job.request_key {
        request_keys::remember(tx, &job.by, request, job.id, now)?;
    }
    tx.note(now, Event::Accepted);
    Ok(inserted)
}

pub(super) fn accepted_by(connection: &Connection, id: JobId) -> Result<Option<Actor>> {
    let mut statement = connection.prepare_cached("select accepted_by, request_id from job where id = ?1")?;
    let actor =
        |row: &rusqlite::Row<'_>| Ok(Actor::new(row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?));
    Ok(statement.query_row([bytes(id)], actor).optional()?)
}

pub(super) fn job(connection: &Connection, id: JobId) -> Result<Option<Job>> {
    let mut statement = connection.prepare_cached(&format!("select {} from job where id = ?1", rows::JOB))?;
    Ok(statement.query_row([bytes(id)], rows::job).optional()?)
}

pub(super) fn items(connection: &Connection, id: JobId, limit: u32) -> Result<Vec<JobItem>> {
    let mut items = Vec::new();
    for condition in ["error_code <> ''", "error_code = ''"] {
        let mut statement = connection.prepare_cached(&format!(
            "select item, name, document, chunks, error_code, error_message, duplicate, duplicate_of from job_item \
             where job = ?1 and {condition} order by item limit ?2"
        ))?;
        for found in statement.query_map(params![bytes(id), limit - items.len() as u32], item)? {
            items.push(found?);
        }
    }
    Ok(items)
}

pub(super) fn item_page(connection: &Connection, id: JobId, filter: ItemFilter) -> Result<JobItemPage> {
    let condition = if filter.failed_only { "and error_code <> ''" } else { "" };
    let mut statement = connection.prepare_cached(&format!(
        "select item, name, document, chunks, error_code, error_message, duplicate, duplicate_of from job_item \
         where job = ?1 and item > ?2 {condition} order by item limit ?3"
    ))?;
    let after = filter.after.map_or(-1, |after| after as i64);
    let items = statement.query_map(params![bytes(id), after, filter.limit + 1], item)?;
    let mut items = items.collect::<rusqlite::Result<Vec<_>>>()?;
    let more = items.len() > filter.limit as usize;
    items.truncate(filter.limit as usize);
    let next = if more { items.last().map(|it| it.item) } else { None };
    Ok(JobItemPage { items, next })
}

pub(super) fn source(connection: &Connection, id: JobId) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached("select source from job_source where job = ?1")?;
    Ok(statement.query_row([bytes(id)], |row| row.get(0)).optional()?)
}

pub(super) fn last_done(connection: &Connection, job_type: JobType, limit: u32) -> Result<Vec<Done>> {
    // The condition begins as that of the index `job_pace`. Who has former attempts did a part of the work in them.
    let mut statement = connection.prepare_cached(
        "select size_bytes, completed_at - started_at from job where job_type = ?1 and status = 'completed' \
         and completed_at - started_at >= 1000 and not exists (select 1 from job_attempt where job = job.id) \
         order by completed_at desc limit ?2",
    )?;
    let done = statement.query_map(params![job_type.as_str(), limit], |row| {
        Ok(Done { bytes: row.get(0)?, milliseconds: row.get(1)? })
    })?;
    Ok(done.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn warnings(connection: &Connection, id: JobId) -> Result<Vec<Warning>> {
    let mut statement = connection.prepare_cached("select warnings from job where id = ?1")?;
    Ok(statement.query_row([bytes(id)], |row| rows::json(row, 0)).optional()?.unwrap_or_default())
}

fn item(row: &rusqlite::Row<'_>) -> rusqlite::Result<JobItem> {
    Ok(JobItem {
        item: row.get(0)?,
        name: row.get(1)?,
        document_id: rows::optional_uuid(row, 2)?.map(DocumentId),
        chunks_created: row.get(3)?,
        error_code: row.get(4)?,
        error_message: row.get(5)?,
        duplicate: rows::duplicate(row, 6)?,
    })
}

pub(super) fn delivered_items(connection: &Connection, id: JobId) -> Result<BTreeMap<u64, String>> {
    let mut statement = connection.prepare_cached("select item, name from job_item where job = ?1")?;
    let items = statement.query_map([bytes(id)], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(items.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn cancel(tx: &Tx<'_>, id: JobId, now: DateTime<Utc>) -> Result<Change> {
    let Some(before) = job(tx.connection, id)? else { return Ok(Change::Unknown) };
    if before.status.is_final() {
        return Ok(Change::Refused(before));
    }
    if before.cancel_requested {
        return Ok(Change::Done(before));
    }
    start_cancelling(tx, &before, now)
}

/// Cancels a job that can be: at once, or by marking it.
pub(super) fn start_cancelling(tx: &Tx<'_>, before: &Job, now: DateTime<Utc>) -> Result<Change> {
    let id = before.job_id;
    tx.note(now, Event::CancelAsked(id));
    if before.status == JobStatus::Pending && before.processed_items == 0 {
        end_cancelled(tx, id, now)?;
    } else {
        tx.connection
            .prepare_cached(
                "update job set seq = ?2, cancel_requested = 1, message = 'Cancelling' where id = ?1",
            )?
            .execute(params![bytes(id), tx.next_seq()])?;
    }
    Ok(job(tx.connection, id)?.map_or(Change::Unknown, Change::Done))
}

/// Takes back up to `limit` documents of a job that is being cancelled; the last ones end it.
pub(super) fn withdraw(tx: &Tx<'_>, fence: Fence, limit: u32, now: DateTime<Utc>) -> Result<bool> {
    let ours: Option<bool> = tx
        .connection
        .prepare_cached("select kept from job where id = ?1 and attempt = ?2 and cancel_requested = 1")?
        .query_row(params![bytes(fence.job), fence.attempt], |row| row.get(0))
        .optional()?;
    match ours {
        None => return Ok(true),
        Some(true) => return leave_as_completed(tx, fence.job, now).map(|()| true),
        Some(false) => {}
    }
    if documents::delete_of_job(tx, fence.job, limit)? == limit
        || delete_items(tx, bytes(fence.job), limit)? == limit
    {
        return Ok(false);
    }
    end_cancelled(tx, fence.job, now)?;
    Ok(true)
}

/// The job completes again, once the index has what was ingested, without the items that were tried again. If their
/// attempt had not begun, there was none: see [`kept_attempts::take_back`].
fn leave_as_completed(tx: &Tx<'_>, id: JobId, now: DateTime<Utc>) -> Result<()> {
    tx.connection
        .prepare_cached(
            "update job set seq = ?2, status = 'running', stage = 'indexing', worker = null, lease_until = null, \
             cancel_requested = 0, suspect = 0, message = '', error_code = '', error_message = '', \
             processed_items = total_items, (failed_items, chunks_created) = (select job.total_items - count(*), \
             coalesce(sum(chunks), 0) from job_item where job = ?1 and job_item.error_code = '') where id = ?1",
        )?
        .execute(params![bytes(id), tx.next_seq()])?;
    tx.note(now, Event::CancelSettled(id));
    Ok(())
}

/// The job is `cancelled`, and nothing it made is left.
fn end_cancelled(tx: &Tx<'_>, id: JobId, now: DateTime<Utc>) -> Result<()> {
    let (was_begun, callbacks): (bool, String) = tx
        .connection
        .prepare_cached(
            "update job set seq = ?2, status = 'cancelled', stage = null, worker = null, lease_until = null, \
             cancel_requested = 0, suspect = 0, completed_at = ?3, message = 'Cancelled', error_code = '', \
             duplicate = null, duplicate_of = null, \
             error_message = '', processed_items = 0, \
             failed_items = 0, chunks_created = 0, chunks_indexed = 0, warnings = '[]' where id = ?1 \
             returning started_at is not null, callbacks",
        )?
        .query_row(params![bytes(id), tx.next_seq(), now.timestamp_millis()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    webhooks::tell(tx, id, &callbacks, now)?;
    tx.note(now, Event::Cancelled);
    if was_begun {
        tx.note(now, Event::AttemptEnded(AttemptOutcome::Cancelled));
    }
    tx.note(now, Event::CancelSettled(id));
    Ok(())
}

fn has_source(connection: &Connection, id: JobId) -> Result<bool> {
    let mut statement =
        connection.prepare_cached("select exists (select 1 from job_source where job = ?1)")?;
    Ok(statement.query_row([bytes(id)], |row| row.get(0))?)
}

/// The job needs its source no more.
pub(super) fn forget_source(tx: &Tx<'_>, id: [u8; 16]) -> Result<()> {
    tx.connection.prepare_cached("delete from job_source where job = ?1")?.execute([id])?;
    tx.connection.prepare_cached("delete from job_blob where job = ?1")?.execute([id])?;
    Ok(())
}

pub(super) fn retry(tx: &Tx<'_>, id: JobId, more_attempts: u32, now: DateTime<Utc>) -> Result<Change> {
    let Some(before) = job(tx.connection, id)? else { return Ok(Change::Unknown) };
    if !before.can_retry() {
        return Ok(Change::Refused(before));
    }
    if before.status == JobStatus::Completed && !has_source(tx.connection, id)? {
        return Ok(Change::SourceGone(before));
    }
    // Items that failed are tried again; those that were ingested stay.
    tx.connection
        .prepare_cached("delete from job_item where job = ?1 and error_code <> ''")?
        .execute([bytes(id)])?;
    kept_attempts::keep_ended(tx, id)?;
    tx.connection
        .prepare_cached(
            "update job set seq = ?2, status = 'pending', due_at = ?3, queued_at = ?3, started_at = null, \
             read_at = null, completed_at = null, \
             cancel_requested = 0, suspect = 0, max_attempts = attempt + ?4, progress = 0, bytes_done = 0, \
             duplicate = null, duplicate_of = null, \
             chunks_indexed = 0, message = '', error_code = '', error_message = '', failed_items = 0, \
             kept = kept or status = 'completed', processed_items = (select count(*) from job_item where job = ?1), \
             chunks_created = (select coalesce(sum(chunks), 0) from job_item where job = ?1) \
             where id = ?1 and (status in ('failed', 'cancelled') or (status = 'completed' and failed_items > 0))",
        )?
        .execute(params![bytes(id), tx.next_seq(), now.timestamp_millis(), more_attempts])?;
    Ok(job(tx.connection, id)?.map_or(Change::Unknown, Change::Done))
}

pub(super) fn clean_up(tx: &Tx<'_>, rule: &CleanUp, limit: u32) -> Result<CleanedUp> {
    let stats = listing::stats(tx.connection)?;
    let ended = stats.total_jobs - stats.pending - stats.running;
    let surplus = ended.saturating_sub(rule.keep).min(limit.into());
    let ids = tx
        .connection
        .prepare_cached(
            "select id from (select id from job where completed_at < ?1 order by completed_at limit ?3) union \
             select id from (select id from job where completed_at < ?2 order by completed_at limit ?4) limit ?3",
        )?
        .query_map(
            params![rule.older_than.timestamp_millis(), rule.spare_after.timestamp_millis(), limit, surplus],
            |row| rows::uuid(row, 0),
        )?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let (mut left, mut jobs) = (limit, 0);
    for id in ids {
        let id = id.into_bytes();
        left -= delete_items(tx, id, left)?;
        if left > 0 {
            delete_row(tx, id)?;
            (left, jobs) = (left - 1, jobs + 1);
        }
        if left == 0 {
            break;
        }
    }
    Ok(CleanedUp { jobs, more: left == 0 })
}

pub(super) fn delete_row(tx: &Tx<'_>, id: [u8; 16]) -> Result<()> {
    tx.connection.prepare_cached("delete from job where id = ?1")?.execute([id])?;
    tx.connection.prepare_cached("delete from job_attempt where job = ?1")?.execute([id])?;
    tx.connection.prepare_cached("delete from job_log where job = ?1")?.execute([id])?;
    forget_source(tx, id)?;
    tx.connection
        .prepare_cached("insert into removal (seq, job) values (?1, ?2)")?
        .execute(params![tx.next_seq(), id])?;
    Ok(())
}

/// Deletes up to `limit` item results of a job, and returns how many.
pub(super) fn delete_items(tx: &Tx<'_>, id: [u8; 16], limit: u32) -> Result<u32> {
    let deleted = tx
        .connection
        .prepare_cached(
            "delete from job_item where job = ?1 and item in (select item from job_item where job = ?1 limit ?2)",
        )?
        .execute(params![id, limit])?;
    Ok(deleted as u32)
}
