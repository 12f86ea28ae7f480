//! What comes in becomes a job.

use std::fmt::Display;
use std::path::Path;
use std::sync::atomic::Ordering;

use uuid::Uuid;

use super::{JobManager, JobsError, names};
use crate::domain::format::{Format, supported};
use crate::domain::limits::FixedLimits;
use crate::domain::{Job, JobId, Metadata};
use crate::server::blobs::{Blobs, WrittenBlob};
use crate::server::clock;
use crate::server::ingest::folders::Found;
use crate::server::ingest::sources::batch::{Message, StoredFile};
use crate::server::ingest::sources::{JobSource, ReadItems, batch, directory, file, text};
use crate::server::store::NewJob;

/// Sources up to this size lie in the database, larger ones in a blob, in bytes.
const INLINE: usize = 64 << 10;

/// A batch's own metadata times the number of its messages, in bytes.
const MAX_SHARED_METADATA: usize = FixedLimits::VALUES.max_shared_metadata as usize;

/// A job with more bytes or more items than this gives way to smaller ones.
const BULK_SIZE: u64 = 32 << 20;
const BULK_ITEMS: u64 = 1000;

/// An uploaded file that is not part of a job yet; dropped, it is gone.
#[derive(Debug)]
pub struct Upload {
    pub name: String,
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

    /// Takes in a text.
    pub async fn submit_text(&self, text: String, metadata: Metadata) -> Result<Job, JobsError> {
        check_text("text_content", &text)?;
        let (name, size_bytes) = (names::of_text(&text), text.len() as u64);
        let source = if text.len() <= INLINE {
            text::Source::Inline(text)
        } else {
            text::Source::Blob(self.blobs().put(text.as_bytes()).await?)
        };
        self.submit(source.into(), name, size_bytes, 1, metadata).await
    }

    /// Takes in messages, each a document of its own.
    pub async fn submit_messages(
        &self,
        messages: Vec<Message>,
        metadata: Metadata,
    ) -> Result<Job, JobsError> {
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
        if metadata.size() * messages.len() > MAX_SHARED_METADATA {
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
        self.submit(source.into(), name, size_bytes, items, metadata).await
    }

    /// Takes in uploaded files: one is a file job, several are a batch.
    pub async fn submit_files(&self, uploads: Vec<Upload>, metadata: Metadata) -> Result<Job, JobsError> {
        let (mut files, mut written) = (Vec::new(), Vec::new());
        for upload in uploads {
            let Upload { name, size_bytes, written: bytes } = upload;
            files.push(StoredFile { name, blob: bytes.blob, size_bytes });
            written.push(bytes);
        }
        self.blobs().publish(written).await?;
        let size_bytes = files.iter().map(|file| file.size_bytes).sum();
        if files.len() > 1 {
            let (name, items) = (format!("{} files", files.len()), files.len() as u64);
            let source = batch::Source::Files(files);
            return self.submit(source.into(), name, size_bytes, items, metadata).await;
        }
        let Some(file) = files.pop() else { return Err(JobsError::EmptyBatch) };
        self.submit(file::Source::Uploaded(file.blob).into(), file.name, size_bytes, 1, metadata).await
    }

    /// Takes in a file or a folder of the server's machine.
    pub async fn submit_path(&self, path: &Path, metadata: Metadata) -> Result<Job, JobsError> {
        let (folders, wanted) = (self.0.shelves.folders.clone(), path.to_owned());
        let found = tokio::task::spawn_blocking(move || folders.find(&wanted))
            .await
            .map_err(std::io::Error::other)??;
        match found {
            Found::Folder { path } => {
                let name = path.display().to_string();
                self.submit(directory::Source(path).into(), name, 0, 0, metadata).await
            }
            Found::File { path, size_bytes } => {
                let name = names::of_file(&path.to_string_lossy()).unwrap_or_default();
                check_format(&name)?;
                self.submit(file::Source::Path(path).into(), name, size_bytes, 1, metadata).await
            }
        }
    }

    /// Adds a job that reads `source`.
    pub async fn submit(
        &self,
        source: JobSource,
        name: String,
        size_bytes: u64,
        total_items: u64,
        metadata: Metadata,
    ) -> Result<Job, JobsError> {
        self.0.disk.check()?;
        let job = NewJob {
            id: JobId(Uuid::now_v7()),
            job_type: source.job_type(),
            name,
            size_bytes,
            total_items,
            metadata,
            source: serde_json::to_string(&source).map_err(std::io::Error::from)?,
            blobs: source.blobs(),
            bulk: source.is_bulk() || size_bytes > BULK_SIZE || total_items > BULK_ITEMS,
            max_attempts: self.0.settings.max_attempts,
        };
        let max_pending = self.0.settings.max_pending;
        let accepted = self.0.store.accept(job, max_pending, clock::now()).await?;
        self.0.queue_was_full.store(accepted.is_none(), Ordering::Relaxed);
        let job = accepted.ok_or(JobsError::QueueFull(max_pending))?;
        self.0.new_job.notify_one();
        Ok(job)
    }
}

/// Fails for a text that no job could ingest; `field` says where it was sent.
fn check_text(field: impl Display, text: &str) -> Result<(), JobsError> {
    if text.trim().is_empty() {
        return Err(JobsError::Empty(field.to_string()));
    }
    match text.find('\0') {
        Some(place) => Err(JobsError::Nul { field: field.to_string(), place }),
        None => Ok(()),
    }
}

/// Fails for a name that tells a kind of file Sluice does not read.
pub fn check_format(name: &str) -> Result<&'static Format, JobsError> {
    Format::of_name(name)
        .ok_or_else(|| JobsError::Unsupported { name: name.to_owned(), supported: supported() })
}
