//! Who may do what, and who did what.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::job::rfc3339;

/// What an API key allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// See jobs and documents, and ask questions.
    Read,
    /// Send documents.
    Ingest,
    /// Cancel, retry and delete, and change the queue.
    Manage,
    /// All of that, and read the audit trail.
    Admin,
}

impl Scope {
    pub const ALL: [Self; 4] = [Self::Read, Self::Ingest, Self::Manage, Self::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Ingest => "ingest",
            Self::Manage => "manage",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|it| it.as_str() == text);
        known.ok_or_else(|| "a scope is read, ingest, manage or admin".to_owned())
    }
}

/// Several scopes. None includes another, but `admin`, which includes all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    pub const ALL: Self = Self(1 << Scope::Admin as u8);

    pub fn allow(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8 | Self::ALL.0) != 0
    }

    fn named(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.0 & (1 << *scope as u8) != 0)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Self {
        Self(scopes.into_iter().fold(0, |all, scope| all | 1 << scope as u8))
    }
}

/// As in `read,ingest`.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.named().map(Scope::as_str).collect();
        f.write_str(&names.join(","))
    }
}

impl FromStr for Scopes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',').map(|scope| scope.trim().parse()).collect::<Result<_, _>>()
    }
}

/// On whose behalf something is done, and in which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The name of an API key, or one of those below.
    pub name: Arc<str>,
    /// The request's id, as it stands in the log; empty outside of requests.
    pub request_id: Arc<str>,
}

impl Actor {
    /// Someone on a server that asks nobody for a key.
    pub const ANONYMOUS: &'static str = "anonymous";
    /// Sluice itself.
    pub const SERVER: &'static str = "server";
    /// Someone with access to the data folder.
    pub const COMMAND_LINE: &'static str = "command line";

    pub fn new(name: &str, request_id: &str) -> Self {
        Self { name: name.into(), request_id: request_id.into() }
    }

    /// The server, which acts by itself.
    pub fn server() -> Self {
        Self::new(Self::SERVER, "")
    }
}

/// Who makes a request, and what they may do.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub actor: Actor,
    pub scopes: Scopes,
    /// They logged in, and can log out.
    pub has_session: bool,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    AcceptJob,
    CancelJob,
    RetryJob,
    CancelJobs,
    RetryJobs,
    DeleteJobs,
    ChangeQueue,
    DeleteDocument,
    LogIn,
    LogOut,
    CreateKey,
    RevokeKey,
    RetryWebhook,
    ReplaceDocuments,
}

impl Action {
    pub const ALL: [Self; 14] = [
        Self::AcceptJob,
        Self::CancelJob,
        Self::RetryJob,
        Self::CancelJobs,
        Self::RetryJobs,
        Self::DeleteJobs,
        Self::ChangeQueue,
        Self::DeleteDocument,
        Self::LogIn,
        Self::LogOut,
        Self::CreateKey,
        Self::RevokeKey,
        Self::RetryWebhook,
        Self::ReplaceDocuments,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::AcceptJob => "accept_job",
            Self::CancelJob => "cancel_job",
            Self::RetryJob => "retry_job",
            Self::CancelJobs => "cancel_jobs",
            Self::RetryJobs => "retry_jobs",
            Self::DeleteJobs => "delete_jobs",
            Self::ChangeQueue => "change_queue",
            Self::DeleteDocument => "delete_document",
            Self::LogIn => "log_in",
            Self::LogOut => "log_out",
            Self::CreateKey => "create_key",
            Self::RevokeKey => "revoke_key",
            Self::RetryWebhook => "retry_webhook",
            Self::ReplaceDocuments => "replace_documents",
        }
    }
}

impl FromStr for Action {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|it| it.as_str() == text);
        known.ok_or_else(|| format!("there is no action {text:?}"))
    }
}

/// One thing that someone did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Grows from entry to entry.
    pub id: u64,
    #[serde(with = "rfc3339")]
    pub at: DateTime<Utc>,
    /// The name of an API key, or `anonymous`, `command line` or `server`.
    pub by: String,
    pub action: Action,
    /// The id of the job, the document, the key or the webhook; empty if it was about none, or about several.
    pub subject: String,
    /// What was asked for, and how many it was about.
    pub detail: String,
    pub request_id: String,
}

/// Entries of the audit trail, the latest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct AuditPage {
    pub entries: Vec<AuditEntry>,
    /// The `before` of the next page, if there are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<u64>,
}

impl AuditPage {
    pub const DEFAULT_LIMIT: u32 = 100;
    pub const MAX_LIMIT: u32 = 1000;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_allows_itself_and_admin_allows_all() {
        let some: Scopes = "read,ingest".parse().unwrap();
        let allowed = Scope::ALL.map(|scope| some.allow(scope));
        assert_eq!(allowed, [true, true, false, false]);
        assert!(Scope::ALL.into_iter().all(|scope| Scopes::ALL.allow(scope)));
        assert!(Scope::ALL.into_iter().all(|scope| !Scopes::default().allow(scope)));
    }

    #[test]
    fn scopes_are_written_as_they_are_read() {
        for text in ["read", "read,ingest", "read,ingest,manage,admin"] {
            assert_eq!(text.parse::<Scopes>().unwrap().to_string(), text);
        }
        assert_eq!("ingest, read".parse::<Scopes>().unwrap().to_string(), "read,ingest");
        for text in ["", "write", "read,,ingest", "read;ingest"] {
            assert!(text.parse::<Scopes>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn actions_have_the_names_they_are_sent_with() {
        for action in Action::ALL {
            assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
            assert_eq!(action.as_str().parse(), Ok(action));
        }
    }
}
