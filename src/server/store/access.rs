//! Keys, sessions, and the audit trail, as they are kept.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::access::{Action, Actor, Scopes};

/// The SHA-256 of a secret.
pub type SecretHash = [u8; 32];

/// An API key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub id: Uuid,
    /// No other key in use has it.
    pub name: String,
    pub hash: SecretHash,
    pub scopes: Scopes,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}

impl ApiKey {
    /// Whether it opens anything at this moment.
    pub fn is_usable(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A session to begin.
#[derive(Clone, Copy, Debug)]
pub struct NewSession {
    pub hash: SecretHash,
    pub api_key: Uuid,
    pub expires_at: DateTime<Utc>,
}

/// Something that was done, to be kept.
#[derive(Clone, Debug)]
pub struct Deed {
    pub by: Actor,
    pub action: Action,
    /// An id, or nothing.
    pub subject: String,
    pub detail: String,
}
