//! Reads a job's source item by item, and says what it reads piece by piece.
//!
//! Nothing here waits for the store: the worker takes the pieces and writes them.

use std::collections::HashSet;
use std::io::Read;
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::chunk::Chunker;
use super::extract::text::{TextError, read_text};
use super::folders::{AllowedFolders, Found, PathError};
use crate::domain::format::{FORMATS, Format, supported};
use crate::domain::{Chunk, Job, Metadata, Progress};
use crate::server::blobs::Blobs;
use crate::server::jobs::names;
use crate::server::store::{
    BlobRef, ChunkKey, Content, Failure, ItemResult, Message, NewDocument, Source, Version,
};

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
    /// Items that an earlier attempt has written.
    pub delivered: &'a HashSet<u64>,
    pub stop: &'a CancellationToken,
    pub progress: Progress,
    /// Takes the pieces, and says whether to go on.
    pub sink: S,
}

/// What is known of an item before it is read.
struct Item<'a> {
    number: u64,
    name: &'a str,
    metadata: Metadata,
    blob: Option<BlobRef>,
}

impl<S: FnMut(Piece) -> bool> Reader<'_, S> {
    /// Reads all items of the job that were not delivered yet.
    pub fn read(&mut self, job: &Job, source: &Source) -> Result<(), Stopped> {
        self.progress.items_total = job.total_items;
        self.progress.bytes_total = job.size_bytes;
        let whole = Item { number: 0, name: &job.name, metadata: job.metadata.clone(), blob: None };
        match source {
            Source::Text(text) => self.text(&whole, &FORMATS[0], text.as_bytes()),
            Source::TextBlob(blob) => self.blob(&whole, *blob),
            Source::File(file) => self.file(&Item { blob: Some(file.blob), ..whole }),
            Source::Files(files) => self.each(
                files,
                |file| file.size_bytes,
                |reader, number, file| {
                    reader.file(&Item {
                        number,
                        name: &file.name,
                        metadata: job.metadata.clone(),
                        blob: Some(file.blob),
                    })
                },
            ),
            Source::Messages(messages) => self.messages(job, messages),
            Source::MessagesBlob(blob) => {
                let messages = self.stored_messages(*blob)?;
                self.messages(job, &messages)
            }
            Source::Path(path) => self.path(&whole, path),
            Source::Directory(path) => self.directory(job, path),
        }
    }

    /// Reads the items that were not delivered yet.
    fn each<T>(
        &mut self,
        items: &[T],
        size: impl Fn(&T) -> u64,
        mut read: impl FnMut(&mut Self, u64, &T) -> Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        for (number, item) in (0..).zip(items) {
            if self.stop.is_cancelled() {
                return Err(Stopped::Told);
            }
            if self.delivered.contains(&number) {
                self.progress.bytes_done += size(item);
            } else {
                read(self, number, item)?;
            }
        }
        Ok(())
    }

    fn messages(&mut self, job: &Job, messages: &[Message]) -> Result<(), Stopped> {
        self.each(
            messages,
            |message| message.text.len() as u64,
            |reader, number, message| {
                let item = Item {
                    number,
                    name: &names::of_text(&message.text),
                    metadata: job.metadata.overlaid(&message.metadata),
                    blob: None,
                };
                reader.text(&item, &FORMATS[0], message.text.as_bytes())
            },
        )
    }

    fn stored_messages(&self, blob: BlobRef) -> Result<Vec<Message>, Failure> {
        let file = self.shelves.blobs.read(blob).map_err(|error| lost_source(&error))?;
        serde_json::from_reader(std::io::BufReader::new(file)).map_err(|error| lost_source(&error.into()))
    }

    fn blob(&mut self, item: &Item<'_>, blob: BlobRef) -> Result<(), Stopped> {
        match self.shelves.blobs.read(blob) {
            Ok(file) => self.text(item, &FORMATS[0], file),
            Err(error) => self.failed(item, lost_source(&error)),
        }
    }

    fn file(&mut self, item: &Item<'_>) -> Result<(), Stopped> {
        let Some(format) = Format::of_name(item.name) else {
            return self.failed(item, unsupported(item.name));
        };
        match item.blob.map(|blob| self.shelves.blobs.read(blob)) {
            Some(Ok(file)) => self.text(item, format, file),
            Some(Err(error)) => self.failed(item, lost_source(&error)),
            None => self.failed(item, lost_source(&std::io::ErrorKind::NotFound.into())),
        }
    }

    /// Links may have changed since the job was accepted, so the path is followed anew.
    fn path(&mut self, item: &Item<'_>, path: &Path) -> Result<(), Stopped> {
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

    fn directory(&mut self, job: &Job, path: &Path) -> Result<(), Stopped> {
        let folder = match self.shelves.folders.find(path) {
            Ok(Found::Folder { path }) => path,
            Ok(Found::File { path, .. }) => return Err(path_failure(&PathError::Missing(path)).into()),
            Err(error) => return Err(path_failure(&error).into()),
        };
        let files = self.shelves.folders.files_below(&folder);
        if files.is_empty() {
            return Err(Failure {
                code: "empty_folder",
                message: format!("There are no files in {}. Put some there and retry.", path.display()),
            }
            .into());
        }
        self.progress.items_total = files.len() as u64;
        self.progress.bytes_total = files.iter().map(|file| file.size_bytes).sum();
        self.each(
            &files,
            |file| file.size_bytes,
            |reader, number, file| {
                let item = Item { number, name: &file.name, metadata: job.metadata.clone(), blob: None };
                reader.path(&item, &file.path)
            },
        )
    }

    /// Reads one item's text, and cuts it into chunks.
    fn text(&mut self, item: &Item<'_>, format: &Format, source: impl Read) -> Result<(), Stopped> {
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

    fn failed(&mut self, item: &Item<'_>, failure: Failure) -> Result<(), Stopped> {
        self.progress.items_failed += 1;
        self.done(item, Err(failure), Vec::new())
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
    Failure {
        code: "unsupported_format",
        message: format!("{name} is of a kind Sluice does not read. It reads {}.", supported()),
    }
}

fn no_text(name: &str) -> Failure {
    Failure { code: "no_text", message: format!("There is no text in {name}, only white space.") }
}

fn too_many_chunks(name: &str) -> Failure {
    Failure {
        code: "too_large",
        message: format!(
            "{name} has more than {} chunks. Split it into smaller files.",
            ChunkKey::MAX_CHUNKS
        ),
    }
}

fn text_failure(name: &str, error: &TextError) -> Failure {
    match error {
        TextError::InvalidUtf8(_) => Failure {
            code: "invalid_utf8",
            message: format!("{name} is not UTF-8 text: {error}. Save it as UTF-8 and send it again."),
        },
        TextError::Binary(_) => Failure {
            code: "unsupported_format",
            message: format!("{name} is not a text file: {error}. Sluice reads {}.", supported()),
        },
        TextError::Io(_) | TextError::Stopped => Failure {
            code: "unreadable",
            message: format!("{name} could not be read to its end: {error}. Retry once that is mended."),
        },
    }
}

fn path_failure(error: &PathError) -> Failure {
    let code = match error {
        PathError::Forbidden(_) => "path_forbidden",
        PathError::Missing(_) => "path_not_found",
        PathError::Special(_) => "unsupported_format",
        PathError::Unreadable(..) => "unreadable",
    };
    Failure { code, message: format!("{error}.") }
}

fn lost_source(error: &std::io::Error) -> Failure {
    Failure {
        code: "source_lost",
        message: format!("The job's source in the data folder could not be read: {error}. Send it again."),
    }
}
