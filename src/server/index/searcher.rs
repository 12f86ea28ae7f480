//! Ranks chunks by BM25 (k1 = 1.2, b = 0.75; Robertson and Zaragoza, 2009).

use std::collections::BTreeMap;

use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Occur, PhraseQuery, Query, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::snippet::SnippetGenerator;
use tantivy::{Searcher, TantivyError, Term};

use super::{FullTextIndex, tokens};
use crate::server::store::ChunkKey;

/// The longest snippet, in characters.
const SNIPPET: usize = 260;

/// A word is marked when it weighs at least this part of the question's weightiest word.
const MARKED: f32 = 0.2;

/// What the index says to a question.
#[derive(Debug)]
pub struct Ranking {
    /// Best first.
    pub hits: Vec<(ChunkKey, f32)>,
    /// The words looked for and how much each says: rarer words more.
    pub weights: BTreeMap<String, f32>,
}

impl FullTextIndex {
    /// The `limit` best chunks. Blocks.
    pub fn rank(&self, question: &str, limit: usize) -> Result<Ranking, TantivyError> {
        let searcher = self.reader.searcher();
        let parts = parse(question);
        let weights = self.weights(&searcher, &parts)?;
        let Some(query) = self.query(&parts) else { return Ok(Ranking { hits: Vec::new(), weights }) };
        let top = searcher.search(&query, &TopDocs::with_limit(limit).order_by_score())?;
        let mut hits = Vec::with_capacity(top.len());
        for (score, address) in top {
            let keys = searcher.segment_reader(address.segment_ord).fast_fields().u64("key")?;
            if let Some(key) = keys.first(address.doc_id) {
                hits.push((ChunkKey(key), score));
            }
        }
        Ok(Ranking { hits, weights })
    }

    /// Makes snippets in which the words of `weights` are marked, but not those that say next to nothing
    /// beside the others, such as "the".
    pub fn snippets(&self, weights: &BTreeMap<String, f32>) -> Snippets {
        let least = weights.values().fold(0.0, |most: f32, weight| most.max(*weight)) * MARKED;
        let marked = weights.iter().filter(|(_, weight)| **weight >= least);
        let marked = marked.map(|(word, weight)| (word.clone(), *weight)).collect();
        Snippets(SnippetGenerator::new(marked, tokens::analyzer(), self.fields.text, SNIPPET))
    }

    /// Any word may match; a quoted part must.
    fn query(&self, parts: &[Part]) -> Option<BooleanQuery> {
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        for part in parts {
            match part {
                Part::Word(word) => clauses.push((Occur::Should, Box::new(self.word(word)))),
                Part::Phrase(words) => {
                    let query: Box<dyn Query> = match words.as_slice() {
                        [word] => Box::new(self.word(word)),
                        words => {
                            Box::new(PhraseQuery::new(words.iter().map(|word| self.term(word)).collect()))
                        }
                    };
                    clauses.push((Occur::Must, query));
                }
            }
        }
        (!clauses.is_empty()).then(|| BooleanQuery::new(clauses))
    }

    fn word(&self, word: &str) -> TermQuery {
        TermQuery::new(self.term(word), IndexRecordOption::WithFreqs)
    }

    fn term(&self, word: &str) -> Term {
        Term::from_field_text(self.fields.text, word)
    }

    /// The inverse document frequency of each word, as BM25 has it.
    fn weights(&self, searcher: &Searcher, parts: &[Part]) -> Result<BTreeMap<String, f32>, TantivyError> {
        let total = searcher.num_docs() as f32;
        let mut weights = BTreeMap::new();
        for word in parts.iter().flat_map(Part::words) {
            let with = searcher.doc_freq(&self.term(word))? as f32;
            if with > 0.0 {
                let weight = (1.0 + ((total - with).max(0.0) + 0.5) / (with + 0.5)).ln();
                weights.insert(word.to_owned(), weight);
            }
        }
        Ok(weights)
    }
}

/// Marks matches in passages.
pub struct Snippets(SnippetGenerator);

impl std::fmt::Debug for Snippets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snippets").finish_non_exhaustive()
    }
}

impl Snippets {
    /// The part of `text` with most matches, as HTML: matches in `<mark>`, all else escaped.
    pub fn of(&self, text: &str) -> String {
        let mut snippet = self.0.snippet(text);
        snippet.set_snippet_prefix_postfix("<mark>", "</mark>");
        snippet.to_html()
    }
}

/// A part of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Word(String),
    Phrase(Vec<String>),
}

impl Part {
    fn words(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::Word(word) => std::slice::from_ref(word).iter(),
            Self::Phrase(words) => words.iter(),
        }
        .map(String::as_str)
    }
}

/// Takes a question apart: what is in double quotes is a phrase, all else are words, each once.
fn parse(question: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let question = question.replace(['“', '”', '„'], "\"");
    let pieces: Vec<&str> = question.split('"').collect();
    for (number, piece) in pieces.iter().enumerate() {
        let words = tokens::words(piece);
        // Every second piece is quoted; a quote that is never closed quotes nothing.
        let quoted = number % 2 == 1 && number + 1 < pieces.len();
        if quoted && !words.is_empty() {
            parts.push(Part::Phrase(words));
        } else {
            for word in words.into_iter().map(Part::Word) {
                if !parts.contains(&word) {
                    parts.push(word);
                }
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_make_phrases_and_words_count_once() {
        let word = |word: &str| Part::Word(word.to_owned());
        let phrase = |words: &[&str]| Part::Phrase(words.iter().map(|it| (*it).to_owned()).collect());
        for (question, parts) in [
            ("What is a lease? A lease!", vec![word("what"), word("is"), word("a"), word("lease")]),
            ("the \"group commit\" of", vec![word("the"), phrase(&["group", "commit"]), word("of")]),
            ("“curly quotes”", vec![phrase(&["curly", "quotes"])]),
            ("never \"closed", vec![word("never"), word("closed")]),
            ("\"\" ?!", vec![]),
        ] {
            assert_eq!(parse(question), parts, "{question}");
        }
    }
}
