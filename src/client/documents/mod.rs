//! `sluice documents`: what was ingested, from the command line.

mod delete;
mod list;
mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::connection::Connection;
use crate::domain::DocumentId;

/// See and delete the documents of a running server.
#[derive(Clone, Debug, Args)]
pub struct DocumentsArgs {
    #[command(flatten)]
    pub connection: Connection,

    #[command(subcommand)]
    pub command: DocumentsCommand,
}

/// What there is to do with documents.
#[derive(Clone, Debug, Subcommand)]
pub enum DocumentsCommand {
    /// List documents, the newest first
    List(list::ListArgs),
    /// Show a document and its chunks
    Show(show::ShowArgs),
    /// Delete documents with their chunks, for good
    Delete(delete::DeleteArgs),
}

/// Runs the command.
pub async fn run(args: DocumentsArgs) -> anyhow::Result<ExitCode> {
    let (client, output) = (args.connection.client()?, args.connection.output());
    match args.command {
        DocumentsCommand::List(args) => list::run(&client, output, args).await,
        DocumentsCommand::Show(args) => show::run(&client, output, args).await,
        DocumentsCommand::Delete(args) => delete::run(&client, output, args).await,
    }
}

/// Reads an id with an answer that says what one looks like.
fn document_id(text: &str) -> Result<DocumentId, String> {
    let wrong = |_| "it is not the id of a document; `sluice documents list` shows them".to_owned();
    text.trim().parse().map_err(wrong)
}
