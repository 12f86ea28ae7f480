//! The commands as an operator types them, and what they say.

use std::path::PathBuf;
use std::process::ExitCode;

use bytesize::ByteSize;
use clap::Args;

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
    fn folder(&self) -> DataFolder {
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
    /// Damaged files are put aside.
    #[arg(long)]
    pub repair: bool,
}

/// A backup is one file with the database and all files it needs; the index is made anew from them.
#[derive(Args, Clone, Debug)]
pub struct BackupArgs {
    /// The backup. It must not be there before `backup`; the data folder must not be there before `restore`.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    #[command(flatten)]
    pub data: Data,
}

/// `sluice check`.
pub fn check(arguments: CheckArgs) -> anyhow::Result<ExitCode> {
    let report = check::check(&arguments.data.folder(), arguments.repair)?;
    println!("{report}");
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `sluice backup`.
pub fn backup(arguments: &BackupArgs) -> anyhow::Result<ExitCode> {
    let backup = backup::backup(&arguments.data.folder(), &arguments.file, clock::now())?;
    println!(
        "{} holds {} jobs, {} documents, {} chunks and {} files: {}.",
        arguments.file.display(),
        backup.jobs,
        backup.totals.documents,
        backup.totals.chunks,
        backup.blobs,
        ByteSize(backup.size).display().iec(),
    );
    for blob in &backup.damaged {
        eprintln!("sluice: the file {blob} is damaged or missing in the data folder, and so in the backup");
    }
    Ok(ExitCode::SUCCESS)
}

/// `sluice restore`.
pub fn restore(arguments: &BackupArgs) -> anyhow::Result<ExitCode> {
    let restored = restore::restore(&arguments.file, &arguments.data.folder())?;
    println!(
        "{} holds {} jobs, {} documents, {} chunks and {} files again; {} jobs were under way and begin anew. The next \
         start makes the index.",
        arguments.data.data_dir.display(),
        restored.jobs,
        restored.totals.documents,
        restored.totals.chunks,
        restored.blobs,
        restored.released,
    );
    Ok(ExitCode::SUCCESS)
}
