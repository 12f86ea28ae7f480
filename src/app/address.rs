//! A view's address: what it shows, so that it can be bookmarked and sent.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

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

/// The jobs that an address shows; all where it cannot be read.
pub fn jobs_at(address: &str) -> JobQuery {
    let parameters = address.split_once('?').map_or("", |(_, it)| it);
    let parameter = |name: &str| {
        let values = parameters.split('&').filter_map(|it| it.split_once('='));
        let value = values.filter(|(it, _)| *it == name).map(|(_, value)| value).next()?;
        Some(percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned())
    };
    JobQuery::from_parameters(&parameter).unwrap_or_default()
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
        let address = of_filter(filter.clone());
        assert_eq!(address, "/?status=failed&q=a%26b%3D%22%C3%BC%22%20c%23");
        assert_eq!(jobs_at(&address).filter, filter);
        assert_eq!(jobs_at("/?q=two+words").filter.text, "two words");
        assert_eq!(jobs_at("/?status=unheard"), JobQuery::default());
    }
}
