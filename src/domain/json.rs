//! Reading JSON.

use serde::de::DeserializeOwned;

/// Reads from text, as islands read what the page gives them: so the bundle holds one reader for each type and
/// not two.
pub fn read<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    serde_json::from_str(text)
}
