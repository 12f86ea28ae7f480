//! By what content is known again.

use std::io::{self, Read, Seek, SeekFrom};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::BlobRef;

/// After so many bytes it is asked whether to go on.
const ASK_EACH: u64 = 4 << 20;

/// The SHA-256 of a document's source, byte by byte as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContentHash(pub [u8; 32]);

impl ContentHash {
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Of all there is to read, with its size in bytes; leaves the source at its start. Asks now and then whether to
    /// go on, and is `None` if not. Blocks.
    pub fn of_source(
        source: &mut (impl Read + Seek),
        mut go_on: impl FnMut() -> bool,
    ) -> io::Result<Option<(Self, u64)>> {
        let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 64 << 10]);
        let mut asked_at = 0;
        loop {
            match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => {
                    hash.update(&buffer[..length]);
                    size += length as u64;
                    if size - asked_at >= ASK_EACH {
                        asked_at = size;
                        if !go_on() {
                            return Ok(None);
                        }
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        source.seek(SeekFrom::Start(0))?;
        Ok(Some((Self(hash.finalize().into()), size)))
    }
}

impl From<BlobRef> for ContentHash {
    fn from(blob: BlobRef) -> Self {
        Self(blob.0)
    }
}
