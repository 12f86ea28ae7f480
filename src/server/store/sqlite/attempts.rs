//! One attempt at a job, from its first write to completion. What a worker writes is guarded by job and attempt: see
//! [`standing`].

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::rows::{self, bytes};
use super::*;
use crate::domain::access::Action;
use crate::domain::words::of_it;
use crate::domain::{AttemptOutcome, Duplicate, DuplicateOutcome, OnDuplicate, Stage, TimedStage};

/// Documents with more chunks than this report how far the index is within them.
pub(super) const LARGE_DOCUMENT: u64 = 1000;

/// Whether this attempt may still write.
fn standing(tx: &Tx<'_>, fence: Fence) -> Result<Verdict> {
    let cancel_requested = tx
        .connection
        .prepare_cached(
            "select cancel_requested from job where id = ?1 and attempt = ?2 and stage = 'reading'",
        )?
        .query_row(params![bytes(fence.job), fence.attempt], |row| row.get::<_, bool>(0))
        .optional()?;
    Ok(match cancel_requested {
        None => Verdict::LeaseLost,
        Some(true) => Verdict::StopCancelled,
        Some(false) => Verdict::GoOn,
    })
}

pub(super) fn heartbeat(
    tx: &Tx<'_>,
    fence: Fence,
    progress: Progress,
    lease_until: DateTime<Utc>,
) -> Result<Verdict> {
    let verdict = standing(tx, fence)?;
    if verdict == Verdict::GoOn {
        save_progress(tx, fence, progress)?;
        tx.connection
            .prepare_cached("update job set lease_until = ?2 where id = ?1")?
            .execute(params![bytes(fence.job), lease_until.timestamp_millis()])?;
    }
    Ok(verdict)
}

pub(super) fn log(tx: &Tx<'_>, fence: Fence, lines: &[NewLine], now: DateTime<Utc>) -> Result<()> {
    if standing(tx, fence)? == Verdict::GoOn {
        log::add(tx, fence, lines, now)?;
    }
    Ok(())
}

/// Saves progress if there is any; a job that stands still is not a change.
fn save_progress(tx: &Tx<'_>, fence: Fence, progress: Progress) -> Result<()> {
    let changed = tx
        .connection
        .prepare_cached(
            "update job set seq = :seq, bytes_done = :bytes, chunks_created = :chunks, \
             total_items = iif(:total > 0, :total, total_items), size_bytes = iif(:size > 0, :size, size_bytes), \
             processed_items = :items, failed_items = :failed, progress = max(progress, :progress), \
             message = :message where id = :id and (bytes_done <> :bytes or chunks_created <> :chunks \
             or processed_items <> :items)",
        )?
        .execute(named_params! {
            ":seq": tx.upcoming_seq(),
            ":bytes": progress.bytes_done,
            ":chunks": progress.chunks_created,
            ":total": progress.items_total,
            ":size": progress.bytes_total,
            ":items": progress.items_done,
            ":failed": progress.items_failed,
            ":progress": progress.fraction(),
            ":message": progress.message(),
            ":id": bytes(fence.job),
        })?;
    if changed > 0 {
        tx.next_seq();
    }
    Ok(())
}

pub(super) fn open_version(tx: &Tx<'_>, fence: Fence) -> Result<std::result::Result<Version, Verdict>> {
    let verdict = standing(tx, fence)?;
    if verdict != Verdict::GoOn {
        return Ok(Err(verdict));
    }
    let version = tx.next_seq();
    tx.connection
        .prepare_cached("insert into loose_version (version, job, attempt) values (?1, ?2, ?3)")?
        .execute(params![version, bytes(fence.job), fence.attempt])?;
    Ok(Ok(Version(version)))
}

pub(super) fn append_chunks(
    tx: &Tx<'_>,
    fence: Fence,
    version: Version,
    chunks: &[Chunk],
    progress: Progress,
) -> Result<Verdict> {
    let verdict = standing(tx, fence)?;
    if verdict == Verdict::GoOn {
        documents::insert_chunks(tx, version, chunks)?;
        save_progress(tx, fence, progress)?;
    }
    Ok(verdict)
}

