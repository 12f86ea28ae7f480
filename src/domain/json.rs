//! Reading JSON.

use serde::de::DeserializeOwned;

/// Reads from bytes, as the server functions do: so the bundle holds one reader for each type and
/// not two.
pub fn read<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    serde_json::from_slice(text.as_bytes())
}
