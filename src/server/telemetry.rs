//! Logs: sentences with fields, to standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// A log filter that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the log filter {filter:?} cannot be read ({reason}); try info, debug or sluice=debug,warn")]
pub struct FilterError {
    filter: String,
    reason: String,
}

/// Starts logging what `filter` lets through.
pub fn init(filter: &str) -> Result<(), FilterError> {
    let refused = |reason: String| FilterError { filter: filter.to_owned(), reason };
    // A lone word that is no level would be read as a module's name, and silence all others.
    let lone_word = !filter.contains(['=', ',']);
    if lone_word && filter.parse::<LevelFilter>().is_err() {
        return Err(refused("it is not a level".to_owned()));
    }
    // Its warnings are about its own clean-up, and nobody can do anything about them.
    let filter = &format!("tantivy=error,{filter}");
    let parsed = EnvFilter::try_new(filter).map_err(|error| refused(error.to_string()))?;
    // Fails only when something else in this process logs already, as in tests.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(parsed)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
    Ok(())
}
