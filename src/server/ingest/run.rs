//! Reads a job's source item by item, and says what it reads piece by piece.
//!
//! Nothing here writes to the store: the attempt takes the pieces and writes them.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::chunk::Chunker;
use super::extract::text::{TextError, read_text};
use super::folders::{AllowedFolders, Found, PathError};
use super::sources::ReadItems;
use crate::domain::format::{Format, supported};
use crate::domain::{Chunk, Job, Metadata, Progress};
use crate::server::blobs::{BlobReader, Blobs};
use crate::server::jobs::retry::may_pass;
use crate::server::store::{BlobRef, ChunkKey, Content, Failure, ItemResult, NewDocument, Version};

/// A document with more chunks than this is written in several steps.
const CHUNKS_AT_ONCE: usize = 1000;

/// What reading a job needs beside its source.
#[derive(Clone, Debug)]
pub struct Shelves {
    pub blobs: Blobs,
    pub folders: AllowedFolders,
}

/// What was read, with how far the job is after it.
#[derive(Debug)]
pub struct Piece {
    pub content: PieceContent,
    pub progress: Progress,
}

/// What was read.
#[derive(Debug)]
pub enum PieceContent {
    /// Chunks of a document too large for one step; its item follows.
    Part(Vec<Chunk>),
    /// An item as a whole. After parts its content is [`Content::Version`] with a version for the
    /// worker to fill in, and these are its last chunks.
    Item(ItemResult, Vec<Chunk>),
}

/// Why reading ended early.
#[derive(Debug)]
pub enum Stopped {
    /// The token was cancelled, or nobody takes the pieces any more.
    Told,
    Failed(Failure),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The version in an item after parts, until the worker knows it.
const UNKNOWN_VERSION: Version = Version(0);

/// Reads one job. Blocks.
#[derive(Debug)]
pub struct Reader<'a, S> {
    pub shelves: &'a Shelves,
    /// Items that an earlier attempt has written, and their names.
    pub delivered: &'a BTreeMap<u64, String>,
    pub stop: &'a CancellationToken,
    pub progress: Progress,
    /// Takes the pieces, and says whether to go on.
    sink: S,
    /// There will be no other attempt: what cannot be read now has failed.
    last_attempt: bool,
    /// Why the first of the items left to the next attempt could not be read.
    put_off: Option<Failure>,
}

/// What is known of an item before it is read.
#[derive(Debug)]
pub struct Item<'a> {
    pub number: u64,
    pub name: &'a str,
    pub metadata: Metadata,
    pub blob: Option<BlobRef>,
}

impl<'a> Item<'a> {
    /// The item of a job that has only one.
    pub fn whole(job: &'a Job) -> Self {
        Self { number: 0, name: &job.name, metadata: job.metadata.clone(), blob: None }
    }
}

impl<'a, S> Reader<'a, S> {
    pub fn new(
        shelves: &'a Shelves,
        delivered: &'a BTreeMap<u64, String>,
        stop: &'a CancellationToken,
        progress: Progress,
        sink: S,
    ) -> Self {
        Self { shelves, delivered, stop, progress, sink, last_attempt: false, put_off: None }
    }
}

