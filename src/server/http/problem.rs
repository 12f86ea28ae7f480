//! The only place that knows which error has which status and code.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use super::guard::current_request_id;
use super::told;
use crate::domain::{BadParameter, Duplicate, Job, JobId, JobStatus, Problem};
use crate::server::access::AccessError;
use crate::server::ingest::folders::PathError;
use crate::server::jobs::JobsError;
use crate::server::library::LibraryError;
use crate::server::originals::NotKept;
use crate::server::store::StoreError;
use crate::server::webhooks::{CallbackError, WebhooksError};

const STORE_DAMAGED: &str = "store_damaged";

/// The code of a parameter that is not what it should be.
pub const INVALID_PARAMETER: &str = "invalid_parameter";

impl From<BadParameter> for Problem {
    fn from(bad: BadParameter) -> Self {
        Self::new(400, INVALID_PARAMETER, bad.message)
    }
}

impl From<JobsError> for Problem {
    fn from(error: JobsError) -> Self {
        let detail = error.to_string();
        match error {
            JobsError::NotFound(_) => Self::new(404, Self::JOB_NOT_FOUND, detail),
            JobsError::AlreadyFinal { id, .. } => Self::new(409, Self::JOB_ALREADY_FINAL, detail).about(id),
            JobsError::NotRetryable { id, .. } => Self::new(409, Self::JOB_NOT_RETRYABLE, detail).about(id),
            JobsError::SourceGone(id) => Self::new(409, Self::SOURCE_GONE, detail).about(id),
            JobsError::NothingSelected => Self::new(400, "nothing_selected", detail),
            JobsError::Empty(_) => Self::new(400, "empty_text", detail),
            JobsError::Nul { .. } => Self::new(400, "not_text", detail),
            JobsError::SharedMetadata(_) => Self::new(413, "too_large", detail),
            JobsError::TooManyItems { .. } => Self::new(413, "too_many_items", detail),
            JobsError::LowDisk(_) => Self::new(507, "low_disk", detail),
            JobsError::QueueFull(_) => Self::new(429, "queue_full", detail),
            JobsError::IdempotencyKeyTaken => Self::new(409, "idempotency_key_taken", detail),
            JobsError::RequestJobGone(id) => Self::new(409, "job_cleaned_up", detail).about(id),
            JobsError::Duplicate(duplicate) => Self::from(duplicate),
            JobsError::EmptyBatch => Self::new(400, "empty_batch", detail),
            JobsError::Unsupported(_) => Self::new(415, "unsupported_format", detail),
            JobsError::Chunking(_) | JobsError::FolderPreview(_) | JobsError::SlotCount(_) => {
                Self::new(400, INVALID_PARAMETER, detail)
            }
            JobsError::Path(error) => error.into(),
            JobsError::Original(why) => why.into(),
            JobsError::Callback(CallbackError::Off) => Self::new(400, "webhooks_off", detail),
            JobsError::Callback(CallbackError::Invalid(_)) => Self::new(400, "invalid_callback", detail),
            JobsError::Callback(CallbackError::NotAllowed(_)) => {
                Self::new(403, "callback_not_allowed", detail)
            }
            JobsError::Stopping(id) => Self::new(
                503,
                Self::STOPPING,
                format!("The server is stopping. Job {id} goes on after its next start."),
            )
            .about(id),
            JobsError::Store(error) => error.into(),
            JobsError::Data(error) => data_folder(&error),
        }
    }
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        let detail = error.to_string();
        match error {
            AccessError::UnknownKey => Self::new(401, "key_unknown", detail),
            AccessError::Expired(_) => Self::new(401, "key_expired", detail),
            AccessError::Revoked(_) => Self::new(401, "key_revoked", detail),
            AccessError::Store(error) => error.into(),
            // Only the command line makes and ends keys.
            AccessError::BadName | AccessError::NameTaken(_) | AccessError::NoSuchKey(_) => {
                Self::new(400, INVALID_PARAMETER, detail)
            }
            AccessError::NoRandomness(cause) => internal(&cause, "no key can be made"),
        }
    }
}

impl From<WebhooksError> for Problem {
    fn from(error: WebhooksError) -> Self {
        let detail = error.to_string();
        match error {
            WebhooksError::NotFound(_) => Self::new(404, "webhook_not_found", detail),
            WebhooksError::Off => Self::new(400, "webhooks_off", detail),
            WebhooksError::Store(error) => error.into(),
        }
    }
}

impl From<Duplicate> for Problem {
    fn from(duplicate: Duplicate) -> Self {
        let document_id = Some(duplicate.document_id);
        Self { document_id, ..Self::new(409, Duplicate::ERROR, duplicate.to_string()) }
    }
}

impl From<PathError> for Problem {
    fn from(error: PathError) -> Self {
        match &error {
            PathError::Forbidden(path) => Self::new(
                403,
                "path_forbidden",
                format!(
                    "{} is not inside a folder this server may read. The operator allows folders with \
                     --allowed-dirs; you can also upload the file.",
                    path.display()
                ),
            ),
            PathError::Missing(path) => Self::new(
                404,
                "path_not_found",
                format!("There is no {} on the server's machine.", path.display()),
            ),
            PathError::Special(path) => Self::new(
                415,
                "unsupported_format",
                format!("{} is neither a file nor a folder; name one of these.", path.display()),
            ),
            PathError::Unreadable(path, cause) => Self::new(
                403,
                "path_unreadable",
                format!("The server cannot read {}: {cause}.", path.display()),
            ),
        }
    }
}

