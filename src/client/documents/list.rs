//! `sluice documents list`.

use std::process::ExitCode;

use clap::Args;

use super::super::jobs::job_id;
use super::super::output::{Output, note};
use super::super::table::{Cell, Table};
use super::super::{Client, now};
use super::document_id;
use crate::domain::words::{ago, bytes, count};
use crate::domain::{Document, DocumentFilter, DocumentId, DocumentPage, JobId};

/// List documents, the newest first.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// Words in the name
    #[arg(long, value_name = "WORDS")]
    pub q: Option<String>,

    /// Only those that this job made
    #[arg(long, value_name = "ID", value_parser = job_id)]
    pub job_id: Option<JobId>,

    /// How many at most
    #[arg(long, value_name = "COUNT", default_value_t = DocumentPage::DEFAULT_LIMIT,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(DocumentPage::MAX_LIMIT)))]
    pub limit: u32,

    /// Go on where the page before ended: its `next`
    #[arg(long, value_name = "NEXT", value_parser = document_id)]
    pub before: Option<DocumentId>,
}

/// Runs the command.
pub async fn run(client: &Client, output: Output, args: ListArgs) -> anyhow::Result<ExitCode> {
    let filter = DocumentFilter { text: args.q, job: args.job_id };
    let page = client.documents(&filter, args.before, args.limit).await?;
    if output.is_json() {
        output.json(&page)?;
    } else {
        print(&page, output)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(page: &DocumentPage, output: Output) -> anyhow::Result<()> {
    if page.documents.is_empty() {
        note("No document matches.");
        return Ok(());
    }
    table(&page.documents).print(output)?;
    if let Some(next) = page.next {
        let (shown, all) = (count(page.documents.len() as u64), count(page.total_count));
        note(&format!("{shown} of {all} documents; --before {next} shows the next ones."));
    }
    Ok(())
}

fn table(documents: &[Document]) -> Table {
    let now = now();
    let mut table = Table::with_header(["ID", "SIZE", "CHUNKS", "INGESTED", "NAME"]);
    for document in documents {
        table.row([
            Cell::new(document.document_id.to_string()),
            Cell::number(bytes(document.size_bytes)),
            Cell::number(count(document.chunk_count)),
            Cell::new(ago((now - document.created_at).num_milliseconds())),
            Cell::new(&document.name),
        ]);
    }
    table
}
