//! Keys, sessions, and the audit trail.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use uuid::Uuid;

use super::rows;
use super::*;
use crate::domain::access::{AuditEntry, AuditPage};

const KEY: &str = "k.id, k.name, k.hash, k.scopes, k.created_at, k.expires_at, k.revoked_at";

fn key_of(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    Ok(ApiKey {
        id: rows::uuid(row, 0)?,
        name: row.get(1)?,
        hash: row.get(2)?,
        scopes: rows::parsed(row, 3)?,
        created_at: rows::time(row, 4)?,
        expires_at: rows::optional_time(row, 5)?,
        revoked_at: rows::optional_time(row, 6)?,
    })
}

pub(super) fn key(connection: &Connection, id: Uuid) -> Result<Option<ApiKey>> {
    let mut statement = connection.prepare_cached(&format!("select {KEY} from api_key k where k.id = ?1"))?;
    Ok(statement.query_row([id.as_bytes()], key_of).optional()?)
}

pub(super) fn keys(connection: &Connection) -> Result<Vec<ApiKey>> {
    let mut statement = connection.prepare_cached(&format!("select {KEY} from api_key k order by k.id"))?;
    Ok(statement.query_map([], key_of)?.collect::<rusqlite::Result<_>>()?)
}

/// Answers `false` for a name that a key in use has.
pub(super) fn add_key(tx: &Tx<'_>, key: &ApiKey) -> Result<bool> {
    let added = tx
        .connection
        .prepare_cached(
            "insert into api_key (id, name, hash, scopes, created_at, expires_at) \
             select :id, :name, :hash, :scopes, :created_at, :expires_at \
             where not exists (select 1 from api_key where name = :name and revoked_at is null)",
        )?
        .execute(named_params! {
            ":id": key.id.as_bytes(),
            ":name": key.name,
            ":hash": key.hash,
            ":scopes": key.scopes.to_string(),
            ":created_at": key.created_at.timestamp_millis(),
            ":expires_at": key.expires_at.map(|it| it.timestamp_millis()),
        })?;
    Ok(added == 1)
}

pub(super) fn revoke_key(tx: &Tx<'_>, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    tx.connection.prepare_cached("delete from session where api_key = ?1")?.execute([id.as_bytes()])?;
    let revoked = tx
        .connection
        .prepare_cached("update api_key set revoked_at = ?2 where id = ?1 and revoked_at is null")?
        .execute(params![id.as_bytes(), now.timestamp_millis()])?;
    Ok(revoked == 1)
}

pub(super) fn begin_session(tx: &Tx<'_>, session: &NewSession, now: DateTime<Utc>) -> Result<()> {
    let now = now.timestamp_millis();
    tx.connection.prepare_cached("delete from session where expires_at <= ?1")?.execute([now])?;
    tx.connection
        .prepare_cached(
            "insert into session (hash, api_key, created_at, expires_at) values (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            session.hash,
            session.api_key.as_bytes(),
            now,
            session.expires_at.timestamp_millis()
        ])?;
    Ok(())
}

pub(super) fn session_key(
    connection: &Connection,
    hash: SecretHash,
    now: DateTime<Utc>,
) -> Result<Option<ApiKey>> {
    let mut statement = connection.prepare_cached(&format!(
        "select {KEY} from session s join api_key k on k.id = s.api_key where s.hash = ?1 and s.expires_at > ?2"
    ))?;
    Ok(statement.query_row(params![hash, now.timestamp_millis()], key_of).optional()?)
}

pub(super) fn end_session(tx: &Tx<'_>, hash: SecretHash) -> Result<()> {
    tx.connection.prepare_cached("delete from session where hash = ?1")?.execute([hash])?;
    Ok(())
}

pub(super) fn record(tx: &Tx<'_>, deed: &Deed, now: DateTime<Utc>) -> Result<()> {
    tx.connection
        .prepare_cached(
            "insert into audit (at, by, action, subject, detail, request_id) \
             values (:at, :by, :action, :subject, :detail, :request_id)",
        )?
        .execute(named_params! {
            ":at": now.timestamp_millis(),
            ":by": &*deed.by.name,
            ":action": deed.action.as_str(),
            ":subject": deed.subject,
            ":detail": deed.detail,
            ":request_id": &*deed.by.request_id,
        })?;
    Ok(())
}

pub(super) fn audit(connection: &Connection, before: Option<u64>, limit: u32) -> Result<AuditPage> {
    let mut statement = connection.prepare_cached(
        "select id, at, by, action, subject, detail, request_id from audit \
         where id < ?1 order by id desc limit ?2",
    )?;
    let before = before.and_then(|it| i64::try_from(it).ok()).unwrap_or(i64::MAX);
    let entries = statement.query_map(params![before, limit + 1], |row| {
        Ok(AuditEntry {
            id: row.get(0)?,
            at: rows::time(row, 1)?,
            by: row.get(2)?,
            action: rows::parsed(row, 3)?,
            subject: row.get(4)?,
            detail: row.get(5)?,
            request_id: row.get(6)?,
        })
    })?;
    let mut entries = entries.collect::<rusqlite::Result<Vec<_>>>()?;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let next = entries.last().filter(|_| more).map(|it| it.id);
    Ok(AuditPage { entries, next })
}

/// Answers whether more are left.
pub(super) fn forget_audit(tx: &Tx<'_>, before: DateTime<Utc>, limit: u32) -> Result<bool> {
    let gone = tx
        .connection
        .prepare_cached(
            "delete from audit where id in (select id from audit where at < ?1 order by at limit ?2)",
        )?
        .execute(params![before.timestamp_millis(), limit])?;
    Ok(gone == limit as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_the_keys_of_an_older_database_leaves_it_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sluice.db");
        assert!(SqliteStore::keys_in(&path).unwrap().is_empty());
        assert!(!path.exists());

        let before_keys = Migrations::from_slice(&MIGRATIONS[..4]);
        before_keys.to_latest(&mut connect(&path).unwrap()).unwrap();
        assert!(SqliteStore::keys_in(&path).unwrap().is_empty());
        assert_eq!(before_keys.pending_migrations(&connect(&path).unwrap()), Ok(0));
        assert!(!SqliteStore::is_current(&path).unwrap());
    }
}
