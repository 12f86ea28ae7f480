//! Reads a job's source item by item, and says what it reads piece by piece.
//!
//! Nothing here writes to the store: the attempt takes the pieces and writes them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::chunk::Chunker;
use super::extract::Extracted;
use super::extract::markdown::Headings;
use super::extract::text::{self, TextError, encoding_of, read_text};
use super::extract::worker::{Ended, Workers};
use super::failures::{
    extract_failure, no_text, path_failure, source_lost, text_failure, too_many_chunks, unreadable,
    unsupported,
};
use super::folders::{AllowedFolders, Found, PathError};
use super::sources::ReadItems;
use crate::domain::format::{Format, Reading};
use crate::domain::progress::Steps;
use crate::domain::{Chunk, Job, Location, Metadata, Progress, Warning};
use crate::server::blobs::Blobs;
use crate::server::store::{BlobRef, ChunkKey, Content, Failure, ItemResult, NewDocument, Version};

/// A document with more chunks than this is written in several steps.
const CHUNKS_AT_ONCE: usize = 1000;

/// What reading a job needs beside its source.
#[derive(Clone, Debug)]
pub struct Shelves {
    pub blobs: Blobs,
    pub folders: AllowedFolders,
    pub workers: Workers,
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
    /// Only how far the job is.
    Nothing,
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

/// A document while it is read.
struct Draft {
    chunker: Chunker,
    chunks: Vec<Chunk>,
    characters: u64,
    /// Some of its chunks are given away already.
    in_parts: bool,
    bytes_before: u64,
    chunks_before: u64,
    facts: Map<String, Value>,
    warnings: Vec<Warning>,
}

impl Draft {
    fn new(progress: &Progress) -> Self {
        Self {
            chunker: Chunker::default(),
            chunks: Vec::new(),
            characters: 0,
            in_parts: false,
            bytes_before: progress.bytes_done,
            chunks_before: progress.chunks_created,
            facts: Map::new(),
            warnings: Vec::new(),
        }
    }
}

/// The longest thing a source may say of itself, in characters.
const LONGEST_FACT: usize = 500;

fn short(fact: Value) -> Value {
    match fact {
        Value::String(text) => Value::String(text.chars().take(LONGEST_FACT).collect()),
        Value::Number(number) => Value::Number(number),
        other => Value::String(other.to_string().chars().take(LONGEST_FACT).collect()),
    }
}

/// What a format is made of.
fn unit(reading: Reading) -> &'static str {
    match reading {
        Reading::Pdf => "page",
        Reading::Office | Reading::OpenDocument => "slide",
        Reading::Sheets => "sheet",
        Reading::Epub => "chapter",
        _ => "part",
    }
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
            Ok(file) if format.is_text() => self.text(&item, format, file),
            Ok(file) => match file.verified() {
                Ok(file) => self.extracted(&item, format, &file),
                Err(error) => self.source_lost(&item, &error),
            },
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
            Ok(file) if format.is_text() => self.text(item, format, file),
            Ok(file) => self.extracted(item, format, &file),
            Err(failure) => self.failed(item, failure),
        }
    }

    /// Reads one item whose bytes are text.
    pub fn text(
        &mut self,
        item: &Item<'_>,
        format: &Format,
        mut source: impl Read + Seek,
    ) -> Result<(), Stopped> {
        let mut draft = Draft::new(&self.progress);
        let mut headings = (format.reading == Reading::Markdown).then(Headings::default);
        let encoding = match encoding_of(&mut source) {
            Ok(encoding) => encoding,
            Err(error) => return self.failed(item, text_failure(item.name, &error)),
        };
        if let Some(guess) = encoding.filter(|it| it.guessed) {
            self.take(&mut draft, Extracted::Warning(text::guessed(guess.encoding)));
        }
        let read = read_text(source, encoding.map(|it| it.encoding), |text, done| {
            self.progress.bytes_done = draft.bytes_before + done;
            match &mut headings {
                None => self.take_text(&mut draft, text),
                Some(headings) => {
                    let mut go_on = true;
                    headings.push(text, |line, moved| go_on = self.take_line(&mut draft, line, moved));
                    go_on
                }
            }
        });
        if let Some(headings) = &mut headings {
            headings.finish(|line, moved| {
                self.take_line(&mut draft, line, moved);
            });
        }
        let ended = match read {
            Ok(()) => Ok(()),
            Err(TextError::Stopped) => Err(Stopped::Told),
            Err(error) => Err(text_failure(item.name, &error).into()),
        };
        self.end_draft(draft, item, format, ended)
    }

    /// Reads one item in a child process.
    fn extracted(&mut self, item: &Item<'_>, format: &Format, file: &File) -> Result<(), Stopped> {
        let size = file.metadata().map_or(0, |facts| facts.len());
        let mut draft = Draft::new(&self.progress);
        let (workers, stop) = (self.shelves.workers.clone(), self.stop);
        let ended = workers.read(item.name, file, stop, |found| {
            if let Extracted::Step { done, total } = found {
                let total = total.max(1);
                self.progress.bytes_done =
                    draft.bytes_before + (size as u128 * done as u128 / total as u128) as u64;
                self.progress.steps = Some(Steps { done, total, unit: unit(format.reading) });
                return self.give(PieceContent::Nothing).is_ok();
            }
            self.take(&mut draft, found)
        });
        self.progress.steps = None;
        self.progress.bytes_done = draft.bytes_before + size;
        let ended = match ended {
            Ended::Done => Ok(()),
            Ended::Told => Err(Stopped::Told),
            Ended::Unreadable(unreadable) => Err(extract_failure(item.name, &unreadable).into()),
            Ended::Io(error) => Err(unreadable(item.name, &error).into()),
        };
        self.end_draft(draft, item, format, ended)
    }

    fn take_line(&mut self, draft: &mut Draft, line: &str, moved: Option<Vec<String>>) -> bool {
        if let Some(headings) = moved {
            draft.chunker.move_to(Location { headings, ..Location::default() }, &mut draft.chunks);
        }
        self.take_text(draft, line)
    }

    /// Takes what was found in a source, and says whether to go on.
    fn take(&mut self, draft: &mut Draft, found: Extracted) -> bool {
        match found {
            Extracted::Text(text) => return self.take_text(draft, &text),
            Extracted::Place(location) => draft.chunker.move_to(location, &mut draft.chunks),
            Extracted::Fact(name, value) => {
                draft.facts.entry(name).or_insert(short(value));
            }
            Extracted::Warning(warning) if draft.warnings.len() < Warning::MOST => {
                draft.warnings.push(warning)
            }
            Extracted::Warning(_) | Extracted::Step { .. } => {}
        }
        !self.stop.is_cancelled()
    }

    fn take_text(&mut self, draft: &mut Draft, text: &str) -> bool {
        draft.characters += text.chars().count() as u64;
        draft.chunker.push(text, &mut draft.chunks);
        self.progress.chunks_created = draft.chunks_before + draft.chunker.count();
        if draft.chunker.count() > ChunkKey::MAX_CHUNKS {
            return false;
        }
        if draft.chunks.len() >= CHUNKS_AT_ONCE {
            draft.in_parts = true;
            let part = PieceContent::Part(std::mem::take(&mut draft.chunks));
            return self.give(part).is_ok();
        }
        !self.stop.is_cancelled()
    }

    /// The document is read, or could not be.
    fn end_draft(
        &mut self,
        mut draft: Draft,
        item: &Item<'_>,
        format: &Format,
        ended: Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        if ended.is_ok() {
            draft.chunker.finish(&mut draft.chunks);
        }
        let chunk_count = draft.chunker.count();
        let failure = match ended {
            _ if chunk_count > ChunkKey::MAX_CHUNKS => Some(too_many_chunks(item.name)),
            Err(Stopped::Told) => return Err(Stopped::Told),
            Err(Stopped::Failed(failure)) => Some(failure),
            Ok(()) if chunk_count == 0 => Some(no_text(item.name, &draft.warnings)),
            Ok(()) => None,
        };
        if let Some(failure) = failure {
            self.progress.chunks_created = draft.chunks_before;
            return self.failed(item, failure);
        }
        self.progress.chunks_created = draft.chunks_before + chunk_count;
        let (content, rest) = if draft.in_parts {
            (Content::Version { version: UNKNOWN_VERSION, chunk_count }, draft.chunks)
        } else {
            (Content::Chunks(draft.chunks), Vec::new())
        };
        let document = NewDocument {
            media_type: format.media_type().to_owned(),
            size_bytes: self.progress.bytes_done - draft.bytes_before,
            characters: draft.characters,
            // What the caller says wins over what the source says of itself.
            metadata: Metadata(draft.facts).overlaid(&item.metadata),
            warnings: draft.warnings,
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
