//! `sluice documents delete`.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::super::Client;
use super::super::output::{Output, note};
use super::document_id;
use crate::domain::DocumentId;

/// Delete documents with their chunks, for good.
#[derive(Clone, Debug, Args)]
#[command(after_help = "With --json, each document that was deleted is a line: {\"document_id\"}.")]
pub struct DeleteArgs {
    /// The documents' ids
    #[arg(required = true, value_name = "ID", value_parser = document_id)]
    pub ids: Vec<DocumentId>,
}

/// Runs the command: failure if one of them could not be deleted.
pub async fn run(client: &Client, output: Output, args: DeleteArgs) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for id in args.ids {
        match client.delete_document(id).await {
            Ok(()) if output.is_json() => output.json(&json!({ "document_id": id }))?,
            Ok(()) => output.line(format_args!("Document {id} is deleted."))?,
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
