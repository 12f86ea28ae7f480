//! Remembers the names of what a page had not sent when it was left, for the page that comes next.
//!
//! Each tab keeps its own list. Its first line says when it was written and whether the page has been left since,
//! its second how many names there are; then come the names.

use leptos::prelude::*;
use web_sys::Storage;

/// Begins the keys of the lists.
const LIST: &str = "unsent-";
/// The tab's own name, in its session's storage.
const TAB: &str = "tab";
const MOST_NAMES: usize = 200;
/// In characters.
const LONGEST_NAME: usize = 200;
/// In milliseconds. A page that was left a moment ago is perhaps being loaded again, and tells by itself.
const A_MOMENT: f64 = 10_000.0;
/// A page that could not say that it was left, as in a crash, is taken as left after a day.
const A_DAY: f64 = 86_400_000.0;

/// Names, of which only the first are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    pub count: usize,
    pub known: Vec<String>,
}

impl Names {
    pub const fn new() -> Self {
        Self { count: 0, known: Vec::new() }
    }

    pub fn add(&mut self, name: &str) {
        self.count += 1;
        if self.known.len() < MOST_NAMES {
            // Each name is a line.
            let plain = |it: char| if it.is_control() { '\u{fffd}' } else { it };
            self.known.push(name.chars().take(LONGEST_NAME).map(plain).collect());
        }
    }

    /// It is there again.
    pub fn remove(&mut self, name: &str) {
        let mut sought = Self::default();
        sought.add(name);
        if let Some(place) = self.known.iter().position(|it| *it == sought.known[0]) {
            self.known.remove(place);
            self.count -= 1;
        }
    }

    fn append(&mut self, other: Self) {
        self.count += other.count - other.known.len();
        other.known.iter().for_each(|it| self.add(it));
    }
}

/// Keeps the names for the next page. `left` says that this page ends.
pub fn keep(names: &Names, left: bool) {
    let Some((store, key)) = store() else { return };
    // Fails when the browser keeps nothing for this site: then nothing is told.
    let _ = if names.count == 0 {
        store.remove_item(&key)
    } else {
        store.set_item(&key, &write(names, js_sys::Date::now(), left))
    };
}

/// What former pages had not sent; from now on it is for this page to keep.
pub fn left_behind() -> Names {
    let mut all = Names::new();
    let Some((store, own)) = store() else { return all };
    let keys = (0..store.length().unwrap_or(0)).filter_map(|place| store.key(place).ok().flatten());
    for key in keys.filter(|it| it.starts_with(LIST)).collect::<Vec<_>>() {
        let list = store.get_item(&key).ok().flatten().and_then(|it| read(&it));
        let Some((names, age, left)) = list.map(|(names, at, left)| (names, js_sys::Date::now() - at, left))
        else {
            continue;
        };
        if key == own || age > if left { A_MOMENT } else { A_DAY } {
            all.append(names);
            let _ = store.remove_item(&key);
        }
    }
    all
}

/// Where lists are kept, and the key of this tab's.
fn store() -> Option<(Storage, String)> {
    let session = window().session_storage().ok().flatten()?;
    let tab = session.get_item(TAB).ok().flatten().unwrap_or_else(|| {
        let new = ((js_sys::Math::random() * 4e9) as u32).to_string();
        let _ = session.set_item(TAB, &new);
        new
    });
    Some((window().local_storage().ok().flatten()?, [LIST, &tab].concat()))
}

fn write(names: &Names, now: f64, left: bool) -> String {
    let mut text = (now as u64).to_string();
    text.push_str(if left { " left\n" } else { "\n" });
    text.push_str(&names.count.to_string());
    for name in &names.known {
        text.push('\n');
        text.push_str(name);
    }
    text
}

fn read(text: &str) -> Option<(Names, f64, bool)> {
    let mut lines = text.split('\n');
    let head = lines.next()?;
    let (at, left) = head.split_once(' ').map_or((head, false), |(at, _)| (at, true));
    let at = at.parse::<u64>().ok()? as f64;
    let count = lines.next()?.parse::<u32>().ok()? as usize;
    let known: Vec<_> = lines.map(str::to_owned).collect();
    Some((Names { count: count.max(known.len()), known }, at, left))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[&str]) -> Names {
        let mut names = Names::new();
        all.iter().for_each(|it| names.add(it));
        names
    }

    #[test]
    fn a_list_is_read_as_it_was_written() {
        for left in [false, true] {
            let kept = names(&["a.pdf", "<script>alert(1)</script>", "\u{202e}fdp.exe", ""]);
            assert_eq!(read(&write(&kept, 17.0, left)), Some((kept, 17.0, left)));
        }
    }

    #[test]
    fn what_someone_else_wrote_is_no_list() {
        for text in ["", "left", "17", "17\nmany\na.pdf", "x left\n1\na.pdf"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn names_are_lines_of_bounded_length_and_number() {
        let mut kept = names(&["two\nlines", &"x".repeat(10_000)]);
        assert_eq!(kept.known[0], "two\u{fffd}lines");
        assert_eq!(kept.known[1].len(), LONGEST_NAME);
        for number in 0..1000 {
            kept.add(&number.to_string());
        }
        assert_eq!((kept.count, kept.known.len()), (1002, MOST_NAMES));
    }

    #[test]
    fn what_is_added_again_is_no_longer_missing() {
        let mut kept = names(&["a.pdf", "b.pdf", "a.pdf"]);
        kept.remove("a.pdf");
        kept.remove("c.pdf");
        assert_eq!(kept, names(&["b.pdf", "a.pdf"]));
    }

    #[test]
    fn lists_are_joined_with_what_they_do_not_name() {
        let mut all = names(&["a.pdf"]);
        all.append(Names { count: 3, known: vec!["b.pdf".to_owned()] });
        assert_eq!(all, Names { count: 4, known: vec!["a.pdf".to_owned(), "b.pdf".to_owned()] });
    }
}
