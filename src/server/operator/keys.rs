//! API keys, made and ended by who has the data folder, also while a server uses it.

use std::fs::File;
use std::sync::Arc;

use anyhow::{Context, bail};
use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde_json::json;

use super::command::Data;
use crate::client::output::{Output, Tone, note};
use crate::client::table::{Cell, Table};
use crate::domain::access::{Actor, Scopes};
use crate::server::access::Access;
use crate::server::clock;
use crate::server::data_folder::{DataFolder, FolderError};
use crate::server::store::ApiKey;
use crate::server::store::sqlite::SqliteStore;

/// Make, list and end API keys. They work at once, also while a server uses the data folder.
#[derive(Args, Clone, Debug)]
pub struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum KeysCommand {
    /// Make a key. Its text is shown this once: only a hash of it is kept
    Create(CreateArgs),
    /// List all keys
    List(ListArgs),
    /// End a key, and all sessions that began with it
    Revoke(RevokeArgs),
}

#[derive(Args, Clone, Debug)]
struct CreateArgs {
    /// What the audit trail calls whoever uses the key; no other key in use has this name
    #[arg(long)]
    name: String,

    /// What it allows, separated by commas: read, ingest, manage, admin (all of them, and the audit trail)
    #[arg(long = "scope", visible_alias = "scopes", value_name = "SCOPES")]
    scopes: Scopes,

    /// When it ends: after so many hours, days or weeks (12h, 90d, 4w), on a day (2030-01-31) or at a moment
    /// (2030-01-31T12:00:00Z). Never, if not given
    #[arg(long, value_name = "WHEN", visible_alias = "expires-in", value_parser = expiry)]
    expires: Option<Expiry>,

    #[command(flatten)]
    data: Data,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args, Clone, Debug)]
struct ListArgs {
    #[command(flatten)]
    data: Data,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args, Clone, Debug)]
struct RevokeArgs {
    /// The name or the id of the key
    #[arg(value_name = "KEY")]
    key: String,

    #[command(flatten)]
    data: Data,
}

/// When a key ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expiry {
    After(TimeDelta),
    At(DateTime<Utc>),
}

impl Expiry {
    fn from(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::After(time) => now.checked_add_signed(time),
            Self::At(moment) => Some(moment),
        }
    }
}

fn expiry(text: &str) -> Result<Expiry, String> {
    let count = text.get(..text.len().saturating_sub(1)).and_then(|it| it.parse::<u32>().ok());
    let time = match (count, text.chars().last()) {
        (Some(hours), Some('h')) => TimeDelta::try_hours(hours.into()),
        (Some(days), Some('d')) => TimeDelta::try_days(days.into()),
        (Some(weeks), Some('w')) => TimeDelta::try_weeks(weeks.into()),
        _ => None,
    };
    let day = text.parse::<NaiveDate>().ok().and_then(|it| it.and_hms_opt(0, 0, 0)).map(|it| it.and_utc());
    let moment = DateTime::parse_from_rfc3339(text).ok().map(|it| it.to_utc()).or(day);
    let expiry = time.map(Expiry::After).or(moment.map(Expiry::At));
    expiry.ok_or_else(|| "write it as 12h, 90d, 4w, 2030-01-31 or 2030-01-31T12:00:00Z".to_owned())
}

