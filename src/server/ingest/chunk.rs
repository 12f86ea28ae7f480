//! Text becomes overlapping chunks at natural boundaries.
//!
//! A chunk ends at the last paragraph that fits, else line, else sentence, else word. The next one
//! repeats the last sentences or words of it, so that a passage cut in two is whole in one of them. Each
//! character is looked at a bounded number of times, whatever the text is like; that is why this is not
//! text-splitter, which takes minutes for some hundred kilobytes of white space.

use unicode_segmentation::GraphemeCursor;

use crate::domain::{Chunk, Chunking, Location};

/// Cuts one document's text, given in parts, into chunks.
#[derive(Debug, Default)]
pub struct Chunker {
    chunking: Chunking,
    /// The end of the text so far, from the start of the next chunk on.
    pending: String,
    /// Characters before `pending`.
    before: u64,
    /// How much of `pending` is in a chunk already, in bytes.
    covered: usize,
    count: u64,
    /// Where the text that comes is in its source.
    location: Location,
}

impl Chunker {
    pub fn new(chunking: Chunking) -> Self {
        Self { chunking, ..Self::default() }
    }

    /// Adds text and gives the chunks that are certain by now to `sink`.
    pub fn push(&mut self, text: &str, sink: &mut Vec<Chunk>) {
        self.pending.push_str(text);
        // It is certain where a chunk ends once all of it is there; a character has at most four bytes.
        self.cut(4 * (self.chunking.size as usize + 1), sink);
    }

    /// Cuts what is left.
    pub fn finish(&mut self, sink: &mut Vec<Chunk>) {
        self.cut(0, sink);
    }

    /// What comes is in another place: no chunk has text of both. Only a heading without any text goes with the
    /// one below it.
    pub fn move_to(&mut self, location: Location, sink: &mut Vec<Chunk>) {
        if location == self.location {
            return;
        }
        let goes_deeper = self.location.headings.len() < location.headings.len();
        if goes_deeper && !self.pending[self.covered..].trim().contains('\n') && !self.location.is_empty() {
            self.location = location;
            return;
        }
        self.cut(0, sink);
        self.before += self.pending.chars().count() as u64;
        self.pending.clear();
        self.covered = 0;
        self.location = location;
    }

    /// How many chunks there are so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Cuts chunks while more than `keep` bytes are left and there is something new in them.
    fn cut(&mut self, keep: usize, sink: &mut Vec<Chunk>) {
        let mut at = 0;
        while self.pending.len() - at > keep {
            let rest = &self.pending[at..];
            let blank = rest.len() - rest.trim_start().len();
            if blank > 0 {
                self.before += rest[..blank].chars().count() as u64;
                at += blank;
                continue;
            }
            let new = &self.pending[self.covered.max(at)..];
            if new.len() <= keep || new.trim_start().is_empty() && keep == 0 {
                break;
            }
            let end = end_of_chunk(rest, self.chunking.size as usize);
            let text = rest[..end].trim_end();
            if at + text.len() <= self.covered {
                // Only white space follows what the last chunk had: no chunk repeats and adds nothing.
                self.before += self.pending[at..self.covered].chars().count() as u64;
                at = self.covered;
                continue;
            }
            let start = self.before;
            sink.push(Chunk {
                chunk_index: self.count,
                start,
                end: start + text.chars().count() as u64,
                location: self.location.to_json(),
                // The store knows it by the location.
                place: String::new(),
                text: text.to_owned(),
            });
            self.count += 1;
            self.covered = at + end;
            let next = start_of_next(&rest[..end], self.chunking.overlap as usize);
            self.before += rest[..next].chars().count() as u64;
            at += next;
        }
        self.pending.drain(..at);
        self.covered = self.covered.saturating_sub(at);
    }
}

/// Where the first chunk of `text` ends, in bytes. `text` does not start with white space.
///
/// For a paragraph, line or sentence it ends early if half of it is filled; for a word if a quarter is, and below
/// that the word is cut.
fn end_of_chunk(text: &str, size: usize) -> usize {
    let Some((limit, _)) = text.char_indices().nth(size) else { return text.len() };
    // One character beyond the limit tells whether a word ends at it.
    let mut best = [None; 4];
    for (place, boundary) in boundaries(text).take_while(|(place, _)| place.bytes <= limit) {
        let least = if boundary == Boundary::Word { size / 4 } else { size / 2 };
        if place.characters >= least {
            best[boundary as usize] = Some(place.bytes);
        }
    }
    best.into_iter().flatten().next().unwrap_or_else(|| grapheme_end(text, limit))
}

