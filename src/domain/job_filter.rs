//! Which jobs: what `GET /jobs`, the calls that act on many jobs, and the dashboard's address take.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::job::{named, rfc3339};
use super::parameters::{BadParameter, NEXT_ID, number, one_of, parsed, switch};
use super::{Job, JobId, JobStatus, JobType};

/// Which jobs. What is not set is any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobFilter {
    pub status: Option<JobStatus>,
    pub job_type: Option<JobType>,
    /// Only jobs somebody should look at: see [`Job::needs_attention`].
    pub attention: bool,
    /// Only jobs with warnings.
    pub warned: bool,
    /// As [`Job::cause`] names it; empty for any.
    pub error_code: String,
    /// Found in the name, the id, the message or the error, in any case of ASCII letters; empty for any.
    pub text: String,
    /// By the time the job was accepted, as is `until`.
    pub since: Option<Moment>,
    pub until: Option<Moment>,
}

/// Shorter than this, a text is not looked for in ids: it would be found in most of them by chance.
const SHORTEST_ID_PART: usize = 6;

impl JobFilter {
    /// The names of the parameters it is read from.
    pub const PARAMETERS: [&'static str; 8] =
        ["status", "job_type", "attention", "warnings", "error_code", "q", "since", "until"];

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The filter as the parameters of an address; what is not set is left out. The inverse of
    /// [`Self::from_parameters`].
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let yes = |set: bool| set.then(|| "true".to_owned());
        let text = |text: &String| Some(text.clone()).filter(|it| !it.is_empty());
        [
            ("status", self.status.map(|it| it.to_string())),
            ("job_type", self.job_type.map(|it| it.to_string())),
            ("attention", yes(self.attention)),
            ("warnings", yes(self.warned)),
            ("error_code", text(&self.error_code)),
            ("q", text(&self.text)),
            ("since", self.since.map(|it| it.to_string())),
            ("until", self.until.map(|it| it.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }

    /// Reads it from an address's parameters.
    pub fn from_parameters(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadParameter> {
        let statuses = JobStatus::ALL.map(JobStatus::as_str);
        let types: Vec<_> = JobType::ALL.iter().map(|it| it.as_str()).collect();
        Ok(Self {
            status: parsed("status", get("status").as_deref(), &one_of(&statuses))?,
            job_type: parsed("job_type", get("job_type").as_deref(), &one_of(&types))?,
            attention: switch("attention", &get("attention").unwrap_or_default())?,
            warned: switch("warnings", &get("warnings").unwrap_or_default())?,
            error_code: get("error_code").unwrap_or_default().trim().to_owned(),
            text: get("q").unwrap_or_default().trim().to_owned(),
            since: parsed("since", get("since").as_deref(), MOMENT)?,
            until: parsed("until", get("until").as_deref(), MOMENT)?,
        })
    }

    /// Whether the job matches, as far as the job itself can tell: `warned` is not looked at.
    pub fn matches(&self, job: &Job, now: DateTime<Utc>) -> bool {
        self.status.is_none_or(|status| job.status == status)
            && self.job_type.is_none_or(|job_type| job.job_type == job_type)
            && (!self.attention || job.needs_attention())
            && (self.error_code.is_empty() || job.cause() == self.error_code)
            && (self.text.is_empty() || self.is_in(job))
            && self.since.is_none_or(|since| job.created_at >= since.at(now))
            && self.until.is_none_or(|until| job.created_at <= until.at(now))
    }

    fn is_in(&self, job: &Job) -> bool {
        let text = self.text.to_ascii_lowercase();
        [&job.name, &job.message, &job.error_message].iter().any(|it| it.to_ascii_lowercase().contains(&text))
            || self.id_part().is_some_and(|part| job.job_id.0.simple().to_string().contains(&part))
    }

    /// The text as a part of an id, without hyphens, if it can be one.
    pub fn id_part(&self) -> Option<String> {
        let part: String = self.text.to_ascii_lowercase().chars().filter(|it| *it != '-').collect();
        let digits = part.len() >= SHORTEST_ID_PART && part.bytes().all(|it| it.is_ascii_hexdigit());
        digits.then_some(part)
    }
}

/// A moment as a filter names it: itself, or so long ago, so that a bookmarked view of "the last day" stays that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Moment {
    At(DateTime<Utc>),
    Ago { minutes: u32 },
}

const MOMENT: &str = "it must be a time such as 2024-01-15T10:30:00Z, or so long ago as 30m, 24h or 7d";

const HOUR: u32 = 60;
const DAY: u32 = 24 * HOUR;

impl Moment {
    /// When it is.
    pub fn at(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::At(time) => time,
            Self::Ago { minutes } => {
                now.checked_sub_signed(TimeDelta::minutes(minutes.into())).unwrap_or(DateTime::<Utc>::MIN_UTC)
            }
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::At(time) => f.write_str(&rfc3339::text(&time)),
            // A single day reads better in hours.
            Self::Ago { minutes } if minutes > DAY && minutes % DAY == 0 => write!(f, "{}d", minutes / DAY),
            Self::Ago { minutes } if minutes % HOUR == 0 => write!(f, "{}h", minutes / HOUR),
            Self::Ago { minutes } => write!(f, "{minutes}m"),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let ago = [("m", 1), ("h", HOUR), ("d", DAY)].into_iter().find_map(|(unit, minutes)| {
            let count: u32 = text.strip_suffix(unit)?.parse().ok()?;
            Some(Self::Ago { minutes: count.checked_mul(minutes)? })
        });
        ago.or_else(|| rfc3339::read(text).map(Self::At)).ok_or_else(|| MOMENT.to_owned())
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// In which order jobs are listed; where it says the same of two, the newer one comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobSort {
    /// The newest first.
    #[default]
    Created,
    /// The longest from its start to its end first; those that have not ended, or never began, last.
    Duration,
    /// The most chunks first.
    Chunks,
}

impl JobSort {
    pub const ALL: [Self; 3] = [Self::Created, Self::Duration, Self::Chunks];

    /// The name used on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Duration => "duration",
            Self::Chunks => "chunks",
        }
    }
}
named!(JobSort, "order of jobs");

/// A page of jobs that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobQuery {
    #[serde(default)]
    pub filter: JobFilter,
    #[serde(default)]
    pub sort: JobSort,
    /// Only jobs after this one in the order: the `next` of the page before.
    #[serde(default)]
    pub before: Option<JobCursor>,
    pub limit: u32,
}

impl JobQuery {
    /// How many jobs a page has when the caller does not say.
    pub const DEFAULT_LIMIT: u32 = 50;
    /// The most jobs a page can have.
    pub const MAX_LIMIT: u32 = 1000;

