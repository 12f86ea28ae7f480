//! `sluice webhooks`: who was told of jobs' ends, from the command line.

mod list;
mod retry;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::connection::Connection;
use crate::domain::WebhookId;

/// See who was told of jobs' ends, and tell them again.
#[derive(Clone, Debug, Args)]
pub struct WebhooksArgs {
    #[command(flatten)]
    pub connection: Connection,

    #[command(subcommand)]
    pub command: WebhooksCommand,
}

/// What there is to do with webhooks.
#[derive(Clone, Debug, Subcommand)]
pub enum WebhooksCommand {
    /// List webhooks, the newest first
    List(list::ListArgs),
    /// Send webhooks again now, also those that were delivered
    Retry(retry::RetryArgs),
}

/// Runs the command.
pub async fn run(args: WebhooksArgs) -> anyhow::Result<ExitCode> {
    let (client, output) = (args.connection.client()?, args.connection.output());
    match args.command {
        WebhooksCommand::List(args) => list::run(&client, output, args).await,
        WebhooksCommand::Retry(args) => retry::run(&client, output, args).await,
    }
}

/// Reads an id with an answer that says what one looks like.
fn webhook_id(text: &str) -> Result<WebhookId, String> {
    let wrong = |_| "it is not the id of a webhook; `sluice webhooks list` shows them".to_owned();
    text.trim().parse().map_err(wrong)
}
