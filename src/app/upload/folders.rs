//! Walks folders that are dropped, and gives each file with its path to the centre.

use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{File, FileSystemDirectoryEntry, FileSystemEntry, FileSystemFileEntry};

use super::centre;

/// One entry after the other, so that a large folder fills the list in its own order and files are sent before all
/// are found.
pub fn walk(entries: Vec<FileSystemEntry>) {
    spawn_local(async move {
        let mut left = entries;
        left.reverse();
        while let Some(entry) = left.pop() {
            // Begins with a slash.
            let path = entry.full_path().trim_start_matches('/').to_owned();
            if is_hidden(&path) {
                continue;
            }
            let found =
                if entry.is_file() { file(&entry, &path).await } else { inside(&entry, &mut left).await };
            if found.is_err() {
                centre::add_unreadable(path);
            }
        }
    });
}

/// Whether the file, or a folder on the way to it, is hidden. Such files of a folder are left out, as where the
/// server itself reads a folder.
pub fn is_hidden(path: &str) -> bool {
    path.contains('/') && path.split('/').skip(1).any(|it| it.starts_with('.'))
}

async fn file(entry: &FileSystemEntry, path: &str) -> Result<(), JsValue> {
    let entry: &FileSystemFileEntry = entry.unchecked_ref();
    let found =
        js_sys::Promise::new(&mut |found, failed| entry.file_with_callback_and_callback(&found, &failed));
    centre::add_file(path.to_owned(), found.await?.unchecked_into::<File>());
    Ok(())
}

/// Puts what is in a folder before all that is left.
async fn inside(entry: &FileSystemEntry, left: &mut Vec<FileSystemEntry>) -> Result<(), JsValue> {
    let reader = entry.unchecked_ref::<FileSystemDirectoryEntry>().create_reader();
    let first = left.len();
    loop {
        let some = js_sys::Promise::new(&mut |found, failed| {
            // Fails only by telling so.
            let _ = reader.read_entries_with_callback_and_callback(&found, &failed);
        });
        let some: js_sys::Array = some.await?.unchecked_into();
        // A reader gives some at a time, and none in the end.
        if some.length() == 0 {
            left[first..].reverse();
            return Ok(());
        }
        left.extend(some.iter().map(JsCast::unchecked_into));
    }
}

#[cfg(test)]
mod tests {
    use super::is_hidden;

    #[test]
    fn hidden_files_count_only_inside_a_folder() {
        for (path, hidden) in [
            (".profile", false),
            (".config/notes.txt", false),
            ("docs/.DS_Store", true),
            ("docs/.git/config", true),
            ("docs/a.b/notes.txt", false),
        ] {
            assert_eq!(is_hidden(path), hidden, "{path}");
        }
    }
}
