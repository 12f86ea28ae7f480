//! What a run of `sluice ingest` came to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use indicatif::{DecimalBytes, HumanCount};

use super::follow::End;

/// How many endings of skipped files are named.
const ENDINGS_NAMED: usize = 5;

/// The last words of a run; its `Display` is what a person reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub files_sent: u64,
    pub bytes_sent: u64,
    /// Files that could not be read or were not taken by the server.
    pub files_lost: u64,
    /// Files of other formats by the ending of their names.
    pub skipped: BTreeMap<String, u64>,
    /// How the jobs ended; `None` if nobody waited.
    pub jobs: Option<Jobs>,
    pub elapsed: Duration,
}

/// How the jobs of a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jobs {
    pub completed: u64,
    pub chunks: u64,
    pub failed: u64,
    pub cancelled: u64,
    /// Cleaned up, or left open when the server went away.
    pub unknown: u64,
}

impl Jobs {
    /// Counts one end.
    pub fn count(&mut self, end: &End) {
        match end {
            End::Completed(chunks) => {
                self.completed += 1;
                self.chunks += chunks;
            }
            End::Failed(_) => self.failed += 1,
            End::Cancelled => self.cancelled += 1,
            End::Forgotten => self.unknown += 1,
        }
    }
}

impl Jobs {
    /// Whether every job is known to have completed.
    pub fn are_good(&self) -> bool {
        self.failed + self.cancelled + self.unknown == 0
    }
}

impl fmt::Display for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} completed", HumanCount(self.completed))?;
        write!(f, ", {} failed, {} cancelled", HumanCount(self.failed), HumanCount(self.cancelled))?;
        if self.unknown > 0 {
            write!(f, ", {} with an unknown end", HumanCount(self.unknown))?;
        }
        Ok(())
    }
}

impl Summary {
    /// Whether every file was taken and, if anyone waited, every job is known to have completed.
    pub fn is_good(&self) -> bool {
        self.files_lost == 0 && self.jobs.as_ref().is_none_or(Jobs::are_good)
    }

    fn skipped_endings(&self) -> String {
        let mut endings: Vec<_> = self.skipped.iter().collect();
        endings.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let mut named: Vec<_> = endings
            .iter()
            .take(ENDINGS_NAMED)
            .map(|(ending, count)| format!("{ending} {}", HumanCount(**count)))
            .collect();
        let others: u64 = endings.iter().skip(ENDINGS_NAMED).map(|(_, count)| **count).sum();
        if others > 0 {
            named.push(format!("others {}", HumanCount(others)));
        }
        named.join(", ")
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.elapsed.as_secs_f64();
        let rate = self.bytes_sent as f64 / 1e6 / seconds.max(0.001);
        write!(f, "{}, {}", counted(self.files_sent, "file"), DecimalBytes(self.bytes_sent))?;
        if let Some(jobs) = &self.jobs {
            write!(f, ", {}", counted(jobs.chunks, "chunk"))?;
        }
        write!(f, " in {seconds:.1} s ({rate:.1} MB/s)")?;
        if let Some(jobs) = &self.jobs {
            write!(f, "\n{jobs}")?;
        }
        if self.files_lost > 0 {
            write!(f, "\n{} not sent", counted(self.files_lost, "file"))?;
        }
        let skipped = self.skipped.values().sum();
        if skipped > 0 {
            let (skipped, endings) = (counted(skipped, "file"), self.skipped_endings());
            write!(f, "\n{skipped} of other formats skipped: {endings}")?;
        }
        Ok(())
    }
}

/// "1 file", "2,000 files".
pub fn counted(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{} {noun}s", HumanCount(number)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary {
        Summary {
            files_sent: 4120,
            bytes_sent: 80_000_000,
            jobs: Some(Jobs { completed: 4120, chunks: 96_000, ..Jobs::default() }),
            elapsed: Duration::from_secs(8),
            ..Summary::default()
        }
    }

    #[test]
    fn a_good_run_takes_two_lines() {
        assert!(summary().is_good());
        assert_eq!(
            summary().to_string(),
            "4,120 files, 80.00 MB, 96,000 chunks in 8.0 s (10.0 MB/s)\n4,120 completed, 0 failed, 0 cancelled"
        );
    }

    #[test]
    fn one_job_that_did_not_complete_spoils_the_run() {
        for end in [End::Failed("broken".to_owned()), End::Cancelled, End::Forgotten] {
            let mut summary = summary();
            summary.jobs.as_mut().unwrap().count(&end);
            assert!(!summary.is_good(), "{end:?}");
        }
        assert!(!Summary { files_lost: 1, ..summary() }.is_good());
    }

    #[test]
    fn skipped_files_are_counted_by_their_endings() {
        let skipped = [(".a", 1), (".b", 2), (".c", 3), (".d", 4), (".e", 5), (".f", 6), (".g", 7)];
        let skipped = skipped.into_iter().map(|(ending, count)| (ending.to_owned(), count)).collect();
        let text = Summary { skipped, ..summary() }.to_string();
        let last = text.lines().last().unwrap();
        assert_eq!(last, "28 files of other formats skipped: .g 7, .f 6, .e 5, .d 4, .c 3, others 3");
    }
}
