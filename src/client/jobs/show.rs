//! `sluice jobs show`.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Args;

use super::super::fields::Fields;
use super::super::output::{Output, Tone};
use super::super::table::{Cell, Table};
use super::super::{Client, now};
use super::job_id;
use super::list::{name, state};
use crate::domain::words::{ago, bytes, count, duration, of_it};
use crate::domain::{JobDetails, JobId, LogLevel};

/// Show all there is to say about a job.
#[derive(Clone, Debug, Args)]
pub struct ShowArgs {
    /// The job's id
    #[arg(value_parser = job_id)]
    pub id: JobId,
}

/// Runs the command.
pub async fn run(client: &Client, output: Output, args: ShowArgs) -> anyhow::Result<ExitCode> {
    let job = client.job(args.id).await?;
    if output.is_json() {
        output.json(&job)?;
    } else {
        print(&job, output)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(details: &JobDetails, output: Output) -> anyhow::Result<()> {
    let now = now();
    fields(details, now).print(output)?;
    if !details.items.is_empty() {
        output.line("")?;
        items(details).print(output)?;
    }
    if !details.log.is_empty() {
        output.line("")?;
        log(details, now).print(output)?;
    }
    Ok(())
}

fn fields(details: &JobDetails, now: DateTime<Utc>) -> Fields {
    let job = &details.job;
    let mut fields = Fields::default();
    fields.add("Job", job.job_id.to_string());
    fields.add("Name", name(job));
    fields.toned("Status", state(job), Tone::of(job.status));
    // An error says more than that there was one.
    match job.error_message.as_str() {
        "" => fields.some("Message", &job.message),
        error => fields.add("Error", error),
    }
    fields.some("Waits", details.waits_for.as_deref().unwrap_or_default());
    fields.add("Type", job.job_type.label());
    fields.time("Accepted", Some(job.created_at), now);
    fields.time("Started", job.started_at, now);
    fields.time("Ended", job.completed_at, now);
    if let (Some(started), Some(ended)) = (job.started_at, job.completed_at) {
        fields.add("Took", duration((ended - started).num_milliseconds()));
    }
    fields.time("Next try", job.retry_at, now);
    if job.attempt > 0 {
        fields.add("Attempts", job.attempt_in_words());
    }
    fields.add("Size", bytes(job.size_bytes));
    fields.add("Chunks", count(job.chunks_created));
    if job.job_type.has_items() {
        let (done, failed) = (count(job.processed_items), count(job.failed_items));
        fields.add("Items", format!("{done} of {} done, {failed} failed", count(job.total_items)));
    }
    fields.some("Document", &details.document_id.map(|id| id.to_string()).unwrap_or_default());
    fields.metadata(&job.metadata);
    for warning in &details.warnings {
        fields.add("Warning", &warning.message);
    }
    fields
}

fn items(details: &JobDetails) -> Table {
    let mut table = Table::with_header(["ITEM", "CHUNKS", "NAME", "ERROR"]);
    for item in &details.items {
        table.row([
            Cell::number(item.item.to_string()),
            Cell::number(count(item.chunks_created)),
            Cell::new(&item.name),
            Cell::new(of_it(&item.name, &item.error_message)).toned(Tone::Bad),
        ]);
    }
    table
}

fn log(details: &JobDetails, now: DateTime<Utc>) -> Table {
    let mut table = Table::with_header(["WHEN", "ATTEMPT", "WHAT"]);
    for line in &details.log {
        let tone = match line.level {
            LogLevel::Info => Tone::Plain,
            LogLevel::Warning => Tone::Busy,
            LogLevel::Error => Tone::Bad,
        };
        table.row([
            Cell::new(ago((now - line.at).num_milliseconds())),
            Cell::number(line.attempt.to_string()),
            Cell::new(&line.text).toned(tone),
        ]);
    }
    table
}
