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
        let (title, can_retry) = about(&error_code);
        Self {
            title: title.map_or_else(|| problem::title(&error_code), str::to_owned),
            can_retry,
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

/// What people call a reason, and whether another try can help without anything else.
fn about(error_code: &str) -> (Option<&'static str>, bool) {
    let (title, can_retry) = match error_code {
        Job::ITEMS_FAILED => ("Some items failed", true),
        "crashed" => ("The server ended abruptly", true),
        "damaged" => ("Damaged file", false),
        "disk_full" => ("Disk full", true),
        "empty_folder" => ("Empty folder", false),
        "encrypted" => ("Encrypted file", false),
        "extractor_crashed" => ("The file crashed its reader", false),
        "extractor_timeout" => ("Reading took too long", true),
        "internal" => ("A fault of the server", false),
        "no_text" => ("No text in it", false),
        "path_forbidden" => ("Folder not allowed", false),
        "path_not_found" => ("No longer there", false),
        "source_lost" => ("Its source is lost", false),
        "stalled" => ("Reading stood still", true),
        "store_failed" => ("The database refused it", true),
        "too_expensive" => ("Too large when unpacked", false),
        "too_large" => ("Too large", false),
        "too_many_items" => ("Too many files", false),
        "unreadable" => ("Could not be read", true),
        "unsupported_format" => ("A kind that is not read", false),
        _ => return (None, false),
    };
    (Some(title), can_retry)
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
