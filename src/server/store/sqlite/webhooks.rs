//! Webhooks: an outbox that is written in the transactions that end jobs.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params, params};
use serde::Serialize;
use uuid::Uuid;

use super::rows::{self, bytes};
use super::*;
use crate::domain::job::rfc3339;
use crate::domain::{WebhookAttempt, WebhookEvent, WebhookStatus};
use crate::server::webhooks::origin;

/// Tries kept of one delivery.
const ATTEMPTS_KEPT: u32 = 50;

/// What is sent.
#[derive(Serialize)]
struct Body<'a> {
    r#type: WebhookEvent,
    #[serde(with = "rfc3339")]
    timestamp: DateTime<Utc>,
    data: Ended<'a>,
}

/// A job that has ended, and the document it made.
#[derive(Serialize)]
struct Ended<'a> {
    #[serde(flatten)]
    job: &'a Job,
    document_id: Option<DocumentId>,
}

/// Tells everyone who is to hear of the job's end, which this transaction has just written. `callbacks` is what the
/// job's row holds; most jobs have none, and cost nothing.
pub(super) fn tell(tx: &Tx<'_>, id: JobId, callbacks: &str, now: DateTime<Utc>) -> Result<()> {
    if callbacks == NOBODY {
        return Ok(());
    }
    let urls: Vec<String> =
        serde_json::from_str(callbacks).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let Some(job) = jobs::job(tx.connection, id)? else { return Ok(()) };
    let Some(event) = WebhookEvent::of(job.status) else { return Ok(()) };
    let body = rows::to_json(&Body {
        r#type: event,
        timestamp: now,
        data: Ended { job: &job, document_id: job.document_id() },
    })?;
    for url in &urls {
        tx.connection
            .prepare_cached(
                "insert into webhook (id, job, url, origin, event, body, created_at, due_at) \
                 values (:id, :job, :url, :origin, :event, :body, :now, :now)",
            )?
            .execute(named_params! {
                ":id": Uuid::now_v7().as_bytes(),
                ":job": bytes(id),
                ":url": url,
                ":origin": origin(url),
                ":event": event.as_str(),
                ":body": body,
                ":now": now.timestamp_millis(),
            })?;
    }
    tx.note(now, Event::WebhooksAdded);
    Ok(())
}

/// The callbacks of a job that has none.
const NOBODY: &str = "[]";

pub(super) fn due(
    connection: &Connection,
    wanted: &WebhooksWanted,
    now: DateTime<Utc>,
) -> Result<WebhooksDue> {
    let now = now.timestamp_millis();
    let next = connection
        .prepare_cached(
            "select due_at from webhook where status = 'pending' and due_at > ?1 order by due_at limit 1",
        )?
        .query_row([now], |row| rows::time(row, 0))
        .optional()?;
    // Mostly nothing is due, and then no origin needs to be looked at.
    let any: bool = connection
        .prepare_cached("select exists (select 1 from webhook where status = 'pending' and due_at <= ?1)")?
        .query_row([now], |row| row.get(0))?;
    let due = if any { due_in_turn(connection, wanted, now)? } else { Vec::new() };
    Ok(WebhooksDue { due, next })
}

/// Of each origin its share: of those behind the last one, and then of those up to it.
fn due_in_turn(connection: &Connection, wanted: &WebhooksWanted, now: i64) -> Result<Vec<DueWebhook>> {
    let mut due = Vec::new();
    let mut origin = next_origin(connection, &wanted.after)?;
    let mut begun_anew = false;
    while (due.len() as u32) < wanted.limit {
        let Some(present) = origin else {
            if begun_anew {
                break;
            }
            begun_anew = true;
            origin = next_origin(connection, "")?;
            continue;
        };
        if begun_anew && present > wanted.after {
            break;
        }
        let more = due_of(connection, &present, wanted, now)?;
        due.extend(more.into_iter().filter(|it| !wanted.taken.contains(&it.id)));
        origin = next_origin(connection, &present)?;
    }
    due.truncate(wanted.limit as usize);
    Ok(due)
}