impl<S: FnMut(Piece) -> bool> Reader<'_, S> {
    /// Reads the job's items that were not delivered yet. Items that could not be read for a cause that
    /// may pass are left to the next attempt, if there is one: then this one fails after the last item.
    pub fn read(&mut self, job: &Job, source: &impl ReadItems) -> Result<(), Stopped> {
        self.progress.items_total = job.total_items;
        self.progress.bytes_total = job.size_bytes;
        self.last_attempt = job.attempt >= job.max_attempts;
        source.read_items(self, job)?;
        self.put_off.take().map_or(Ok(()), |failure| Err(failure.into()))
    }

    /// Whether an item of this size is still to be read. Fails when it is time to stop.
    pub fn is_new(&mut self, number: u64, size_bytes: u64) -> Result<bool, Stopped> {
        if self.stop.is_cancelled() {
            return Err(Stopped::Told);
        }
        let is_new = !self.delivered.contains_key(&number);
        if !is_new {
            self.progress.bytes_done += size_bytes;
        }
        Ok(is_new)
    }

    /// Reads an uploaded file.
    pub fn uploaded(&mut self, item: Item<'_>, blob: BlobRef) -> Result<(), Stopped> {
        let item = Item { blob: Some(blob), ..item };
        let Some(format) = Format::of_name(item.name) else {
            return self.failed(&item, unsupported(item.name));
        };
        match self.shelves.blobs.read(blob) {
            Ok(file) => self.text(&item, format, file),
            Err(error) => self.source_lost(&item, &error),
        }
    }

    /// Reads a file of the server's machine. Links may have changed since the job was accepted, so the
    /// path is followed anew.
    pub fn path(&mut self, item: &Item<'_>, path: &Path) -> Result<(), Stopped> {
        let Some(format) = Format::of_name(item.name) else {
            return self.failed(item, unsupported(item.name));
        };
        let opened = match self.shelves.folders.find(path) {
            Ok(Found::File { path, .. }) => std::fs::File::open(&path)
                .map_err(|error| path_failure(&PathError::Unreadable(path.clone(), error))),
            Ok(Found::Folder { path }) => Err(path_failure(&PathError::Missing(path))),
            Err(error) => Err(path_failure(&error)),
        };
        match opened {
            Ok(file) => self.text(item, format, file),
            Err(failure) => self.failed(item, failure),
        }
    }

    /// Reads one item's text, and cuts it into chunks.
    pub fn text(&mut self, item: &Item<'_>, format: &Format, source: impl Read) -> Result<(), Stopped> {
        let mut chunker = Chunker::default();
        let mut chunks = Vec::new();
        let mut characters = 0;
        let mut in_parts = false;
        let bytes_before = self.progress.bytes_done;
        let chunks_before = self.progress.chunks_created;
        let read = read_text(source, |text, done| {
            characters += text.chars().count() as u64;
            chunker.push(text, &mut chunks);
            self.progress.bytes_done = bytes_before + done;
            self.progress.chunks_created = chunks_before + chunker.count();
            if chunker.count() > ChunkKey::MAX_CHUNKS {
                return false;
            }
            if chunks.len() >= CHUNKS_AT_ONCE {
                in_parts = true;
                let part = PieceContent::Part(std::mem::take(&mut chunks));
                return self.give(part).is_ok();
            }
            !self.stop.is_cancelled()
        });
        if read.is_ok() {
            chunker.finish(&mut chunks);
        }
        let chunk_count = chunker.count();
        if chunk_count > ChunkKey::MAX_CHUNKS {
            self.progress.chunks_created = chunks_before;
            return self.failed(item, too_many_chunks(item.name));
        }
        match read {
            Ok(()) => {}
            Err(TextError::Stopped) => return Err(Stopped::Told),
            Err(error) => {
                self.progress.chunks_created = chunks_before;
                return self.failed(item, text_failure(item.name, &error));
            }
        }
        if chunk_count == 0 {
            return self.failed(item, no_text(item.name));
        }
        self.progress.chunks_created = chunks_before + chunk_count;
        let (content, rest) = if in_parts {
            (Content::Version { version: UNKNOWN_VERSION, chunk_count }, chunks)
        } else {
            (Content::Chunks(chunks), Vec::new())
        };
        let document = NewDocument {
            media_type: format.media_type.to_owned(),
            size_bytes: self.progress.bytes_done - bytes_before,
            characters,
            metadata: item.metadata.clone(),
            blob: item.blob,
            content,
        };
        self.done(item, Ok(document), rest)
    }

    /// Says why an item could not be ingested.
    pub fn failed(&mut self, item: &Item<'_>, failure: Failure) -> Result<(), Stopped> {
        if failure.may_pass && !self.last_attempt {
            self.put_off.get_or_insert(failure);
            return Ok(());
        }
        self.progress.items_failed += 1;
        self.done(item, Err(failure), Vec::new())
    }

    /// An item whose input is no longer there.
    pub fn source_lost(&mut self, item: &Item<'_>, cause: &io::Error) -> Result<(), Stopped> {
        self.failed(item, source_lost(cause))
    }

    fn done(
        &mut self,
        item: &Item<'_>,
        result: Result<NewDocument, Failure>,
        rest: Vec<Chunk>,
    ) -> Result<(), Stopped> {
        self.progress.items_done += 1;
        let result = ItemResult { item: item.number, name: item.name.to_owned(), result };
        self.give(PieceContent::Item(result, rest))
    }

    fn give(&mut self, content: PieceContent) -> Result<(), Stopped> {
        let piece = Piece { content, progress: self.progress };
        if (self.sink)(piece) { Ok(()) } else { Err(Stopped::Told) }
    }
}

fn unsupported(name: &str) -> Failure {
    let message = format!("{name} is of a kind Sluice does not read. It reads {}.", supported());
    Failure::new("unsupported_format", message)
}

fn no_text(name: &str) -> Failure {
    Failure::new("no_text", format!("There is no text in {name}, only white space."))
}

fn too_many_chunks(name: &str) -> Failure {
    let most = ChunkKey::MAX_CHUNKS;
    Failure::new("too_large", format!("{name} has more than {most} chunks. Split it into smaller files."))
}

fn text_failure(name: &str, error: &TextError) -> Failure {
    match error {
        TextError::InvalidUtf8(_) => Failure::new(
            "invalid_utf8",
            format!("{name} is not UTF-8 text: {error}. Save it as UTF-8 and send it again."),
        ),
        TextError::Binary(_) => Failure::new(
            "unsupported_format",
            format!("{name} is not a text file: {error}. Sluice reads {}.", supported()),
        ),
        TextError::Io(cause) if BlobReader::is_damaged(cause) => source_lost(cause),
        TextError::Io(cause) => unreadable(name, cause),
        TextError::Stopped => Failure::new("unreadable", format!("Reading {name} was stopped.")),
    }
}

/// The failure of an item that cannot be read.
pub fn unreadable(name: &str, cause: &io::Error) -> Failure {
    let message = format!("{name} could not be read to its end: {cause}. Send it again once that is mended.");
    Failure { may_pass: may_pass(cause), ..Failure::new("unreadable", message) }
}

/// The failure of an item whose path leads nowhere.
pub fn path_failure(error: &PathError) -> Failure {
    let code = match error {
        PathError::Forbidden(_) => "path_forbidden",
        PathError::Missing(_) => "path_not_found",
        PathError::Special(_) => "unsupported_format",
        PathError::Unreadable(..) => "unreadable",
    };
    let may_pass = matches!(error, PathError::Unreadable(_, cause) if may_pass(cause));
    Failure { may_pass, ..Failure::new(code, format!("{error}.")) }
}

/// The failure of what was to be kept for the job, and cannot be read.
pub fn source_lost(error: &io::Error) -> Failure {
    let message = format!("The job's source in the data folder could not be read: {error}. Send it again.");
    Failure { may_pass: may_pass(error), ..Failure::new("source_lost", message) }
}
