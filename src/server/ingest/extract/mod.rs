//! What is in a source: its text, piece by piece, with the places it is at.
//!
//! [`text`] reads formats whose bytes are text, in this process. All others are read by [`worker`], in a child
//! process that a hostile file may crash; `readers` holds what it runs, one file for each family of formats.

pub mod encodings;
pub mod markdown;
pub mod readers;
pub mod rows;
pub mod text;
pub mod worker;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::cause::NO_PASSWORD_OPENS;
use crate::domain::{Location, Warning};
use crate::server::store::ContentHash;

/// What a reader finds, in the order of the source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Extracted {
    /// Text that follows what came before.
    Text(String),
    /// Rows of a table with their numbers, from 1. The first of a place is the header.
    Rows(Vec<(u32, String)>),
    /// What follows is here.
    Place(Location),
    /// So much of the source is read: pages, slides, sheets, chapters.
    Step {
        done: u64,
        total: u64,
    },
    /// Something the source says about itself, as its title.
    Fact(String, Value),
    Warning(Warning),
    /// Where another reader can go on, should this one crash on what comes next.
    Checkpoint(Checkpoint),
    /// So many files are in the archive that was opened now.
    Members(u64),
    /// A file of an archive begins. All that follows is of it, up to its end.
    Member {
        /// Among the files of the archive and of those in it, from 0.
        number: u64,
        /// Its path in the archive; of an archive in an archive, both paths.
        path: String,
        /// As the archive says it, in bytes.
        size: u64,
    },
    /// What the file is, by name, and how large.
    MemberFormat {
        name: String,
        size: u64,
        hash: ContentHash,
    },
    /// The file that began last has been read, or could not be.
    MemberEnd(Result<(), Unreadable>),
    /// It is being read, though nothing was found for a while.
    Waiting,
}

/// Finds places in a text that comes in pieces.
pub trait Structure {
    /// Takes text cut anywhere.
    fn push(&mut self, text: &str, sink: &mut dyn FnMut(Extracted));
    /// The text has ended.
    fn finish(&mut self, sink: &mut dyn FnMut(Extracted));
}

/// A page of a document or a member of an archive that is read next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Its number, from 0.
    pub next: u64,
    /// Pages before it that have no text.
    pub silent: u64,
    /// Those of them on which nothing is drawn at all.
    pub blank: u64,
    /// How many pages before it could not be read, and the numbers of the first of them, from 1.
    pub unreadable: u64,
    pub first_unreadable: Vec<u64>,
}

/// Why a source could not be read. Codes are those of a job's `error_code`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    pub code: String,
    /// A clause, as in "it is encrypted".
    pub reason: String,
}

impl Unreadable {
    pub fn new(code: &str, reason: impl Into<String>) -> Self {
        Self { code: code.to_owned(), reason: reason.into() }
    }

    pub fn damaged(cause: impl std::fmt::Display) -> Self {
        Self::new("damaged", format!("it is damaged, or not what its name says ({cause})"))
    }

    /// For formats that no password opens here.
    pub fn locked() -> Self {
        Self::new(
            "encrypted",
            format!("it is encrypted, and {NO_PASSWORD_OPENS}; save it without a password"),
        )
    }

    /// `tried` says whether a password came with it.
    pub fn encrypted(tried: bool) -> Self {
        let what_to_do = if tried {
            "the password that came with it does not open it"
        } else {
            "send it again, or retry its job, with its password in the field password"
        };
        Self::new("encrypted", format!("it is encrypted; {what_to_do}"))
    }

    pub fn crashed() -> Self {
        Self::new("extractor_crashed", "what reads it crashed; it may be damaged")
    }
}