fn next_origin(connection: &Connection, after: &str) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached(
        "select origin from webhook where status = 'pending' and origin > ?1 order by origin limit 1",
    )?;
    Ok(statement.query_row([after], |row| row.get(0)).optional()?)
}

/// The first ones of an origin, those on their way among them.
fn due_of(
    connection: &Connection,
    origin: &str,
    wanted: &WebhooksWanted,
    now: i64,
) -> Result<Vec<DueWebhook>> {
    let mut statement = connection.prepare_cached(
        "select id, url, body, tries from webhook where status = 'pending' and origin = ?1 and due_at <= ?2 \
         order by due_at, id limit ?3",
    )?;
    let due = statement.query_map(params![origin, now, wanted.per_origin], |row| {
        Ok(DueWebhook {
            id: WebhookId(rows::uuid(row, 0)?),
            url: row.get(1)?,
            origin: origin.to_owned(),
            body: row.get(2)?,
            tries: row.get(3)?,
        })
    })?;
    Ok(due.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn record(tx: &Tx<'_>, tried: &[WebhookTried]) -> Result<()> {
    for WebhookTried { id, tries, attempt, then } in tried {
        let id = id.0.into_bytes();
        let ended = attempt.at.timestamp_millis().saturating_add_unsigned(attempt.took_ms);
        let (status, due_at, ended_at) = match then {
            AfterTry::Again(at) => (WebhookStatus::Pending, Some(at.timestamp_millis()), None),
            AfterTry::Delivered => (WebhookStatus::Delivered, None, Some(ended)),
            AfterTry::Failed => (WebhookStatus::Failed, None, Some(ended)),
        };
        let changed = tx
            .connection
            .prepare_cached(
                "update webhook set status = ?2, due_at = coalesce(?3, due_at), ended_at = ?4, tries = tries + 1 \
                 where id = ?1 and status = 'pending' and tries = ?5",
            )?
            .execute(params![id, status.as_str(), due_at, ended_at, tries])?;
        if changed > 0 {
            add_attempt(tx, id, attempt)?;
        }
    }
    Ok(())
}

fn add_attempt(tx: &Tx<'_>, id: [u8; 16], attempt: &WebhookAttempt) -> Result<()> {
    let number: u32 = tx
        .connection
        .prepare_cached(
            "insert into webhook_attempt (webhook, attempt, at, status, error, took_ms) \
             select :id, coalesce(max(attempt), 0) + 1, :at, :status, :error, :took_ms from webhook_attempt \
             where webhook = :id returning attempt",
        )?
        .query_row(
            named_params! {
                ":id": id,
                ":at": attempt.at.timestamp_millis(),
                ":status": attempt.status,
                ":error": attempt.error,
                ":took_ms": attempt.took_ms,
            },
            |row| row.get(0),
        )?;
    if number > ATTEMPTS_KEPT {
        tx.connection
            .prepare_cached("delete from webhook_attempt where webhook = ?1 and attempt <= ?2")?
            .execute(params![id, number - ATTEMPTS_KEPT])?;
    }
    Ok(())
}

const DELIVERY: &str = "id, job, url, event, status, created_at, iif(status = 'pending', due_at, null)";

/// A delivery without its tries.
fn delivery(row: &Row<'_>) -> rusqlite::Result<WebhookDelivery> {
    Ok(WebhookDelivery {
        webhook_id: WebhookId(rows::uuid(row, 0)?),
        job_id: JobId(rows::uuid(row, 1)?),
        url: row.get(2)?,
        event: rows::parsed(row, 3)?,
        status: rows::parsed(row, 4)?,
        created_at: rows::time(row, 5)?,
        next_attempt_at: rows::optional_time(row, 6)?,
        attempts: Vec::new(),
    })
}

fn attempts(connection: &Connection, id: WebhookId) -> Result<Vec<WebhookAttempt>> {
    let mut statement = connection.prepare_cached(
        "select at, status, error, took_ms from webhook_attempt where webhook = ?1 order by attempt",
    )?;
    let attempts = statement.query_map([id.0.as_bytes()], |row| {
        Ok(WebhookAttempt {
            at: rows::time(row, 0)?,
            status: row.get(1)?,
            error: row.get(2)?,
            took_ms: row.get(3)?,
        })
    })?;
    Ok(attempts.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn webhook(connection: &Connection, id: WebhookId) -> Result<Option<WebhookDelivery>> {
    let mut statement =
        connection.prepare_cached(&format!("select {DELIVERY} from webhook where id = ?1"))?;
    let found = statement.query_row([id.0.as_bytes()], delivery).optional()?;
    found.map(|it| Ok(WebhookDelivery { attempts: attempts(connection, id)?, ..it })).transpose()
}

pub(super) fn page(
    connection: &Connection,
    filter: WebhookFilter,
    before: Option<WebhookId>,
    limit: u32,
) -> Result<WebhookPage> {
    // Ids sort by time.
    let before = before.map_or([u8::MAX; 16], |it| it.0.into_bytes());
    let (job, status) = (filter.job.map(bytes), filter.status.map(WebhookStatus::as_str));
    let limit_and_one = limit + 1;
    let mut values: Vec<&dyn ToSql> = vec![&before, &limit_and_one];
    let mut conditions = "id < ?1".to_owned();
    if let Some(job) = &job {
        values.push(job);
        conditions += &format!(" and job = ?{}", values.len());
    }
    if let Some(status) = &status {
        values.push(status);
        conditions += &format!(" and status = ?{}", values.len());
    }
    let mut statement = connection.prepare_cached(&format!(
        "select {DELIVERY} from webhook where {conditions} order by id desc limit ?2"
    ))?;
    let found = statement.query_map(values.as_slice(), delivery)?;
    let mut deliveries = found.collect::<rusqlite::Result<Vec<_>>>()?;
    let more = deliveries.len() > limit as usize;
    deliveries.truncate(limit as usize);
    for delivery in &mut deliveries {
        delivery.attempts = attempts(connection, delivery.webhook_id)?;
    }
    let next = deliveries.last().filter(|_| more).map(|it| it.webhook_id);
    Ok(WebhookPage { deliveries, next })
}

/// It is due now, as if it had never been tried. Answers `false` if there is no such delivery.
pub(super) fn retry(tx: &Tx<'_>, id: WebhookId, now: DateTime<Utc>) -> Result<bool> {
    let changed = tx
        .connection
        .prepare_cached(
            "update webhook set status = 'pending', tries = 0, due_at = ?2, ended_at = null where id = ?1",
        )?
        .execute(params![id.0.as_bytes(), now.timestamp_millis()])?;
    if changed > 0 {
        tx.note(now, Event::WebhooksAdded);
    }
    Ok(changed > 0)
}

pub(super) fn pending(connection: &Connection) -> Result<u64> {
    let mut statement = connection.prepare_cached("select pending from webhook_count")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Those that have ended, and those that could not be delivered for so long. Answers whether more are left.
pub(super) fn forget(tx: &Tx<'_>, before: DateTime<Utc>, limit: u32) -> Result<bool> {
    let ids = tx
        .connection
        .prepare_cached(
            "select id from (select id from webhook where ended_at < ?1 order by ended_at limit ?2) \
             union select id from (select id from webhook where status = 'pending' and created_at < ?1 order by created_at \
             limit ?2) \
             limit ?2",
        )?
        .query_map(params![before.timestamp_millis(), limit], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<[u8; 16]>>>()?;
    for id in &ids {
        tx.connection.prepare_cached("delete from webhook_attempt where webhook = ?1")?.execute([id])?;
        tx.connection.prepare_cached("delete from webhook where id = ?1")?.execute([id])?;
    }
    Ok(ids.len() == limit as usize)
}