impl From<NotKept> for Problem {
    fn from(why: NotKept) -> Self {
        match why {
            NotKept::Items => Self::new(409, "job_has_items", why.to_string()),
            _ => Self::new(404, "source_not_kept", why.to_string()),
        }
    }
}

impl From<LibraryError> for Problem {
    fn from(error: LibraryError) -> Self {
        let detail = error.to_string();
        match error {
            LibraryError::NotFound(_) => Self::new(404, "document_not_found", detail),
            LibraryError::EmptyQuestion => Self::new(400, "empty_question", detail),
            LibraryError::LongQuestion(_) => Self::new(400, "question_too_long", detail),
            LibraryError::MaxChunks(_) => Self::new(400, "invalid_max_chunks", detail),
            LibraryError::Original(why) => why.into(),
            LibraryError::Store(error) => error.into(),
            LibraryError::Index(cause) => internal(&cause, "the index failed"),
            LibraryError::Panicked => internal(&error, "a search failed"),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::DiskFull => disk_full(),
            StoreError::Unavailable(_) => unavailable(&error, "database"),
            StoreError::Damaged(_) => {
                tracing::error!(%error, "the store failed");
                Self::new(
                    503,
                    STORE_DAMAGED,
                    "The server's database is damaged, so nothing more is taken in. Stop the server, run `sluice \
                     check`, and restore a backup.",
                )
            }
            _ => internal(&error, "the store failed"),
        }
    }
}

/// A failure of the data folder, as when an upload is written.
pub fn data_folder(error: &std::io::Error) -> Problem {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => disk_full(),
        // A fault of ours, as a panic or a value that cannot be written.
        std::io::ErrorKind::Other | std::io::ErrorKind::InvalidData => {
            internal(error, "the data folder failed")
        }
        _ => unavailable(error, "data folder"),
    }
}

/// A disk that refuses for now.
fn unavailable(cause: &dyn std::error::Error, what: &str) -> Problem {
    tracing::error!(%cause, "the {what} cannot be used");
    let detail = format!(
        "The server's {what} cannot be used now; its log says why. Nothing was accepted; try again soon."
    );
    Problem::new(503, "storage_unavailable", detail)
}

fn disk_full() -> Problem {
    tracing::error!("the disk is full");
    Problem::new(
        507,
        "disk_full",
        "The server's disk is full. Nothing was accepted; try again once there is room.",
    )
}

/// The cause may name tables or paths: it goes to the log and stops there.
fn internal(cause: &dyn std::error::Error, what: &str) -> Problem {
    tracing::error!(%cause, "{what}");
    Problem::internal()
}

/// What someone who waited for a job hears when its end could not be awaited: the job is accepted all the same.
pub fn not_awaited(id: JobId, error: JobsError) -> Problem {
    let problem = Problem::from(error);
    if problem.job_id.is_some() {
        return problem;
    }
    let detail =
        format!("Job {id} was accepted, but the server cannot say now how it ended. Ask for it later.");
    Problem { detail, ..problem }.about(id)
}

/// What someone who waited for a job hears when it did not complete.
pub fn not_completed(job: &Job) -> Problem {
    let problem = match job.status {
        JobStatus::Cancelled => Problem::new(422, "job_cancelled", "The job was cancelled before its end."),
        _ => match job.duplicate {
            Some(duplicate) => duplicate.into(),
            None => Problem::new(422, &job.error_code, job.error_message.clone()),
        },
    };
    problem.about(job.job_id)
}

/// A request that is wrong in itself.
pub fn bad_request(code: &str, detail: impl Into<String>) -> Problem {
    Problem::new(400, code, detail)
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = retry_after(status, &self);
        let body = serde_json::to_vec(&in_request(self)).unwrap_or_default();
        let json = HeaderValue::from_static("application/problem+json");
        let mut response = (status, [(header::CONTENT_TYPE, json)], body).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        response
    }
}

/// The same problem, with the id of the request it answers.
fn in_request(problem: Problem) -> Problem {
    Problem { request_id: current_request_id().map(|it| it.0.to_string()), ..problem }
}

/// After how many seconds a refused request may find room. One that is about a job was not refused, and a
/// damaged store does not heal by itself.
fn retry_after(status: StatusCode, problem: &Problem) -> Option<&'static str> {
    match status {
        _ if problem.job_id.is_some() || problem.code == STORE_DAMAGED => None,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Some("5"),
        StatusCode::INSUFFICIENT_STORAGE => Some("60"),
        _ => None,
    }
}

/// Turns a service's answer into a server function's, with the status REST would have used.
///
/// Server functions answer 500 to every error unless the status is set by hand. A page without scripts gets no
/// status, or its browser would show the problem as it is: it gets its page back.
pub fn answer<T, E: Into<Problem>>(result: Result<T, E>) -> Result<T, Problem> {
    result.map_err(|error| {
        let problem = in_request(error.into());
        if !told::on_the_page_before(&problem)
            && let Some(response) = use_context::<ResponseOptions>()
            && let Ok(status) = StatusCode::from_u16(problem.status)
        {
            response.set_status(status);
        }
        problem
    })
}
