//! The full-text index: derived from the store, and rebuilt from it whenever it is missing or damaged.
//!
//! [`writer`] follows the store's change numbers, [`searcher`] ranks chunks, [`answer`] makes sentences
//! of them. The index holds no text: a query takes the text of its hits from the store, so what the
//! store no longer has is never shown.

pub mod answer;
pub mod lag;
pub mod searcher;
pub mod tokens;
pub mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tantivy::directory::MmapDirectory;
use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexReader, ReloadPolicy, TantivyError};
use tokio::sync::watch;

use crate::server::store::ChunkKey;

/// The index as its writer and its searchers share it.
#[derive(Clone)]
pub struct FullTextIndex {
    index: Index,
    reader: IndexReader,
    fields: Fields,
    /// The change number up to which queries find everything.
    indexed: Arc<watch::Sender<u64>>,
    /// The change number from which the index goes on after a restart.
    committed: Arc<watch::Sender<u64>>,
    /// Something brings it up to date.
    followed: Arc<AtomicBool>,
}

impl std::fmt::Debug for FullTextIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FullTextIndex").field("indexed", &self.indexed()).finish_non_exhaustive()
    }
}

/// Removes what a crash left of files that were being written.
fn remove_temporary_files(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(".tmp") {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// While this is there, the index counts as followed.
#[derive(Debug)]
pub struct Following(Arc<AtomicBool>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

#[derive(Clone, Copy, Debug)]
struct Fields {
    /// The chunk's key in the store.
    key: Field,
    /// The version the chunk belongs to, to delete it by.
    version: Field,
    text: Field,
}

impl FullTextIndex {
    /// Opens the index in `folder`. One that cannot be read is thrown away, for the writer to fill a new
    /// one from the store. Blocks.
    pub fn open(folder: &Path) -> Result<Self, TantivyError> {
        std::fs::create_dir_all(folder)?;
        remove_temporary_files(folder)?;
        Self::open_existing(folder).or_else(|error| {
            tracing::warn!(%error, "the index cannot be read; it is built anew from the store");
            std::fs::remove_dir_all(folder)?;
            std::fs::create_dir_all(folder)?;
            Self::open_existing(folder)
        })
    }

    /// Opens the index in `folder`, making an empty one if there is none. Fails if it cannot be read. Blocks.
    pub fn open_existing(folder: &Path) -> Result<Self, TantivyError> {
        let mut schema = Schema::builder();
        let text = TextFieldIndexing::default()
            .set_tokenizer(tokens::NAME)
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let fields = Fields {
            key: schema.add_u64_field("key", FAST),
            version: schema.add_u64_field("version", INDEXED),
            text: schema.add_text_field("text", TextOptions::default().set_indexing_options(text)),
        };
        let directory = MmapDirectory::open(folder)?;
        let index = Index::open_or_create(directory, schema.build())?;
        index.tokenizers().register(tokens::NAME, tokens::analyzer());
        let damaged = index.validate_checksum()?;
        if !damaged.is_empty() {
            return Err(TantivyError::SystemError(format!("{} files are damaged", damaged.len())));
        }
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let cursor = writer::committed_cursor(&index)?;
        let indexed = Arc::new(watch::channel(cursor.seq).0);
        let committed = Arc::new(watch::channel(cursor.seq.max(cursor.began_at)).0);
        Ok(Self { index, reader, fields, indexed, committed, followed: Arc::default() })
    }

    /// The change number up to which queries find everything.
    pub fn indexed(&self) -> u64 {
        *self.indexed.borrow()
    }

    /// The change number from which the index goes on after a restart: what was removed before it may be
    /// forgotten.
    pub fn committed(&self) -> watch::Receiver<u64> {
        self.committed.subscribe()
    }

    /// Whether something brings the index up to date.
    pub fn is_followed(&self) -> bool {
        self.followed.load(Ordering::Relaxed)
    }

    /// Says that something brings the index up to date, as long as what is returned is kept.
    pub fn follow(&self) -> Following {
        self.followed.store(true, Ordering::Relaxed);
        Following(self.followed.clone())
    }

    /// The keys of all chunks the index holds, in order. Blocks.
    pub fn keys(&self) -> Result<Vec<ChunkKey>, TantivyError> {
        let mut keys = Vec::new();
        for segment in self.reader.searcher().segment_readers() {
            let column = segment.fast_fields().u64("key")?;
            keys.extend(segment.doc_ids_alive().filter_map(|id| column.first(id)).map(ChunkKey));
        }
        keys.sort_unstable();
        Ok(keys)
    }

    /// How many chunks the index holds.
    pub fn chunk_count(&self) -> u64 {
        self.reader.searcher().num_docs()
    }
}
