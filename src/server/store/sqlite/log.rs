//! The log of attempts: what their times do not say.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::rows::{self, bytes};
use super::*;
use crate::domain::Duplicate;
use crate::domain::words::of_it;

/// The longest line, in characters.
const LONGEST: usize = 500;

/// What the last line says.
const FULL: &str = "More happened; nothing more of it is kept here.";

/// Says what is to be said of items: what they warn of, and in a job with several which of them failed.
pub(super) fn add_items(
    tx: &Tx<'_>,
    fence: Fence,
    has_items: bool,
    items: &[ItemResult],
    now: DateTime<Utc>,
) -> Result<()> {
    let mut lines = Vec::new();
    let of = |item: &ItemResult, text: &str| match has_items {
        true => format!("{}: {}", item.name, of_it(&item.name, text)),
        false => text.to_owned(),
    };
    for item in items {
        match &item.outcome {
            ItemOutcome::Read(document) => lines.extend(
                document.warnings.iter().map(|it| NewLine::new(LogLevel::Warning, of(item, &it.message))),
            ),
            ItemOutcome::Skipped(document) => {
                let text = Duplicate::skipped(*document).to_string();
                lines.push(NewLine::new(LogLevel::Info, of(item, &text)));
            }
            ItemOutcome::Failed(failure) => {
                lines.push(NewLine::new(LogLevel::Error, of(item, &failure.message)))
            }
        }
    }
    add(tx, fence, &lines, now)
}

/// Adds lines of an attempt that may write.
pub(super) fn add(tx: &Tx<'_>, fence: Fence, lines: &[NewLine], now: DateTime<Utc>) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let (id, attempt) = (bytes(fence.job), fence.attempt);
    let written: u32 = tx
        .connection
        .prepare_cached("select coalesce(max(line), 0) from job_log where job = ?1 and attempt = ?2")?
        .query_row(params![id, attempt], |row| row.get(0))?;
    let mut insert = tx.connection.prepare_cached(
        "insert into job_log (job, attempt, line, at, level, text) values (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (number, line) in (written + 1..=LogLine::MOST as u32).zip(lines) {
        let is_last = number == LogLine::MOST as u32;
        let (level, text) = if is_last { (LogLevel::Info, FULL) } else { (line.level, line.text.as_str()) };
        let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at);
        insert.execute(params![id, attempt, number, now.timestamp_millis(), level.as_str(), &text[..end]])?;
    }
    Ok(())
}

pub(super) fn lines(connection: &Connection, id: JobId, attempt: Option<u32>) -> Result<Vec<LogLine>> {
    let (first, last) = attempt.map_or((0, u32::MAX), |attempt| (attempt, attempt));
    // The newest, should there have been very many attempts.
    let mut statement = connection.prepare_cached(
        "select attempt, at, level, text from job_log where job = ?1 and attempt between ?2 and ?3 \
         order by attempt desc, line desc limit ?4",
    )?;
    let lines = statement.query_map(params![bytes(id), first, last, LogLine::MOST as u32], |row| {
        Ok(LogLine {
            attempt: row.get(0)?,
            at: rows::time(row, 1)?,
            level: rows::parsed(row, 2)?,
            text: row.get(3)?,
        })
    })?;
    let mut lines = lines.collect::<rusqlite::Result<Vec<_>>>()?;
    lines.reverse();
    Ok(lines)
}
