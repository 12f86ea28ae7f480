//! What is in a source: its text, piece by piece, with the places it is at.
//!
//! [`text`] reads formats whose bytes are text, in this process. All others are read by [`worker`], in a child
//! process that a hostile file may crash; `readers` holds what it runs, one file for each family of formats.

pub mod markdown;
pub mod readers;
pub mod text;
pub mod worker;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{Location, Warning};

/// What a reader finds, in the order of the source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Extracted {
    /// Text that follows what came before.
    Text(String),
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

    pub fn encrypted() -> Self {
        Self::new("encrypted", "it is encrypted; remove its password and send it again")
    }
}