    /// The newest jobs that match.
    pub fn newest(filter: JobFilter) -> Self {
        Self { filter, ..Self::default() }
    }

    /// The first page of the same jobs, but in the state that `other` chooses.
    pub fn in_state_of(&self, other: &Self) -> Self {
        let JobFilter { status, attention, .. } = other.filter;
        let filter = JobFilter { status, attention, error_code: String::new(), ..self.filter.clone() };
        Self { filter, before: None, ..self.clone() }
    }

    /// The query as the parameters of an address; what is as usual is left out. The inverse of
    /// [`Self::from_parameters`].
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = self.filter.parameters();
        parameters.extend((self.sort != JobSort::default()).then(|| ("sort", self.sort.to_string())));
        parameters.extend(self.before.map(|before| ("before", before.to_string())));
        parameters.extend((self.limit != Self::DEFAULT_LIMIT).then(|| ("limit", self.limit.to_string())));
        parameters
    }

    /// Reads it from an address's parameters.
    pub fn from_parameters(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadParameter> {
        let sorts = one_of(&JobSort::ALL.map(JobSort::as_str));
        Ok(Self {
            sort: parsed("sort", get("sort").as_deref(), &sorts)?.unwrap_or_default(),
            before: parsed("before", get("before").as_deref(), NEXT_ID)?,
            limit: number("limit", get("limit").as_deref(), Self::DEFAULT_LIMIT, 1, Self::MAX_LIMIT)?,
            filter: JobFilter::from_parameters(get)?,
        })
    }
}

impl Default for JobQuery {
    fn default() -> Self {
        Self {
            filter: JobFilter::default(),
            sort: JobSort::default(),
            before: None,
            limit: Self::DEFAULT_LIMIT,
        }
    }
}

/// Where the next page of jobs starts: after the job with this key in the order. Its text is the job's id where
/// the key is 0, as it always is of the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct JobCursor {
    /// Its duration in milliseconds, or its chunks.
    pub key: u64,
    pub job: JobId,
}

