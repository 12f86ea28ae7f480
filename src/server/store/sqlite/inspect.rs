//! What an operator asks of a database file: is it sound, what does it name, and may I have a copy?
//!
//! Nobody else may work on the file meanwhile, but for [`copy`]. Blocks, and reads all there is.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use rusqlite::{Connection, params};

use super::*;
use crate::server::store::Version;

/// Damages of the file that are named one by one.
const DAMAGES_NAMED: usize = 10;

/// More changes than any server makes after a backup, which are lost when that is restored.
const CHANGES_LOST: u64 = 1 << 28;

/// A database file that no server works on.
#[derive(Debug)]
pub struct Inspector(Connection);

/// What needs a blob, with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobUse {
    /// It is the original of a document; nothing reads it.
    Document(DocumentId, String),
    /// It is what a job reads.
    Job(JobId, String),
}

/// Something in the database that does not fit, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub sentence: String,
    /// Whether [`Inspector::mend`] mends it.
    pub mendable: bool,
}

impl Flaw {
    fn new(sentence: String) -> Self {
        Self { sentence, mendable: false }
    }

    fn mendable(sentence: String) -> Self {
        Self { sentence, mendable: true }
    }
}

impl Inspector {
    /// Opens a database, bringing it to this version's form.
    pub fn open(path: &Path) -> Result<Self> {
        let mut connection = connect(path)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        Migrations::from_slice(MIGRATIONS).to_latest(&mut connection)?;
        Ok(Self(connection))
    }

    /// What is wrong with the file itself, as SQLite's own check finds it. After that nothing else can be
    /// relied on.
    pub fn damages(&self) -> Result<Vec<String>> {
        let mut statement = self.0.prepare(&format!("pragma integrity_check({DAMAGES_NAMED})"))?;
        let mut lines =
            statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
        lines.retain(|line| line != "ok");
        Ok(lines)
    }

    /// What does not fit together.
    pub fn flaws(&self) -> Result<Vec<Flaw>> {
        let mut flaws = Vec::new();
        if self.counts_are_wrong()? {
            flaws.push(Flaw::mendable("the counts of jobs and documents do not agree with the rows".into()));
        }
        for (id, name, expected, found) in self.half_documents()? {
            flaws.push(Flaw::new(format!(
                "document {id} ({name}) has {found} of its {expected} chunks: delete it, and send it again"
            )));
        }
        let loose = self.loose_versions()?.len();
        if loose > 0 {
            flaws
                .push(Flaw::mendable(format!("chunks of {loose} documents that are not there take up room")));
        }
        for id in self.jobs_without_source()? {
            flaws.push(Flaw::new(format!(
                "job {id} waits and has lost its source: it will fail, and must be sent again"
            )));
        }
        Ok(flaws)
    }

    /// Mends the flaws that can be mended. Only for a file without damages: in a damaged one, what looks loose
    /// may be all that is left.
    pub fn mend(&self) -> Result<()> {
        self.0.execute_batch("begin immediate")?;
        for version in self.loose_versions()? {
            self.0.execute("insert or ignore into loose_version (version) values (?1)", [version.0])?;
        }
        self.0.execute_batch(&format!(
            "delete from job_count;
             insert into job_count (status, job_type, jobs, chunks, attention) {};
             update document_count set (documents, chunks, bytes) =
                 (select count(*), coalesce(sum(chunk_count), 0), coalesce(sum(size_bytes), 0) from document);
             commit",
            counted()
        ))?;
        Ok(())
    }

    fn counts_are_wrong(&self) -> Result<bool> {
        // Rows of zero remain in `job_count` when the last job has left a state.
        Ok(self.0.query_row(
            &format!(
                "with counted as ({}),
                  kept as (select status, job_type, jobs, chunks, attention from job_count
                      where jobs <> 0 or chunks <> 0 or attention <> 0)
             select exists (select * from counted except select * from kept)
                 or exists (select * from kept except select * from counted)
                 or exists (select documents, chunks, bytes from document_count except select count(*),
                    coalesce(sum(chunk_count), 0), coalesce(sum(size_bytes), 0) from document)",
                counted()
            ),
            [],
            |row| row.get(0),
        )?)
    }

