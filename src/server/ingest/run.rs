//! Reads a job's source item by item, and says what it reads piece by piece.
//!
//! Nothing here writes to the store: the attempt takes the pieces and writes them.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

use super::draft::Draft;
use super::extract::markdown::Markdown;
use super::extract::rows::Rows;
use super::extract::text::{self, TextError, encoding_of, read_text};
use super::extract::worker::{Ended, Request, Workers};
use super::extract::{Extracted, Structure};
use super::failures::{
    duplicate, extract_failure, no_text, path_failure, source_lost, text_failure, too_many_chunks,
    unreadable, unsupported,
};
use super::folders::{AllowedFolders, Found, PathError};
use super::members::Members;
pub use super::piece::{Item, ItemKind, Piece, PieceContent, Stopped};
use super::recognise::{HEAD, recognise};
use super::sources::{Input, ReadItems};
use crate::domain::format::{Format, Reading};
use crate::domain::progress::Steps;
use crate::domain::{Chunk, Chunking, DocumentId, Job, OnDuplicate, Progress, Warning};
use crate::server::blobs::Blobs;
use crate::server::store::{
    BlobRef, ChunkKey, Content, ContentHash, Failure, ItemOutcome, ItemResult, NewDocument, Version,
};

/// What reading a job needs beside its source.
#[derive(Clone, Debug)]
pub struct Shelves {
    pub blobs: Blobs,
    pub folders: AllowedFolders,
    pub workers: Workers,
    /// For jobs that do not say how they want to be cut.
    pub chunking: Chunking,
}

/// The version in an item after parts, until the worker knows it.
const UNKNOWN_VERSION: Version = Version(0);

/// Given the number of an item and the hash of its content, finds another document with that.
pub type FindTwin<'a> = &'a dyn Fn(u64, ContentHash) -> Option<DocumentId>;

/// Reads one job. Blocks.
pub struct Reader<'a, S> {
    pub shelves: &'a Shelves,
    /// Items that an earlier attempt has written, and their names.
    pub delivered: &'a BTreeMap<u64, String>,
    pub stop: &'a CancellationToken,
    pub progress: Progress,
    /// The number of the next item.
    pub next: u64,
    /// Items are known by their names, because there may be others now; new ones get new numbers.
    pub by_name: bool,
    /// Opens what is encrypted.
    password: Option<&'a SecretString>,
    pub(super) chunking: Chunking,
    /// Takes the pieces, and says whether to go on.
    sink: S,
    on_duplicate: OnDuplicate,
    /// Finds a document other than that of an item with the same content.
    find_twin: Option<FindTwin<'a>>,
    /// There will be no other attempt: what cannot be read now has failed.
    last_attempt: bool,
    /// Why the first of the items left to the next attempt could not be read.
    put_off: Option<Failure>,
}

impl<S> fmt::Debug for Reader<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("next", &self.next)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
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
        Self {
            shelves,
            delivered,
            stop,
            progress,
            next: 0,
            by_name: false,
            password: None,
            chunking: shelves.chunking,
            sink,
            on_duplicate: OnDuplicate::Allow,
            find_twin: None,
            last_attempt: false,
            put_off: None,
        }
    }
}

impl<'a, S: FnMut(Piece) -> bool> Reader<'a, S> {
    /// Reads the job's items that were not delivered yet. Items that could not be read for a cause that
    /// may pass are left to the next attempt, if there is one: then this one fails after the last item.
    pub fn read(
        &mut self,
        job: &Job,
        input: &Input,
        password: Option<&'a SecretString>,
    ) -> Result<(), Stopped> {
        self.progress.items_total = job.total_items;
        self.progress.bytes_total = job.size_bytes;
        self.last_attempt = job.attempt >= job.max_attempts;
        self.open_with(password);
        self.chunking = input.chunking.unwrap_or(self.shelves.chunking);
        self.on_duplicate = input.on_duplicate;
        input.source.read_items(self, job)?;
        self.put_off.take().map_or(Ok(()), |failure| Err(failure.into()))
    }

    /// Opens what is encrypted with this.
    pub fn open_with(&mut self, password: Option<&'a SecretString>) {
        self.password = password;
    }

