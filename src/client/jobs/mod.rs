//! `sluice jobs`: what the server has to do, from the command line.

mod act;
mod bars;
mod list;
mod show;
mod watch;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::connection::Connection;
use crate::domain::JobId;

/// See and steer the jobs of a running server.
#[derive(Clone, Debug, Args)]
pub struct JobsArgs {
    #[command(flatten)]
    pub connection: Connection,

    #[command(subcommand)]
    pub command: JobsCommand,
}

/// What there is to do with jobs.
#[derive(Clone, Debug, Subcommand)]
pub enum JobsCommand {
    /// List jobs, the newest first
    List(list::ListArgs),
    /// Show all there is to say about a job
    Show(show::ShowArgs),
    /// Follow jobs until all have ended; failure if one did not complete
    Watch(watch::WatchArgs),
    /// Cancel jobs that are pending or running
    Cancel(act::CancelArgs),
    /// Try jobs again that failed or were cancelled, or the failed items of completed ones
    Retry(act::RetryArgs),
}

/// Runs the command.
pub async fn run(args: JobsArgs) -> anyhow::Result<ExitCode> {
    let (client, output) = (args.connection.client()?, args.connection.output());
    match args.command {
        JobsCommand::List(args) => list::run(&client, output, args).await,
        JobsCommand::Show(args) => show::run(&client, output, args).await,
        JobsCommand::Watch(args) => watch::run(&client, output, args).await,
        JobsCommand::Cancel(args) => act::cancel(&client, output, args).await,
        JobsCommand::Retry(args) => act::retry(&client, output, args).await,
    }
}

/// Reads an id with an answer that says what one looks like.
pub fn job_id(text: &str) -> Result<JobId, String> {
    text.trim().parse().map_err(|_| "it is not the id of a job; `sluice jobs list` shows them".to_owned())
}
