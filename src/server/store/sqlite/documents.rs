//! Documents and their chunks: written, read, deleted, swept.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::rows::{self, bytes};
use super::*;
use crate::domain::Location;

/// Chunks of a deleted document that go at once; more are swept in the background.
const SWEPT_AT_ONCE: u64 = 50;

/// Writes one document with its chunks, in place of what an earlier attempt wrote. Returns the change
/// number the index must pass.
pub(super) fn write(
    tx: &Tx<'_>,
    job: JobId,
    item: &ItemResult,
    document: &NewDocument,
    replaces: bool,
    now: DateTime<Utc>,
) -> Result<u64> {
    let id = DocumentId::of(job, item.item);
    let owner: Option<[u8; 16]> = tx
        .connection
        .prepare_cached("select job from document where id = ?1")?
        .query_row([id.0.into_bytes()], |row| row.get(0))
        .optional()?;
    match owner {
        Some(owner) if owner != bytes(job) => {
            return Err(StoreError::Corrupt(format!("document {id} already belongs to another job")));
        }
        Some(_) => delete(tx, id).map(|_| ())?,
        None => {}
    }
    let seq = tx.next_seq();
    let version = match &document.content {
        Content::Chunks(chunks) => {
            insert_chunks(tx, Version(seq), chunks)?;
            Version(seq)
        }
        Content::Version { version, .. } => {
            tx.connection
                .prepare_cached("delete from loose_version where version = ?1")?
                .execute([version.0])?;
            *version
        }
    };
    tx.connection
        .prepare_cached(
            "insert into document (id, seq, version, job, name, media_type, size_bytes, characters, \
             chunk_count, metadata, blob, created_at, warnings, content_hash, replaces) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute(params![
            id.0.into_bytes(),
            seq,
            version.0,
            bytes(job),
            item.name,
            document.media_type,
            document.size_bytes,
            document.characters,
            document.content.chunk_count(),
            rows::to_json(&document.metadata)?,
            document.blob.map(|blob| blob.0),
            now.timestamp_millis(),
            rows::to_json(&document.warnings)?,
            document.hash.map(|hash| hash.0),
            replaces,
        ])?;
    tx.note(now, Event::Wrote { chunks: document.content.chunk_count(), bytes: document.size_bytes });
    Ok(seq)
}

pub(super) fn insert_chunks(tx: &Tx<'_>, version: Version, chunks: &[Chunk]) -> Result<()> {
    let mut insert = tx.connection.prepare_cached(
        "insert into chunk (key, start_char, end_char, text, location) values (?1, ?2, ?3, ?4, ?5)",
    )?;
    for chunk in chunks {
        let key = ChunkKey::new(version, chunk.chunk_index);
        let location = if chunk.location.is_empty() { None } else { Some(rows::to_json(&chunk.location)?) };
        insert.execute(params![key.0, chunk.start, chunk.end, chunk.text, location])?;
    }
    Ok(())
}

pub(super) fn page(
    connection: &Connection,
    filter: &DocumentFilter,
    before: Option<DocumentId>,
    limit: u32,
) -> Result<DocumentPage> {
    let mut conditions = vec!["true"];
    let mut values: Vec<Value> = Vec::new();
    if let Some(text) = &filter.text {
        conditions.push("d.name like ? escape '\\'");
        values.push(containing(text).into());
    }
    if let Some(job) = filter.job {
        conditions.push("d.job = ?");
        values.push(bytes(job).to_vec().into());
    }
    let total_count = match filter {
        DocumentFilter { text: None, job: None } => totals(connection)?.documents,
        _ => connection
            .prepare_cached(&format!("select count(*) from document d where {}", conditions.join(" and ")))?
            .query_row(params_from_iter(&values), |row| row.get(0))?,
    };

    if let Some(job) = filter.job {
        // A job's documents lie together by their ids, in the order of the list. Found by the index of jobs they
        // would have to be sorted, all of them for each page.
        conditions.retain(|it| *it != "d.job = ?");
        conditions.extend(["d.id between ? and ?", "+d.job = ?"]);
        values.pop();
        for bound in [0, DocumentId::MAX_ITEMS - 1] {
            values.push(DocumentId::of(job, bound).0.into_bytes().to_vec().into());
        }
        values.push(bytes(job).to_vec().into());
    }
    let before = before.map_or([0xff; 16], |id| id.0.into_bytes());
    values.extend([Value::from(before.to_vec()), i64::from(limit + 1).into()]);
    let mut documents = connection
        .prepare_cached(&format!(
            "select {} from document d where {} and d.id < ? order by d.id desc limit ?",
            rows::DOCUMENT,
            conditions.join(" and ")
        ))?
        .query_map(params_from_iter(&values), rows::document)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let more = documents.len() > limit as usize;
    documents.truncate(limit as usize);
    let next = if more { documents.last().map(|it| it.document_id) } else { None };
    Ok(DocumentPage { documents, total_count, next })
}

