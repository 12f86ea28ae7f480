//! Which files to send. Reads folders, never a file.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::domain::format::Format;

/// A file to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    pub path: PathBuf,
    /// The last part of its path: what the server calls the document.
    pub name: String,
    /// Where it is, from the folder that was asked for; `None` for a file named on its own.
    pub within: Option<String>,
    pub size: u64,
}

/// Everything found under the paths asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub files: Vec<FoundFile>,
    /// How many files are of no format Sluice reads, by the ending of their names.
    pub skipped: BTreeMap<String, u64>,
    /// What could not be looked at, each with its reason in a sentence.
    pub unreadable: Vec<String>,
}

/// Looks for files in `paths`, folders with all that is below them, in the order of their names.
///
/// A file named on its own is always taken. In folders, hidden files and links are left out.
pub fn find(paths: &[PathBuf]) -> Result<Found, String> {
    let mut found = Found::default();
    for path in paths {
        let kind = path.metadata().map_err(|error| format!("could not read {}: {error}", path.display()))?;
        if kind.is_dir() {
            found.look_into(path);
        } else if kind.is_file() {
            let name = last_part(path);
            found.files.push(FoundFile { path: path.clone(), name, within: None, size: kind.len() });
        } else {
            return Err(format!("{} is neither a file nor a folder", path.display()));
        }
    }
    Ok(found)
}

impl Found {
    fn look_into(&mut self, folder: &Path) {
        let entries = WalkDir::new(folder).sort_by_file_name().into_iter();
        for entry in entries.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name())) {
            let size = entry.and_then(|entry| {
                Ok(entry.file_type().is_file().then_some(entry.metadata()?.len()).map(|size| (entry, size)))
            });
            match size {
                Ok(Some((entry, size))) => self.take(folder, entry.into_path(), size),
                Ok(None) => (),
                Err(error) => self.unreadable.push(error.to_string()),
            }
        }
    }

    fn take(&mut self, folder: &Path, path: PathBuf, size: u64) {
        let name = last_part(&path);
        if Format::of_name(&name).is_none() {
            *self.skipped.entry(ending(&name)).or_default() += 1;
            return;
        }
        let below = path.strip_prefix(folder).unwrap_or(&path);
        // The folder's own name says more than nothing, unless it was called `.` or `/`.
        let within = Path::new(folder.file_name().unwrap_or_default()).join(below);
        self.files.push(FoundFile { name, within: Some(within.to_string_lossy().into_owned()), path, size });
    }

    /// Size of all files together.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

fn last_part(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn ending(name: &str) -> String {
    name.rsplit_once('.').map_or_else(|| name.to_owned(), |(_, ending)| format!(".{}", ending.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.md", "a.txt", "logo.PNG", "old.png", ".hidden.txt", "sub/deep/README", ".git/HEAD"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_gives_its_readable_files_in_order_and_counts_the_others() {
        let folder = folder();
        let found = find(&[folder.path().to_owned()]).unwrap();
        let names: Vec<_> = found.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a.txt", "b.md", "README"]);
        assert_eq!(found.skipped, BTreeMap::from([(".png".to_owned(), 2)]));
        assert_eq!(found.bytes(), 5 + 4 + 15);
        let top = folder.path().file_name().unwrap().to_string_lossy();
        assert_eq!(found.files[2].within, Some(format!("{top}/sub/deep/README")));
    }

    #[test]
    fn a_file_named_on_its_own_is_always_taken() {
        let folder = folder();
        for name in ["logo.PNG", ".hidden.txt"] {
            let found = find(&[folder.path().join(name)]).unwrap();
            assert_eq!((found.files[0].name.as_str(), &found.files[0].within), (name, &None));
        }
    }

    #[test]
    fn a_path_that_is_not_there_stops_everything() {
        let folder = folder();
        let error = find(&[folder.path().to_owned(), folder.path().join("nowhere")]).unwrap_err();
        assert!(error.contains("nowhere"), "{error}");
    }
}
