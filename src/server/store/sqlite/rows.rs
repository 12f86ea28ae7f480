//! Rows to values and back.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use rusqlite::Row;
use rusqlite::types::Type;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::domain::{Document, DocumentId, Duplicate, Job, JobId, Stage};
use crate::server::store::{BlobRef, StoreError};

/// What [`job`] reads, in its order.
pub(super) const JOB: &str = "id, seq, job_type, status, stage, name, created_at, started_at, completed_at, \
    attempt, max_attempts, cancel_requested, size_bytes, total_items, processed_items, failed_items, \
    bytes_done, chunks_created, chunks_indexed, progress, message, error_code, error_message, metadata, case when status = 'pending' and error_code <> '' then due_at end, duplicate, duplicate_of";

/// How many columns [`JOB`] names.
pub(super) const JOB_COLUMNS: usize = 27;

pub(super) fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    Ok(Job {
        job_id: JobId(uuid(row, 0)?),
        seq: row.get(1)?,
        job_type: parsed(row, 2)?,
        status: parsed(row, 3)?,
        stage: stage(row, 4)?,
        name: row.get(5)?,
        created_at: time(row, 6)?,
        started_at: optional_time(row, 7)?,
        completed_at: optional_time(row, 8)?,
        attempt: row.get(9)?,
        max_attempts: row.get(10)?,
        cancel_requested: row.get(11)?,
        size_bytes: row.get(12)?,
        total_items: row.get(13)?,
        processed_items: row.get(14)?,
        failed_items: row.get(15)?,
        bytes_done: row.get(16)?,
        chunks_created: row.get(17)?,
        chunks_indexed: row.get(18)?,
        progress: row.get(19)?,
        message: row.get(20)?,
        error_code: row.get(21)?,
        error_message: row.get(22)?,
        metadata: json(row, 23)?,
        retry_at: optional_time(row, 24)?,
        duplicate: duplicate(row, 25)?,
    })
}

/// What [`document`] reads, in its order, of a table `d`.
pub(super) const DOCUMENT: &str = "d.id, d.job, d.name, d.media_type, d.size_bytes, d.characters, d.chunk_count, d.metadata, d.created_at, d.blob";

/// How many columns [`DOCUMENT`] names.
pub(super) const DOCUMENT_COLUMNS: usize = 10;

pub(super) fn document(row: &Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document {
        document_id: DocumentId(uuid(row, 0)?),
        job_id: JobId(uuid(row, 1)?),
        name: row.get(2)?,
        media_type: row.get(3)?,
        size_bytes: row.get(4)?,
        characters: row.get(5)?,
        chunk_count: row.get(6)?,
        metadata: json(row, 7)?,
        created_at: time(row, 8)?,
        sha256: row.get::<_, Option<[u8; 32]>>(9)?.map(|blob| BlobRef(blob).to_string()),
    })
}

pub(super) fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    row.get::<_, [u8; 16]>(column).map(Uuid::from_bytes)
}

pub(super) fn optional_uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Uuid>> {
    Ok(row.get::<_, Option<[u8; 16]>>(column)?.map(Uuid::from_bytes))
}

pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<DateTime<Utc>> {
    let millis = row.get(column)?;
    DateTime::from_timestamp_millis(millis).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, millis))
}

pub(super) fn optional_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<DateTime<Utc>>> {
    row.get::<_, Option<i64>>(column)?.map(|_| time(row, column)).transpose()
}

/// From two columns: what became of it, and which document was met.
pub(super) fn duplicate(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Duplicate>> {
    let Some(document) = optional_uuid(row, column + 1)? else { return Ok(None) };
    Ok(Some(Duplicate { outcome: parsed(row, column)?, document_id: DocumentId(document) }))
}

/// The same two columns, to be written.
pub(super) fn duplicate_columns(duplicate: Option<Duplicate>) -> (Option<&'static str>, Option<[u8; 16]>) {
    (duplicate.map(|it| it.outcome.as_str()), duplicate.map(|it| it.document_id.0.into_bytes()))
}

fn stage(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Stage>> {
    let name = row.get_ref(column)?.as_str_or_null()?;
    Ok(name.and_then(|name| Stage::ALL.into_iter().find(|stage| stage.as_str() == name)))
}

pub(super) fn parsed<T: FromStr<Err = String>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    row.get_ref(column)?.as_str()?.parse().map_err(|error: String| unreadable(column, error))
}

pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| unreadable(column, error))
}

fn unreadable(column: usize, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
}

/// A value as the JSON text its column holds.
pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// An id as its column holds it.
pub(super) fn bytes(id: JobId) -> [u8; 16] {
    id.0.into_bytes()
}
