//! The other side of the REST API: the commands that talk to a running server.
//!
//! Each command is a file. All know the server only through [`api`], as any other program would, and speak
//! through `output`, which keeps answers, notes and programs apart.

pub mod api;
pub mod completions;
pub mod connection;
mod display;
pub mod documents;
mod door;
pub mod error;
mod fields;
mod files;
mod follow;
pub mod health;
pub mod https;
pub mod ingest;
pub mod jobs;
pub mod output;
mod patience;
pub mod printable;
pub mod query;
pub mod smoke;
mod summary;
pub mod table;
#[cfg(test)]
mod tests;
pub mod webhooks;

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Subcommand;

pub use api::Client;
pub use error::ClientError;

/// What can be asked of a running server.
#[derive(Clone, Debug, Subcommand)]
pub enum ClientCommand {
    /// Send files or folders to a running server, and wait until they are ingested
    Ingest(ingest::IngestArgs),
    /// See and steer the jobs of a running server
    Jobs(jobs::JobsArgs),
    /// Ask a running server a question
    Query(query::QueryArgs),
    /// See and delete the documents of a running server
    Documents(documents::DocumentsArgs),
    /// See who was told of jobs' ends, and tell them again
    Webhooks(webhooks::WebhooksArgs),
    /// Try out a running server: ingest, follow, list, ask
    Smoke(smoke::SmokeArgs),
}

/// Runs the command.
pub async fn run(command: ClientCommand) -> anyhow::Result<ExitCode> {
    match command {
        ClientCommand::Ingest(args) => ingest::run(args).await,
        ClientCommand::Jobs(args) => jobs::run(args).await,
        ClientCommand::Query(args) => query::run(args).await,
        ClientCommand::Documents(args) => documents::run(args).await,
        ClientCommand::Webhooks(args) => webhooks::run(args).await,
        ClientCommand::Smoke(args) => smoke::run(args).await,
    }
}

/// The present moment, for times that are told from now.
#[expect(clippy::disallowed_methods, reason = "the one clock of the commands")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