    fn half_documents(&self) -> Result<Vec<(DocumentId, String, u64, u64)>> {
        let mut statement = self.0.prepare(
            "select * from (select id, name, chunk_count, (select count(*) from chunk \
             where key >= version * ?1 and key < (version + 1) * ?1) as found from document) \
             where found <> chunk_count",
        )?;
        let half = statement.query_map([ChunkKey::MAX_CHUNKS], |row| {
            Ok((DocumentId(rows::uuid(row, 0)?), row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
        Ok(half.collect::<rusqlite::Result<_>>()?)
    }

    /// Versions of chunks that no document names, and that nobody is to sweep.
    fn loose_versions(&self) -> Result<Vec<Version>> {
        let mut statement = self.0.prepare(
            "select distinct key / ?1 as v from chunk where not exists (select 1 from document where version = key / ?1) \
             and not exists (select 1 from loose_version l where l.version = key / ?1)",
        )?;
        let loose = statement.query_map([ChunkKey::MAX_CHUNKS], |row| row.get(0).map(Version))?;
        Ok(loose.collect::<rusqlite::Result<_>>()?)
    }

    fn jobs_without_source(&self) -> Result<Vec<JobId>> {
        let mut statement = self.0.prepare(
            "select id from job where status in ('pending', 'running') and not exists \
             (select 1 from job_source where job = job.id)",
        )?;
        let jobs = statement.query_map([], |row| rows::uuid(row, 0).map(JobId))?;
        Ok(jobs.collect::<rusqlite::Result<_>>()?)
    }

    /// All blobs that jobs and documents refer to, and what refers to each; a job, if one needs it.
    pub fn blobs(&self) -> Result<BTreeMap<BlobRef, BlobUse>> {
        let mut statement = self.0.prepare(
            "select blob, false, id, name from document where blob is not null \
             union all select blob, true, id, name from job_blob join job on id = job",
        )?;
        let blobs = statement.query_map([], |row| {
            let (by_job, id, name): (bool, _, String) = (row.get(1)?, rows::uuid(row, 2)?, row.get(3)?);
            let used =
                if by_job { BlobUse::Job(JobId(id), name) } else { BlobUse::Document(DocumentId(id), name) };
            Ok((BlobRef(row.get(0)?), used))
        })?;
        Ok(blobs.collect::<rusqlite::Result<_>>()?)
    }

    /// Documents no longer refer to an original that is lost.
    pub fn forget_original(&self, blob: BlobRef) -> Result<()> {
        self.0.execute("update document set blob = null where blob = ?1", [blob.0])?;
        Ok(())
    }

    /// The keys of all chunks that an index which has followed the changes up to `seq` must hold, in order.
    pub fn chunk_keys(&self, seq: u64) -> Result<Vec<ChunkKey>> {
        let mut statement = self.0.prepare(
            "select c.key from document d join chunk c on c.key >= d.version * ?1 and c.key < (d.version + 1) * ?1 \
             where d.seq <= ?2",
        )?;
        let keys = statement.query_map(params![ChunkKey::MAX_CHUNKS, seq], |row| row.get(0).map(ChunkKey))?;
        let mut keys = keys.collect::<rusqlite::Result<Vec<_>>>()?;
        keys.sort_unstable();
        Ok(keys)
    }

    /// Versions that were removed after the change `seq`: an index which has followed up to there may
    /// still hold them.
    pub fn removed_after(&self, seq: u64) -> Result<HashSet<Version>> {
        let mut statement =
            self.0.prepare("select version from removal where seq > ?1 and version is not null")?;
        let versions = statement.query_map([seq], |row| row.get(0).map(Version))?;
        Ok(versions.collect::<rusqlite::Result<_>>()?)
    }

    /// How many jobs and documents there are.
    pub fn stats(&self) -> Result<(JobStats, Totals)> {
        Ok((listing::stats(&self.0)?, documents::totals(&self.0)?))
    }

    /// Makes a database of the past the present one. Attempts that were under way begin anew, as after a
    /// graceful stop; whoever has followed the changes must start anew, because numbers he knows will be given
    /// out again. Answers how many attempts there were.
    pub fn take_up(&self) -> Result<usize> {
        let (seq, _) = follow::counter(&self.0)?;
        let tx = Tx::new(&self.0, seq + CHANGES_LOST);
        self.0.execute_batch("begin immediate")?;
        let released = rescue::release_all(&tx)?;
        tx.save_seq(seq)?;
        self.0.execute_batch("update change_counter set forgotten_seq = seq; commit")?;
        Ok(released)
    }

    /// Leaves all of the database in one file.
    pub fn close(self) -> Result<()> {
        self.0.pragma_update(None, "journal_mode", "delete")?;
        self.0.close().map_err(|(_, error)| error.into())
    }
}

/// Counts the rows of `job` as its triggers do.
fn counted() -> String {
    format!(
        "select status, job_type, count(*), sum(chunks_created), sum({}) from job group by 1, 2",
        listing::ATTENTION
    )
}

/// Writes a copy of the database at `from` to the new file `to`: all of it as it is at one moment, also
/// while a server works on it.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    connect(from)?.execute("vacuum into ?1", [to.to_string_lossy()])?;
    Ok(())
}
