//! The one error shape a client ever sees.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DocumentId, JobId};

/// An error as RFC 9457 problem details, with a stable `code`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, ToSchema)]
#[error("{detail}")]
pub struct Problem {
    /// A URI that names the kind of problem: `/problems/<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in a few words, the same each time.
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What was wrong this time, where, and what would be right.
    pub detail: String,
    /// The stable name of the kind of problem, for programs.
    pub code: String,
    /// The job the problem is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub job_id: Option<JobId>,
    /// The document that was in the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub document_id: Option<DocumentId>,
    /// The id of the request it answers, as it stands in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// Codes that a call for many jobs tells, too, of those it left as they are.
impl Problem {
    pub const JOB_NOT_FOUND: &'static str = "job_not_found";
    pub const JOB_ALREADY_FINAL: &'static str = "job_already_final";
    pub const JOB_NOT_RETRYABLE: &'static str = "job_not_retryable";
    pub const SOURCE_GONE: &'static str = "source_gone";
    pub const STOPPING: &'static str = "stopping";
    /// Only of many jobs: it has not ended, and so cannot leave the list.
    pub const JOB_ACTIVE: &'static str = "job_active";
    /// Only of many jobs: a single one is answered as it is.
    pub const JOB_CANCELLING: &'static str = "job_cancelling";
}

impl Problem {
    /// A problem of the kind `code`, such as `job_not_found`.
    pub fn new(status: u16, code: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/problems/{code}"),
            title: title(code),
            status,
            detail: detail.into(),
            code: code.to_owned(),
            job_id: None,
            document_id: None,
            request_id: None,
        }
    }

    /// The answer to a failure that is not the client's fault; its cause is in the server's log.
    pub fn internal() -> Self {
        Self::new(500, "internal", "The server could not do this. Its log says why.")
    }

    /// The same problem, naming the job it is about.
    pub fn about(mut self, job: JobId) -> Self {
        self.job_id = Some(job);
        self
    }
}

/// `job_not_found` reads "Job not found".
pub(super) fn title(code: &str) -> String {
    let mut title = code.replace('_', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_follows_from_the_code() {
        assert_eq!(Problem::new(404, "job_not_found", "").title, "Job not found");
    }
}
