//! Who asks: API keys, and sessions begun with them. Knows nothing of HTTP.
//!
//! A key is `sluice_<id>_<secret>`. Its id finds it in the store, and the hash of its secret is compared in constant
//! time; the secret is random and long, so a plain SHA-256 of it cannot be guessed back. Nothing else of it is kept.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::domain::access::{Action, Actor, AuditPage, Scopes};
use crate::server::store::{ApiKey, Deed, NewSession, SecretHash, Store, StoreError};

/// What keys begin with, so that people and scanners know one when they see it.
const PREFIX: &str = "sluice_";

/// Bytes of a secret.
const SECRET: usize = 32;

/// How long someone stays logged in.
pub const SESSION: TimeDelta = TimeDelta::days(7);

/// The longest name of a key, in characters.
const LONGEST_NAME: usize = 100;

/// Why someone is not let in.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error(
        "This server has no such API key. Check it for a missing part, or have one made by `sluice keys create`."
    )]
    UnknownKey,
    #[error("The API key {0:?} has expired. Have a new one made by `sluice keys create`.")]
    Expired(String),
    #[error("The API key {0:?} was revoked. Have a new one made by `sluice keys create`.")]
    Revoked(String),
    #[error("the name of a key has 1 to {LONGEST_NAME} characters, none of them a control character")]
    BadName,
    #[error("a key that is in use has the name {0:?}; choose another, or revoke that one")]
    NameTaken(String),
    #[error("{0:?} is neither the name nor the id of a key that is in use; `sluice keys list` shows them")]
    NoSuchKey(String),
    #[error("the random numbers of the system failed: {0}")]
    NoRandomness(getrandom::Error),
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
}

/// Makes and checks keys and sessions, and reads the audit trail.
#[derive(Clone, Debug)]
pub struct Access(Arc<dyn Store>);

impl Access {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// Makes a key; its text is told this once.
    pub async fn create_key(
        &self,
        name: &str,
        scopes: Scopes,
        expires_at: Option<DateTime<Utc>>,
        by: Actor,
        now: DateTime<Utc>,
    ) -> Result<SecretString, AccessError> {
        if name.trim().is_empty() || name.chars().count() > LONGEST_NAME || name.contains(char::is_control) {
            return Err(AccessError::BadName);
        }
        let (id, secret) = (Uuid::now_v7(), random_secret()?);
        let key = ApiKey {
            id,
            name: name.to_owned(),
            hash: hash_of(&secret),
            scopes,
            created_at: now,
            expires_at,
            revoked_at: None,
        };
        if !self.0.add_key(key).await? {
            return Err(AccessError::NameTaken(name.to_owned()));
        }
        self.record(by, Action::CreateKey, id, format!("{name}: {scopes}"), now).await?;
        Ok(format!("{PREFIX}{}_{}", id.simple(), secret.expose_secret()).into())
    }

    pub async fn keys(&self) -> Result<Vec<ApiKey>, AccessError> {
        Ok(self.0.keys().await?)
    }

    /// Ends a key, by its name or its id, and the sessions begun with it.
    pub async fn revoke_key(
        &self,
        name_or_id: &str,
        by: Actor,
        now: DateTime<Utc>,
    ) -> Result<ApiKey, AccessError> {
        let id = name_or_id.parse::<Uuid>().ok();
        let keys = self.keys().await?.into_iter().filter(|key| key.revoked_at.is_none());
        let named = |key: &ApiKey| key.name == name_or_id || Some(key.id) == id;
        let key = keys.into_iter().find(named);
        let key = key.ok_or_else(|| AccessError::NoSuchKey(name_or_id.to_owned()))?;
        self.0.revoke_key(key.id, now).await?;
        self.record(by, Action::RevokeKey, key.id, key.name.clone(), now).await?;
        Ok(key)
    }

    /// The key that this text is, if it opens anything now.
    pub async fn key(&self, text: &SecretString, now: DateTime<Utc>) -> Result<ApiKey, AccessError> {
        let parts = text.expose_secret().trim().strip_prefix(PREFIX).and_then(|it| it.split_once('_'));
        let (id, secret) = parts.ok_or(AccessError::UnknownKey)?;
        let id = Uuid::try_parse(id).map_err(|_| AccessError::UnknownKey)?;
        let key = self.0.key(id).await?.ok_or(AccessError::UnknownKey)?;
        if !bool::from(key.hash.ct_eq(&hash_of(&secret.into()))) {
            return Err(AccessError::UnknownKey);
        }
        usable(key, now)
    }

    /// Begins a session, and returns its secret.
    pub async fn log_in(
        &self,
        key: &SecretString,
        request_id: &str,
        now: DateTime<Utc>,
    ) -> Result<SecretString, AccessError> {
        let key = self.key(key, now).await?;
        let secret = random_secret()?;
        let session = NewSession { hash: hash_of(&secret), api_key: key.id, expires_at: now + SESSION };
        self.0.begin_session(session, now).await?;
        self.record(Actor::new(&key.name, request_id), Action::LogIn, key.id, String::new(), now).await?;
        Ok(secret)
    }

    /// The key of a session, if that has not ended.
    pub async fn key_of_session(
        &self,
        secret: &SecretString,
        now: DateTime<Utc>,
    ) -> Result<Option<ApiKey>, AccessError> {
        let key = self.0.session_key(hash_of(secret), now).await?;
        Ok(key.and_then(|key| usable(key, now).ok()))
    }

    /// Ends a session.
    pub async fn log_out(
        &self,
        secret: &SecretString,
        request_id: &str,
        now: DateTime<Utc>,
    ) -> Result<(), AccessError> {
        if let Some(key) = self.0.session_key(hash_of(secret), now).await? {
            self.0.end_session(hash_of(secret)).await?;
            self.record(Actor::new(&key.name, request_id), Action::LogOut, key.id, String::new(), now)
                .await?;
        }
        Ok(())
    }

    /// What was done, the latest first.
    pub async fn audit(&self, before: Option<u64>, limit: u32) -> Result<AuditPage, AccessError> {
        Ok(self.0.audit(before, limit.clamp(1, AuditPage::MAX_LIMIT)).await?)
    }

    async fn record(
        &self,
        by: Actor,
        action: Action,
        key: Uuid,
        detail: String,
        now: DateTime<Utc>,
    ) -> Result<(), AccessError> {
        Ok(self.0.record(Deed { by, action, subject: key.to_string(), detail }, now).await?)
    }
}

fn usable(key: ApiKey, now: DateTime<Utc>) -> Result<ApiKey, AccessError> {
    match key {
        key if key.is_usable(now) => Ok(key),
        ApiKey { revoked_at: Some(_), name, .. } => Err(AccessError::Revoked(name)),
        ApiKey { name, .. } => Err(AccessError::Expired(name)),
    }
}

fn random_secret() -> Result<SecretString, AccessError> {
    let mut bytes = [0; SECRET];
    getrandom::fill(&mut bytes).map_err(AccessError::NoRandomness)?;
    Ok(hex::encode(bytes).into())
}

fn hash_of(secret: &SecretString) -> SecretHash {
    Sha256::digest(secret.expose_secret().as_bytes()).into()
}
