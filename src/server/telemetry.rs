//! Logs: sentences with fields, to standard error; never text of documents.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// An object a line, for programs.
    Json,
}

/// A log filter that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the log filter {filter:?} cannot be read ({reason}); try info, debug or sluice=debug,warn")]
pub struct FilterError {
    filter: String,
    reason: String,
}

/// Starts logging what `filter` lets through.
pub fn init(filter: &str, format: LogFormat) -> Result<(), FilterError> {
    let refused = |reason: String| FilterError { filter: filter.to_owned(), reason };
    // A lone word that is no level would be read as a module's name, and silence all others.
    let lone_word = !filter.contains(['=', ',']);
    if lone_word && filter.parse::<LevelFilter>().is_err() {
        return Err(refused("it is not a level".to_owned()));
    }
    // Its warnings are about its own clean-up, and nobody can do anything about them.
    let filter = &format!("tantivy=error,{filter}");
    let parsed = EnvFilter::try_new(filter).map_err(|error| refused(error.to_string()))?;
    let lines = tracing_subscriber::fmt().with_env_filter(parsed).with_writer(std::io::stderr);
    // Fails only when something else in this process logs already, as in tests.
    let _ = match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        // The fields beside the message, and those of all spans in a list.
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(false).with_span_list(true).try_init()
        }
    };
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Says where a panic came from. What it says of itself may quote the text that was worked on, so that is for
/// those who look for a fault.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let message = panic.payload_as_str().unwrap_or_default();
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        tracing::error!(place, %backtrace, "the server ran into a fault of its own");
    } else {
        tracing::error!(place, "the server ran into a fault of its own");
    }
    tracing::debug!(place, message, "what the fault said");
}
