//! Query strings as the document shows them. Handlers read them through `domain::parameters`, which says what is
//! wrong in words of its own; a test holds the two together.

#![allow(dead_code, reason = "only their attributes are read")]

use utoipa::IntoParams;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{KnownFormat, SchemaFormat};

use crate::domain::{
    HistoryRange, JobId, JobSort, JobStatus, JobType, OnDuplicate, WebhookId, WebhookStatus,
};

/// Which jobs: of `GET /jobs`, and of the calls that act on many.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Those in this state.
    #[param(required = false)]
    status: JobStatus,
    /// Those of this type.
    #[param(required = false)]
    job_type: JobType,
    /// Failed ones, and completed ones with failed items.
    #[param(required = false)]
    attention: bool,
    /// Those with warnings.
    #[param(required = false)]
    warnings: bool,
    /// Those that failed for this reason, or `items_failed`.
    #[param(required = false, example = "encrypted")]
    error_code: String,
    /// Those with this in their name, id, message or error, in any case of ASCII letters.
    #[param(required = false)]
    q: String,
    /// Those accepted since then: a time, or so long ago as `30m`, `24h` or `7d`.
    #[param(required = false, schema_with = moment, example = "24h")]
    since: String,
    /// Those accepted until then.
    #[param(required = false, schema_with = moment, example = "2024-01-15T10:30:00Z")]
    until: String,
}

/// Which page of them.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct JobsPage {
    /// The order; of two that are alike the newer one comes first.
    #[param(required = false)]
    sort: JobSort,
    /// The `next` of the page before.
    #[param(required = false, schema_with = cursor)]
    before: String,
    /// How many at most.
    #[param(required = false, minimum = 1, maximum = 1000, default = 50)]
    limit: u32,
}

/// What makes a request safe to send again.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct Idempotency {
    /// The same request sent again with the same key within a day meets its first job.
    #[param(
        rename = "Idempotency-Key",
        required = false,
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$"
    )]
    idempotency_key: String,
}

/// What to do with duplicates.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Duplicates {
    /// What to do with content that a document has already; the body may say it, too, and then counts.
    #[param(required = false)]
    on_duplicate: OnDuplicate,
}

/// Jobs by their ids.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Ids {
    /// Of the jobs that match, only those of these ids. It can be given many times.
    #[param(required = false)]
    id: Vec<JobId>,
}

/// Whether to wait.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Sync {
    /// Answer only when the job has ended.
    #[param(required = false)]
    sync: bool,
}

/// Of `GET /jobs/{id}`.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wait {
    /// Answer when the job has ended, or after so many seconds.
    #[param(required = false, minimum = 0, maximum = 300)]
    wait: u32,
}

/// Of `GET /audit`.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditEntries {
    /// Only entries before this one: the `next` of the page before.
    #[param(required = false, schema_with = count)]
    before: u64,
    /// How many at most.
    #[param(required = false, minimum = 1, maximum = 1000, default = 100)]
    limit: u32,
}

/// Of `GET /jobs/history`.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Range {
    /// How far back.
    #[param(required = false)]
    range: HistoryRange,
}

/// Of `GET /jobs/{id}/items`.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Items {
    /// Only those that failed.
    #[param(required = false)]
    failed: bool,
    /// The `next` of the page before.
    #[param(required = false, schema_with = count)]
    after: u64,
    /// How many at most.
    #[param(required = false, minimum = 1, maximum = 1000, default = 100)]
    limit: u32,
}

/// Of `GET /jobs/{id}/log`.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Attempt {
    /// Only this attempt; without it the last ones.
    #[param(required = false, schema_with = number)]
    attempt: u32,
}

/// Of `GET /jobs/events`.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct After {
    /// Changes after this one: the id of an event, or a job's `seq`. `Last-Event-ID` wins.
    #[param(required = false, schema_with = count)]
    after: u64,
}

/// The header of `GET /jobs/events`.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct LastEvent {
    /// The id of the last event that came; browsers send it when they reconnect.
    #[param(rename = "Last-Event-ID", required = false, schema_with = count_or_nothing)]
    last_event_id: u64,
}

/// Of `GET /documents`.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Documents {
    /// Those with this in their name, in any case of ASCII letters.
    #[param(required = false)]
    q: String,
    /// Those that this job made.
    #[param(required = false)]
    job_id: JobId,
    /// The `next` of the page before.
    #[param(required = false)]
    before: crate::domain::DocumentId,
    /// How many at most.
    #[param(required = false, minimum = 1, maximum = 1000, default = 50)]
    limit: u32,
}

/// Of `GET /webhooks`.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Webhooks {
    /// Those that tell of this job.
    #[param(required = false)]
    job_id: JobId,
    /// Those in this state.
    #[param(required = false)]
    status: WebhookStatus,
    /// The `next` of the page before.
    #[param(required = false)]
    before: WebhookId,
    /// How many at most.
    #[param(required = false, minimum = 1, maximum = 1000, default = 50)]
    limit: u32,
}

/// Of `GET /documents/{id}`: which of its chunks.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Chunks {
    /// The first one: a `next_offset`.
    #[param(required = false, schema_with = number)]
    offset: u32,
    /// How many at most.
    #[param(required = false, minimum = 1, maximum = 1000, default = 50)]
    limit: u32,
}

/// Of `POST /chunks/preview`.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PreviewLimit {
    /// How many chunks of each document at most.
    #[param(required = false, minimum = 1, maximum = 1000, default = 50)]
    limit: u32,
}

const DAYS: &str =
    "(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)";
const UUID: &str = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";

/// What `domain::Moment` reads.
pub fn moment() -> ObjectBuilder {
    let ago = "[0-9]{1,9}m|[0-9]{1,7}h|[0-9]{1,6}d";
    let time = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]";
    text(format!("^(?:{ago}|[0-9]{{4}}-{DAYS}T{time}(?:\\.[0-9]{{3}})?Z)$"))
}

/// What `domain::JobCursor` reads.
fn cursor() -> ObjectBuilder {
    text(format!("^(?:[0-9]{{1,19}}\\.)?{UUID}$"))
}

/// All that a `u32` holds; the format `int32` would end at half of it.
fn number() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(u32::MAX as usize))
}

/// The number of a change, or of an item.
fn count() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(usize::MAX))
}

/// The same in a header, where what is empty is not there.
fn count_or_nothing() -> ObjectBuilder {
    count().schema_type(SchemaType::from_iter([Type::Integer, Type::String])).max_length(Some(0))
}

/// An id.
pub fn uuid() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
}

fn text(pattern: String) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern))
}
