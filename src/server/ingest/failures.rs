//! Why an item could not be ingested, in words for its owner: what was wrong, and what to do about it.

use std::io;

use super::extract::Unreadable;
use super::extract::text::TextError;
use super::folders::PathError;
use crate::domain::format::{Format, supported};
use crate::domain::{DocumentId, Duplicate, DuplicateOutcome, Warning};
use crate::server::blobs::BlobReader;
use crate::server::jobs::retry::may_pass;
use crate::server::store::{ChunkKey, Failure};

/// The longest reason a child may give, in characters.
const LONGEST_REASON: usize = 500;

/// The failure of an item of a kind that is not read; `kind` says what it is, if that is known.
pub fn unsupported(name: &str, kind: Option<&str>) -> Failure {
    let what = match kind {
        Some(kind) => format!("{name} is of a kind Sluice does not read ({kind})"),
        None if Format::of_name(name).is_some_and(Format::is_text) => {
            format!("{name} is not a text file: it has zero bytes")
        }
        None => format!("{name} is of a kind Sluice does not read"),
    };
    let message = format!("{what}. It reads {}; GET /formats lists all endings.", supported());
    Failure::new("unsupported_format", message)
}

/// The failure of an item whose content is not to be there twice, and is.
pub fn duplicate(document_id: DocumentId) -> Failure {
    let duplicate = Duplicate { outcome: DuplicateOutcome::Refused, document_id };
    Failure { duplicate: Some(duplicate), ..Failure::new(Duplicate::ERROR, duplicate.to_string()) }
}

/// The failure of an item in which nothing was found.
pub fn no_text(name: &str, warnings: &[Warning]) -> Failure {
    let message = match warnings.first() {
        None => format!("There is no text in {name}, only white space."),
        Some(warning) => format!("There is no text in {name}. {}", warning.message),
    };
    Failure::new("no_text", message)
}

/// The failure of an item that its reader could not read. What a child says is not trusted to be a code.
pub fn extract_failure(name: &str, unreadable: &Unreadable) -> Failure {
    let known = [
        "unsupported_format",
        "damaged",
        "encrypted",
        "too_expensive",
        "extractor_timeout",
        "extractor_crashed",
        "unreadable",
        "no_text",
    ];
    let code = known.into_iter().find(|code| *code == unreadable.code).unwrap_or("extractor_crashed");
    let reason: String = unreadable.reason.chars().take(LONGEST_REASON).collect();
    Failure::new(code, format!("{name} could not be read: {reason}."))
}

/// The failure of an item that is too large for one document.
pub fn too_many_chunks(name: &str) -> Failure {
    let most = ChunkKey::MAX_CHUNKS;
    Failure::new("too_large", format!("{name} has more than {most} chunks. Split it into smaller files."))
}

/// The failure of a job with more items than it can have.
pub fn too_many_files(name: &str) -> Failure {
    let most = DocumentId::MAX_ITEMS;
    Failure::new("too_many_items", format!("There are more than {most} files in {name}. Send it in parts."))
}

/// The failure of an item whose bytes are no text.
pub fn text_failure(name: &str, error: &TextError) -> Failure {
    match error {
        TextError::InvalidUtf8(_) | TextError::Binary(_) | TextError::Controls => Failure::new(
            "unsupported_format",
            format!("{name} is not a text file: {error}. Sluice reads {}.", supported()),
        ),
        TextError::Io(cause) if BlobReader::is_damaged(cause) => source_lost(cause),
        TextError::Io(cause) => unreadable(name, cause),
        TextError::Stopped => Failure::new("unreadable", format!("Reading {name} was stopped.")),
    }
}

/// The failure of an item that cannot be read.
pub fn unreadable(name: &str, cause: &io::Error) -> Failure {
    let message = format!("{name} could not be read to its end: {cause}. Send it again once that is mended.");
    Failure { may_pass: may_pass(cause), ..Failure::new("unreadable", message) }
}

/// The failure of an item whose path leads nowhere.
pub fn path_failure(error: &PathError) -> Failure {
    let code = match error {
        PathError::Forbidden(_) => "path_forbidden",
        PathError::Missing(_) => "path_not_found",
        PathError::Special(_) => "unsupported_format",
        PathError::Unreadable(..) => "unreadable",
    };
    let may_pass = matches!(error, PathError::Unreadable(_, cause) if may_pass(cause));
    Failure { may_pass, ..Failure::new(code, format!("{error}.")) }
}

/// The failure of what was to be kept for the job, and cannot be read.
pub fn source_lost(error: &io::Error) -> Failure {
    let message = format!("The job's source in the data folder could not be read: {error}. Send it again.");
    Failure { may_pass: may_pass(error), ..Failure::new("source_lost", message) }
}
