//! What the server and the browser both know: plain data and rules. No I/O, no clock, no cfg.

pub mod attempt;
pub mod chunking;
pub mod document;
pub mod durations;
pub mod event;
pub mod format;
pub mod history;
pub mod job;
pub mod job_type;
pub mod jobs;
pub mod json;
pub mod limits;
pub mod location;
pub mod metadata;
pub mod overlay;
pub mod pace;
pub mod preview;
pub mod problem;
pub mod progress;
pub mod search;
pub mod time_left;
pub mod warning;
pub mod whereabouts;
pub mod words;

pub use attempt::{AttemptOutcome, JobAttempt, JobLog, LogLevel, LogLine};
pub use chunking::Chunking;
pub use document::{
    Chunk, Document, DocumentFilter, DocumentId, DocumentPage, DocumentWithChunks, KnowledgeBase,
};
pub use event::JobEvent;
pub use history::{History, HistoryPoint, HistoryRange, StageTimes, TimedStage};
pub use job::{Job, JobId, JobStatus, JobSummary};
pub use job_type::JobType;
pub use jobs::{
    ItemFilter, JobChoice, JobDetails, JobFilter, JobItem, JobItemPage, JobPage, JobStats, JobsView,
    SourceInfo,
};
pub use limits::Limits;
pub use location::Location;
pub use metadata::Metadata;
pub use pace::Pace;
pub use preview::{Preview, PreviewedDocument};
pub use problem::Problem;
pub use progress::{Progress, Stage};
pub use search::{Answer, Query, Source};
pub use warning::Warning;
