//! Source bytes, each kept once under the SHA-256 of its content.
//!
//! A blob appears under its name only when it is whole, on disk, and wanted: until then it is a
//! temporary file that vanishes with the request that brought it.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};
use tokio::io::AsyncWriteExt;

use crate::server::data_folder::DataFolder;
use crate::server::store::BlobRef;

/// A blob this young is never collected: the job that needs it may be about to be accepted.
const SAFE_AGE: Duration = Duration::from_secs(60 * 60);

/// The file whose lock is the right to remove blobs.
const REMOVAL_LOCK: &str = "blobs.lock";

/// Bytes gathered before they are hashed and written.
const WRITE_BUFFER: usize = 256 << 10;

/// The folder of blobs.
#[derive(Clone, Debug)]
pub struct Blobs(Arc<Folder>);

#[derive(Debug)]
struct Folder {
    blobs: PathBuf,
    temporary: PathBuf,
    removal_lock: PathBuf,
    /// Held while a blob appears or is removed, so that none is removed as it is written anew.
    change: Mutex<()>,
}

impl Blobs {
    /// Opens the folders under `data`, making those that are missing, and removes temporary files that a crash
    /// left. Blocks.
    pub fn open(data: &DataFolder) -> io::Result<Self> {
        let blobs = Self::look_into(data);
        let folder = &blobs.0;
        std::fs::create_dir_all(&folder.blobs)?;
        if folder.temporary.exists() {
            std::fs::remove_dir_all(&folder.temporary)?;
        }
        std::fs::create_dir_all(&folder.temporary)?;
        // Made by the server, so that it is the server's, whoever makes the backups.
        File::create(&folder.removal_lock)?;
        Ok(blobs)
    }

    /// The folders under `data` as they are.
    pub fn look_into(data: &DataFolder) -> Self {
        Self(Arc::new(Folder {
            blobs: data.blobs(),
            temporary: data.path().join("tmp"),
            removal_lock: data.path().join(REMOVAL_LOCK),
            change: Mutex::default(),
        }))
    }

    /// Starts a new blob.
    pub async fn create(&self) -> io::Result<BlobWriter> {
        let folder = self.0.clone();
        blocking(move || {
            let temporary = NamedTempFile::new_in(&folder.temporary)?;
            let file = tokio::fs::File::from_std(temporary.reopen()?);
            Ok(BlobWriter { temporary, file, hash: Sha256::new(), buffer: Vec::new(), size: 0 })
        })
        .await
    }

    /// Keeps bytes that are in memory already.
    pub async fn put(&self, bytes: &[u8]) -> io::Result<BlobRef> {
        let mut writer = self.create().await?;
        // In pieces, so that hashing never holds up the runtime.
        for piece in bytes.chunks(WRITE_BUFFER) {
            writer.write(piece).await?;
        }
        let written = writer.finish().await?;
        let blob = written.blob;
        self.publish(vec![written]).await?;
        Ok(blob)
    }

    /// Gives blobs their names. They are on disk when this returns.
    pub async fn publish(&self, written: Vec<WrittenBlob>) -> io::Result<()> {
        let folder = self.0.clone();
        blocking(move || {
            let change = folder.lock();
            for WrittenBlob { temporary, blob } in written {
                // A long upload's first file may be hours old, and must be safe from now on.
                File::open(&temporary)?.set_modified(SystemTime::now())?;
                temporary.persist(folder.path(blob)).map_err(|error| error.error)?;
            }
            drop(change);
            // The names are durable only once the folder is.
            File::open(&folder.blobs)?.sync_all()
        })
        .await
    }

    /// Opens a blob for reading. Whoever reads it to its end hears whether it is still what was written.
    pub fn read(&self, blob: BlobRef) -> io::Result<BlobReader> {
        Ok(BlobReader { file: File::open(self.0.path(blob))?, hash: Sha256::new(), blob })
    }

