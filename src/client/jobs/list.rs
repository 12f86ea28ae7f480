//! `sluice jobs list`, and the filter it shares with the commands that act on many jobs.

use std::process::ExitCode;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::super::output::{Output, Tone, note};
use super::super::table::{Cell, Table};
use super::super::{Client, now};
use crate::domain::words::{ago, count, percent};
use crate::domain::{Job, JobCursor, JobFilter, JobPage, JobQuery, JobSort, JobStatus, JobType, Moment};

/// What these flags stand under in `--help`.
const HEADING: &str = "Which jobs";

/// Which jobs, in the words of `GET /jobs`.
#[derive(Clone, Debug, Default, Args)]
#[group(id = "filter", multiple = true)]
pub struct FilterArgs {
    /// Where they are in their life
    #[arg(help_heading = HEADING, long, value_parser = status())]
    pub status: Option<JobStatus>,

    /// What they ingest
    #[arg(help_heading = HEADING, long = "type", alias = "job-type", value_name = "TYPE", value_parser = job_type())]
    pub job_type: Option<JobType>,

    /// Only those somebody should look at: failed, or completed with failed items
    #[arg(help_heading = HEADING, long)]
    pub attention: bool,

    /// Only those with warnings
    #[arg(help_heading = HEADING, long)]
    pub warnings: bool,

    /// Why they need attention, such as encrypted
    #[arg(help_heading = HEADING, long, value_name = "CODE", default_value_t, hide_default_value = true)]
    pub error_code: String,

    /// Words in the name, the id, the message or the error
    #[arg(help_heading = HEADING, long, value_name = "WORDS", default_value_t, hide_default_value = true)]
    pub q: String,

    /// Accepted since then: a time such as 2024-01-15T10:30:00Z, or so long ago as 30m, 24h or 7d
    #[arg(help_heading = HEADING, long, value_name = "WHEN")]
    pub since: Option<Moment>,

    /// Accepted until then
    #[arg(help_heading = HEADING, long, value_name = "WHEN")]
    pub until: Option<Moment>,
}

fn status() -> impl TypedValueParser<Value = JobStatus> {
    PossibleValuesParser::new(JobStatus::ALL.map(JobStatus::as_str)).try_map(|name| name.parse::<JobStatus>())
}

fn job_type() -> impl TypedValueParser<Value = JobType> {
    PossibleValuesParser::new(JobType::ALL.iter().map(|it| it.as_str()))
        .try_map(|name| name.parse::<JobType>())
}

fn sort() -> impl TypedValueParser<Value = JobSort> {
    PossibleValuesParser::new(JobSort::ALL.map(JobSort::as_str)).try_map(|name| name.parse::<JobSort>())
}

impl From<FilterArgs> for JobFilter {
    fn from(args: FilterArgs) -> Self {
        Self {
            status: args.status,
            job_type: args.job_type,
            attention: args.attention,
            warned: args.warnings,
            error_code: args.error_code.trim().to_owned(),
            text: args.q.trim().to_owned(),
            since: args.since,
            until: args.until,
        }
    }
}

/// List jobs, the newest first.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub filter: FilterArgs,

    /// The newest, the longest, or those with the most chunks first
    #[arg(long, default_value = JobSort::default().as_str(), value_parser = sort())]
    pub sort: JobSort,

    /// How many at most
    #[arg(long, value_name = "COUNT", default_value_t = JobQuery::DEFAULT_LIMIT,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(JobQuery::MAX_LIMIT)))]
    pub limit: u32,

    /// Go on where the page before ended: its `next`
    #[arg(long, value_name = "NEXT")]
    pub before: Option<JobCursor>,
}

/// Runs the command.
pub async fn run(client: &Client, output: Output, args: ListArgs) -> anyhow::Result<ExitCode> {
    let ListArgs { filter, sort, limit, before } = args;
    let page = client.jobs(&JobQuery { filter: filter.into(), sort, before, limit }).await?;
    if output.is_json() {
        output.json(&page)?;
    } else {
        print(&page, output)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(page: &JobPage, output: Output) -> anyhow::Result<()> {
    if page.jobs.is_empty() {
        note("No job matches.");
        return Ok(());
    }
    table(&page.jobs).print(output)?;
    if let Some(next) = page.next {
        let (shown, all) = (count(page.jobs.len() as u64), count(page.total_count));
        note(&format!("{shown} of {all} jobs; --before {next} shows the next ones."));
    }
    Ok(())
}

fn table(jobs: &[Job]) -> Table {
    let now = now();
    let mut table = Table::with_header(["ID", "STATUS", "TYPE", "CHUNKS", "ACCEPTED", "NAME"]);
    for job in jobs {
        table.row([
            Cell::new(job.job_id.to_string()),
            Cell::new(state(job)).toned(Tone::of(job.status)),
            Cell::new(job.job_type.label()),
            Cell::number(count(job.chunks_created)),
            Cell::new(ago((now - job.created_at).num_milliseconds())),
            Cell::new(name(job)),
        ]);
    }
    table
}

/// The state, and of a running job how far it is, of a failed one why.
pub fn state(job: &Job) -> String {
    match job.status {
        JobStatus::Running if job.cancel_requested => "cancelling".to_owned(),
        JobStatus::Running => format!("running {} %", percent(job.progress)),
        _ if job.completed_in_part() => format!("completed, {} failed", count(job.failed_items)),
        JobStatus::Failed if !job.error_code.is_empty() => format!("failed: {}", job.error_code),
        status => status.to_string(),
    }
}

/// What people know the job by.
pub fn name(job: &Job) -> String {
    if job.name.is_empty() { job.job_id.to_string() } else { job.name.clone() }
}
