//! `sluice check`: whether a data folder holds what it should, and mending what can be mended.

use super::OperatorError;
use crate::domain::JobStats;
use crate::server::blobs::{BlobReader, Blobs};
use crate::server::data_folder::DataFolder;
use crate::server::index::FullTextIndex;
use crate::server::store::sqlite::inspect::{BlobUse, Flaw, Inspector};
use crate::server::store::{ChunkKey, StoreError, Totals};

/// What a check found.
#[derive(Debug, Default)]
pub struct Report {
    /// What the database holds, if it can be relied on; else nothing more was looked at.
    pub database: Option<(JobStats, Totals)>,
    pub blobs: BlobCounts,
    /// The chunks of the index, if there is one.
    pub index: Option<u64>,
    pub findings: Vec<Finding>,
}

/// What lies among the blobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlobCounts {
    pub blobs: u64,
    pub bytes: u64,
    /// Nothing refers to them: clean-up removes them an hour after they came.
    pub unused: u64,
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
    match check_database(folder, repair, &mut report) {
        Ok(Some(database)) => {
            check_blobs(folder, &database, repair, &mut report)?;
            check_index(folder, &database, repair, &mut report)?;
        }
        Ok(None) => {}
        Err(StoreError::Damaged(cause)) => report.add(Part::Database, beyond_repair(&cause), Remedy::None),
        Err(error) => return Err(OperatorError::Database(folder.database(), error)),
    }
    Ok(report)
}

fn beyond_repair(cause: &str) -> String {
    format!("{cause}: restore a backup")
}

/// Returns the database if it can be relied on. A damaged one is left as it is: what looks like rubbish in it
/// may be all that is left of something.
fn check_database(
    folder: &DataFolder,
    repair: bool,
    report: &mut Report,
) -> Result<Option<Inspector>, StoreError> {
    let database = Inspector::open(&folder.database())?;
    let damages = database.damages()?;
    if !damages.is_empty() {
        for damage in damages {
            report.add(Part::Database, beyond_repair(&damage), Remedy::None);
        }
        return Ok(None);
    }
    let found = database.flaws()?;
    let left = if repair && found.iter().any(|flaw| flaw.mendable) {
        database.mend()?;
        database.flaws()?
    } else {
        found.clone()
    };
    for flaw in found {
        let remedy = remedy(&flaw, !left.contains(&flaw));
        report.add(Part::Database, flaw.sentence, remedy);
    }
    report.database = Some(database.stats()?);
    Ok(Some(database))
}

fn remedy(flaw: &Flaw, mended: bool) -> Remedy {
    match (mended, flaw.mendable) {
        (true, _) => Remedy::Done,
        (false, true) => Remedy::Possible,
        (false, false) => Remedy::None,
    }
}

fn check_blobs(
    folder: &DataFolder,
    database: &Inspector,
    repair: bool,
    report: &mut Report,
) -> Result<(), OperatorError> {
    let cannot_read = |error| OperatorError::CannotRead(folder.blobs(), error);
    let failed = |error| OperatorError::Database(folder.database(), error);
    let mut missing = database.blobs().map_err(failed)?;
    let blobs = Blobs::look_into(folder);
    let (found, others) = blobs.all().map_err(cannot_read)?;
    let lost = |report: &mut Report, what: String, usage: Option<BlobUse>, blob| {
        let (loss, remedy) = match usage {
            None => ("nothing needs it".to_owned(), if repair { Remedy::Done } else { Remedy::Possible }),
            Some(BlobUse::Job(id, name)) => {
                (format!("job {id} ({name}) needs it: it will fail, and must be sent again"), Remedy::None)
            }
            Some(BlobUse::Document(id, name)) => {
                if repair {
                    database.forget_original(blob).map_err(failed)?;
                }
                let loss = format!("it was the original of document {id} ({name}), whose text is not lost");
                (loss, if repair { Remedy::Done } else { Remedy::Possible })
            }
        };
        report.add(Part::Blobs, format!("{blob} {what}; {loss}"), remedy);
        Ok::<(), OperatorError>(())
    };
    for blob in found {
        let usage = missing.remove(&blob);
        report.blobs.blobs += 1;
        report.blobs.unused += u64::from(usage.is_none());
        match blobs.read(blob).and_then(|mut file| std::io::copy(&mut file, &mut std::io::sink())) {
            Ok(size) => report.blobs.bytes += size,
            Err(error) if BlobReader::is_damaged(&error) => {
                let aside = if repair { Some(blobs.set_aside(blob).map_err(cannot_read)?) } else { None };
                let aside =
                    aside.map_or(String::new(), |it| format!(" and was put aside as {}", it.display()));
                lost(report, format!("is damaged{aside}"), usage, blob)?;
            }
            Err(error) => report.add(Part::Blobs, format!("{blob} cannot be read: {error}"), Remedy::None),
        }
    }
    for (blob, usage) in missing {
        lost(report, "is missing".to_owned(), Some(usage), blob)?;
    }
    for other in others {
        let sentence = format!("{} is no file of Sluice's: move it away", other.display());
        report.add(Part::Blobs, sentence, Remedy::None);
    }
    Ok(())
}

/// Whether the index holds just the chunks that the database says it should.
fn check_index(
    folder: &DataFolder,
    database: &Inspector,
    repair: bool,
    report: &mut Report,
) -> Result<(), OperatorError> {
    let path = folder.index();
    if !path.join("meta.json").exists() {
        return Ok(());
    }
    let wrong = match FullTextIndex::open_existing(&path).and_then(|it| Ok((it.keys()?, it.indexed()))) {
        Err(error) => Some(format!("it cannot be read ({error})")),
        Ok((keys, seq)) => {
            report.index = Some(keys.len() as u64);
            let failed = |error| OperatorError::Database(folder.database(), error);
            let expected = database.chunk_keys(seq).map_err(failed)?;
            let removed = database.removed_after(seq).map_err(failed)?;
            let (lacking, mut surplus) = differences(&expected, &keys);
            surplus.retain(|key| !removed.contains(&key.version()));
            let (lacking, surplus) = (lacking.len(), surplus.len());
            (lacking + surplus > 0).then(|| {
                format!("it lacks {lacking} chunks of the database and holds {surplus} that are not there")
            })
        }
    };
    if let Some(sentence) = wrong {
        if repair {
            std::fs::remove_dir_all(&path).map_err(|error| OperatorError::CannotWrite(path, error))?;
        }
        report.add(Part::Index, sentence, if repair { Remedy::Done } else { Remedy::Possible });
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
