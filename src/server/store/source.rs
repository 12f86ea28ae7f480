//! What a job reads, as kept until the job has completed.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::Metadata;

/// Where a job's input is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A text, small enough for the job's row.
    Text(String),
    /// A text kept as a blob.
    TextBlob(BlobRef),
    /// Messages, few enough for the job's row.
    Messages(Vec<Message>),
    /// Messages kept as a blob: a JSON array of them.
    MessagesBlob(BlobRef),
    /// An uploaded file.
    File(StoredFile),
    /// Files uploaded together.
    Files(Vec<StoredFile>),
    /// A file of the server's machine.
    Path(PathBuf),
    /// A folder of the server's machine.
    Directory(PathBuf),
}

impl Source {
    /// The blobs that must be kept for this source.
    pub fn blobs(&self) -> Vec<BlobRef> {
        match self {
            Self::TextBlob(blob) | Self::MessagesBlob(blob) => vec![*blob],
            Self::File(file) => vec![file.blob],
            Self::Files(files) => files.iter().map(|file| file.blob).collect(),
            Self::Text(_) | Self::Messages(_) | Self::Path(_) | Self::Directory(_) => Vec::new(),
        }
    }
}

/// One text of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub text: String,
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

/// An uploaded file: its bytes are a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    pub name: String,
    pub blob: BlobRef,
    pub size_bytes: u64,
}

/// Names a blob by the SHA-256 of its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobRef(pub [u8; 32]);

impl fmt::Display for BlobRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for BlobRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for BlobRef {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

impl Serialize for BlobRef {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BlobRef {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
