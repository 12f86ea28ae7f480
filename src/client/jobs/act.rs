//! `sluice jobs cancel` and `sluice jobs retry`: of the jobs that are named, or of all that match a filter.

use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

use clap::Args;
use secrecy::SecretString;

use super::super::api::JobAction;
use super::super::connection::secret;
use super::super::output::{Output, note};
use super::super::printable;
use super::super::{Client, ClientError};
use super::job_id;
use super::list::FilterArgs;
use crate::domain::words::counted;
use crate::domain::{BulkOutcome, JobFilter, JobId, JobQuery, JobSelection};

/// Which jobs to act on.
#[derive(Clone, Debug, Args)]
#[command(mut_group("filter", |group| group.requires("all_matching")))]
pub struct ChoiceArgs {
    #[command(flatten)]
    pub filter: FilterArgs,

    /// The jobs' ids
    #[arg(value_name = "ID", value_parser = job_id, required_unless_present = "all_matching", conflicts_with = "filter")]
    pub ids: Vec<JobId>,

    /// All jobs that match the filter, in place of ids
    #[arg(long, requires = "filter", conflicts_with = "ids")]
    pub all_matching: bool,

    /// Go ahead without asking
    #[arg(long, short)]
    pub yes: bool,
}

/// Cancel jobs that are pending or running.
#[derive(Clone, Debug, Args)]
pub struct CancelArgs {
    #[command(flatten)]
    pub choice: ChoiceArgs,
}

/// Try jobs again that failed or were cancelled, or the failed items of completed ones.
#[derive(Clone, Debug, Args)]
pub struct RetryArgs {
    #[command(flatten)]
    pub choice: ChoiceArgs,

    /// Opens what the named jobs read, if it is encrypted
    #[arg(long, env = "SLUICE_PASSWORD", hide_env_values = true, value_parser = secret,
          conflicts_with = "all_matching")]
    pub password: Option<SecretString>,
}

/// `sluice jobs cancel`.
pub async fn cancel(client: &Client, output: Output, args: CancelArgs) -> anyhow::Result<ExitCode> {
    act(client, output, JobAction::Cancel, args.choice, None).await
}

/// `sluice jobs retry`.
pub async fn retry(client: &Client, output: Output, args: RetryArgs) -> anyhow::Result<ExitCode> {
    act(client, output, JobAction::Retry, args.choice, args.password).await
}

/// How a command ends that was not used as it must be; clap says the same of what it finds itself.
const MISUSED: u8 = 2;

async fn act(
    client: &Client,
    output: Output,
    action: JobAction,
    choice: ChoiceArgs,
    password: Option<SecretString>,
) -> anyhow::Result<ExitCode> {
    let ChoiceArgs { filter, mut ids, all_matching, yes } = choice;
    ids.sort_unstable();
    ids.dedup();
    let selection = JobSelection { filter: filter.into(), ids };
    if all_matching && selection.is_empty() {
        note("An empty filter matches every job. Say which ones are meant, such as --status pending.");
        return Ok(ExitCode::from(MISUSED));
    }
    if all_matching && !yes {
        match ask(action, count(client, &selection.filter).await?)? {
            Some(true) => {}
            Some(false) => {
                note("Nothing was changed.");
                return Ok(ExitCode::FAILURE);
            }
            None => {
                note("There is no terminal to ask on whether all these jobs are meant; --yes says so.");
                return Ok(ExitCode::from(MISUSED));
            }
        }
    }
    let outcome = match password {
        Some(password) => retry_each(client, &selection.ids, &password).await?,
        None => client.act_on_jobs(action, &selection).await?,
    };
    if output.is_json() {
        output.json(&outcome)?;
    } else {
        print(output, action, &selection.ids, &outcome)?;
    }
    // Of a filter's jobs, some may well be past it; who names jobs means each of them.
    let all_changed = outcome.changed == selection.ids.len() as u64;
    Ok(if all_matching || all_changed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn count(client: &Client, filter: &JobFilter) -> Result<u64, ClientError> {
    let query = JobQuery { limit: 1, ..JobQuery::newest(filter.clone()) };
    Ok(client.jobs(&query).await?.total_count)
}

/// Asks on the terminal; nothing if there is none.
fn ask(action: JobAction, jobs: u64) -> io::Result<Option<bool>> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    let verb = match action {
        JobAction::Cancel => "Cancel",
        JobAction::Retry => "Retry",
    };
    write!(io::stderr(), "{verb} the {} that match? [y/N] ", counted(jobs, "job"))?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(Some(is_yes(&answer)))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

/// Tries each of the jobs again with the password, and tells of them as of many.
async fn retry_each(
    client: &Client,
    ids: &[JobId],
    password: &SecretString,
) -> Result<BulkOutcome, ClientError> {
    let mut outcome = BulkOutcome::default();
    for id in ids {
        match client.retry_with_password(*id, password).await {
            Ok(_) => outcome.add_changed(*id),
            Err(error) if error.is_about_no_job() => continue,
            // What is about this job only; the others may go better.
            Err(ClientError::Refused { problem, .. }) if problem.job_id.is_some() => {
                outcome.add_unchanged(&problem.code, &problem.detail, 1);
            }
            Err(error) => return Err(error),
        }
        outcome.matched += 1;
    }
    Ok(outcome)
}

fn print(output: Output, action: JobAction, ids: &[JobId], outcome: &BulkOutcome) -> anyhow::Result<()> {
    let done = match action {
        JobAction::Cancel => "cancelled",
        JobAction::Retry => "back in the queue",
    };
    output.line(format_args!("{} {done}.", counted(outcome.changed, "job")))?;
    for left in &outcome.unchanged {
        let jobs = counted(left.count, "job");
        note(&format!("{jobs} left alone: {} ({})", printable::line(&left.reason), left.code));
    }
    let unknown = (ids.len() as u64).saturating_sub(outcome.matched);
    match ids {
        [id] if unknown == 1 => note(&format!("The server knows no job {id}, or no longer.")),
        _ if unknown > 0 => note(&format!("{} unknown to the server.", counted(unknown, "id"))),
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        for (answer, yes) in [("y\n", true), ("Yes\r\n", true), ("", false), ("\n", false), ("yep", false)] {
            assert_eq!(is_yes(answer), yes, "{answer:?}");
        }
    }
}
