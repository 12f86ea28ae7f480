//! What a worker and the store tell each other about one attempt at a job.

use chrono::{DateTime, Utc};

use super::{BlobRef, ContentHash, Version};
use crate::domain::{
    Chunk, DocumentId, Duplicate, Job, JobAttempt, JobId, LogLevel, Metadata, OnDuplicate, Progress, Warning,
};

/// Names one worker of one run of the server; new at each start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerId(pub String);

/// What a worker asks for.
#[derive(Clone, Debug)]
pub struct Claim {
    pub worker: WorkerId,
    /// Small texts to take together at most.
    pub group: u32,
    /// Whether the job may be a bulk job.
    pub bulk: bool,
    pub lease_until: DateTime<Utc>,
}

/// Proof that a worker may work on a job.
#[derive(Clone, Debug)]
pub struct Lease {
    pub job: Job,
    pub bulk: bool,
    /// As it was accepted; empty if the database has lost it.
    pub source: String,
}

impl Lease {
    /// What guards every write of this attempt.
    pub fn fence(&self) -> Fence {
        Fence::of(&self.job)
    }
}

/// A job and the attempt that may write to it; an older attempt changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fence {
    pub job: JobId,
    pub attempt: u32,
}

impl Fence {
    /// What guards the writes of the job's present attempt.
    pub fn of(job: &Job) -> Self {
        Self { job: job.job_id, attempt: job.attempt }
    }
}

/// What the store wants the worker to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    GoOn,
    /// Only of a delivery: documents have the content of items that is not to be there twice; nothing was written.
    Met(Vec<Met>),
    /// Someone asked to cancel the job; nothing was written.
    StopCancelled,
    /// The job belongs to another attempt now, or to none; nothing was written.
    LeaseLost,
}

/// An item of a delivery, by its place there, and the document that has its content already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Met {
    pub place: usize,
    pub document: DocumentId,
}

/// How an attempt ended without success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Failed(Failure),
    /// Back to the queue until then.
    TryAgain(Failure, DateTime<Utc>),
    /// Back to the queue until then, and the attempt does not count: the cause is not the job's.
    PutOff(Failure, DateTime<Utc>),
    /// The server is stopping: back to the queue, and the attempt does not count.
    Released,
}

/// Why something could not be ingested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Stable, for programs.
    pub code: &'static str,
    /// A sentence for people: what was wrong and what to do about it.
    pub message: String,
    /// The cause may be gone at another attempt.
    pub may_pass: bool,
    /// A document that was in the way.
    pub duplicate: Option<Duplicate>,
}

impl Failure {
    /// A failure that another attempt would meet again.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), may_pass: false, duplicate: None }
    }

    /// A failure whose cause may pass by itself.
    pub fn that_may_pass(code: &'static str, message: impl Into<String>) -> Self {
        Self { may_pass: true, ..Self::new(code, message) }
    }
}

/// An attempt as the store keeps it: with when the next one was to come after it.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptAttempt {
    pub attempt: JobAttempt,
    pub retry_at: Option<DateTime<Utc>>,
}

/// A line for the log of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLine {
    pub level: LogLevel,
    /// A sentence; never a part of a document's text.
    pub text: String,
}

impl NewLine {
    pub fn new(level: LogLevel, text: impl Into<String>) -> Self {
        Self { level, text: text.into() }
    }
}

/// Items of one job that are ready to be written.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub fence: Fence,
    pub items: Vec<ItemResult>,
    pub progress: Progress,
    /// These are the job's last items: from now on it waits for the index, and costs no slot.
    pub last: bool,
}

/// One item of a job, and what became of it.
#[derive(Clone, Debug)]
pub struct ItemResult {
    /// Position in the job, from 0.
    pub item: u64,
    pub name: String,
    pub outcome: ItemOutcome,
}

/// What became of an item.
#[derive(Clone, Debug)]
pub enum ItemOutcome {
    Read(NewDocument),
    /// This document has its content already, and that was reason to leave it out.
    Skipped(DocumentId),
    Failed(Failure),
}

impl ItemOutcome {
    /// The document, if it was read.
    pub fn document(&self) -> Option<&NewDocument> {
        if let Self::Read(document) = self { Some(document) } else { None }
    }

    /// The document, if it was read.
    pub fn document_mut(&mut self) -> Option<&mut NewDocument> {
        if let Self::Read(document) = self { Some(document) } else { None }
    }

    /// Whether it may be there twice, as far as was asked.
    pub fn allows_duplicates(&self) -> bool {
        self.document().is_none_or(|it| it.on_duplicate.is_allow())
    }

    /// Why it failed, if it did.
    pub fn failure(&self) -> Option<&Failure> {
        if let Self::Failed(failure) = self { Some(failure) } else { None }
    }
}

/// A document that was read.
#[derive(Clone, Debug)]
pub struct NewDocument {
    pub media_type: String,
    pub size_bytes: u64,
    pub characters: u64,
    pub metadata: Metadata,
    pub warnings: Vec<Warning>,
    pub blob: Option<BlobRef>,
    /// None if it is not known; then it is like no other.
    pub hash: Option<ContentHash>,
    pub on_duplicate: OnDuplicate,
    pub content: Content,
}

/// The chunks of a new document.
#[derive(Clone, Debug)]
pub enum Content {
    Chunks(Vec<Chunk>),
    /// Already written with [`Store::append_chunks`](super::Store::append_chunks).
    Version {
        version: Version,
        chunk_count: u64,
    },
}
