//! What something would become, without a job.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::submit::{check_text, find};
use super::{Given, JobManager, JobsError, Options, Upload};
use crate::domain::format::FORMATS;
use crate::domain::{Chunk, Chunking, Location, Metadata, Preview, PreviewedDocument, Progress};
use crate::server::ingest::failures::unreadable;
use crate::server::ingest::run::{Item, ItemKind, Piece, PieceContent, Reader, Shelves, Stopped};
use crate::server::ingest::sources::JobSource;
use crate::server::store::{Content, Failure, ItemOutcome, ItemResult};

/// The text that a preview shows at most, in bytes.
const MOST_TEXT: usize = 8 << 20;

impl JobManager {
    /// Reads and cuts what is given as a job would, keeps nothing of it, and tells the first `limit` chunks of
    /// each document. Stops when nobody waits for it any more.
    pub async fn preview(&self, given: Given, options: Options, limit: u32) -> Result<Preview, JobsError> {
        let chunking = self.chunking(options.chunk_size, options.chunk_overlap)?;
        if let Given::Text(text) = &given {
            check_text("text_content", text)?;
        }
        let shelves = Shelves { chunking, ..self.0.shelves.clone() };
        let stop = CancellationToken::new();
        let told = stop.clone();
        let _stop_with_the_request = stop.drop_guard();
        let reading = tokio::task::spawn_blocking(move || read(&given, &options, &shelves, &told, limit));
        reading.await.map_err(std::io::Error::other)?
    }
}

/// Gathers what a reader gives.
struct Gathered {
    limit: usize,
    /// Bytes of text that may still be kept.
    room: usize,
    documents: Vec<PreviewedDocument>,
    more_documents: u64,
    /// Chunks of a document that is not at its end yet.
    chunks: Vec<Chunk>,
}

impl Gathered {
    fn take(&mut self, content: PieceContent) {
        match content {
            PieceContent::Nothing => {}
            PieceContent::Part(chunks) => self.keep(chunks),
            PieceContent::Item(item, rest) => {
                self.keep(rest);
                self.end(item);
            }
        }
    }

    fn keep(&mut self, chunks: Vec<Chunk>) {
        for chunk in chunks {
            if self.chunks.len() == self.limit || self.room < chunk.text.len() {
                return;
            }
            self.room -= chunk.text.len();
            let place = Location::of(&chunk.location).label();
            self.chunks.push(Chunk { place, ..chunk });
        }
    }

    fn end(&mut self, ItemResult { name, outcome, .. }: ItemResult) {
        if self.documents.len() == Preview::MOST_DOCUMENTS {
            self.chunks.clear();
            self.more_documents += 1;
            return;
        }
        let document = match outcome {
            ItemOutcome::Read(document) => {
                let chunk_count = document.content.chunk_count();
                if let Content::Chunks(chunks) = document.content {
                    self.keep(chunks);
                }
                PreviewedDocument {
                    name,
                    media_type: document.media_type,
                    characters: document.characters,
                    chunk_count,
                    metadata: document.metadata,
                    warnings: document.warnings,
                    chunks: std::mem::take(&mut self.chunks),
                    error_code: String::new(),
                    error_message: String::new(),
                }
            }
            // Nothing is left out where nothing is kept.
            ItemOutcome::Skipped(_) => return self.chunks.clear(),
            ItemOutcome::Failed(Failure { code, message, .. }) => {
                self.chunks.clear();
                PreviewedDocument {
                    name,
                    media_type: String::new(),
                    characters: 0,
                    chunk_count: 0,
                    metadata: Metadata::default(),
                    warnings: Vec::new(),
                    chunks: Vec::new(),
                    error_code: code.to_owned(),
                    error_message: message,
                }
            }
        };
        self.documents.push(document);
    }
}

/// Blocks.
fn read(
    given: &Given,
    options: &Options,
    shelves: &Shelves,
    stop: &CancellationToken,
    limit: u32,
) -> Result<Preview, JobsError> {
    let none = BTreeMap::new();
    let mut gathered = Gathered {
        limit: limit as usize,
        room: MOST_TEXT,
        documents: Vec::new(),
        more_documents: 0,
        chunks: Vec::new(),
    };
    let sink = |piece: Piece| {
        gathered.take(piece.content);
        true
    };
    let mut reader = Reader::new(shelves, &none, stop, Progress::default(), sink);
    let item =
        |name, kind| Item { name, metadata: options.metadata.clone(), blob: None, content: None, kind };
    reader.open_with(options.password.as_ref());
    reader.try_once();
    let read = match given {
        Given::Text(text) => reader.text(&item("text", ItemKind::Text), &FORMATS[0], Cursor::new(text)),
        Given::Files(files) => files.iter().try_for_each(|file| uploaded(&mut reader, file, item)),
        Given::Path(path) => match find(&shelves.folders, Path::new(path))? {
            (JobSource::DirectoryIngestion(_), name, _) => return Err(JobsError::FolderPreview(name)),
            (_, name, _) => reader.path(&item(&name, ItemKind::File), Path::new(path)),
        },
    };
    match read {
        Ok(()) => {}
        Err(Stopped::Told) => return Err(std::io::Error::from(std::io::ErrorKind::Interrupted).into()),
        Err(Stopped::Failed(failure)) => return Err(std::io::Error::other(failure.message).into()),
    }
    let Chunking { size, overlap } = shelves.chunking;
    let Gathered { documents, more_documents, .. } = gathered;
    Ok(Preview { chunk_size: size, chunk_overlap: overlap, documents, more_documents })
}

fn uploaded<'a, S: FnMut(Piece) -> bool>(
    reader: &mut Reader<'_, S>,
    file: &'a Upload,
    item: impl Fn(&'a str, ItemKind) -> Item<'a>,
) -> Result<(), Stopped> {
    let item = item(&file.name, ItemKind::File);
    match file.written.open() {
        Ok(bytes) if file.format.is_text() => reader.text(&item, file.format, bytes),
        Ok(bytes) => reader.binary(&item, file.format, &bytes),
        Err(error) => reader.failed(&item, unreadable(&file.name, &error)),
    }
}
