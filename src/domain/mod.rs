//! What the server and the browser both know: plain data and rules. No I/O, no clock, no cfg.

pub mod access;
pub mod attempt;
pub mod bulk;
pub mod cause;
pub mod chunking;
pub mod document;
pub mod duplicate;
pub mod durations;
pub mod event;
pub mod format;
pub mod history;
pub mod job;
pub mod job_filter;
pub mod job_type;
pub mod jobs;
pub mod json;
pub mod limits;
pub mod location;
pub mod metadata;
pub mod overlay;
pub mod pace;
pub mod parameters;
pub mod preview;
pub mod problem;
pub mod progress;
pub mod queue;
pub mod search;
pub mod theme;
pub mod time_left;
pub mod warning;
pub mod webhook;
pub mod whereabouts;
pub mod words;

pub use attempt::{AttemptOutcome, JobAttempt, JobLog, LogLevel, LogLine};
pub use bulk::{BulkOutcome, JobSelection, Unchanged};
pub use cause::JobCause;
pub use chunking::Chunking;
pub use document::{
    Chunk, Document, DocumentFilter, DocumentId, DocumentPage, DocumentWithChunks, KnowledgeBase,
};
pub use duplicate::{Duplicate, DuplicateOutcome, OnDuplicate};
pub use event::JobEvent;
pub use history::{History, HistoryPoint, HistoryRange, StageTimes, TimedStage};
pub use job::{Job, JobId, JobStatus, JobSummary};
pub use job_filter::{JobCursor, JobFilter, JobQuery, JobSort, Moment};
pub use job_type::JobType;
pub use jobs::{ItemFilter, JobDetails, JobItem, JobItemPage, JobPage, JobStats, JobsView, SourceInfo};
pub use limits::Limits;
pub use location::Location;
pub use metadata::Metadata;
pub use pace::Pace;
pub use parameters::BadParameter;
pub use preview::{Preview, PreviewedDocument};
pub use problem::Problem;
pub use progress::{Progress, Stage};
pub use queue::{QueueChange, QueueState};
pub use search::{Answer, Query, Source};
pub use theme::Theme;
pub use warning::Warning;
pub use webhook::{
    WebhookAttempt, WebhookDelivery, WebhookEvent, WebhookFilter, WebhookId, WebhookPage, WebhookStatus,
};
