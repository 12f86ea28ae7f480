//! Starts what the command line asks for. Everything of interest is in `sluice::server`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use sluice::client::completions::{self, CompletionsArgs};
use sluice::client::health::{self, HealthArgs};
use sluice::client::{self, ClientCommand, output};
use sluice::server::config::{self, Config};
use sluice::server::ingest::extract::worker;
use sluice::server::operator::command::{self, BackupArgs, CheckArgs, RestoreArgs};
use sluice::server::operator::keys::{self, KeysArgs};
use sluice::server::telemetry::{self, LogFormat};
use sluice::server::{Server, shutdown};

// Faster than the system's allocator for many small texts, and it gives memory back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A self-hosted document ingestion server: send it documents, watch the jobs, ask questions.
///
/// Without a command it serves. Every setting can be given as a flag, as a SLUICE_* variable, or in a
/// settings file; flags win over variables, and variables over the file.
#[derive(Debug, Parser)]
#[command(version, after_help = "Start it, then open http://127.0.0.1:8011 in a browser.")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    config: Config,

    /// Settings file [default: Leptos.toml beside the executable, if there is one]
    #[arg(long = "config", id = "config", env = "SLUICE_CONFIG", value_name = "FILE", global = true)]
    settings_file: Option<std::path::PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve; the same as no command at all
    Serve {
        #[command(flatten)]
        config: Config,
    },
    #[command(flatten)]
    Client(ClientCommand),
    /// Ask a running server whether it is ready; exit code 1 if it is not
    Health(HealthArgs),
    /// Make, list and end API keys
    Keys(KeysArgs),
    /// Check a data folder that no server uses: database, files and index
    Check(CheckArgs),
    /// Copy a data folder into one file, also while a server uses it
    Backup(BackupArgs),
    /// Make a data folder of a backup
    Restore(RestoreArgs),
    /// Print a script that completes commands and flags in a shell
    Completions(CompletionsArgs),
}

/// How long threads may hang, as in a read of a dead disk, after all else has ended.
const THREAD_GRACE: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    // Before anything else: a child that reads files has no use for all this.
    if std::env::args_os().nth(1).is_some_and(|command| command == worker::COMMAND) {
        return worker::child::run();
    }
    let done = tokio::runtime::Runtime::new().context("starting the runtime").and_then(|runtime| {
        let done = runtime.block_on(run());
        runtime.shutdown_timeout(THREAD_GRACE);
        done
    });
    done.unwrap_or_else(|error| {
        output::note(&format!("sluice: {error:#}"));
        ExitCode::FAILURE
    })
}

async fn run() -> anyhow::Result<ExitCode> {
    let found = config::matches(Cli::command()).context("reading the configuration")?;
    config::check_places(&found)?;
    let cli = Cli::from_arg_matches(&found).unwrap_or_else(|error| error.exit());
    match cli.command {
        Some(Command::Client(command)) => output::ended(client::run(command).await),
        Some(Command::Health(arguments)) => health::run(arguments).await,
        Some(Command::Keys(arguments)) => keys::run(arguments).await.map(|()| ExitCode::SUCCESS),
        Some(Command::Check(arguments)) => command::check(arguments),
        Some(Command::Backup(arguments)) => command::backup(&arguments),
        Some(Command::Restore(arguments)) => command::restore(&arguments),
        Some(Command::Completions(arguments)) => output::ended(completions::run(arguments, Cli::command())),
        Some(Command::Serve { config }) => serve(config).await,
        None => serve(cli.config).await,
    }
}

async fn serve(config: Config) -> anyhow::Result<ExitCode> {
    telemetry::init(&config.log, config.log_format)?;
    let format = config.log_format;
    let served = match Server::build(config).await {
        Ok(server) => server.run(shutdown::on_signal()).await,
        Err(error) => Err(error),
    };
    match served {
        Ok(()) => Ok(ExitCode::SUCCESS),
        // Who reads the log as objects is to read this, too.
        Err(error) if format == LogFormat::Json => {
            tracing::error!("{error}");
            Ok(ExitCode::FAILURE)
        }
        Err(error) => Err(error.into()),
    }
}
