//! Why something is not taken. What can be told beforehand is not sent at all.

use crate::app::format;
use crate::domain::format::Format;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    Kind,
    Empty,
    /// Longer than so many bytes.
    TooLarge(u64),
    /// The browser cannot read it.
    Unreadable,
    /// The server's words.
    Said(String),
}

impl Refusal {
    /// What is known of a file before it is sent.
    pub fn of_file(name: &str, size: u64, limit: u64) -> Option<Self> {
        if Format::of_name(name).is_none() {
            return Some(Self::Kind);
        }
        Self::of_size(size, limit)
    }

    pub fn of_size(size: u64, limit: u64) -> Option<Self> {
        match size {
            0 => Some(Self::Empty),
            _ if size > limit => Some(Self::TooLarge(limit)),
            _ => None,
        }
    }

    pub fn words(&self) -> String {
        let (words, more) = match self {
            Self::Kind => ("Not sent: Sluice does not read this format", String::new()),
            Self::Empty => ("Not sent: it is empty", String::new()),
            Self::TooLarge(limit) => ("Not sent: this server takes at most ", format::bytes(*limit)),
            Self::Unreadable => ("Not sent: the browser could not read it", String::new()),
            Self::Said(words) => return words.clone(),
        };
        let mut words = words.to_owned();
        words.push_str(&more);
        words.push('.');
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_refused_by_its_kind_and_its_size() {
        for (name, size, refusal) in [
            ("notes.txt", 10, None),
            ("notes.txt", 11, Some(Refusal::TooLarge(10))),
            ("notes.txt", 0, Some(Refusal::Empty)),
            ("picture.png", 11, Some(Refusal::Kind)),
        ] {
            assert_eq!(Refusal::of_file(name, size, 10), refusal, "{name} of {size} bytes");
        }
    }

    #[test]
    fn the_reason_is_a_sentence() {
        assert_eq!(Refusal::TooLarge(20_000_000).words(), "Not sent: this server takes at most 20 MB.");
        assert_eq!(Refusal::Empty.words(), "Not sent: it is empty.");
    }
}
