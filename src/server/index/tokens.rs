//! How text becomes the words that are looked for.
//!
//! Words are runs of letters and digits, in lower case and without accents. Languages written without
//! spaces are looked for character by character, so that a part of a sentence is found in them too.

use tantivy::tokenizer::{
    AsciiFoldingFilter, LowerCaser, RemoveLongFilter, TextAnalyzer, Token, TokenStream, Tokenizer,
};

/// The analyzer's name in the schema; a new one when it changes, so that old indexes are built anew.
pub(super) const NAME: &str = "words-1";

/// Longer runs are no words anybody looks for, in bytes.
const LONGEST: usize = 255;

pub(super) fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(Words::default())
        .filter(RemoveLongFilter::limit(LONGEST))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .build()
}

/// The words of `text`, in order.
pub fn words(text: &str) -> Vec<String> {
    let mut analyzer = analyzer();
    let mut stream = analyzer.token_stream(text);
    let mut words = Vec::new();
    while stream.advance() {
        words.push(stream.token().text.clone());
    }
    words
}

#[derive(Clone, Debug, Default)]
struct Words {
    token: Token,
}

struct WordStream<'a> {
    text: &'a str,
    position: usize,
    token: &'a mut Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        WordStream { text, position: 0, token: &mut self.token }
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        let rest = &self.text[self.position..];
        let Some(start) = rest.find(char::is_alphanumeric) else { return false };
        let word = &rest[start..];
        let length = match word.chars().next() {
            Some(first) if stands_alone(first) => first.len_utf8(),
            _ => word.find(|it: char| !it.is_alphanumeric() || stands_alone(it)).unwrap_or(word.len()),
        };
        self.token.offset_from = self.position + start;
        self.token.offset_to = self.token.offset_from + length;
        self.token.position = self.token.position.wrapping_add(1);
        self.token.text.clear();
        self.token.text.push_str(&word[..length]);
        self.position = self.token.offset_to;
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// Characters of scripts that put no spaces between words: kana, Han, Thai, Lao, Khmer, Myanmar.
fn stands_alone(character: char) -> bool {
    matches!(character as u32,
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_words() {
        for (text, expected) in [
            ("Hello, World!", vec!["hello", "world"]),
            ("tokio::spawn_blocking v1.54", vec!["tokio", "spawn", "blocking", "v1", "54"]),
            ("Café Ångström", vec!["cafe", "angstrom"]),
            ("全文検索 engine", vec!["全", "文", "検", "索", "engine"]),
            ("  ", vec![]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }
}
