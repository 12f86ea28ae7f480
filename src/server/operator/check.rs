//! `sluice check`: whether a data folder holds what it should, and mending what can be mended.

use std::fmt;

use super::OperatorError;
use crate::domain::JobStats;
use crate::server::blobs::{BlobReader, Blobs};
use crate::server::data_folder::DataFolder;
use crate::server::index::FullTextIndex;
use crate::server::store::sqlite::inspect::Inspector;
use crate::server::store::{ChunkKey, StoreError, Totals};

/// What a check found.
#[derive(Debug, Default)]
pub struct Report {
    pub jobs: JobStats,
    pub totals: Totals,
    pub blobs: u64,
    pub blob_bytes: u64,
    /// Blobs that nothing refers to: clean-up removes them an hour after they came.
    pub unused_blobs: u64,
    pub indexed_chunks: u64,
    pub findings: Vec<Finding>,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub part: Part,
    pub sentence: String,
    pub remedy: Remedy,
}

/// Where in the data folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Database,
    Blobs,
    Index,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// `--repair` would mend it.
    Possible,
    Done,
    /// Nothing here can mend it; the sentence says what can be done.
    None,
}

impl Report {
    /// Whether all is well, or has been mended.
    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(|finding| finding.remedy == Remedy::Done)
    }

    fn add(&mut self, part: Part, sentence: impl Into<String>, remedy: Remedy) {
        self.findings.push(Finding { part, sentence: sentence.into(), remedy });
    }
}

/// Checks the data folder, which no server may be using. Reads all of it. Blocks.
pub fn check(folder: &DataFolder, repair: bool) -> Result<Report, OperatorError> {
    folder.must_exist()?;
    let _lock = folder.claim()?;
    let mut report = Report::default();
    let remedy = if repair { Remedy::Done } else { Remedy::Possible };
    match check_database(folder, repair, &mut report) {
        Ok(Some(inspector)) => {
            check_blobs(folder, &inspector, repair, &mut report)?;
            check_index(folder, &inspector, &mut report, remedy)?;
        }
        Ok(None) => {}
        Err(StoreError::Damaged(cause)) => report.add(Part::Database, beyond_repair(&cause), Remedy::None),
        Err(error) => return Err(OperatorError::Database(folder.database(), error)),
    }
    if repair && report.findings.iter().any(|it| it.part == Part::Index) {
        std::fs::remove_dir_all(folder.index())
            .map_err(|error| OperatorError::CannotWrite(folder.index(), error))?;
    }
    Ok(report)
}

fn beyond_repair(cause: &str) -> String {
    format!("{cause}: restore a backup")
}

/// Returns the database if it can be relied on.
fn check_database(
    folder: &DataFolder,
    repair: bool,
    report: &mut Report,
) -> Result<Option<Inspector>, StoreError> {
    let database = Inspector::open(&folder.database())?;
    let (mut damages, mut flaws) = (database.damages()?, Vec::new());
    if damages.is_empty() {
        flaws = database.flaws()?;
    }
    if repair && !(damages.is_empty() && flaws.is_empty()) {
        database.mend()?;
        let left = database.damages()?;
        damages.retain(|damage| !left.contains(damage));
        for damage in damages {
            report.add(Part::Database, damage, Remedy::Done);
        }
        damages = left;
    }
    if !damages.is_empty() {
        for damage in damages {
            report.add(Part::Database, beyond_repair(&damage), Remedy::None);
        }
        return Ok(None);
    }
    for flaw in flaws {
        let remedy = match (flaw.mendable, repair) {
            (true, true) => Remedy::Done,
            (true, false) => Remedy::Possible,
            (false, _) => Remedy::None,
        };
        report.add(Part::Database, flaw.sentence, remedy);
    }
    (report.jobs, report.totals) = database.stats()?;
    Ok(Some(database))
}

fn check_blobs(
    folder: &DataFolder,
    database: &Inspector,
    repair: bool,
    report: &mut Report,
) -> Result<(), OperatorError> {
    let cannot_read = |error| OperatorError::CannotRead(folder.path().join("blobs"), error);
    let mut missing = database.blobs().map_err(|error| OperatorError::Database(folder.database(), error))?;
    let blobs = Blobs::open(folder.path()).map_err(|error| folder.cannot_write(error))?;
    let (found, others) = blobs.all().map_err(cannot_read)?;
    for blob in found {
        let is_used = missing.remove(&blob);
        report.blobs += 1;
        report.unused_blobs += u64::from(!is_used);
        let read = blobs.read(blob).and_then(|file| std::io::copy(&mut { file }, &mut std::io::sink()));
        match read {
            Ok(size) => report.blob_bytes += size,
            Err(error) if BlobReader::is_damaged(&error) && repair => {
                let aside = blobs.set_aside(blob).map_err(cannot_read)?;
                report.add(
                    Part::Blobs,
                    format!("{blob} is damaged; it was put aside as {}", aside.display()),
                    Remedy::Done,
                );
            }
            Err(error) if BlobReader::is_damaged(&error) => {
                report.add(
                    Part::Blobs,
                    format!("{blob} is damaged: a job that needs it will fail"),
                    Remedy::Possible,
                );
            }
            Err(error) => report.add(Part::Blobs, format!("{blob} cannot be read: {error}"), Remedy::None),
        }
    }
    for blob in missing {
        let sentence = format!("{blob} is missing: a job that needs it will fail, and must be sent again");
        report.add(Part::Blobs, sentence, Remedy::None);
    }
    for other in others {
        report.add(Part::Blobs, format!("{} is no blob of Sluice's", other.display()), Remedy::None);
    }
    Ok(())
}