/// `sluice keys`.
pub async fn run(arguments: KeysArgs) -> anyhow::Result<()> {
    let by = Actor::new(Actor::COMMAND_LINE, "");
    let now = clock::now();
    match arguments.command {
        KeysCommand::Create(CreateArgs { name, scopes, expires, data, json }) => {
            let expires = match expires {
                None => None,
                Some(expiry) => Some(expiry.from(now).filter(|it| *it > now).context("--expires is past")?),
            };
            let (access, _lock) = open(&data.folder(), true)?;
            let key = access.create_key(&name, scopes, expires, by, now).await?;
            let key = key.expose_secret();
            if json {
                let expires = expires.map(|it| it.to_rfc3339_opts(SecondsFormat::Secs, true));
                println!(
                    "{}",
                    json!({"key": key, "name": name, "scopes": scopes.to_string(), "expires_at": expires})
                );
            } else {
                println!("{key}");
                eprintln!("This is the key {name:?}; it may {scopes}. It is shown this once: keep it safe.");
            }
        }
        KeysCommand::List(ListArgs { data, json }) => {
            let (access, _lock) = open(&data.folder(), false)?;
            list(&access.keys().await?, json, now)?;
        }
        KeysCommand::Revoke(RevokeArgs { key, data }) => {
            let (access, _lock) = open(&data.folder(), false)?;
            let key = access.revoke_key(&key, by, now).await?;
            println!("The key {:?} is no longer good.", key.name);
        }
    }
    Ok(())
}

/// Opens the keys of a data folder; makes the folder for the first of them.
fn open(folder: &DataFolder, make: bool) -> anyhow::Result<(Access, Option<File>)> {
    if !make {
        folder.must_exist()?;
    }
    let lock = match folder.claim() {
        Ok(lock) => Some(lock),
        // A server is at work. Keys have no change numbers, so they can be written beside it.
        Err(FolderError::InUse(_)) if SqliteStore::is_current(&folder.database())? => None,
        Err(FolderError::InUse(path)) => {
            bail!(
                "the server that uses {} is of another version; start this one in its place first",
                path.display()
            )
        }
        Err(error) => return Err(error.into()),
    };
    folder.check_database()?;
    let store = SqliteStore::open(&folder.database()).context("the database cannot be opened")?;
    Ok((Access::new(Arc::new(store)), lock))
}

fn list(keys: &[ApiKey], json: bool, now: DateTime<Utc>) -> anyhow::Result<()> {
    let time = |it: DateTime<Utc>| it.to_rfc3339_opts(SecondsFormat::Secs, true);
    if json {
        let shown = keys.iter().map(|key| {
            json!({
                "id": key.id,
                "name": key.name,
                "scopes": key.scopes.to_string(),
                "created_at": time(key.created_at),
                "expires_at": key.expires_at.map(time),
                "revoked_at": key.revoked_at.map(time),
                "usable": key.is_usable(now),
            })
        });
        println!("{}", serde_json::Value::Array(shown.collect()));
        return Ok(());
    }
    if keys.is_empty() {
        note("There are no keys.");
        return Ok(());
    }
    let mut table = Table::with_header(["ID", "NAME", "SCOPES", "CREATED", "ENDS"]);
    for key in keys {
        let state = match (key.revoked_at, key.expires_at) {
            (Some(at), _) => format!("revoked {}", time(at)),
            (None, Some(at)) if key.is_usable(now) => time(at),
            (None, Some(at)) => format!("expired {}", time(at)),
            (None, None) => "never".to_owned(),
        };
        let tone = if key.is_usable(now) { Tone::Plain } else { Tone::Quiet };
        table.row([
            Cell::new(key.id.to_string()),
            Cell::new(&key.name).toned(tone),
            Cell::new(key.scopes.to_string()),
            Cell::new(time(key.created_at)),
            Cell::new(state).toned(tone),
        ]);
    }
    table.print(Output::of_process(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_after_a_time_or_at_a_moment() {
        let at = |text: &str| Expiry::At(text.parse().unwrap());
        for (text, wanted) in [
            ("12h", Ok(Expiry::After(TimeDelta::hours(12)))),
            ("90d", Ok(Expiry::After(TimeDelta::days(90)))),
            ("4w", Ok(Expiry::After(TimeDelta::weeks(4)))),
            ("2030-01-31", Ok(at("2030-01-31T00:00:00Z"))),
            ("2030-01-31T12:00:00+01:00", Ok(at("2030-01-31T11:00:00Z"))),
            ("", Err(())),
            ("90", Err(())),
            ("-1d", Err(())),
            ("tomorrow", Err(())),
            ("9é", Err(())),
        ] {
            assert_eq!(expiry(text).map_err(|_| ()), wanted, "{text}");
        }
    }
}