/// Where the chunk after `chunk` starts, in bytes.
fn start_of_next(chunk: &str, overlap: usize) -> usize {
    let earliest = overlap.checked_sub(1).and_then(|last| chunk.char_indices().rev().nth(last));
    let Some((earliest, _)) = earliest else { return chunk.len() };
    let tail = &chunk[earliest..];
    let mut first = [None; 4];
    for (place, boundary) in boundaries(tail).filter(|(place, _)| place.bytes < tail.len()) {
        first[boundary as usize].get_or_insert(earliest + place.bytes);
    }
    // A word that fills the whole overlap is repeated from its middle, between two graphemes.
    let next = first.into_iter().flatten().next().unwrap_or_else(|| grapheme_start(chunk, earliest));
    if next == 0 { chunk.len() } else { next }
}

/// What ends before a place in a text, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Boundary {
    Paragraph,
    Line,
    Sentence,
    Word,
}

/// A place in a text.
#[derive(Clone, Copy, Debug)]
struct Place {
    bytes: usize,
    characters: usize,
}

/// The places where something starts after white space, or after the full stop of a script without any.
fn boundaries(text: &str) -> impl Iterator<Item = (Place, Boundary)> {
    let mut ended = None;
    let mut before = '\0';
    text.char_indices().enumerate().filter_map(move |(characters, (bytes, character))| {
        let place = Place { bytes, characters };
        let previous = std::mem::replace(&mut before, character);
        if character.is_whitespace() {
            let ends = match (character, ended) {
                ('\n', Some(Boundary::Line | Boundary::Paragraph)) => Boundary::Paragraph,
                ('\n', _) => Boundary::Line,
                (_, Some(already)) => already,
                (_, None) if matches!(previous, '.' | '!' | '?' | '…') => Boundary::Sentence,
                (_, None) => Boundary::Word,
            };
            ended = Some(ends);
            return None;
        }
        if matches!(previous, '。' | '！' | '？') {
            ended.get_or_insert(Boundary::Sentence);
        }
        ended.take().map(|boundary| (place, boundary))
    })
}

/// The last place up to `limit` that does not cut a grapheme, unless one is longer than all that.
fn grapheme_end(text: &str, limit: usize) -> usize {
    // Some bytes more than needed, so that the cursor sees what follows.
    let seen = &text[..text.floor_char_boundary(limit + 64)];
    let mut cursor = GraphemeCursor::new(limit, seen.len(), true);
    if matches!(cursor.is_boundary(seen, 0), Ok(true)) {
        return limit;
    }
    match cursor.prev_boundary(seen, 0) {
        Ok(Some(place)) if place > 0 => place,
        _ => limit,
    }
}

