//! What comes in becomes a job.

use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::Ordering;

use secrecy::SecretString;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{JobManager, JobsError, names};
use crate::domain::format::Format;
use crate::domain::limits::FixedLimits;
use crate::domain::{Chunking, Duplicate, DuplicateOutcome, Job, JobId, Metadata, OnDuplicate};
use crate::server::blobs::{Blobs, WrittenBlob};
use crate::server::clock;
use crate::server::ingest::failures::unsupported;
use crate::server::ingest::folders::{AllowedFolders, Found, PathError};
use crate::server::ingest::recognise::{HEAD, recognise};
use crate::server::ingest::sources::batch::{Message, StoredFile};
use crate::server::ingest::sources::{Input, JobSource, ReadItems, batch, directory, file, text};
use crate::server::store::{Acceptance, Alone, NewJob, RequestKey};

/// Sources up to this size lie in the database, larger ones in a blob, in bytes.
const INLINE: usize = 64 << 10;

/// A batch's own metadata times the number of its messages, in bytes.
const MAX_SHARED_METADATA: usize = FixedLimits::VALUES.max_shared_metadata as usize;

/// A job with more bytes or more items than this gives way to smaller ones.
const BULK_SIZE: u64 = 32 << 20;
const BULK_ITEMS: u64 = 1000;

/// What is sent to be ingested.
#[derive(Debug)]
pub enum Given {
    Text(String),
    Files(Vec<Upload>),
    /// Of the server's machine.
    Path(String),
}

/// What may be said of whatever is sent.
#[derive(Debug, Default)]
pub struct Options {
    pub metadata: Metadata,
    /// In characters, in place of the server's setting.
    pub chunk_size: Option<u32>,
    pub chunk_overlap: Option<u32>,
    /// Opens what is encrypted.
    pub password: Option<SecretString>,
    pub on_duplicate: Option<OnDuplicate>,
    /// What the sender calls the request, so that it can send it again and makes no second job.
    pub idempotency_key: Option<String>,
    /// Is told of the job's end.
    pub callback_url: Option<String>,
}

impl From<Metadata> for Options {
    fn from(metadata: Metadata) -> Self {
        Self { metadata, ..Self::default() }
    }
}

/// An uploaded file that is not part of a job yet; dropped, it is gone.
#[derive(Debug)]
pub struct Upload {
    pub name: String,
    pub format: &'static Format,
    pub size_bytes: u64,
    pub written: WrittenBlob,
}

impl JobManager {
    /// Where uploads are written before they become jobs.
    pub fn blobs(&self) -> &Blobs {
        &self.0.shelves.blobs
    }

    /// Fails when nothing can be taken in now; asked before a large body is read.
    pub async fn check_room(&self) -> Result<(), JobsError> {
        self.0.disk.check()?;
        self.0.store.check_damage()?;
        if self.0.queue_was_full.load(Ordering::Relaxed) {
            let max_pending = self.0.settings.max_pending;
            if self.0.store.stats().await?.pending >= max_pending {
                return Err(JobsError::QueueFull(max_pending));
            }
        }
        Ok(())
    }

    /// Takes in whatever is given.
    pub async fn take_in(&self, given: Given, options: Options) -> Result<Job, JobsError> {
        match given {
            // Nothing in it could be opened.
            Given::Text(text) => self.submit_text(text, Options { password: None, ..options }).await,
            Given::Files(files) => self.submit_files(files, options).await,
            Given::Path(path) => self.submit_path(path.as_ref(), options).await,
        }
    }

    /// Takes in a text.
    pub async fn submit_text(&self, text: String, options: Options) -> Result<Job, JobsError> {
        check_text("text_content", &text)?;
        let (name, size_bytes) = (names::of_text(&text), text.len() as u64);
        let source = if text.len() <= INLINE {
            text::Source::Inline(text)
        } else {
            text::Source::Blob(self.blobs().put(text.as_bytes()).await?)
        };
        self.submit(source.into(), name, size_bytes, 1, options).await
    }

