//! Makes an answer of the best sentences of the best passages.

use std::collections::{BTreeMap, HashSet};

use unicode_segmentation::UnicodeSegmentation;

use super::tokens::words;

/// Sentences in an answer at most.
const SENTENCES: usize = 3;

/// The longest sentence quoted whole, in characters.
const LONGEST: usize = 360;

/// Said when no passage matches.
pub const NOTHING_FOUND: &str = "Nothing was found for this question: no document has a word of it, or its quoted \
     words as they stand.";

/// A sentence and what speaks for it.
struct Candidate {
    /// Number of its source, from 1.
    source: usize,
    /// Place within the source.
    place: usize,
    score: f32,
    text: String,
}

/// The best sentences of `passages`, which come best first, each followed by its source's number.
pub fn compose(passages: &[&str], weights: &BTreeMap<String, f32>) -> String {
    let mut candidates = candidates(passages, weights);
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.source.cmp(&b.source)));
    let mut seen = HashSet::new();
    candidates.retain(|candidate| seen.insert(candidate.text.clone()));
    candidates.truncate(SENTENCES);
    candidates.sort_by_key(|candidate| (candidate.source, candidate.place));
    let sentences: Vec<_> =
        candidates.iter().map(|it| format!("{} [{}]", shortened(&it.text), it.source)).collect();
    if sentences.is_empty() { NOTHING_FOUND.to_owned() } else { sentences.join(" ") }
}

fn candidates(passages: &[&str], weights: &BTreeMap<String, f32>) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (number, passage) in passages.iter().enumerate() {
        for (place, sentence) in sentences(passage).into_iter().enumerate() {
            let found: HashSet<String> =
                words(&sentence).into_iter().filter(|word| weights.contains_key(word)).collect();
            let score: f32 = found.iter().filter_map(|word| weights.get(word)).sum();
            if score > 0.0 {
                // A later passage must say clearly more to come first.
                let score = score / (1.0 + 0.15 * number as f32);
                candidates.push(Candidate { source: number + 1, place, score, text: sentence });
            }
        }
    }
    candidates
}

/// A blank line ends a sentence too; a single line break is a space.
fn sentences(passage: &str) -> Vec<String> {
    passage
        .split("\n\n")
        .flat_map(|paragraph| paragraph.unicode_sentences())
        .map(|sentence| sentence.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|sentence| !sentence.is_empty())
        .collect()
}

fn shortened(sentence: &str) -> String {
    match sentence.char_indices().nth(LONGEST) {
        None => sentence.to_owned(),
        Some((end, _)) => {
            let end = sentence[..end].rfind(' ').unwrap_or(end);
            format!("{}…", &sentence[..end])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(words: &[(&str, f32)]) -> BTreeMap<String, f32> {
        words.iter().map(|(word, weight)| ((*word).to_owned(), *weight)).collect()
    }

    #[test]
    fn the_sentences_with_the_rarest_words_are_quoted_with_their_sources() {
        let passages = ["Cats sleep. A lease is proof of ownership.", "The lease ends. Dogs bark."];
        let answer = compose(&passages, &weights(&[("lease", 3.0), ("is", 0.1)]));
        assert_eq!(answer, "A lease is proof of ownership. [1] The lease ends. [2]");
    }

    #[test]
    fn the_same_sentence_is_said_once() {
        let answer = compose(&["A lease ends.", "A lease ends."], &weights(&[("lease", 1.0)]));
        assert_eq!(answer, "A lease ends. [1]");
    }

    #[test]
    fn nothing_found_is_said_honestly() {
        assert_eq!(compose(&[], &weights(&[])), NOTHING_FOUND);
    }

    #[test]
    fn a_long_sentence_is_shortened() {
        let long = format!("lease {}", "word ".repeat(200));
        let answer = compose(&[&long], &weights(&[("lease", 1.0)]));
        assert!(answer.ends_with("… [1]") && answer.chars().count() < LONGEST + 10);
    }
}
