//! What followers of the change numbers ask for: the event stream and the index.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::attempts::LARGE_DOCUMENT;
use super::rows;
use super::*;
use crate::domain::event::RemovedJob;

/// Documents looked at for one page of the index.
const DOCUMENTS: u32 = 2000;

pub(super) fn job_changes(connection: &Connection, after: u64, limit: u32) -> Result<JobChanges> {
    let (latest, forgotten) = counter(connection)?;
    // A number from the future was given out by another data folder, or before this one was restored.
    if after < forgotten || after > latest {
        return Ok(JobChanges { events: Vec::new(), too_old: true });
    }
    let mut events = connection
        .prepare_cached(&format!("select {} from job where seq > ?1 order by seq limit ?2", rows::JOB))?
        .query_map(params![after, limit], rows::job)?
        .map(|job| job.map(|job| (job.seq, JobEvent::Job(Box::new(job)))))
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let removed = connection
        .prepare_cached(
            "select seq, job from removal where seq > ?1 and job is not null order by seq limit ?2",
        )?
        .query_map(params![after, limit], |row| {
            Ok((row.get(0)?, JobEvent::Removed(RemovedJob { job_id: JobId(rows::uuid(row, 1)?) })))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    events.extend(removed);
    events.sort_unstable_by_key(|(seq, _)| *seq);
    // Both halves hold at least the first `limit`, so that no change is skipped by the cut.
    events.truncate(limit as usize);
    Ok(JobChanges { events, too_old: false })
}

/// The latest change number, and the one up to which removals were forgotten.
pub(super) fn counter(connection: &Connection) -> Result<(u64, u64)> {
    let mut statement = connection.prepare_cached("select seq, forgotten_seq from change_counter")?;
    Ok(statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Writes a row and takes it back: only whether that works is of interest. To write what is there already would
/// not do, because SQLite sees that and writes nothing.
pub(super) fn try_to_write(tx: &Tx<'_>) -> Result<()> {
    tx.connection.prepare_cached("insert into loose_version (version) values (-1)")?.execute([])?;
    tx.connection.prepare_cached("delete from loose_version where version = -1")?.execute([])?;
    Ok(())
}

pub(super) fn unindexed_since(connection: &Connection, indexed: u64) -> Result<Option<DateTime<Utc>>> {
    let mut statement =
        connection.prepare_cached("select created_at from document where seq > ?1 order by seq limit 1")?;
    Ok(statement.query_row([indexed], |row| rows::time(row, 0)).optional()?)
}

/// A document the index has not taken in yet.
struct Waiting {
    seq: u64,
    version: Version,
    chunk_count: u64,
    job: JobId,
}

pub(super) fn index_page(connection: &Connection, cursor: FeedCursor, max_bytes: usize) -> Result<IndexPage> {
    let (latest, forgotten) = counter(connection)?;
    if cursor.seq > latest || cursor.seq.max(cursor.began_at) < forgotten {
        let cursor = FeedCursor { began_at: latest, ..FeedCursor::default() };
        return Ok(IndexPage { too_old: true, cursor, ..IndexPage::default() });
    }
    let documents = waiting(connection, cursor.seq)?;
    let mut page = IndexPage { cursor, ..IndexPage::default() };
    let mut bytes = 0;
    let mut all_read = true;
    for document in &documents {
        let finished = read_chunks(connection, document, cursor, max_bytes, &mut bytes, &mut page)?;
        if !finished {
            all_read = false;
            break;
        }
        page.cursor = FeedCursor { seq: document.seq, chunk: None, ..cursor };
        // A page ends with a large document, so that the index can commit before the next one.
        if bytes >= max_bytes || document.chunk_count > LARGE_DOCUMENT {
            all_read = false;
            break;
        }
    }
    if all_read && documents.len() < DOCUMENTS as usize {
        page.cursor = FeedCursor { seq: latest, chunk: None, ..cursor };
        page.caught_up = true;
    }
    page.removed = removed_versions(connection, cursor.seq, page.cursor.seq)?;
    Ok(page)
}

fn waiting(connection: &Connection, after: u64) -> Result<Vec<Waiting>> {
    let mut statement = connection.prepare_cached(
        "select seq, version, chunk_count, job from document where seq > ?1 order by seq limit ?2",
    )?;
    let documents = statement.query_map(params![after, DOCUMENTS], |row| {
        Ok(Waiting {
            seq: row.get(0)?,
            version: Version(row.get(1)?),
            chunk_count: row.get(2)?,
            job: JobId(rows::uuid(row, 3)?),
        })
    })?;
    Ok(documents.collect::<rusqlite::Result<_>>()?)
}

/// Reads a document's chunks after the cursor until the page is full. Answers whether it read them all.
fn read_chunks(
    connection: &Connection,
    document: &Waiting,
    cursor: FeedCursor,
    max_bytes: usize,
    bytes: &mut usize,
    page: &mut IndexPage,
) -> Result<bool> {
    let start = ChunkKey::new(document.version, 0).0;
    let first = match cursor.chunk {
        Some((seq, last)) if seq == document.seq => last.0 + 1,
        _ => start,
    };
    let mut statement =
        connection.prepare_cached("select key, text from chunk where key >= ?1 and key < ?2 order by key")?;
    let mut chunks = statement.query(params![first, start + document.chunk_count])?;
    let before = page.chunks.len();
    let mut finished = true;
    while let Some(row) = chunks.next()? {
        let key = ChunkKey(row.get(0)?);
        let text: String = row.get(1)?;
        *bytes += text.len();
        page.chunks.push((key, text));
        if *bytes >= max_bytes && key.place() + 1 < document.chunk_count {
            page.cursor.chunk = Some((document.seq, key));
            finished = false;
            break;
        }
    }
    if document.chunk_count > LARGE_DOCUMENT {
        page.jobs.push((document.job, (page.chunks.len() - before) as u64));
    }
    Ok(finished)
}

fn removed_versions(connection: &Connection, after: u64, up_to: u64) -> Result<Vec<Version>> {
    let mut statement = connection.prepare_cached(
        "select version from removal where seq > ?1 and seq <= ?2 and version is not null order by seq",
    )?;
    let versions = statement.query_map([after, up_to], |row| row.get(0).map(Version))?;
    Ok(versions.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn forget_removals(tx: &Tx<'_>, seq: u64) -> Result<()> {
    tx.connection.prepare_cached("delete from removal where seq <= ?1")?.execute([seq])?;
    tx.connection
        .prepare_cached("update change_counter set forgotten_seq = max(forgotten_seq, ?1)")?
        .execute([seq])?;
    Ok(())
}