    /// Takes in messages, each a document of its own.
    pub async fn submit_messages(&self, messages: Vec<Message>, options: Options) -> Result<Job, JobsError> {
        if messages.is_empty() {
            return Err(JobsError::EmptyBatch);
        }
        let most = self.0.settings.max_messages;
        if messages.len() as u64 > most {
            return Err(JobsError::TooManyItems { count: messages.len(), most });
        }
        for (number, message) in messages.iter().enumerate() {
            check_text(format_args!("messages[{number}].text"), &message.text)?;
        }
        // Each document keeps the batch's metadata as well as its own.
        if options.metadata.size() * messages.len() > MAX_SHARED_METADATA {
            return Err(JobsError::SharedMetadata(messages.len()));
        }
        let (name, items) = (names::of_batch(messages.len()), messages.len() as u64);
        let size_bytes = messages.iter().map(|message| message.text.len() as u64).sum();
        let written = tokio::task::spawn_blocking(move || {
            let json = serde_json::to_vec(&messages)?;
            Ok(if json.len() <= INLINE { Err(messages) } else { Ok(json) })
        });
        let written: std::io::Result<_> = written.await.map_err(std::io::Error::other)?;
        let source = match written? {
            Err(few) => batch::Source::Messages(few),
            Ok(json) => batch::Source::MessagesBlob(self.blobs().put(&json).await?),
        };
        self.submit(source.into(), name, size_bytes, items, options).await
    }

    /// Takes in uploaded files: one is a file job, several are a batch, and so is an archive of files.
    pub async fn submit_files(&self, uploads: Vec<Upload>, options: Options) -> Result<Job, JobsError> {
        let (mut files, mut written, mut any_archive) = (Vec::new(), Vec::new(), false);
        for upload in uploads {
            let Upload { name, format, size_bytes, written: bytes } = upload;
            any_archive |= format.is_archive();
            files.push(StoredFile { name, blob: bytes.blob, size_bytes });
            written.push(bytes);
        }
        self.blobs().publish(written).await?;
        let size_bytes = files.iter().map(|file| file.size_bytes).sum();
        if files.len() > 1 || any_archive {
            let items = files.len() as u64;
            let name = match files.as_slice() {
                [archive] => archive.name.clone(),
                files => format!("{} files", files.len()),
            };
            let source = batch::Source::Files(files);
            return self.submit(source.into(), name, size_bytes, items, options).await;
        }
        let Some(file) = files.pop() else { return Err(JobsError::EmptyBatch) };
        self.submit(file::Source::Uploaded(file.blob).into(), file.name, size_bytes, 1, options).await
    }

    /// Takes in a file or a folder of the server's machine.
    pub async fn submit_path(&self, path: &Path, options: Options) -> Result<Job, JobsError> {
        let (folders, wanted) = (self.0.shelves.folders.clone(), path.to_owned());
        let found = tokio::task::spawn_blocking(move || find(&folders, &wanted));
        let (source, name, size_bytes) = found.await.map_err(std::io::Error::other)??;
        let items = if matches!(source, JobSource::DirectoryIngestion(_)) { 0 } else { 1 };
        self.submit(source, name, size_bytes, items, options).await
    }

    /// The wanted lengths of chunks, where none are wanted the server's.
    pub fn chunking(&self, size: Option<u32>, overlap: Option<u32>) -> Result<Chunking, JobsError> {
        self.0.shelves.chunking.wanted(size, overlap).map_err(JobsError::Chunking)
    }

    /// Fails for a URL that cannot be told of a job's end.
    pub async fn check_callback(&self, url: &str) -> Result<(), JobsError> {
        self.0.callbacks.check(url).await?;
        Ok(())
    }