/// The pattern for what has this in it somewhere.
fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern + "%"
}

pub(super) fn document(
    connection: &Connection,
    id: DocumentId,
    offset: u64,
    limit: u32,
) -> Result<Option<DocumentWithChunks>> {
    let found = connection
        .prepare_cached(&format!(
            "select {}, d.version, d.warnings from document d where d.id = ?1",
            rows::DOCUMENT
        ))?
        .query_row([id.0.into_bytes()], |row| {
            let version = Version(row.get(rows::DOCUMENT_COLUMNS)?);
            Ok((rows::document(row)?, version, rows::json(row, rows::DOCUMENT_COLUMNS + 1)?))
        })
        .optional()?;
    let Some((document, version, warnings)) = found else { return Ok(None) };
    let offset = offset.min(document.chunk_count);
    let end = (offset + u64::from(limit)).min(document.chunk_count);
    let first = ChunkKey::new(version, offset);
    let chunks = connection
        .prepare_cached(
            "select key, start_char, end_char, text, location from chunk where key >= ?1 and key < ?2 order by key",
        )?
        .query_map(params![first.0, first.0 + (end - offset)], chunk)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let next_offset = (end < document.chunk_count).then_some(end);
    Ok(Some(DocumentWithChunks { document, warnings, chunks, next_offset }))
}

fn chunk(row: &rusqlite::Row<'_>) -> rusqlite::Result<Chunk> {
    let location = match row.get_ref(4)? {
        ValueRef::Null => Metadata::default(),
        _ => rows::json(row, 4)?,
    };
    Ok(Chunk {
        chunk_index: ChunkKey(row.get(0)?).place(),
        start: row.get(1)?,
        end: row.get(2)?,
        text: row.get(3)?,
        place: Location::of(&location).label(),
        location,
    })
}

pub(super) fn passages(connection: &Connection, keys: &[ChunkKey]) -> Result<Vec<Passage>> {
    let mut by_version = connection
        .prepare_cached(&format!("select {} from document d where d.version = ?1", rows::DOCUMENT))?;
    let mut by_key = connection
        .prepare_cached("select key, start_char, end_char, text, location from chunk where key = ?1")?;
    let mut documents: HashMap<Version, Option<Document>> = HashMap::new();
    let mut passages = Vec::with_capacity(keys.len());
    for key in keys {
        let document = match documents.get(&key.version()) {
            Some(known) => known.clone(),
            None => {
                let read = by_version.query_row([key.version().0], rows::document).optional()?;
                documents.insert(key.version(), read.clone());
                read
            }
        };
        // The index may still hold what the store no longer has.
        let Some(document) = document else { continue };
        if let Some(chunk) = by_key.query_row([key.0], chunk).optional()? {
            passages.push(Passage { key: *key, chunk, document });
        }
    }
    Ok(passages)
}

/// The change number of a document.
pub(super) fn seq(connection: &Connection, id: DocumentId) -> Result<Option<u64>> {
    let mut statement = connection.prepare_cached("select seq from document where id = ?1")?;
    Ok(statement.query_row([id.0.into_bytes()], |row| row.get(0)).optional()?)
}

pub(super) fn totals(connection: &Connection) -> Result<Totals> {
    let mut statement = connection.prepare_cached("select documents, chunks, bytes from document_count")?;
    Ok(statement.query_row([], |row| {
        Ok(Totals { documents: row.get(0)?, chunks: row.get(1)?, bytes: row.get(2)? })
    })?)
}

pub(super) fn delete(tx: &Tx<'_>, id: DocumentId) -> Result<bool> {
    let deleted = tx
        .connection
        .prepare_cached("delete from document where id = ?1 returning version, chunk_count")?
        .query_row([id.0.into_bytes()], |row| Ok((Version(row.get(0)?), row.get::<_, u64>(1)?)))
        .optional()?;
    let Some((version, chunks)) = deleted else { return Ok(false) };
    remove_version(tx, version)?;
    if chunks <= SWEPT_AT_ONCE {
        delete_chunks(tx, version, u32::MAX)?;
    } else {
        loosen_version(tx, version)?;
    }
    Ok(true)
}

