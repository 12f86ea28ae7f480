//! `sluice completions`: what a shell needs to complete the command line.

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::{Shell, generate};

use super::output::Output;

/// Print a script that completes commands and flags in a shell.
#[derive(Clone, Copy, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Runs the command for the whole command line.
pub fn run(args: CompletionsArgs, mut command: Command) -> anyhow::Result<ExitCode> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    generate(args.shell, &mut command, name, &mut script);
    Output::of_process(false).line(String::from_utf8(script)?.trim_end())?;
    Ok(ExitCode::SUCCESS)
}
