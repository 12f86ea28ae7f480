//! Where the words of a command go: answers to standard output, all else to standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use serde::Serialize;

use super::printable;
use crate::domain::JobStatus;

/// Nobody reads standard output any more, as after `| head`.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("nobody reads what is written to standard output")]
pub struct OutputClosed;

/// How a command speaks.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
    colours: bool,
    /// Columns of the terminal, if it is one.
    width: Option<usize>,
}

/// What a piece of text means to whoever reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Good,
    Bad,
    Busy,
    Quiet,
    Strong,
}

impl Tone {
    /// The tone of a job's state.
    pub fn of(status: JobStatus) -> Self {
        match status {
            JobStatus::Completed => Self::Good,
            JobStatus::Failed => Self::Bad,
            JobStatus::Running => Self::Busy,
            JobStatus::Pending | JobStatus::Cancelled => Self::Quiet,
        }
    }

    /// What turns it on; nothing for the usual one.
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Good => Some("\x1b[32m"),
            Self::Bad => Some("\x1b[31m"),
            Self::Busy => Some("\x1b[36m"),
            Self::Quiet => Some("\x1b[2m"),
            Self::Strong => Some("\x1b[1m"),
        }
    }
}

impl Output {
    /// The output of this process.
    pub fn of_process(json: bool) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let terminal = io::stdout().is_terminal();
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let width = terminal.then(|| console::Term::stdout().size_checked()).flatten();
        Self {
            json,
            colours: terminal && !dumb && !set("NO_COLOR"),
            width: width.map(|(_, columns)| columns.into()),
        }
    }

    /// Whether programs read it.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// The same without an edge at which lines are cut.
    pub fn without_edge(self) -> Self {
        Self { width: None, ..self }
    }

    /// Columns of the terminal, if it is one.
    pub fn width(self) -> Option<usize> {
        self.width
    }

    /// The text in the colour of its tone, where colours are shown.
    pub fn toned(self, tone: Tone, text: &str) -> String {
        match tone.code().filter(|_| self.colours && !text.is_empty()) {
            Some(code) => format!("{code}{text}\x1b[0m"),
            None => text.to_owned(),
        }
    }

    /// Writes a line to standard output. What comes from elsewhere must be made [`printable`] before.
    pub fn line(self, text: impl Display) -> anyhow::Result<()> {
        let mut stdout = io::stdout().lock();
        match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(OutputClosed.into()),
            done => Ok(done?),
        }
    }

    /// Writes JSON on a line of its own.
    pub fn json(self, value: &impl Serialize) -> anyhow::Result<()> {
        self.line(printable::json(&serde_json::to_string(value)?))
    }
}

/// Writes a line to standard error. Nobody is left to tell when that is closed.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", printable::lines(text));
}

/// How a command ended, when a reader that has seen enough is no failure.
pub fn ended(result: anyhow::Result<ExitCode>) -> anyhow::Result<ExitCode> {
    match result {
        Err(error) if error.is::<OutputClosed>() => Ok(ExitCode::SUCCESS),
        other => other,
    }
}

#[cfg(test)]
impl Output {
    /// What a terminal of this width would get.
    pub fn of_terminal(width: usize) -> Self {
        Self { json: false, colours: true, width: Some(width) }
    }

    /// What a file would get.
    pub fn of_file() -> Self {
        Self { json: false, colours: false, width: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals() {
        assert_eq!(Output::of_terminal(80).toned(Tone::Bad, "failed"), "\u{1b}[31mfailed\u{1b}[0m");
        assert_eq!(Output::of_file().toned(Tone::Bad, "failed"), "failed");
    }

    #[test]
    fn a_reader_that_has_gone_is_no_failure() {
        assert!(ended(Err(OutputClosed.into())).is_ok());
        assert!(ended(Err(anyhow::anyhow!("else"))).is_err());
    }
}
