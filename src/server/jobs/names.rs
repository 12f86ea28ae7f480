//! What a job and its documents are called in lists.

use crate::domain::limits::FixedLimits;

/// The longest name made from a text, in characters.
const LONGEST: usize = 60;

/// The longest name of a file: in bytes as it is sent, in characters as it is kept.
const LONGEST_FILE_NAME: usize = FixedLimits::VALUES.max_file_name_size as usize;

/// The first words of a text.
pub fn of_text(text: &str) -> String {
    let mut name = String::new();
    for word in text.split_whitespace() {
        let length = name.chars().count();
        if length + word.chars().count() >= LONGEST {
            if name.is_empty() {
                name.extend(word.chars().take(LONGEST - 1));
            }
            name.push('…');
            break;
        }
        if !name.is_empty() {
            name.push(' ');
        }
        name.push_str(word);
    }
    name
}

/// A file's name as it may be shown and kept: the last part of a path, without control characters.
///
/// `None` when nothing is left of it.
pub fn of_file(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|it| !it.is_control()).take(LONGEST_FILE_NAME).collect();
    let clean = clean.trim();
    (!clean.is_empty() && clean != "." && clean != "..").then(|| clean.to_owned())
}

/// Whether an uploaded file's name can be taken as it is.
pub fn is_plain(name: &str) -> bool {
    name.len() <= LONGEST_FILE_NAME && of_file(name).is_some_and(|clean| clean == name)
}

/// "batch of 12".
pub fn of_batch(items: usize) -> String {
    format!("batch of {items}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_called_by_its_first_words() {
        let long = "word ".repeat(40);
        for (text, name) in [
            ("  Hello\n world ", "Hello world".to_owned()),
            ("", String::new()),
            (&long, format!("{}…", "word ".repeat(12).trim_end())),
            (&"x".repeat(100), format!("{}…", "x".repeat(59))),
        ] {
            assert_eq!(of_text(text), name);
        }
    }

    #[test]
    fn a_file_name_cannot_leave_its_place_or_its_line() {
        for (sent, kept) in [
            ("a.txt", Some("a.txt")),
            ("../../etc/passwd", Some("passwd")),
            (r"C:\Users\me\a.txt", Some("a.txt")),
            ("a\n\0b.txt", Some("ab.txt")),
            ("..", None),
            ("dir/", None),
        ] {
            assert_eq!(of_file(sent).as_deref(), kept, "{sent:?}");
            assert_eq!(is_plain(sent), kept == Some(sent), "{sent:?}");
        }
    }
}
