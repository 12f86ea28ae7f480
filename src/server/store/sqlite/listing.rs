//! Jobs that are chosen by a filter: listed in pages, counted, named, and grouped by why they need attention.

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::rows::{self, bytes};
use super::*;
use crate::domain::{JobCursor, JobSort, JobStatus};

/// What [`Job::needs_attention`] says. Letter for letter the condition of the index `job_attention`.
pub(super) const ATTENTION: &str = "(status = 'failed' or (status = 'completed' and failed_items > 0))";

/// The table where [`ATTENTION`] is asked for. SQLite would rather look for both halves of the condition by
/// themselves, and sort what it finds.
const BY_ATTENTION: &str = "job indexed by job_attention";

/// What a filter asks of a row of `job`.
struct Conditions {
    terms: Vec<&'static str>,
    values: Vec<Value>,
    /// No more than what `job_count` has counted.
    counted: bool,
}

impl Conditions {
    fn of(filter: &JobFilter, now: DateTime<Utc>) -> Self {
        let mut all = Self { terms: vec!["true"], values: Vec::new(), counted: true };
        if let Some(status) = filter.status {
            all.add("status = ?", [status.as_str().to_owned().into()]);
        }
        if let Some(job_type) = filter.job_type {
            all.add("job_type = ?", [job_type.as_str().to_owned().into()]);
        }
        // From here on `job_count` knows nothing of it.
        let known = all.terms.len();
        if filter.warned {
            all.add("warnings <> '[]'", []);
        }
        if !filter.error_code.is_empty() {
            let has_code = if filter.error_code == Job::ITEMS_FAILED {
                "(error_code = ? or (status = 'completed' and failed_items > 0))"
            } else {
                "error_code = ?"
            };
            all.add(has_code, [filter.error_code.clone().into()]);
        }
        if !filter.text.is_empty() {
            // `lower` knows ASCII letters only, as the rule wants it. No id holds a hyphen here.
            let text = filter.text.to_ascii_lowercase();
            all.add(
                "(instr(lower(name), ?) or instr(lower(message), ?) or instr(lower(error_message), ?) \
                 or instr(lower(hex(id)), ?))",
                [
                    text.clone().into(),
                    text.clone().into(),
                    text.into(),
                    filter.id_part().unwrap_or_else(|| "-".into()).into(),
                ],
            );
        }
        if let Some(since) = filter.since {
            all.add("created_at >= ?", [since.at(now).timestamp_millis().into()]);
        }
        if let Some(until) = filter.until {
            all.add("created_at <= ?", [until.at(now).timestamp_millis().into()]);
        }
        all.counted = all.terms.len() == known;
        if filter.attention {
            all.add(ATTENTION, []);
        }
        all
    }

    fn add<const N: usize>(&mut self, term: &'static str, values: [Value; N]) {
        self.terms.push(term);
        self.values.extend(values);
    }

    /// The table and the conditions.
    fn sql(&self) -> String {
        let table = if self.terms.contains(&ATTENTION) { BY_ATTENTION } else { "job" };
        format!("{table} where {}", self.terms.join(" and "))
    }
}

/// What an order sorts by, beside the id.
fn key(sort: JobSort) -> &'static str {
    match sort {
        JobSort::Created => "0",
        JobSort::Duration => "max(coalesce(completed_at - started_at, 0), 0)",
        JobSort::Chunks => "chunks_created",
    }
}

pub(super) fn page(connection: &Connection, query: &JobQuery, now: DateTime<Utc>) -> Result<JobPage> {
    let mut conditions = Conditions::of(&query.filter, now);
    let total_count = count(connection, &query.filter, &conditions)?;
    let key = key(query.sort);
    let by_id = query.sort == JobSort::Created;
    if let Some(before) = query.before {
        match query.sort {
            JobSort::Created => conditions.terms.push("id < ?"),
            JobSort::Duration => {
                conditions.terms.push("(max(coalesce(completed_at - started_at, 0), 0), id) < (?, ?)");
            }
            JobSort::Chunks => conditions.terms.push("(chunks_created, id) < (?, ?)"),
        }
        if !by_id {
            conditions.values.push(i64::try_from(before.key).unwrap_or(i64::MAX).into());
        }
        conditions.values.push(bytes(before.job).to_vec().into());
    }
    // One more than asked for tells whether there is a next page.
    conditions.values.push(i64::from(query.limit + 1).into());
    let order = if by_id { "id desc".to_owned() } else { format!("{key} desc, id desc") };
    let mut jobs = connection
        .prepare_cached(&format!(
            "select {}, {key} from {} order by {order} limit ?",
            rows::JOB,
            conditions.sql()
        ))?
        .query_map(params_from_iter(&conditions.values), |row| {
            Ok((rows::job(row)?, row.get(rows::JOB_COLUMNS)?))
        })?
        .collect::<rusqlite::Result<Vec<(Job, u64)>>>()?;
    let more = jobs.len() > query.limit as usize;
    jobs.truncate(query.limit as usize);
    let last = jobs.last().filter(|_| more);
    let next = last.map(|(job, key)| JobCursor { key: *key, job: job.job_id });
    Ok(JobPage { next, jobs: jobs.into_iter().map(|(job, _)| job).collect(), total_count })
}