/// The first place from `earliest` on that does not cut a grapheme.
fn grapheme_start(text: &str, earliest: usize) -> usize {
    let mut cursor = GraphemeCursor::new(earliest, text.len(), true);
    if matches!(cursor.is_boundary(text, 0), Ok(true)) {
        return earliest;
    }
    cursor.next_boundary(text, 0).ok().flatten().unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Cuts a text given in parts, and checks what holds for every text.
    fn chunks(parts: &[&str]) -> Vec<Chunk> {
        chunks_of(parts, Chunking::default())
    }

    fn chunks_of(parts: &[&str], chunking: Chunking) -> Vec<Chunk> {
        let (size, overlap) = (chunking.size, chunking.overlap as usize);
        let mut chunker = Chunker::new(chunking);
        let mut chunks = Vec::new();
        for part in parts {
            chunker.push(part, &mut chunks);
        }
        chunker.finish(&mut chunks);

        let text: Vec<char> = parts.concat().chars().collect();
        let mut covered = 0;
        for (place, chunk) in chunks.iter().enumerate() {
            assert_eq!(chunk.chunk_index, place as u64);
            assert!(chunk.end - chunk.start <= size as u64, "no longer than allowed");
            let range = chunk.start as usize..chunk.end as usize;
            assert_eq!(text[range.clone()].iter().collect::<String>(), chunk.text, "the range is true");
            assert!(range.end > covered, "each chunk brings something new");
            let between = text.get(covered..range.start).unwrap_or_default();
            assert!(between.iter().all(|it| it.is_whitespace()), "only white space lies between");
            assert!(covered.saturating_sub(range.start) <= overlap, "the overlap is bounded");
            covered = range.end;
        }
        assert!(text[covered..].iter().all(|it| it.is_whitespace()), "nothing is left out");
        assert_eq!(chunker.count(), chunks.len() as u64);
        chunks
    }

    #[test]
    fn a_short_text_is_one_chunk() {
        let chunks = chunks(&["  Hello, wörld.\n"]);
        assert_eq!(chunks.len(), 1);
        assert_eq!((chunks[0].start, chunks[0].end, chunks[0].text.as_str()), (2, 15, "Hello, wörld."));
    }

    #[test]
    fn white_space_has_no_chunks() {
        assert!(chunks(&[]).is_empty());
        assert!(chunks(&[&" \n\t".repeat(100_000)]).is_empty());
    }

    #[test]
    fn a_chunk_ends_at_the_strongest_boundary_that_fits() {
        let words = |count: usize| "word ".repeat(count).trim_end().to_owned();
        for (text, end) in [
            (format!("{}. Next.\n{}\n\n{}", words(120), words(20), words(100)), "word\n\n"),
            (format!("{}. Next.\n{}", words(120), words(100)), "Next.\n"),
            (format!("{}. Next {}", words(120), words(100)), "word. "),
            (words(300), "word "),
            ("字。".repeat(800), "。"),
        ] {
            let first = &text[..end_of_chunk(&text, 1000)];
            assert!(
                first.ends_with(end),
                "{end:?}: {:?}",
                &first[first.floor_char_boundary(first.len() - 20)..]
            );
        }
    }

    #[test]
    fn the_next_chunk_repeats_whole_sentences_or_words() {
        let text = "This is a sentence of some length. ".repeat(60);
        assert!(chunks(&[&text]).iter().all(|chunk| chunk.text.starts_with("This")));
        let text = "word ".repeat(600);
        let cut = chunks(&[&text]);
        assert!(cut.iter().all(|chunk| chunk.text.starts_with("word")));
        assert!(cut[1].start < cut[0].end);
    }

    #[test]
    fn texts_of_all_kinds_are_covered_without_gaps() {
        let numbered: String = (0..40_000)
            .map(|word| format!("wörd{word}{}", if word % 97 == 0 { ".\n\n" } else { " " }))
            .collect();
        for text in [
            numbered,
            "x".repeat(300_000),
            format!("a {} b", "y".repeat(5000)),
            format!("{}end", "word\n".repeat(3)) + &"\n".repeat(50_000) + "last",
            "👩‍👩‍👧‍👦".repeat(3000),
            format!("e{}", "\u{301}".repeat(5000)),
            "word ".repeat(200) + "   ",
            "日本語の文章です。".repeat(2000),
        ] {
            chunks(&[&text]);
        }
    }

    #[test]
    fn a_grapheme_is_not_cut() {
        let family = "👩‍👩‍👧‍👦";
        for chunk in chunks(&[&family.repeat(1000)]) {
            assert!(chunk.text.starts_with(family) && chunk.text.ends_with(family));
        }
    }

    #[test]
    fn the_size_of_the_parts_makes_no_difference() {
        let text: String =
            (0..30_000).map(|word| format!("word{word}{}", [" ", ". ", "\n"][word % 3])).collect();
        let whole = chunks(&[&text]);
        for size in [1, 777, 65_536] {
            let parts: Vec<&str> =
                text.as_bytes().chunks(size).map(|part| std::str::from_utf8(part).unwrap()).collect();
            assert_eq!(chunks(&parts), whole, "parts of {size} bytes");
        }
    }

    /// Texts of all kinds of pieces, as no one would write them.
    fn any_text() -> impl Strategy<Value = Vec<String>> {
        let piece = prop_oneof![
            4 => "[a-zäß]{1,12}[ .,!?]{0,2}",
            2 => "[ \\t\\r\\n\u{a0}\u{3000}]{1,40}",
            1 => "[日本語。！]{1,30}",
            1 => "(\\u{301}|\\u{200d}|\u{1f469}|\u{1f3fd}|\u{1f1e9}|\u{1f1ea}){1,60}",
            1 => "[a-z]{200,900}",
            1 => any::<String>(),
        ];
        prop::collection::vec(piece, 0..120)
    }

    proptest! {
        #[test]
        fn whatever_the_text_nothing_is_lost_and_every_range_is_true(
            parts in any_text(),
            size in Chunking::LEAST_SIZE..600,
            share in 0_u32..=50,
        ) {
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            let chunking = Chunking { size, overlap: size * share / 100 };
            let cut = chunks_of(&parts, chunking);
            prop_assert_eq!(cut, chunks_of(&[&parts.concat()], chunking), "however it comes in");
        }

        #[test]
        fn no_chunk_has_text_of_two_places(pages in prop::collection::vec("[a-z .\\n]{0,300}", 1..8)) {
            let mut chunker = Chunker::new(Chunking { size: 100, overlap: 40 });
            let mut cut = Vec::new();
            let mut ranges = Vec::new();
            let mut at = 0;
            for (page, text) in (1..).zip(&pages) {
                chunker.move_to(Location { page: Some(page), ..Location::default() }, &mut cut);
                chunker.push(text, &mut cut);
                ranges.push(at..at + text.len() as u64);
                at += text.len() as u64;
            }
            chunker.finish(&mut cut);
            for chunk in cut {
                let page = Location::of(&chunk.location).page.unwrap() as usize;
                let range = &ranges[page - 1];
                prop_assert!(range.start <= chunk.start && chunk.end <= range.end, "{chunk:?} of {range:?}");
            }
        }
    }
}
