//! What a caller wants to remember about a document.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A JSON object given by the caller and handed back with the job, its documents and every source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub struct Metadata(pub Map<String, Value>);

impl Metadata {
    /// Reads metadata sent as text in a form field; empty text means none.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        // Spaces aside, it cannot be shorter once it is read.
        if text.len() > 2 * Self::MAX_SIZE {
            return Err(too_large(text.len()));
        }
        let value: Value =
            serde_json::from_str(text).map_err(|error| format!("metadata is not valid JSON: {error}"))?;
        Self::from_value(value)
    }

    /// The most that metadata may hold, in bytes of JSON: it goes with every job, document and answer.
    pub const MAX_SIZE: usize = 64 << 10;
    /// How many objects and arrays may lie inside each other.
    pub const MAX_DEPTH: usize = 32;

    /// Takes a JSON value that should be an object; `null` means none.
    pub fn from_value(value: Value) -> Result<Self, String> {
        if depth(&value) > Self::MAX_DEPTH {
            return Err(format!("metadata is nested deeper than {} levels; flatten it", Self::MAX_DEPTH));
        }
        let kind = match value {
            Value::Object(map) => return Self(map).checked(),
            Value::Null => return Ok(Self::default()),
            Value::Array(_) => "an array",
            Value::String(_) => "a string",
            Value::Number(_) => "a number",
            Value::Bool(_) => "a boolean",
        };
        Err(format!("metadata is {kind}; it must be a JSON object such as {{\"source\": \"api\"}}"))
    }

    fn checked(self) -> Result<Self, String> {
        let size = self.size();
        if size > Self::MAX_SIZE {
            return Err(too_large(size));
        }
        Ok(self)
    }

    /// How long it is as JSON, in bytes.
    pub fn size(&self) -> usize {
        serde_json::to_string(&self.0).map_or(0, |json| json.len())
    }

    /// This metadata with `more` laid over it: the same key in `more` wins.
    pub fn overlaid(&self, more: &Self) -> Self {
        let mut map = self.0.clone();
        map.extend(more.0.iter().map(|(key, value)| (key.clone(), value.clone())));
        Self(map)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn too_large(size: usize) -> String {
    let most = Metadata::MAX_SIZE;
    format!("metadata has {size} bytes; it can have at most {most}. Long texts belong into the text")
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_object_is_metadata() {
        assert!(Metadata::parse(r#"{"source": "api"}"#).is_ok());
        assert!(Metadata::parse("  ").unwrap().is_empty());
        for (text, part) in
            [("[1]", "an array"), ("\"x\"", "a string"), ("3", "a number"), ("{", "not valid")]
        {
            assert!(Metadata::parse(text).unwrap_err().contains(part), "{text}");
        }
    }

    #[test]
    fn metadata_is_neither_large_nor_deep() {
        let large = format!(r#"{{"a": "{}"}}"#, "x".repeat(Metadata::MAX_SIZE));
        assert!(Metadata::parse(&large).unwrap_err().contains("at most 65536"));
        let nested = |levels| format!(r#"{{"a": {}{}}}"#, "[".repeat(levels), "]".repeat(levels));
        assert!(Metadata::parse(&nested(Metadata::MAX_DEPTH - 1)).is_ok());
        assert!(Metadata::parse(&nested(Metadata::MAX_DEPTH)).unwrap_err().contains("32 levels"));
    }

    #[test]
    fn an_items_own_metadata_wins_over_the_batch() {
        let batch = Metadata::parse(r#"{"a": 1, "b": 1}"#).unwrap();
        let item = Metadata::parse(r#"{"b": 2}"#).unwrap();
        assert_eq!(batch.overlaid(&item), Metadata::parse(r#"{"a": 1, "b": 2}"#).unwrap());
    }
}
