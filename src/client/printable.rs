//! Makes texts from elsewhere harmless on a terminal: a file may be named like an escape sequence.

use std::borrow::Cow;
use std::fmt::Write;

/// The text on one line, with all that a terminal would obey written out: line breaks, escape sequences, and
/// marks that turn the order of letters around.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, is_command, |character| character.escape_default().to_string())
}

/// The same of a text that may have several lines.
pub fn lines(text: &str) -> Cow<'_, str> {
    let commands = |character| is_command(character) && !matches!(character, '\n' | '\t');
    escaped(text, commands, |character| match character {
        // Half of a line break as Windows writes it, most often.
        '\r' => String::new(),
        other => other.escape_default().to_string(),
    })
}

/// JSON with the same characters as its own escapes: it stays the same to whoever reads it.
pub fn json(text: &str) -> Cow<'_, str> {
    escaped(text, is_command, |character| {
        let mut units = [0; 2];
        character.encode_utf16(&mut units).iter().fold(String::new(), |mut escapes, unit| {
            // A string takes all that is written to it.
            let _ = write!(escapes, "\\u{unit:04x}");
            escapes
        })
    })
}

fn escaped(text: &str, is_command: impl Fn(char) -> bool, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(&is_command) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_command(character) { safe.push_str(&escape(character)) } else { safe.push(character) }
    }
    Cow::Owned(safe)
}

fn is_command(character: char) -> bool {
    let breaks_lines = matches!(character, '\u{2028}' | '\u{2029}');
    let turns_order = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || breaks_lines || turns_order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        for (text, shown) in [
            ("größe 日本 👩‍🔧.md", "größe 日本 👩‍🔧.md"),
            ("\u{1b}[31mred\u{7}", "\\u{1b}[31mred\\u{7}"),
            ("c1 \u{9b}2J", "c1 \\u{9b}2J"),
            ("two\r\nlines\tand a tab", "two\\r\\nlines\\tand a tab"),
            ("txt.\u{202e}exe", "txt.\\u{202e}exe"),
        ] {
            assert_eq!(line(text), shown);
        }
    }

    #[test]
    fn a_text_keeps_its_lines() {
        assert_eq!(lines("two\r\nlines\tand \u{1b}c"), "two\nlines\tand \\u{1b}c");
    }

    #[test]
    fn json_stays_the_same_to_its_reader() {
        let name = "a\u{1b}[0m\u{9b}2J \u{202e}\u{7f}ü";
        let written = serde_json::to_string(name).unwrap();
        let safe = json(&written);
        assert!(!safe.chars().any(is_command), "{safe}");
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), name);
    }
}
