//! How much room the data folder's disk has.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytesize::ByteSize;

/// For how long an answer of the system is used.
const FRESH: Duration = Duration::from_millis(500);

/// Says whether there is room for more.
#[derive(Clone, Debug)]
pub struct Disk {
    folder: PathBuf,
    /// Below this many free bytes nothing more is taken in.
    least: u64,
    known: Arc<Mutex<Option<(Instant, u64)>>>,
}

/// The disk is almost full.
#[derive(Debug, thiserror::Error)]
#[error(
    "The server's disk has {free} left, and takes in nothing below {least} (--min-free-disk). Reading, \
     cancelling and deleting go on; try again once there is room."
)]
pub struct LowDisk {
    free: ByteSize,
    least: ByteSize,
}

impl Disk {
    pub fn new(folder: &Path, least: u64) -> Self {
        Self { folder: folder.to_owned(), least, known: Arc::default() }
    }

    /// Fails while less is free than there should be. A system that cannot tell is believed to have room.
    pub fn check(&self) -> Result<(), LowDisk> {
        match self.free() {
            Some(free) if free < self.least => {
                Err(LowDisk { free: ByteSize(free), least: ByteSize(self.least) })
            }
            _ => Ok(()),
        }
    }

    /// The free bytes that are known; nothing where the system cannot tell.
    pub fn free(&self) -> Option<u64> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((asked, free)) = *known
            && asked.elapsed() < FRESH
        {
            return Some(free);
        }
        let facts = rustix::fs::statvfs(&self.folder).ok()?;
        let free = facts.f_bavail.saturating_mul(facts.f_frsize);
        *known = Some((Instant::now(), free));
        Some(free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_taken_in_below_the_least() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Disk::new(folder.path(), 0).check().is_ok());
        let refused = Disk::new(folder.path(), u64::MAX).check().unwrap_err();
        assert!(refused.to_string().contains("--min-free-disk"), "{refused}");
    }
}