    /// Leaves out, without reading it, what a document has already; if the job is for that.
    pub fn leave_out(&mut self, find_twin: FindTwin<'a>) {
        self.find_twin = Some(find_twin);
    }

    /// What cannot be read now is not tried again.
    pub fn try_once(&mut self) {
        self.last_attempt = true;
    }

    /// Sets how many items there are, by the names of the files: those of which nothing was delivered, and what
    /// was. Archives among them turn out to be more as they are read.
    pub fn expect<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        let mut delivered = HashMap::new();
        for name in self.delivered.values() {
            *delivered.entry(name.as_str()).or_insert(0_u64) += 1;
        }
        let mut left = 0;
        for name in names {
            match delivered.get_mut(name) {
                Some(count) if *count > 0 => *count -= 1,
                _ => left += 1,
            }
        }
        self.progress.items_total = self.delivered.len() as u64 + left;
    }

    /// Whether the next item, of this size, is still to be read. Fails when it is time to stop.
    pub fn is_new(&mut self, size_bytes: u64) -> Result<bool, Stopped> {
        if self.stop.is_cancelled() {
            return Err(Stopped::Told);
        }
        let is_new = !self.delivered.contains_key(&self.next);
        if !is_new {
            self.next += 1;
            self.progress.bytes_done += size_bytes;
        }
        Ok(is_new)
    }

    /// Reads an uploaded file.
    pub fn uploaded(&mut self, item: Item<'_>, blob: BlobRef, size_bytes: u64) -> Result<(), Stopped> {
        // The members of an archive have longer names.
        let same_name = self.delivered.get(&self.next).is_some_and(|name| name == item.name);
        if same_name && !self.is_new(size_bytes)? {
            return Ok(());
        }
        let content = Some((ContentHash::from(blob), size_bytes));
        let item = Item { blob: Some(blob), content, ..item };
        let opened =
            self.shelves.blobs.read(blob).and_then(|mut file| Ok((recognised(item.name, &mut file)?, file)));
        match opened {
            Ok((Err(kind), _)) => self.failed(&item, unsupported(item.name, kind)),
            Ok((Ok(format), file)) if format.is_text() => self.text(&item, format, file),
            Ok((Ok(format), file)) => match file.verified() {
                Ok(file) => self.binary(&item, format, &file),
                Err(error) => self.source_lost(&item, &error),
            },
            Err(error) => self.source_lost(&item, &error),
        }
    }

    /// Reads a file of the server's machine. Links may have changed since the job was accepted, so the
    /// path is followed anew.
    pub fn path(&mut self, item: &Item<'_>, path: &Path) -> Result<(), Stopped> {
        let opened = match self.shelves.folders.find(path) {
            Ok(Found::File { path, .. }) => File::open(&path)
                .and_then(|mut file| Ok((recognised(item.name, &mut file)?, file)))
                .map_err(|error| path_failure(&PathError::Unreadable(path.clone(), error))),
            Ok(Found::Folder { path }) => Err(path_failure(&PathError::Missing(path))),
            Err(error) => Err(path_failure(&error)),
        };
        match opened {
            Ok((Err(kind), _)) => self.failed(item, unsupported(item.name, kind)),
            Ok((Ok(format), file)) if format.is_text() => self.text(item, format, file),
            Ok((Ok(format), file)) => self.binary(item, format, &file),
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
        let before = self.progress;
        let (hash, size) = match self.content_of(item, &mut source)? {
            Ok(content) => content,
            Err(error) => return self.failed(item, text_failure(item.name, &error.into())),
        };
        if let Some(twin) = self.twin(hash) {
            return self.left_out(item, twin, size);
        }
        let mut draft = Draft::new(self.chunking);
        draft.hash = Some(hash);
        let mut structure: Option<Box<dyn Structure>> = match format.reading {
            Reading::Markdown => Some(Box::new(Markdown::default())),
            Reading::Table => Some(Box::new(Rows::default())),
            _ => None,
        };
        let encoding = match encoding_of(&mut source) {
            Ok(encoding) => encoding,
            Err(error) => return self.failed(item, text_failure(item.name, &error)),
        };
        if let Some(guess) = encoding.filter(|it| it.guessed) {
            draft.warn(text::guessed(guess.encoding));
        }
        let read = read_text(source, encoding.map(|it| it.encoding), |text, done| {
            self.progress.bytes_done = before.bytes_done + done;
            match &mut structure {
                None => draft.text(text),
                Some(structure) => structure.push(text, &mut |found| draft.take(found)),
            }
            self.give_part(&mut draft, &before)
        });
        if let Some(structure) = &mut structure {
            structure.finish(&mut |found| draft.take(found));
        }
        let ended = match read {
            Ok(()) => Ok(()),
            Err(TextError::Stopped) => Err(Stopped::Told),
            Err(error) => Err(text_failure(item.name, &error).into()),
        };
        let size = self.progress.bytes_done - before.bytes_done;
        self.end_draft(draft, &before, item, format, size, ended)
    }

    /// Reads a file in a child process: one item, or all those of an archive.
    pub fn binary(&mut self, item: &Item<'_>, format: &Format, file: &File) -> Result<(), Stopped> {
        if !format.is_archive() {
            return self.document(item, format, file);
        }
        if item.kind == ItemKind::OnlyFile {
            return self.failed(item, unsupported(item.name, None));
        }
        Members::new(self, item, file).read(file)
    }

    fn document(&mut self, item: &Item<'_>, format: &Format, file: &File) -> Result<(), Stopped> {
        let before = self.progress;
        let (hash, size) = match self.content_of(item, &mut &*file)? {
            Ok(content) => content,
            Err(error) => return self.failed(item, unreadable(item.name, &error)),
        };
        if let Some(twin) = self.twin(hash) {
            return self.left_out(item, twin, size);
        }
        let mut draft = Draft::new(self.chunking);
        draft.hash = Some(hash);
        let (request, stop) = (self.request(item, file, 0), self.stop);
        let ended = self.shelves.workers.read(request, file, stop, |found| match found {
            Extracted::Step { done, total } => {
                self.step(&before, size, Steps { done, total: total.max(1), unit: unit(format.reading) });
                self.give(PieceContent::Nothing).is_ok()
            }
            Extracted::Waiting => self.give(PieceContent::Nothing).is_ok(),
            found => {
                draft.take(found);
                self.give_part(&mut draft, &before)
            }
        });
        self.progress.steps = None;
        self.progress.bytes_done = before.bytes_done + size;
        let ended = match ended {
            Ended::Done => Ok(()),
            Ended::Told => Err(Stopped::Told),
            // What was read before the damage is worth keeping.
            Ended::Unreadable(why) if why.code == "damaged" && draft.characters() > 0 => {
                draft.warn(Warning::new("damaged", format!("Only a part could be read: {}.", why.reason)));
                Ok(())
            }
            Ended::Unreadable(why) | Ended::Died(why) => Err(extract_failure(item.name, &why).into()),
            Ended::Io(error) => Err(unreadable(item.name, &error).into()),
        };
        self.end_draft(draft, &before, item, format, size, ended)
    }

    pub(super) fn request(&self, item: &Item<'_>, file: &File, skip: u64) -> Request {
        Request {
            name: item.name.to_owned(),
            size: file.metadata().map_or(0, |facts| facts.len()),
            password: self.password.map(|it| it.expose_secret().to_owned()),
            skip,
            resume: None,
        }
    }

    /// So much of a file of this size is read.
    pub(super) fn step(&mut self, before: &Progress, size: u64, steps: Steps) {
        let done = u128::from(size) * u128::from(steps.done) / u128::from(steps.total);
        self.progress.bytes_done = before.bytes_done + done as u64;
        self.progress.steps = Some(steps);
    }

    /// Gives away what is ready of a large document, and says whether to go on.
    pub(super) fn give_part(&mut self, draft: &mut Draft, before: &Progress) -> bool {
        self.progress.chunks_created = before.chunks_created + draft.chunk_count();
        if draft.chunk_count() > ChunkKey::MAX_CHUNKS {
            return false;
        }
        match draft.part() {
            Some(part) => self.give(PieceContent::Part(part)).is_ok(),
            None => !self.stop.is_cancelled(),
        }
    }

    /// The document is read, or could not be.
    pub(super) fn end_draft(
        &mut self,
        mut draft: Draft,
        before: &Progress,
        item: &Item<'_>,
        format: &Format,
        size_bytes: u64,
        ended: Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        if ended.is_ok() {
            draft.finish();
        }
        let chunk_count = draft.chunk_count();
        let failure = match ended {
            _ if chunk_count > ChunkKey::MAX_CHUNKS => Some(too_many_chunks(item.name)),
            Err(Stopped::Told) => return Err(Stopped::Told),
            Err(Stopped::Failed(failure)) => Some(failure),
            Ok(()) if chunk_count == 0 => Some(no_text(item.name, &draft.warnings)),
            Ok(()) => None,
        };
        if let Some(failure) = failure {
            self.progress.chunks_created = before.chunks_created;
            return self.failed(item, failure);
        }
        self.progress.chunks_created = before.chunks_created + chunk_count;
        // Texts that come as such are too many and too short to be asked.
        if item.kind != ItemKind::Text {
            draft.tell_language();
        }
        let (content, rest) = match draft.rest() {
            (rest, true) => (Content::Version { version: UNKNOWN_VERSION, chunk_count }, rest),
            (chunks, false) => (Content::Chunks(chunks), Vec::new()),
        };
        let document = NewDocument {
            media_type: format.media_type().to_owned(),
            size_bytes,
            characters: draft.characters(),
            metadata: draft.metadata(&item.metadata),
            warnings: draft.warnings,
            blob: item.blob,
            hash: draft.hash,
            on_duplicate: self.on_duplicate,
            content,
        };
        self.done(item, ItemOutcome::Read(document), rest)
    }

    /// The hash and the size of what is to be read.
    fn content_of(
        &mut self,
        item: &Item<'_>,
        source: &mut (impl Read + Seek),
    ) -> Result<io::Result<(ContentHash, u64)>, Stopped> {
        if let Some(known) = item.content {
            return Ok(Ok(known));
        }
        let stop = self.stop;
        let go_on = || !stop.is_cancelled() && self.give(PieceContent::Nothing).is_ok();
        ContentHash::of_source(source, go_on).transpose().ok_or(Stopped::Told)
    }

    /// A document that has the next item's content, if it is not to be there twice.
    fn twin(&self, hash: ContentHash) -> Option<DocumentId> {
        let find = self.find_twin.filter(|_| self.on_duplicate.keeps_out())?;
        find(self.next, hash)
    }

    fn left_out(&mut self, item: &Item<'_>, twin: DocumentId, size_bytes: u64) -> Result<(), Stopped> {
        self.progress.bytes_done += size_bytes;
        match self.on_duplicate {
            OnDuplicate::Error => self.failed(item, duplicate(twin)),
            _ => self.done(item, ItemOutcome::Skipped(twin), Vec::new()),
        }
    }

    /// Says why an item could not be ingested.
    pub fn failed(&mut self, item: &Item<'_>, failure: Failure) -> Result<(), Stopped> {
        if failure.may_pass && !self.last_attempt {
            self.put_off.get_or_insert(failure);
            self.next += 1;
            return Ok(());
        }
        self.progress.items_failed += 1;
        self.done(item, ItemOutcome::Failed(failure), Vec::new())
    }

    /// An item whose input is no longer there.
    pub fn source_lost(&mut self, item: &Item<'_>, cause: &io::Error) -> Result<(), Stopped> {
        self.failed(item, source_lost(cause))
    }

    fn done(&mut self, item: &Item<'_>, outcome: ItemOutcome, rest: Vec<Chunk>) -> Result<(), Stopped> {
        self.progress.items_done += 1;
        let result = ItemResult { item: self.next, name: item.name.to_owned(), outcome };
        self.next += 1;
        self.give(PieceContent::Item(result, rest))
    }

    pub(super) fn give(&mut self, content: PieceContent) -> Result<(), Stopped> {
        let piece = Piece { content, progress: self.progress };
        if (self.sink)(piece) { Ok(()) } else { Err(Stopped::Told) }
    }
}

/// What kind of file it is; it is back at its start.
fn recognised(
    name: &str,
    file: &mut (impl Read + Seek),
) -> io::Result<Result<&'static Format, Option<&'static str>>> {
    let mut head = Vec::new();
    file.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(recognise(name, &head))
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
