//! Files of the server's machine, inside the folders the operator has allowed.

use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// The folders that `file_path` may reach; none by default.
#[derive(Clone, Debug, Default)]
pub struct AllowedFolders(Vec<PathBuf>);

/// Why a path was not opened.
#[derive(Debug, thiserror::Error)]
pub enum PathError {
    /// Also said of what does not exist outside of them, so that nobody can look around.
    #[error("{0} is not inside a folder this server may read")]
    Forbidden(PathBuf),
    #[error("there is no {0} on the server's machine")]
    Missing(PathBuf),
    #[error("{0} is neither a file nor a folder")]
    Special(PathBuf),
    #[error("the server cannot read {0}: {1}")]
    Unreadable(PathBuf, io::Error),
}

/// What a path leads to, with links resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    File { path: PathBuf, size_bytes: u64 },
    Folder { path: PathBuf },
}

impl AllowedFolders {
    /// Resolves the folders' own links. Fails for one that cannot be read. Blocks.
    pub fn new(folders: &[PathBuf]) -> Result<Self, PathError> {
        let resolved = folders.iter().map(|folder| {
            folder.canonicalize().map_err(|error| PathError::Unreadable(folder.clone(), error))
        });
        Ok(Self(resolved.collect::<Result<_, _>>()?))
    }

    /// Whether any folder is allowed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Follows `path` to what it names, if that is inside an allowed folder. Blocks.
    pub fn find(&self, path: &Path) -> Result<Found, PathError> {
        let resolved = match path.canonicalize() {
            Ok(resolved) => resolved,
            Err(error) if self.names_inside(path) => {
                return Err(match error.kind() {
                    io::ErrorKind::NotFound => PathError::Missing(path.to_owned()),
                    _ => PathError::Unreadable(path.to_owned(), error),
                });
            }
            Err(_) => return Err(PathError::Forbidden(path.to_owned())),
        };
        if !self.contains(&resolved) {
            return Err(PathError::Forbidden(path.to_owned()));
        }
        let facts = resolved.metadata().map_err(|error| PathError::Unreadable(path.to_owned(), error))?;
        match facts {
            facts if facts.is_dir() => Ok(Found::Folder { path: resolved }),
            facts if facts.is_file() => Ok(Found::File { path: resolved, size_bytes: facts.len() }),
            _ => Err(PathError::Special(path.to_owned())),
        }
    }

    fn contains(&self, resolved: &Path) -> bool {
        self.0.iter().any(|folder| resolved.starts_with(folder))
    }

    /// Whether the path, which leads to nothing, would lie in an allowed folder.
    fn names_inside(&self, path: &Path) -> bool {
        let existing = path.ancestors().skip(1).find_map(|it| it.canonicalize().ok());
        existing.is_some_and(|it| self.contains(&it))
    }

    /// All files below `folder`, in the order of their names, and the folders that cannot be looked
    /// into. Links that lead out of the allowed folders, and hidden files, are left out. Blocks.
    pub fn files_below(&self, folder: &Path) -> impl Iterator<Item = FoundFile> {
        let wanted = |entry: &walkdir::DirEntry| {
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            entry.depth() == 0 || (!hidden && (!entry.path_is_symlink() || self.find(entry.path()).is_ok()))
        };
        let entries = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
        entries.filter_entry(wanted).filter_map(move |entry| self.found(folder, entry))
    }

    fn found(&self, folder: &Path, entry: walkdir::Result<walkdir::DirEntry>) -> Option<FoundFile> {
        let (path, size_bytes, unreadable) = match entry {
            Ok(entry) if !entry.file_type().is_file() => return None,
            Ok(entry) => (entry.path().to_owned(), entry.metadata().map_or(0, |facts| facts.len()), None),
            Err(error) => (error.path().unwrap_or(folder).to_owned(), 0, Some(cause(error))),
        };
        if unreadable.is_some() && matches!(self.find(&path), Err(PathError::Forbidden(_))) {
            return None;
        }
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        Some(FoundFile { name, path, size_bytes, unreadable })
    }
}

/// Why an entry cannot be looked at, in the words of the system.
fn cause(error: walkdir::Error) -> io::Error {
    if error.loop_ancestor().is_some() {
        return io::Error::new(io::ErrorKind::InvalidInput, "the link leads back to a folder it lies in");
    }
    let kind = error.io_error().map(io::Error::kind);
    kind.map_or_else(|| io::Error::other(error), io::Error::from)
}

/// A file below a folder.
#[derive(Debug)]
pub struct FoundFile {
    /// Relative to the folder.
    pub name: String,
    pub path: PathBuf,
    pub size_bytes: u64,
    /// Why it cannot be read, should that be known already.
    pub unreadable: Option<io::Error>,
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_what_is_inside_after_resolving_links_is_found() {
        let home = tempfile::tempdir().unwrap();
        let (open, secret) = (home.path().join("open"), home.path().join("secret"));
        fs::create_dir_all(open.join("deep")).unwrap();
        fs::create_dir(&secret).unwrap();
        fs::write(open.join("deep/a.txt"), "a").unwrap();
        fs::write(secret.join("b.txt"), "b").unwrap();
        symlink(secret.join("b.txt"), open.join("link.txt")).unwrap();
        symlink(&secret, open.join("linked")).unwrap();
        symlink(open.join("deep/a.txt"), open.join("inside.txt")).unwrap();
        let allowed = AllowedFolders::new(std::slice::from_ref(&open)).unwrap();

        assert!(matches!(allowed.find(&open.join("deep/a.txt")), Ok(Found::File { size_bytes: 1, .. })));
        assert!(matches!(allowed.find(&open.join("inside.txt")), Ok(Found::File { .. })));
        assert!(matches!(allowed.find(&open), Ok(Found::Folder { .. })));
        for outside in
            ["link.txt", "linked/b.txt", "../secret/b.txt", "../secret", "../nothing", "linked/nothing"]
        {
            let path = open.join(outside);
            assert!(matches!(allowed.find(&path), Err(PathError::Forbidden(_))), "{outside}");
        }
        assert!(matches!(allowed.find(&open.join("nothing.txt")), Err(PathError::Missing(_))));
        assert!(matches!(AllowedFolders::default().find(&open), Err(PathError::Forbidden(_))));

        let names: Vec<_> = allowed.files_below(&open).map(|file| file.name).collect();
        assert_eq!(names, ["deep/a.txt", "inside.txt"]);
    }
}