impl From<JobId> for JobCursor {
    fn from(job: JobId) -> Self {
        Self { key: 0, job }
    }
}

impl fmt::Display for JobCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key {
            0 => self.job.fmt(f),
            key => write!(f, "{key}.{}", self.job),
        }
    }
}

impl FromStr for JobCursor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, job) = text.split_once('.').unwrap_or(("0", text));
        let read = key.parse().ok().and_then(|key| Some(Self { key, job: job.parse().ok()? }));
        read.ok_or_else(|| NEXT_ID.to_owned())
    }
}

impl From<JobCursor> for String {
    fn from(cursor: JobCursor) -> Self {
        cursor.to_string()
    }
}

impl TryFrom<String> for JobCursor {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn read(parameters: &[(&'static str, String)]) -> Result<JobQuery, BadParameter> {
        JobQuery::from_parameters(&|name| {
            parameters.iter().find(|(it, _)| *it == name).map(|(_, value)| value.clone())
        })
    }

    fn all_set() -> JobFilter {
        JobFilter {
            status: Some(JobStatus::Failed),
            job_type: Some(JobType::FileIngestion),
            attention: true,
            warned: true,
            error_code: "encrypted".into(),
            text: "Annual report".into(),
            since: Some(Moment::Ago { minutes: DAY }),
            until: Some(Moment::At(DateTime::UNIX_EPOCH)),
        }
    }

    #[test]
    fn a_query_is_read_back_from_its_parameters() {
        let cursor = JobCursor { key: 1200, job: JobId(Uuid::from_u128(7)) };
        let query = JobQuery { filter: all_set(), sort: JobSort::Duration, before: Some(cursor), limit: 7 };
        assert_eq!(read(&query.parameters()), Ok(query.clone()));
        let names: Vec<_> = query.filter.parameters().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, JobFilter::PARAMETERS);

        assert!(JobQuery::default().parameters().is_empty());
        assert_eq!(read(&[]), Ok(JobQuery::default()));
        assert!(JobFilter::default().is_empty() && !all_set().is_empty());
    }

    #[test]
    fn another_state_keeps_what_else_was_chosen() {
        let chosen = JobQuery { filter: all_set(), sort: JobSort::Chunks, ..JobQuery::default() };
        let pending = JobFilter { status: Some(JobStatus::Pending), ..JobFilter::default() };
        let other = chosen.in_state_of(&JobQuery::newest(pending));
        let filter = JobFilter {
            status: Some(JobStatus::Pending),
            attention: false,
            error_code: String::new(),
            ..all_set()
        };
        assert_eq!(other, JobQuery { filter, ..chosen });
    }

    #[test]
    fn a_bad_parameter_is_named_with_what_would_be_right() {
        for (name, value, part) in [
            ("status", "done", "pending, running, completed, failed, cancelled"),
            ("job_type", "song", "text_ingestion"),
            ("attention", "maybe", "true or false"),
            ("warnings", "2", "true or false"),
            ("since", "yesterday", "30m, 24h or 7d"),
            ("until", "2024-01-15", "2024-01-15T10:30:00Z"),
            ("sort", "name", "created, duration, chunks"),
            ("before", "zzz", "the `next` of the page before"),
            ("limit", "0", "from 1 to 1000"),
        ] {
            let bad = read(&[(name, value.to_owned())]).unwrap_err();
            assert_eq!(bad.name, name);
            assert!(bad.message.contains(part) && bad.message.contains(value), "{}", bad.message);
        }
    }

    #[test]
    fn a_moment_is_a_time_or_so_long_ago() {
        let now = DateTime::from_timestamp(10_000_000, 0).unwrap();
        for (text, minutes) in [("30m", 30), ("24h", 1440), ("7d", 10_080), ("90m", 90), ("2d", 2880)] {
            let moment: Moment = text.parse().unwrap();
            assert_eq!((moment, moment.to_string().as_str()), (Moment::Ago { minutes }, text));
            assert_eq!(moment.at(now), now - TimeDelta::minutes(minutes.into()));
        }
        let at: Moment = "2024-01-15T10:30:00Z".parse().unwrap();
        assert_eq!(at.to_string(), "2024-01-15T10:30:00.000Z");
        for bad in ["", "m", "-3m", "5", "9999999999d", "3 h", "é"] {
            assert!(bad.parse::<Moment>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_cursor_is_an_id_with_a_key_where_there_is_one() {
        let job = JobId(Uuid::from_u128(7));
        for cursor in [JobCursor::from(job), JobCursor { key: 42, job }] {
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        assert_eq!(JobCursor::from(job).to_string(), job.to_string());
        assert!("x.y".parse::<JobCursor>().is_err());
    }

    #[test]
    fn a_filter_tells_which_jobs_match() {
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let job = Job {
            job_id: JobId(Uuid::from_u128(0x0190_b5a4_7c1e)),
            status: JobStatus::Failed,
            created_at: now - TimeDelta::minutes(10),
            name: "Annual Report.pdf".into(),
            error_code: "encrypted".into(),
            error_message: "It needs a password.".into(),
            ..Job::example()
        };
        let any = JobFilter::default;
        let text = |text: &str| JobFilter { text: text.into(), ..any() };
        let ago = |minutes| Some(Moment::Ago { minutes });
        for (filter, expected) in [
            (any(), true),
            (JobFilter { status: Some(JobStatus::Failed), ..any() }, true),
            (JobFilter { status: Some(JobStatus::Pending), ..any() }, false),
            (JobFilter { job_type: Some(JobType::FileIngestion), ..any() }, false),
            (JobFilter { attention: true, ..any() }, true),
            (JobFilter { warned: true, ..any() }, true),
            (JobFilter { error_code: "encrypted".into(), ..any() }, true),
            (JobFilter { error_code: "damaged".into(), ..any() }, false),
            (text("annual rep"), true),
            (text("PASSWORD"), true),
            (text("invoice"), false),
            (text("0190-B5A47c"), true),
            (text("b5a4"), false),
            (JobFilter { since: ago(15), until: ago(5), ..any() }, true),
            (JobFilter { since: ago(5), ..any() }, false),
            (JobFilter { until: ago(15), ..any() }, false),
        ] {
            assert_eq!(filter.matches(&job, now), expected, "{filter:?}");
        }
    }

    #[test]
    fn a_completed_job_with_failed_items_needs_attention_under_a_name_of_its_own() {
        let job = Job { status: JobStatus::Completed, failed_items: 2, ..Job::example() };
        let filter =
            JobFilter { attention: true, error_code: Job::ITEMS_FAILED.into(), ..JobFilter::default() };
        assert!(filter.matches(&job, DateTime::UNIX_EPOCH));
        assert!(!filter.matches(&Job { failed_items: 0, ..job }, DateTime::UNIX_EPOCH));
    }
}
