//! Why jobs need attention, grouped: what people do about ten thousand failures.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Job, JobFilter, problem};

/// Jobs that need attention for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobCause {
    /// The stable name of the reason.
    pub error_code: String,
    /// The same in people's words.
    pub title: String,
    pub count: u64,
    /// What the newest of these jobs says.
    pub example: String,
    /// Another try may go better without anything being changed before.
    pub can_retry: bool,
    /// What chooses these jobs, as the query string of `GET /jobs`.
    pub filter: String,
}

impl JobCause {
    pub fn new(error_code: String, count: u64, example: String) -> Self {
        Self {
            title: title_of(&error_code).map_or_else(|| problem::title(&error_code), str::to_owned),
            can_retry: may_pass(&error_code),
            // A code needs no escapes.
            filter: format!("attention=true&error_code={error_code}"),
            count,
            example,
            error_code,
        }
    }

    /// What chooses these jobs.
    pub fn job_filter(&self) -> JobFilter {
        JobFilter { attention: true, error_code: self.error_code.clone(), ..JobFilter::default() }
    }
}

/// What the message of an encrypted file says where no password helps.
pub const NO_PASSWORD_OPENS: &str = "Sluice cannot open files of its kind";

/// Whether another try may go well with a password.
pub fn wants_password(error_code: &str, error_message: &str) -> bool {
    error_code == "encrypted" && !error_message.contains(NO_PASSWORD_OPENS)
}

/// Whether another try at what failed for this reason may go better without anything being changed before.
pub fn may_pass(error_code: &str) -> bool {
    matches!(
        error_code,
        Job::ITEMS_FAILED
            | "crashed"
            | "disk_full"
            | "extractor_timeout"
            | "stalled"
            | "store_failed"
            | "unreadable"
    )
}

/// What people call a reason.
fn title_of(error_code: &str) -> Option<&'static str> {
    Some(match error_code {
        Job::ITEMS_FAILED => "Some items failed",
        "crashed" => "The server ended abruptly",
        "damaged" => "Damaged file",
        "disk_full" => "Disk full",
        "empty_folder" => "Empty folder",
        "encrypted" => "Encrypted file",
        "extractor_crashed" => "The file crashed its reader",
        "extractor_timeout" => "Reading took too long",
        "internal" => "A fault of the server",
        "no_text" => "No text in it",
        "path_forbidden" => "Folder not allowed",
        "path_not_found" => "No longer there",
        "source_lost" => "Its source is lost",
        "stalled" => "Reading stood still",
        "store_failed" => "The database refused it",
        "too_expensive" => "Too large when unpacked",
        "too_large" => "Too large",
        "too_many_items" => "Too many files",
        "unreadable" => "Could not be read",
        "unsupported_format" => "A kind that is not read",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_in_peoples_words_and_can_be_chosen() {
        let cause = JobCause::new("encrypted".into(), 3, "It needs a password.".into());
        assert_eq!((cause.title.as_str(), cause.can_retry), ("Encrypted file", false));
        let query: Vec<_> = cause.filter.split('&').filter_map(|it| it.split_once('=')).collect();
        let read = JobFilter::from_parameters(&|name| {
            query.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned())
        });
        assert_eq!(read, Ok(cause.job_filter()));

        assert_eq!(JobCause::new("of_tomorrow".into(), 1, String::new()).title, "Of tomorrow");
        assert!(JobCause::new(Job::ITEMS_FAILED.into(), 1, String::new()).can_retry);
    }
}