/// How many jobs match: as counted beforehand, if that says it.
fn count(connection: &Connection, filter: &JobFilter, conditions: &Conditions) -> Result<u64> {
    let sql = if conditions.counted {
        let jobs = if filter.attention { "attention" } else { "jobs" };
        let terms: Vec<_> = conditions.terms.iter().copied().filter(|it| *it != ATTENTION).collect();
        format!("select coalesce(sum({jobs}), 0) from job_count where {}", terms.join(" and "))
    } else {
        format!("select count(*) from {}", conditions.sql())
    };
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row(params_from_iter(&conditions.values), |row| row.get(0))?)
}

/// The jobs of a selection, the oldest first.
pub(super) fn select(
    connection: &Connection,
    selection: &JobSelection,
    now: DateTime<Utc>,
) -> Result<Vec<JobId>> {
    let mut conditions = Conditions::of(&selection.filter, now);
    let id = |row: &rusqlite::Row<'_>| rows::uuid(row, 0).map(JobId);
    if selection.ids.is_empty() {
        let sql = format!("select id from {} order by id", conditions.sql());
        let mut statement = connection.prepare_cached(&sql)?;
        let found = statement.query_map(params_from_iter(&conditions.values), id)?;
        return Ok(found.collect::<rusqlite::Result<_>>()?);
    }
    let mut ids = selection.ids.clone();
    ids.sort_unstable();
    ids.dedup();
    let sql = format!("select id from {} and id = ?", conditions.sql());
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = Vec::new();
    for wanted in ids {
        conditions.values.push(bytes(wanted).to_vec().into());
        found.extend(statement.query_row(params_from_iter(&conditions.values), id).optional()?);
        conditions.values.pop();
    }
    Ok(found)
}

pub(super) fn causes(connection: &Connection) -> Result<Vec<JobCause>> {
    // All of it is in the index. Only completed jobs have no code.
    let groups = connection
        .prepare_cached(&format!(
            "select iif(error_code = '', '{}', error_code) as cause, count(*) as jobs, max(id) \
             from {BY_ATTENTION} where {ATTENTION} group by cause order by jobs desc, cause",
            Job::ITEMS_FAILED
        ))?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<Vec<(String, u64, [u8; 16])>>>()?;
    // What a completed job says is in its items.
    let mut example = connection.prepare_cached(
        "select iif(status = 'completed', coalesce((select error_message from job_item \
         where job = id and job_item.error_code <> '' order by item limit 1), message), error_message) \
         from job where id = ?1",
    )?;
    let cause = |(code, count, newest)| {
        Ok(JobCause::new(code, count, example.query_row([newest], |row| row.get(0))?))
    };
    groups.into_iter().map(cause).collect()
}

pub(super) fn counts(connection: &Connection) -> Result<Vec<JobCount>> {
    let mut statement = connection.prepare_cached("select status, job_type, jobs from job_count")?;
    let counts = statement.query_map([], |row| {
        Ok(JobCount { status: rows::parsed(row, 0)?, job_type: rows::parsed(row, 1)?, jobs: row.get(2)? })
    })?;
    Ok(counts.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn stats(connection: &Connection) -> Result<JobStats> {
    let mut stats = JobStats::default();
    let mut statement = connection.prepare_cached("select status, jobs, chunks, attention from job_count")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let jobs: u64 = row.get(1)?;
        *match rows::parsed(row, 0)? {
            JobStatus::Pending => &mut stats.pending,
            JobStatus::Running => &mut stats.running,
            JobStatus::Completed => &mut stats.completed,
            JobStatus::Failed => &mut stats.failed,
            JobStatus::Cancelled => &mut stats.cancelled,
        } += jobs;
        stats.total_jobs += jobs;
        stats.total_chunks_created += row.get::<_, u64>(2)?;
        stats.needs_attention += row.get::<_, u64>(3)?;
    }
    Ok(stats)
}
