//! `sluice documents show`.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Args;

use super::super::fields::Fields;
use super::super::output::{Output, Tone, note};
use super::super::{Client, now, printable};
use super::document_id;
use crate::domain::words::{bytes, count};
use crate::domain::{Chunk, DocumentId, DocumentWithChunks};

/// Show a document and its chunks.
#[derive(Clone, Debug, Args)]
pub struct ShowArgs {
    /// The document's id
    #[arg(value_parser = document_id)]
    pub id: DocumentId,

    /// The number of the first chunk, from 0
    #[arg(long, value_name = "NUMBER", default_value_t)]
    pub offset: u32,

    /// How many chunks at most
    #[arg(long, value_name = "COUNT", default_value_t = DocumentWithChunks::DEFAULT_LIMIT,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(DocumentWithChunks::MAX_LIMIT)))]
    pub limit: u32,
}

/// Runs the command.
pub async fn run(client: &Client, output: Output, args: ShowArgs) -> anyhow::Result<ExitCode> {
    let document = client.document(args.id, args.offset.into(), args.limit).await?;
    if output.is_json() {
        output.json(&document)?;
    } else {
        print(&document, output)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(shown: &DocumentWithChunks, output: Output) -> anyhow::Result<()> {
    fields(shown, now()).print(output)?;
    for chunk in &shown.chunks {
        output.line("")?;
        output.line(output.toned(Tone::Quiet, &heading(chunk)))?;
        output.line(printable::lines(&chunk.text))?;
    }
    if let Some(next) = shown.next_offset {
        note(&format!(
            "\n{} chunks in all; --offset {next} shows the next ones.",
            count(shown.document.chunk_count)
        ));
    }
    Ok(())
}

fn fields(shown: &DocumentWithChunks, now: DateTime<Utc>) -> Fields {
    let document = &shown.document;
    let mut fields = Fields::default();
    fields.add("Document", document.document_id.to_string());
    fields.add("Name", &document.name);
    fields.add("Kind", &document.media_type);
    fields.add("Size", bytes(document.size_bytes));
    fields.add("Text", format!("{} characters", count(document.characters)));
    fields.add("Chunks", count(document.chunk_count));
    fields.time("Ingested", Some(document.created_at), now);
    fields.add("Job", document.job_id.to_string());
    fields.some("SHA-256", document.sha256.as_deref().unwrap_or_default());
    fields.metadata(&document.metadata);
    for warning in &shown.warnings {
        fields.add("Warning", &warning.message);
    }
    fields
}

fn heading(chunk: &Chunk) -> String {
    let place = match chunk.place.as_str() {
        "" => String::new(),
        place => format!(", {}", printable::line(place)),
    };
    format!("Chunk {}{place}, characters {} to {}", chunk.chunk_index, chunk.start, chunk.end)
}