    /// Opens a blob to be handed out as it is.
    pub fn open_file(&self, blob: BlobRef) -> io::Result<File> {
        File::open(self.0.path(blob))
    }

    /// Keeps all blobs until the lock is dropped, also from another process. Waits for a removal that is under
    /// way. Blocks.
    pub fn forbid_removal(&self) -> io::Result<File> {
        let lock = File::create(&self.0.removal_lock)?;
        lock.lock_shared()?;
        Ok(lock)
    }

    /// Claims the right to remove blobs, unless someone forbids it now. Blocks.
    pub fn begin_removal(&self) -> io::Result<Option<File>> {
        let lock = File::create(&self.0.removal_lock)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// All blobs there are, and other files that should not be among them. Blocks.
    pub fn all(&self) -> io::Result<(Vec<BlobRef>, Vec<PathBuf>)> {
        let (mut blobs, mut others) = (Vec::new(), Vec::new());
        for entry in std::fs::read_dir(&self.0.blobs)? {
            let entry = entry?;
            match entry.file_name().to_str().and_then(|name| name.parse().ok()) {
                Some(blob) => blobs.push(blob),
                None => others.push(entry.path()),
            }
        }
        blobs.sort();
        Ok((blobs, others))
    }

    /// Puts a damaged blob aside, where nobody reads it. Blocks.
    pub fn set_aside(&self, blob: BlobRef) -> io::Result<PathBuf> {
        let folder = self.0.blobs.with_file_name("damaged");
        std::fs::create_dir_all(&folder)?;
        let aside = folder.join(blob.to_string());
        std::fs::rename(self.0.path(blob), &aside)?;
        Ok(aside)
    }

    /// Blobs old enough to be collected if nothing refers to them. Blocks.
    pub fn old(&self, now: SystemTime) -> io::Result<Vec<BlobRef>> {
        let (mut blobs, _) = self.all()?;
        blobs.retain(|blob| is_old(&self.0.path(*blob), now));
        Ok(blobs)
    }

    /// Removes a blob, unless it was written again meanwhile. Blocks.
    pub fn remove(&self, blob: BlobRef, now: SystemTime) -> io::Result<()> {
        let _change = self.0.lock();
        let path = self.0.path(blob);
        if is_old(&path, now) { std::fs::remove_file(path) } else { Ok(()) }
    }
}

/// Reads a blob, and fails at its end if the bytes are not those that were written.
#[derive(Debug)]
pub struct BlobReader {
    file: File,
    hash: Sha256,
    blob: BlobRef,
}

/// The bytes of a blob are not those that were written.
#[derive(Debug, thiserror::Error)]
#[error("the file {0} in the data folder is damaged")]
pub struct DamagedBlob(BlobRef);

impl BlobReader {
    /// Whether an error says that the blob is damaged.
    pub fn is_damaged(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|cause| cause.is::<DamagedBlob>())
    }
}

impl BlobReader {
    /// Reads all of it, and gives the file back at its start if the bytes are those that were written.
    pub fn verified(mut self) -> io::Result<File> {
        io::copy(&mut self, &mut io::sink())?;
        self.file.rewind()?;
        Ok(self.file)
    }
}

impl Seek for BlobReader {
    /// Only to the start.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if to != SeekFrom::Start(0) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.hash = Sha256::new();
        self.file.seek(to)
    }
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.hash.update(&buffer[..length]);
        let ended = length == 0 && !buffer.is_empty();
        if ended && BlobRef(self.hash.clone().finalize().into()) != self.blob {
            return Err(io::Error::new(io::ErrorKind::InvalidData, DamagedBlob(self.blob)));
        }
        Ok(length)
    }
}

fn is_old(path: &Path, now: SystemTime) -> bool {
    let modified = path.metadata().and_then(|it| it.modified());
    modified.is_ok_and(|modified| now.duration_since(modified).is_ok_and(|age| age > SAFE_AGE))
}

