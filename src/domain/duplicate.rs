//! What becomes of content that a document has already.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::DocumentId;
use super::job::named;
use super::parameters::{BadParameter, one_of, parsed};

/// What is to be done with content that a document has already, byte by byte. How the two are called, what metadata
/// they have and how they are cut does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnDuplicate {
    /// It becomes one more document.
    #[default]
    Allow,
    /// It is left out; the document that has it stays.
    Skip,
    /// It takes the place of all documents that have it.
    Replace,
    /// It is refused.
    Error,
}

impl OnDuplicate {
    pub const ALL: [Self; 4] = [Self::Allow, Self::Skip, Self::Replace, Self::Error];

    /// What the parameter is called in queries, forms and JSON.
    pub const NAME: &'static str = "on_duplicate";

    /// The name used on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Skip => "skip",
            Self::Replace => "replace",
            Self::Error => "error",
        }
    }

    /// Reads a parameter; `None` if it is empty or not there.
    pub fn from_parameter(value: Option<&str>) -> Result<Option<Self>, BadParameter> {
        parsed(Self::NAME, value, &one_of(&Self::ALL.map(Self::as_str)))
    }

    /// Whether content that is there already is not taken in.
    pub fn keeps_out(self) -> bool {
        matches!(self, Self::Skip | Self::Error)
    }

    pub fn is_allow(&self) -> bool {
        *self == Self::Allow
    }
}

/// Content that a document had already: what became of it, and which document that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Duplicate {
    pub outcome: DuplicateOutcome,
    /// The document that was met, the oldest if there were several.
    pub document_id: DocumentId,
}

/// What became of content that a document had already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateOutcome {
    Skipped,
    Replaced,
    Refused,
}

impl DuplicateOutcome {
    pub const ALL: [Self; 3] = [Self::Skipped, Self::Replaced, Self::Refused];

    /// The name used on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Replaced => "replaced",
            Self::Refused => "refused",
        }
    }
}

named!(OnDuplicate, "way to treat duplicates");
named!(DuplicateOutcome, "outcome of a duplicate");

impl Duplicate {
    /// The error code of content that was refused.
    pub const ERROR: &'static str = "duplicate_document";

    pub fn skipped(document_id: DocumentId) -> Self {
        Self { outcome: DuplicateOutcome::Skipped, document_id }
    }

    /// The document that stands for what was not taken in.
    pub fn stands_in(self) -> Option<DocumentId> {
        (self.outcome == DuplicateOutcome::Skipped).then_some(self.document_id)
    }
}

impl fmt::Display for Duplicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.document_id;
        match self.outcome {
            DuplicateOutcome::Skipped => write!(f, "Skipped: document {id} has the same content"),
            DuplicateOutcome::Replaced => write!(f, "Replaced document {id}, which had the same content"),
            DuplicateOutcome::Refused => write!(
                f,
                "Document {id} has the same content already. To take it in all the same, send it with on_duplicate=allow \
                 or on_duplicate=replace."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_way_is_refused_with_those_there_are() {
        let refused = OnDuplicate::from_parameter(Some("ignore")).unwrap_err();
        assert_eq!(
            refused.message,
            "on_duplicate is \"ignore\"; it must be one of allow, skip, replace, error."
        );
        assert_eq!(OnDuplicate::from_parameter(Some("skip")), Ok(Some(OnDuplicate::Skip)));
        assert_eq!(OnDuplicate::from_parameter(Some("")), Ok(None));
    }
}