    /// Adds a job that reads `source`.
    pub async fn submit(
        &self,
        source: JobSource,
        name: String,
        size_bytes: u64,
        total_items: u64,
        options: Options,
    ) -> Result<Job, JobsError> {
        self.0.disk.check()?;
        let Options {
            metadata,
            chunk_size,
            chunk_overlap,
            password,
            on_duplicate,
            idempotency_key,
            callback_url,
        } = options;
        let callback = match callback_url {
            Some(url) => Some(self.0.callbacks.check(&url).await?),
            None => None,
        };
        let chunking = match (chunk_size, chunk_overlap) {
            (None, None) => None,
            (size, overlap) => Some(self.chunking(size, overlap)?),
        };
        let on_duplicate = on_duplicate.unwrap_or_default();
        let input = Input { source, chunking, on_duplicate };
        let source = &input.source;
        let written = serde_json::to_string(&input).map_err(std::io::Error::from)?;
        let said = serde_json::to_string(&metadata).map_err(std::io::Error::from)?;
        let parts: Vec<&str> = [&*name, &written, &said].into_iter().chain(callback.as_deref()).collect();
        let request_key = idempotency_key.map(|key| RequestKey { key, fingerprint: fingerprint(&parts) });
        let or_refused = on_duplicate == OnDuplicate::Error;
        let alone = |hash| Alone { hash, or_refused };
        let job = NewJob {
            id: JobId(Uuid::now_v7()),
            job_type: source.job_type(),
            name,
            size_bytes,
            total_items,
            metadata,
            source: written,
            blobs: source.blobs(),
            bulk: source.is_bulk() || size_bytes > BULK_SIZE || total_items > BULK_ITEMS,
            max_attempts: self.0.settings.max_attempts,
            by: self.1.clone(),
            request_key,
            callbacks: self.0.callbacks.with(callback),
            alone: if on_duplicate.keeps_out() { source.hash().map(alone) } else { None },
        };
        let (id, max_pending) = (job.id, self.0.settings.max_pending);
        // Before the job is there, because it may be claimed at once.
        self.0.passwords.keep(id, password);
        let accepted = self.0.store.accept(job, max_pending, clock::now()).await;
        if !matches!(accepted, Ok(Acceptance::Added(_))) {
            self.0.passwords.forget(id);
        }
        let accepted = accepted?;
        self.0.queue_was_full.store(accepted == Acceptance::Full, Ordering::Relaxed);
        match accepted {
            Acceptance::Added(job) => {
                self.0.new_job.notify_one();
                Ok(job)
            }
            Acceptance::Known(job) | Acceptance::Skipped(job) => Ok(job),
            Acceptance::Refused(document_id) => {
                Err(JobsError::Duplicate(Duplicate { outcome: DuplicateOutcome::Refused, document_id }))
            }
            Acceptance::Gone(id) => Err(JobsError::RequestJobGone(id)),
            Acceptance::KeyTaken => Err(JobsError::IdempotencyKeyTaken),
            Acceptance::Full => Err(JobsError::QueueFull(max_pending)),
        }
    }
}

/// What tells one request from another.
fn fingerprint(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Fails for a text that no job could ingest; `field` says where it was sent.
pub fn check_text(field: impl Display, text: &str) -> Result<(), JobsError> {
    if text.trim().is_empty() {
        return Err(JobsError::Empty(field.to_string()));
    }
    match text.find('\0') {
        Some(place) => Err(JobsError::Nul { field: field.to_string(), place }),
        None => Ok(()),
    }
}

/// What a path leads to: what reads it, the job's name, and its size. Blocks.
pub fn find(folders: &AllowedFolders, path: &Path) -> Result<(JobSource, String, u64), JobsError> {
    let (path, size_bytes) = match folders.find(path)? {
        Found::Folder { path } => {
            let name = path.display().to_string();
            return Ok((directory::Source(path).into(), name, 0));
        }
        Found::File { path, size_bytes } => (path, size_bytes),
    };
    let name = names::of_file(&path.to_string_lossy()).unwrap_or_default();
    let mut head = Vec::new();
    let read = File::open(&path).and_then(|file| file.take(HEAD as u64).read_to_end(&mut head));
    read.map_err(|error| PathError::Unreadable(path.clone(), error))?;
    let source = if check_format(&name, &head)?.is_archive() {
        batch::Source::Path(path).into()
    } else {
        file::Source::Path(path).into()
    };
    Ok((source, name, size_bytes))
}

/// Fails for a file, of this name and with these first bytes, of a kind that Sluice does not read.
pub fn check_format(name: &str, head: &[u8]) -> Result<&'static Format, JobsError> {
    recognise(name, head).map_err(|kind| JobsError::Unsupported(unsupported(name, kind).message))
}
