//! `sluice webhooks retry`.

use std::process::ExitCode;

use clap::Args;

use super::super::Client;
use super::super::output::{Output, note};
use super::webhook_id;
use crate::domain::WebhookId;

/// Send webhooks again now, with their ids, also those that were delivered.
#[derive(Clone, Debug, Args)]
#[command(after_help = "With --json, each webhook is a line.")]
pub struct RetryArgs {
    /// The webhooks' ids
    #[arg(required = true, value_name = "ID", value_parser = webhook_id)]
    pub ids: Vec<WebhookId>,
}

/// Runs the command: failure if there is no such webhook among them.
pub async fn run(client: &Client, output: Output, args: RetryArgs) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for id in args.ids {
        match client.retry_webhook(id).await {
            Ok(delivery) if output.is_json() => output.json(&delivery)?,
            Ok(_) => output.line(format_args!("Webhook {id} is sent again."))?,
            // The others may be there.
            Err(error) if error.is_not_found() => {
                note(&format!("sluice: {error}"));
                code = ExitCode::FAILURE;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(code)
}
