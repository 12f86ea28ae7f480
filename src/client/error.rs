//! Why a call to a server gave nothing, in sentences for whoever made it.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::StatusCode;

use super::connection::DEFAULT_URL;
use crate::domain::Problem;

/// Why a call gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("{url:?} is not the address of a server ({reason}); {DEFAULT_URL} would be one")]
    BadUrl { url: String, reason: String },
    /// The key itself is not told.
    #[error("the API key has characters that cannot be sent; copy it again, without spaces or line breaks")]
    BadKey,
    /// Nothing was sent.
    #[error(
        "could not reach {url} ({reason}): is the server running? Start it with `sluice`, or say where it is with --url"
    )]
    Unreachable { url: String, reason: String },
    /// The server may have done what it was asked.
    #[error("the connection to {url} broke before the server had answered ({reason})")]
    Broken { url: String, reason: String },
    #[error("{problem} ({}){}", problem.code, hint(problem))]
    Refused { problem: Box<Problem>, retry_after: Option<Duration> },
    #[error("{url} answered {status} with something that is not Sluice's: {start:?}")]
    Strange { url: String, status: StatusCode, retry_after: Option<Duration>, start: String },
    #[error("could not read {}: {cause}", path.display())]
    File { path: PathBuf, cause: std::io::Error },
}

/// What a problem of access means at a command line.
fn hint(problem: &Problem) -> &'static str {
    if problem.code == "key_needed" { "; here, give it with --api-key or SLUICE_API_KEY" } else { "" }
}

impl ClientError {
    /// The server is there and asks to come back later.
    pub fn is_busy(&self) -> bool {
        match self {
            Self::Refused { problem, .. } => matches!(problem.status, 429 | 503),
            Self::Strange { status, .. } => matches!(status.as_u16(), 429 | 503),
            _ => false,
        }
    }

    /// When the server asked to come back, if it said.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } | Self::Strange { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The server knows no such job, or no longer.
    pub fn is_about_no_job(&self) -> bool {
        matches!(self, Self::Refused { problem, .. } if problem.code == "job_not_found")
    }

    /// What was named is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { problem, .. } if problem.status == 404)
    }
}
