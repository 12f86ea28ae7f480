//! By what content is known again.

use std::io::{self, Read, Seek, SeekFrom};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::BlobRef;

/// The SHA-256 of a document's source, byte by byte as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContentHash(pub [u8; 32]);

impl ContentHash {
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Of all there is to read, with its size in bytes; leaves the source at its start. Blocks.
    pub fn of_source(source: &mut (impl Read + Seek)) -> io::Result<(Self, u64)> {
        let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 64 << 10]);
        loop {
            match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => {
                    hash.update(&buffer[..length]);
                    size += length as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        source.seek(SeekFrom::Start(0))?;
        Ok((Self(hash.finalize().into()), size))
    }
}

impl From<BlobRef> for ContentHash {
    fn from(blob: BlobRef) -> Self {
        Self(blob.0)
    }
}
