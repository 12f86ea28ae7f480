//! The commands as an operator types them, and what they say.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use bytesize::ByteSize;
use clap::Args;

use super::check::{BlobCounts, Part, Remedy, Report};
use super::{backup, check, restore};
use crate::server::clock;
use crate::server::data_folder::DataFolder;

/// Where the data folder is.
#[derive(Args, Clone, Debug)]
pub struct Data {
    /// The data folder.
    #[arg(long, env = "SLUICE_DATA_DIR", default_value = "./sluice-data")]
    pub data_dir: PathBuf,
}

impl Data {
    pub fn folder(&self) -> DataFolder {
        DataFolder::new(&self.data_dir)
    }
}

/// Check a data folder that no server uses: whether the database is sound, each file holds what was written,
/// and the index agrees with the database. Ends with failure if something is wrong and was not mended.
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    #[command(flatten)]
    pub data: Data,

    /// Mend what can be mended: counts, loose chunks, and the index, which the next start makes anew.
    /// Damaged files are put aside. A database that is damaged itself is left alone.
    #[arg(long)]
    pub repair: bool,
}

/// Copy a data folder into one file, also while a server uses it: the database and all files it needs. Needs
/// room for the database twice beside the file.
#[derive(Args, Clone, Debug)]
pub struct BackupArgs {
    /// The new file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    #[command(flatten)]
    pub data: Data,
}

/// Make a data folder of a backup. It must not be there before, or be empty.
#[derive(Args, Clone, Debug)]
pub struct RestoreArgs {
    /// The backup.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    #[command(flatten)]
    pub data: Data,
}

/// Prints a line. What was done is done, also when nobody reads of it, as after `| head`.
fn say(text: fmt::Arguments) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// `sluice check`.
pub fn check(arguments: CheckArgs) -> anyhow::Result<ExitCode> {
    let report = check::check(&arguments.data.folder(), arguments.repair)?;
    say(format_args!("{report}"));
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (part, name) in [(Part::Database, "database"), (Part::Blobs, "blobs"), (Part::Index, "index")] {
            let mut findings = self.findings.iter().filter(|it| it.part == part).peekable();
            if findings.peek().is_none() {
                writeln!(f, "{name}: {}", self.all_well(part))?;
            }
            for finding in findings {
                let remedy = match finding.remedy {
                    Remedy::Possible => "; --repair mends it",
                    Remedy::Done => "; mended",
                    Remedy::None => "",
                };
                writeln!(f, "{name}: {}{remedy}", finding.sentence)?;
            }
        }
        f.write_str(if self.is_sound() {
            "The data folder is sound."
        } else {
            "The data folder is not sound."
        })
    }
}

impl Report {
    /// What there is to say about a part in which nothing is wrong.
    fn all_well(&self, part: Part) -> String {
        let Some((jobs, totals)) = &self.database else { return "not checked".to_owned() };
        match (part, self.index) {
            (Part::Database, _) => {
                let (jobs, documents, chunks) = (jobs.total_jobs, totals.documents, totals.chunks);
                format!("sound; {jobs} jobs, {documents} documents, {chunks} chunks")
            }
            (Part::Blobs, _) => {
                let BlobCounts { blobs, bytes, unused } = self.blobs;
                let size = ByteSize(bytes).display().iec();
                let unused = if unused > 0 { format!(", {unused} of them unused") } else { String::new() };
                format!("sound; {blobs} files, {size}{unused}")
            }
            (Part::Index, Some(chunks)) => format!("agrees with the database; {chunks} chunks"),
            (Part::Index, None) => "none; the next start makes it".to_owned(),
        }
    }
}

/// `sluice backup`.
pub fn backup(arguments: &BackupArgs) -> anyhow::Result<ExitCode> {
    let backup = backup::backup(&arguments.data.folder(), &arguments.file, clock::now())?;
    say(format_args!(
        "{} holds {} jobs, {} documents, {} chunks and {} files: {}.",
        arguments.file.display(),
        backup.jobs,
        backup.totals.documents,
        backup.totals.chunks,
        backup.blobs,
        ByteSize(backup.size).display().iec(),
    ));
    for blob in &backup.damaged {
        eprintln!(
            "sluice: the file {blob} is damaged or missing in the data folder, and so in the backup; all else is in it"
        );
    }
    Ok(if backup.damaged.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `sluice restore`.
pub fn restore(arguments: &RestoreArgs) -> anyhow::Result<ExitCode> {
    let restored = restore::restore(&arguments.file, &arguments.data.folder())?;
    say(format_args!(
        "{} holds {} jobs, {} documents, {} chunks and {} files again; {} jobs were under way and begin anew. The next \
         start makes the index.",
        arguments.data.data_dir.display(),
        restored.jobs,
        restored.totals.documents,
        restored.totals.chunks,
        restored.blobs,
        restored.released,
    ));
    Ok(ExitCode::SUCCESS)
}