/// Deletes up to `limit` documents that a job made, and returns how many. Those stay that took the place of others,
/// or that other jobs were told to have what they brought: nothing else has that content. Chunks are swept in the
/// background.
pub(super) fn delete_of_job(tx: &Tx<'_>, job: JobId, limit: u32) -> Result<u32> {
    let versions = tx
        .connection
        .prepare_cached(
            "delete from document where id in (select id from document d where job = ?1 and replaces = 0 \
             and not exists (select 1 from job_item i where i.duplicate_of = d.id and i.duplicate = 'skipped' \
             and i.job <> ?1) \
             and not exists (select 1 from job j where j.duplicate_of = d.id and j.duplicate = 'skipped') \
             limit ?2) returning version",
        )?
        .query_map(params![bytes(job), limit], |row| row.get(0).map(Version))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    drop_versions(tx, &versions)?;
    Ok(versions.len() as u32)
}

/// Deletes the documents of other jobs with this content, and returns their ids, the oldest first. Chunks are swept
/// in the background.
pub(super) fn delete_with(tx: &Tx<'_>, hash: ContentHash, but_of: JobId) -> Result<Vec<DocumentId>> {
    let mut deleted = tx
        .connection
        .prepare_cached("delete from document where content_hash = ?1 and job <> ?2 returning id, version")?
        .query_map(params![hash.0, bytes(but_of)], |row| {
            Ok((DocumentId(rows::uuid(row, 0)?), Version(row.get(1)?)))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    deleted.sort_unstable();
    let (ids, versions): (Vec<_>, Vec<_>) = deleted.into_iter().unzip();
    drop_versions(tx, &versions)?;
    Ok(ids)
}

/// Drops the versions of deleted documents: from the index, and their chunks when there is time.
fn drop_versions(tx: &Tx<'_>, versions: &[Version]) -> Result<()> {
    for version in versions {
        remove_version(tx, *version)?;
        loosen_version(tx, *version)?;
    }
    Ok(())
}

/// Tells the index to drop a version.
fn remove_version(tx: &Tx<'_>, version: Version) -> Result<()> {
    tx.connection
        .prepare_cached("insert into removal (seq, version) values (?1, ?2)")?
        .execute(params![tx.next_seq(), version.0])?;
    Ok(())
}

/// Leaves a version's chunks to be swept.
fn loosen_version(tx: &Tx<'_>, version: Version) -> Result<()> {
    tx.connection.prepare_cached("insert into loose_version (version) values (?1)")?.execute([version.0])?;
    Ok(())
}

fn delete_chunks(tx: &Tx<'_>, version: Version, limit: u32) -> Result<usize> {
    let first = ChunkKey::new(version, 0).0;
    Ok(tx
        .connection
        .prepare_cached(
            "delete from chunk where key in (select key from chunk where key >= ?1 and key < ?2 limit ?3)",
        )?
        .execute(params![first, first + ChunkKey::MAX_CHUNKS, limit])?)
}

pub(super) fn sweep(tx: &Tx<'_>, limit: u32) -> Result<bool> {
    let loose = tx
        .connection
        .prepare_cached(
            "select version from loose_version l where not exists (select 1 from job j where j.id = l.job \
             and j.attempt = l.attempt and j.stage = 'reading') limit 1",
        )?
        .query_row([], |row| row.get(0).map(Version))
        .optional()?;
    let Some(version) = loose else { return Ok(false) };
    if delete_chunks(tx, version, limit)? < limit as usize {
        tx.connection.prepare_cached("delete from loose_version where version = ?1")?.execute([version.0])?;
    }
    Ok(true)
}

pub(super) fn unreferenced_blobs(connection: &Connection, blobs: &[BlobRef]) -> Result<Vec<BlobRef>> {
    let mut referenced = connection.prepare_cached(
        "select exists (select 1 from job_blob where blob = ?1) or exists (select 1 from document where blob = ?1)",
    )?;
    let mut unreferenced = Vec::new();
    for blob in blobs {
        if !referenced.query_row([blob.0], |row| row.get::<_, bool>(0))? {
            unreferenced.push(*blob);
        }
    }
    Ok(unreferenced)
}

impl Content {
    /// How many chunks the document has.
    pub fn chunk_count(&self) -> u64 {
        match self {
            Self::Chunks(chunks) => chunks.len() as u64,
            Self::Version { chunk_count, .. } => *chunk_count,
        }
    }
}