pub(super) fn deliver(tx: &Tx<'_>, delivery: &Delivery, now: DateTime<Utc>) -> Result<Verdict> {
    let verdict = standing(tx, delivery.fence)?;
    if verdict != Verdict::GoOn {
        return Ok(verdict);
    }
    let met = duplicates::met(tx, delivery)?;
    if !met.is_empty() {
        return Ok(Verdict::Met(met));
    }
    let id = bytes(delivery.fence.job);
    let (has_items, mut last_change, started_at, has_completed): (bool, u64, i64, bool) = tx
        .connection
        .prepare_cached("select job_type, wait_seq, started_at, kept from job where id = ?1")?
        .query_row([id], |row| {
            Ok((rows::parsed::<JobType>(row, 0)?.has_items(), row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    for item in &delivery.items {
        let duplicate = match &item.outcome {
            ItemOutcome::Read(document) => {
                if has_completed {
                    tx.note(now, Event::Added { chunks: document.content.chunk_count() });
                }
                let replaced = replace(tx, delivery.fence.job, item.item, document, now)?;
                let replaces = replaced.is_some();
                last_change = documents::write(tx, delivery.fence.job, item, document, replaces, now)?;
                add_warnings(tx, delivery.fence.job, has_items.then_some(&item.name), &document.warnings)?;
                replaced
            }
            ItemOutcome::Skipped(document) => {
                // It may have been deleted since; its index entry may still be to come.
                let seq = documents::seq(tx.connection, *document)?;
                last_change = last_change.max(seq.unwrap_or_default());
                Some(Duplicate::skipped(*document))
            }
            ItemOutcome::Failed(failure) => failure.duplicate,
        };
        if has_items {
            insert_item(tx, delivery.fence.job, item, duplicate)?;
        } else if duplicate.is_some() || !item.outcome.allows_duplicates() {
            set_duplicate(tx, delivery.fence.job, duplicate)?;
        }
    }
    log::add_items(tx, delivery.fence, has_items, &delivery.items, now)?;
    if delivery.last {
        tx.note(now, Event::took(TimedStage::Reading, started_at, now));
    }
    let progress = &delivery.progress;
    let stage = if delivery.last { Stage::Indexing } else { Stage::Reading };
    tx.connection
        .prepare_cached(
            "update job set seq = :seq, wait_seq = :wait_seq, stage = :stage, \
             worker = case when :last then null else worker end, \
             read_at = iif(:last, :now, null), \
             message = :message, suspect = suspect and not :last, lease_until = case when :last then null else lease_until end, \
             bytes_done = :bytes, chunks_created = :chunks, total_items = iif(:total > 0, :total, total_items), \
             size_bytes = iif(:size > 0, :size, size_bytes), processed_items = :items, failed_items = :failed, progress = max(progress, :progress) \
             where id = :id",
        )?
        .execute(named_params! {
            ":seq": tx.next_seq(),
            ":wait_seq": last_change,
            ":stage": stage.as_str(),
            ":last": delivery.last,
            ":now": now.timestamp_millis(),
            ":bytes": progress.bytes_done,
            ":chunks": progress.chunks_created,
            ":total": progress.items_total,
            ":size": progress.bytes_total,
            ":items": progress.items_done,
            ":failed": progress.items_failed,
            ":progress": progress.fraction(),
            ":message": if delivery.last { String::new() } else { progress.message() },
            ":id": id,
        })?;
    if delivery.last && has_items && delivery.fence.attempt > 1 {
        count_items(tx, id)?;
    }
    Ok(Verdict::GoOn)
}

/// Makes room for a document that is to take the place of others.
fn replace(
    tx: &Tx<'_>,
    job: JobId,
    item: u64,
    document: &NewDocument,
    now: DateTime<Utc>,
) -> Result<Option<Duplicate>> {
    let Some(hash) = document.hash.filter(|_| document.on_duplicate == OnDuplicate::Replace) else {
        return Ok(None);
    };
    let replaced = documents::delete_with(tx, hash, job)?;
    let Some(&document_id) = replaced.first() else { return Ok(None) };
    let deed = Deed {
        by: jobs::accepted_by(tx.connection, job)?.unwrap_or_else(Actor::server),
        action: Action::ReplaceDocuments,
        subject: DocumentId::of(job, item).to_string(),
        detail: match replaced.len() {
            1 => document_id.to_string(),
            count => format!("{count} documents, the oldest {document_id}"),
        },
    };
    access::record(tx, &deed, now)?;
    Ok(Some(Duplicate { outcome: DuplicateOutcome::Replaced, document_id }))
}

fn set_duplicate(tx: &Tx<'_>, id: JobId, duplicate: Option<Duplicate>) -> Result<()> {
    let (outcome, document) = rows::duplicate_columns(duplicate);
    tx.connection
        .prepare_cached("update job set duplicate = ?2, duplicate_of = ?3 where id = ?1")?
        .execute(params![bytes(id), outcome, document])?;
    Ok(())
}

/// Takes a job's numbers from the results of its items. Another attempt may have found other items than the one
/// before, as when a password opened an archive.
fn count_items(tx: &Tx<'_>, id: [u8; 16]) -> Result<()> {
    tx.connection
        .prepare_cached(
            "update job set (total_items, processed_items, failed_items, chunks_created) = (select count(*), count(*), \
             coalesce(sum(error_code <> ''), 0), coalesce(sum(chunks), 0) from job_item where job = ?1) where id = ?1",
        )?
        .execute([id])?;
    Ok(())
}

/// Adds the warnings of a document to those of its job, with the item's name if there are several, up to the
/// most.
fn add_warnings(tx: &Tx<'_>, job: JobId, item: Option<&String>, warnings: &[Warning]) -> Result<()> {
    if warnings.is_empty() {
        return Ok(());
    }
    let id = bytes(job);
    let mut all: Vec<Warning> = tx
        .connection
        .prepare_cached("select warnings from job where id = ?1")?
        .query_row([id], |row| rows::json(row, 0))?;
    for warning in warnings {
        let message =
            item.map_or(warning.message.clone(), |item| format!("{item}: {}", of_it(item, &warning.message)));
        let warning = Warning { message, ..warning.clone() };
        if !all.contains(&warning) {
            all.push(warning);
        }
    }
    all.truncate(Warning::MOST);
    tx.connection
        .prepare_cached("update job set warnings = ?2 where id = ?1")?
        .execute(params![id, rows::to_json(&all)?])?;
    Ok(())
}

fn insert_item(tx: &Tx<'_>, job: JobId, item: &ItemResult, duplicate: Option<Duplicate>) -> Result<()> {
    let (document, chunks, code, message) = match &item.outcome {
        ItemOutcome::Read(document) => {
            (Some(DocumentId::of(job, item.item)), document.content.chunk_count(), "", "")
        }
        ItemOutcome::Skipped(document) => (Some(*document), 0, "", ""),
        ItemOutcome::Failed(failure) => (None, 0, failure.code, failure.message.as_str()),
    };
    let document = document.map(|it| it.0.into_bytes());
    let (outcome, met) = rows::duplicate_columns(duplicate);
    tx.connection
        .prepare_cached(
            "insert or replace into job_item (job, item, name, document, chunks, error_code, error_message, duplicate, \
             duplicate_of) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![bytes(job), item.item, item.name, document, chunks, code, message, outcome, met])?;
    Ok(())
}

pub(super) fn finish(tx: &Tx<'_>, fence: Fence, outcome: &Outcome, now: DateTime<Utc>) -> Result<Verdict> {
    let verdict = standing(tx, fence)?;
    if verdict != Verdict::GoOn {
        return Ok(verdict);
    }
    match outcome {
        Outcome::Failed(failure) => fail(tx, fence.job, failure, now)?,
        Outcome::PutOff(failure, due_at) => {
            kept_attempts::keep(tx, fence.job, AttemptOutcome::Released, Some(failure), Some(*due_at), now)?;
            let requeue = Requeue { attempts_given_back: 1, failure: Some(failure), ..Requeue::at(*due_at) };
            back_to_queue(tx, fence.job, &requeue)?;
        }
        Outcome::TryAgain(failure, due_at) => {
            kept_attempts::keep(tx, fence.job, AttemptOutcome::Failed, Some(failure), Some(*due_at), now)?;
            let requeue = Requeue { failure: Some(failure), ..Requeue::at(*due_at) };
            back_to_queue(tx, fence.job, &requeue)?;
        }
        // The attempt is given back: stopping is not failing.
        Outcome::Released => {
            kept_attempts::keep(tx, fence.job, AttemptOutcome::Released, None, None, now)?;
            back_to_queue(tx, fence.job, &Requeue { attempts_given_back: 1, ..Requeue::since(now) })?;
        }
    }
    Ok(Verdict::GoOn)
}

pub(super) fn fail(tx: &Tx<'_>, id: JobId, failure: &Failure, now: DateTime<Utc>) -> Result<()> {
    kept_attempts::keep(tx, id, AttemptOutcome::Failed, Some(failure), None, now)?;
    tx.note(now, Event::Failed);
    let (outcome, met) = rows::duplicate_columns(failure.duplicate);
    let callbacks: String = tx
        .connection
        .prepare_cached(
            "update job set seq = ?2, status = 'failed', stage = null, worker = null, lease_until = null, \
             suspect = 0, completed_at = ?3, message = 'Failed', error_code = ?4, error_message = ?5, duplicate = ?6, \
             duplicate_of = ?7, chunks_created = (select coalesce(sum(chunk_count), 0) from document where job = ?1) \
             where id = ?1 returning callbacks",
        )?
        .query_row(
            params![
                bytes(id),
                tx.next_seq(),
                now.timestamp_millis(),
                failure.code,
                failure.message,
                outcome,
                met
            ],
            |row| row.get(0),
        )?;
    webhooks::tell(tx, id, &callbacks, now)
}

/// How a job goes back to the queue.
#[derive(Default)]
pub(super) struct Requeue<'a> {
    /// When its turn is; else it keeps its old place.
    pub(super) due_at: Option<DateTime<Utc>>,
    pub(super) attempts_given_back: u32,
    pub(super) suspect: bool,
    /// What it says while it waits.
    pub(super) failure: Option<&'a Failure>,
    /// When it begins to wait; else it counts as if it had waited all the time.
    pub(super) queued_at: Option<DateTime<Utc>>,
}

impl Requeue<'_> {
    pub(super) fn since(now: DateTime<Utc>) -> Self {
        Self { queued_at: Some(now), ..Self::default() }
    }

    /// Not before `due_at`, and until then it does not wait for its turn.
    fn at(due_at: DateTime<Utc>) -> Self {
        Self { due_at: Some(due_at), ..Self::since(due_at) }
    }
}

pub(super) fn back_to_queue(tx: &Tx<'_>, id: JobId, requeue: &Requeue<'_>) -> Result<()> {
    // The next attempt begins where the items delivered so far end; what was counted beyond is not there.
    tx.connection
        .prepare_cached(
            "update job set seq = :seq, status = 'pending', stage = null, worker = null, lease_until = null, \
             started_at = null, read_at = null, queued_at = coalesce(:queued_at, queued_at), \
             due_at = coalesce(:due_at, due_at), suspect = max(suspect, :suspect), progress = 0, \
             attempt = attempt - :given_back, error_code = :code, error_message = :error, \
             message = case when :code = '' then '' else 'Waiting for attempt ' || (attempt - :given_back + 1) || ' of ' || \
             max_attempts end, \
             (processed_items, failed_items, chunks_created) = (select count(*), \
             coalesce(sum(error_code <> ''), 0), coalesce(sum(chunks), 0) from job_item where job = :id) \
             where id = :id",
        )?
        .execute(named_params! {
            ":id": bytes(id),
            ":seq": tx.next_seq(),
            ":due_at": requeue.due_at.map(|it| it.timestamp_millis()),
            ":queued_at": requeue.queued_at.map(|it| it.timestamp_millis()),
            ":suspect": requeue.suspect,
            ":given_back": requeue.attempts_given_back,
            ":code": requeue.failure.map_or("", |it| it.code),
            ":error": requeue.failure.map_or("", |it| &it.message),
        })?;
    Ok(())
}

pub(super) fn anyone_waits(connection: &Connection, indexed: u64) -> Result<bool> {
    let mut statement = connection.prepare_cached(
        "select exists (select 1 from job where stage = 'indexing' and wait_seq <= ?1 and cancel_requested = 0)",
    )?;
    Ok(statement.query_row([indexed], |row| row.get(0))?)
}

pub(super) fn complete_indexed(
    tx: &Tx<'_>,
    indexed: u64,
    limit: u32,
    now: DateTime<Utc>,
) -> Result<Vec<JobId>> {
    let completed = tx
        .connection
        .prepare_cached(&format!(
            "select {}, warnings, read_at, kept, callbacks from job where stage = 'indexing' and wait_seq <= ?1 \
             and cancel_requested = 0 order by wait_seq limit ?2",
            rows::JOB
        ))?
        .query_map(params![indexed, limit], |row| {
            let warnings: Vec<Warning> = rows::json(row, rows::JOB_COLUMNS)?;
            let more = |place| rows::JOB_COLUMNS + place;
            Ok((rows::job(row)?, warnings, row.get(more(1))?, row.get(more(2))?, row.get(more(3))?))
        })?
        .collect::<rusqlite::Result<Vec<(Job, Vec<Warning>, Option<i64>, bool, String)>>>()?;
    for (job, warnings, read_at, has_completed, callbacks) in &completed {
        let id = bytes(job.job_id);
        let skipped = if job.job_type.has_items() { skipped_items(tx, id)? } else { 0 };
        tx.connection
            .prepare_cached(
                "update job set seq = ?2, status = 'completed', stage = null, progress = 1, \
                 chunks_indexed = chunks_created, completed_at = ?3, message = ?4 where id = ?1",
            )?
            .execute(params![
                id,
                tx.next_seq(),
                now.timestamp_millis(),
                job.success_message(warnings, skipped)
            ])?;
        if job.started_at.is_none() {
            kept_attempts::take_back(tx, job.job_id)?;
        }
        // Items that failed can be tried again.
        if job.failed_items == 0 {
            jobs::forget_source(tx, id)?;
        }
        webhooks::tell(tx, job.job_id, callbacks, now)?;
        // One that completes again was counted then, and what it added when that was written.
        if !has_completed {
            tx.note(now, Event::Completed { chunks: job.chunks_created });
        }
        tx.note(now, Event::AttemptEnded(AttemptOutcome::Completed));
        if let Some(read_at) = read_at {
            tx.note(now, Event::took(TimedStage::Indexing, *read_at, now));
        }
    }
    Ok(completed.into_iter().map(|(job, ..)| job.job_id).collect())
}

fn skipped_items(tx: &Tx<'_>, id: [u8; 16]) -> Result<u64> {
    let mut statement = tx
        .connection
        .prepare_cached("select count(*) from job_item where job = ?1 and duplicate = 'skipped'")?;
    Ok(statement.query_row([id], |row| row.get(0))?)
}

pub(super) fn index_progress(tx: &Tx<'_>, chunks: &[(JobId, u64)]) -> Result<()> {
    for (id, indexed) in chunks {
        let id = bytes(*id);
        let Some((created, size)) = tx
            .connection
            .prepare_cached(
                "select chunks_created, size_bytes from job where id = ?1 and stage = 'indexing'",
            )?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?
        else {
            continue;
        };
        let progress = Progress {
            bytes_done: size,
            bytes_total: size,
            chunks_created: created,
            chunks_indexed: *indexed,
            ..Progress::default()
        };
        tx.connection
            .prepare_cached(
                "update job set seq = ?2, chunks_indexed = ?3, progress = max(progress, ?4) where id = ?1",
            )?
            .execute(params![id, tx.next_seq(), indexed, progress.fraction()])?;
    }
    Ok(())
}
