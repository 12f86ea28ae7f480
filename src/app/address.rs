//! A view's address: what it shows, so that it can be bookmarked and sent.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::{JobFilter, JobQuery};

/// What stays as it is in a query string.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b':');

/// A page's address with these parameters.
pub fn address(path: &str, parameters: &[(&'static str, String)]) -> String {
    let mut address = path.to_owned();
    for (place, (name, value)) in parameters.iter().enumerate() {
        address.push(if place == 0 { '?' } else { '&' });
        address.push_str(name);
        address.push('=');
        address.extend(utf8_percent_encode(value, ESCAPED));
    }
    address
}

/// The page of these jobs.
pub fn of_jobs(query: &JobQuery) -> String {
    address("/", &query.parameters())
}

/// The page of the jobs a filter chooses, newest first.
pub fn of_filter(filter: JobFilter) -> String {
    of_jobs(&JobQuery::newest(filter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::JobStatus;

    #[test]
    fn an_address_names_only_what_is_chosen_and_nothing_breaks_out_of_it() {
        assert_eq!(of_filter(JobFilter::default()), "/");
        let filter = JobFilter {
            status: Some(JobStatus::Failed),
            text: "a&b=\"ü\" c#".to_owned(),
            ..JobFilter::default()
        };
        assert_eq!(of_filter(filter), "/?status=failed&q=a%26b%3D%22%C3%BC%22%20c%23");
    }
}