impl Folder {
    fn path(&self, blob: BlobRef) -> PathBuf {
        self.blobs.join(blob.to_string())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ()> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A blob being written. Dropped unfinished, it leaves nothing behind.
#[derive(Debug)]
pub struct BlobWriter {
    temporary: NamedTempFile,
    file: tokio::fs::File,
    hash: Sha256,
    buffer: Vec<u8>,
    size: u64,
}

impl BlobWriter {
    /// Bytes taken so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.size += bytes.len() as u64;
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= WRITE_BUFFER { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.hash.update(&self.buffer);
        self.file.write_all(&self.buffer).await?;
        self.buffer.clear();
        Ok(())
    }

    /// Puts the bytes on disk; [`Blobs::publish`] then makes a blob of them.
    pub async fn finish(mut self) -> io::Result<WrittenBlob> {
        self.flush().await?;
        self.file.flush().await?;
        self.file.sync_data().await?;
        Ok(WrittenBlob {
            temporary: self.temporary.into_temp_path(),
            blob: BlobRef(self.hash.finalize().into()),
        })
    }
}

/// Bytes on disk that are no blob yet. Dropped, they are gone.
#[derive(Debug)]
pub struct WrittenBlob {
    temporary: TempPath,
    pub blob: BlobRef,
}

impl WrittenBlob {
    /// Its bytes, before it has a name. Blocks.
    pub fn open(&self) -> io::Result<File> {
        File::open(&self.temporary)
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_blob_is_named_by_its_content_and_kept_once() {
        let data = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&DataFolder::new(data.path())).unwrap();
        let one = blobs.put(b"abc").await.unwrap();
        let two = blobs.put(b"abc").await.unwrap();
        assert_eq!(one, two);
        assert_eq!(one.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(io::read_to_string(blobs.read(one).unwrap()).unwrap(), "abc");
        assert_eq!(std::fs::read_dir(data.path().join("blobs")).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_damaged_blob_is_noticed_at_its_end() {
        let data = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&DataFolder::new(data.path())).unwrap();
        let blob = blobs.put(b"abc").await.unwrap();
        for damaged in ["ab", "abd", "abcd", ""] {
            std::fs::write(data.path().join("blobs").join(blob.to_string()), damaged).unwrap();
            let error = io::read_to_string(blobs.read(blob).unwrap()).unwrap_err();
            assert!(BlobReader::is_damaged(&error), "{damaged}");
        }
    }

    #[tokio::test]
    async fn nothing_is_removed_while_someone_keeps_all() {
        let data = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&DataFolder::new(data.path())).unwrap();
        let kept = blobs.forbid_removal().unwrap();
        assert!(blobs.begin_removal().unwrap().is_none());
        drop(kept);
        assert!(blobs.begin_removal().unwrap().is_some());
    }

    #[tokio::test]
    async fn an_unfinished_blob_leaves_nothing() {
        let data = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&DataFolder::new(data.path())).unwrap();
        let mut writer = blobs.create().await.unwrap();
        writer.write(&[7; 1 << 20]).await.unwrap();
        drop(writer);
        for folder in ["blobs", "tmp"] {
            assert_eq!(std::fs::read_dir(data.path().join(folder)).unwrap().count(), 0, "{folder}");
        }
    }

    #[tokio::test]
    async fn a_blob_is_collected_only_when_it_is_old() {
        let data = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&DataFolder::new(data.path())).unwrap();
        let blob = blobs.put(b"abc").await.unwrap();
        let now = SystemTime::now();
        assert!(blobs.old(now).unwrap().is_empty());
        blobs.remove(blob, now).unwrap();
        assert!(blobs.read(blob).is_ok());
        let later = now + SAFE_AGE + Duration::from_secs(1);
        assert_eq!(blobs.old(later).unwrap(), [blob]);
        blobs.remove(blob, later).unwrap();
        assert!(blobs.read(blob).is_err());
    }
}
