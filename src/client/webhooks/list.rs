//! `sluice webhooks list`.

use std::process::ExitCode;

use clap::Args;

use super::super::jobs::job_id;
use super::super::output::{Output, Tone, note};
use super::super::table::{Cell, Table};
use super::super::{Client, now};
use super::webhook_id;
use crate::domain::webhook::without_query;
use crate::domain::words::{ago, count};
use crate::domain::{JobId, WebhookDelivery, WebhookFilter, WebhookId, WebhookPage, WebhookStatus};

/// List webhooks, the newest first.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// Only those that tell of this job
    #[arg(long, value_name = "ID", value_parser = job_id)]
    pub job: Option<JobId>,

    /// Only those in this state: pending, delivered or failed
    #[arg(long)]
    pub status: Option<WebhookStatus>,

    /// How many at most
    #[arg(long, value_name = "COUNT", default_value_t = WebhookPage::DEFAULT_LIMIT,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(WebhookPage::MAX_LIMIT)))]
    pub limit: u32,

    /// Go on where the page before ended: its `next`
    #[arg(long, value_name = "NEXT", value_parser = webhook_id)]
    pub before: Option<WebhookId>,
}

/// Runs the command.
pub async fn run(client: &Client, output: Output, args: ListArgs) -> anyhow::Result<ExitCode> {
    let filter = WebhookFilter { job: args.job, status: args.status };
    let page = client.webhooks(filter, args.before, args.limit).await?;
    if output.is_json() {
        output.json(&page)?;
    } else if page.deliveries.is_empty() {
        note("No webhook matches.");
    } else {
        table(&page.deliveries).print(output)?;
        if let Some(next) = page.next {
            note(&format!("--before {next} shows the next ones."));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn table(deliveries: &[WebhookDelivery]) -> Table {
    let now = now();
    let mut table = Table::with_header(["ID", "EVENT", "STATUS", "TRIES", "ADDED", "URL", "LAST ERROR"]);
    for delivery in deliveries {
        table.row([
            Cell::new(delivery.webhook_id.to_string()),
            Cell::new(delivery.event.as_str()),
            Cell::new(delivery.status.as_str()).toned(tone(delivery.status)),
            Cell::number(count(delivery.attempts.len() as u64)),
            Cell::new(ago((now - delivery.created_at).num_milliseconds())),
            Cell::new(without_query(&delivery.url)),
            Cell::new(delivery.attempts.last().map_or("", |it| &it.error)),
        ]);
    }
    table
}

fn tone(status: WebhookStatus) -> Tone {
    match status {
        WebhookStatus::Pending => Tone::Busy,
        WebhookStatus::Delivered => Tone::Good,
        WebhookStatus::Failed => Tone::Bad,
    }
}