/// Whether the index holds just the chunks that the database says it should.
fn check_index(
    folder: &DataFolder,
    database: &Inspector,
    report: &mut Report,
    remedy: Remedy,
) -> Result<(), OperatorError> {
    let path = folder.index();
    // Without one, the next start makes it.
    if !path.join("meta.json").exists() {
        return Ok(());
    }
    let read = || FullTextIndex::open_existing(&path).and_then(|index| Ok((index.keys()?, index.indexed())));
    let (keys, seq) = match read() {
        Ok(read) => read,
        Err(error) => {
            report.add(Part::Index, format!("it cannot be read ({error})"), remedy);
            return Ok(());
        }
    };
    report.indexed_chunks = keys.len() as u64;
    let failed = |error| OperatorError::Database(folder.database(), error);
    let expected = database.chunk_keys(seq).map_err(failed)?;
    let removed = database.removed_after(seq).map_err(failed)?;
    let (lacking, surplus) = differences(&expected, &keys);
    let surplus = surplus.iter().filter(|key| !removed.contains(&key.version())).count();
    if !lacking.is_empty() || surplus > 0 {
        let lacking = lacking.len();
        report.add(
            Part::Index,
            format!("it lacks {lacking} chunks of the database and holds {surplus} that are not there"),
            remedy,
        );
    }
    Ok(())
}

/// What is only in `left`, and what is only in `right` or more than once. Both are sorted.
fn differences(left: &[ChunkKey], right: &[ChunkKey]) -> (Vec<ChunkKey>, Vec<ChunkKey>) {
    let (mut only_left, mut only_right) = (Vec::new(), Vec::new());
    let (mut l, mut r) = (left.iter().peekable(), right.iter().peekable());
    loop {
        match (l.peek(), r.peek()) {
            (None, None) => return (only_left, only_right),
            (Some(a), Some(b)) if a == b => {
                l.next();
                r.next();
            }
            (Some(a), other) if other.is_none_or(|b| a < b) => only_left.extend(l.next()),
            _ => only_right.extend(r.next()),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Database => "database",
            Self::Blobs => "blobs",
            Self::Index => "index",
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (jobs, totals) = (&self.jobs, &self.totals);
        for part in [Part::Database, Part::Blobs, Part::Index] {
            let findings: Vec<_> = self.findings.iter().filter(|it| it.part == part).collect();
            if findings.is_empty() {
                match part {
                    Part::Database => write!(
                        f,
                        "{part}: sound; {} jobs, {} documents, {} chunks",
                        jobs.total_jobs, totals.documents, totals.chunks
                    )?,
                    Part::Blobs => {
                        let size = bytesize::ByteSize(self.blob_bytes).display().iec();
                        write!(f, "{part}: sound; {} files, {size}", self.blobs)?;
                        if self.unused_blobs > 0 {
                            write!(f, ", {} of them unused until clean-up", self.unused_blobs)?;
                        }
                    }
                    Part::Index => {
                        write!(f, "{part}: agrees with the database; {} chunks", self.indexed_chunks)?;
                    }
                }
                writeln!(f)?;
            }
            for finding in findings {
                let remedy = match finding.remedy {
                    Remedy::Possible => "; --repair mends it",
                    Remedy::Done => "; mended",
                    Remedy::None => "",
                };
                writeln!(f, "{part}: {}{remedy}", finding.sentence)?;
            }
        }
        f.write_str(if self.is_sound() {
            "The data folder is sound."
        } else {
            "The data folder is not sound."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_by_side() {
        let keys = |numbers: &[u64]| numbers.iter().map(|it| ChunkKey(*it)).collect::<Vec<_>>();
        for (left, right, only_left, only_right) in [
            (&[1, 2, 3][..], &[1, 2, 3][..], &[][..], &[][..]),
            (&[1, 3], &[2, 3, 3, 4], &[1], &[2, 3, 4]),
            (&[], &[1], &[], &[1]),
            (&[1], &[], &[1], &[]),
        ] {
            assert_eq!(differences(&keys(left), &keys(right)), (keys(only_left), keys(only_right)));
        }
    }
}
