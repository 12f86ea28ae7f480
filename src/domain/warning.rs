//! What was not as it should be, though the job went on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something about a source that its owner should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Warning {
    /// Stable, for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

impl Warning {
    /// A document, an item or a job keeps so many; more are not told.
    pub const MOST: usize = 20;

    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }
}
