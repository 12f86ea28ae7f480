//! Chunks over the text they are cut from, so that a page shows that text once, with their borders in it.

use std::ops::Range;

use super::Chunk;

/// A piece of a document's text that lies in the same chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub text: String,
    /// The numbers of the chunks that have it, as `chunk_index` says them; several where chunks overlap.
    pub chunks: Range<u64>,
    /// Something lies before it that is in no chunk: white space, or what was not given.
    pub gap: bool,
}

/// The text of chunks in segments, in order.
///
/// `chunks` follow each other. Each says which characters of the document's text it has; a header that is
/// repeated over the rows of a table is a part of that text each time. A chunk that does not agree with its
/// range, or with the one before it where both have the same text, is a segment by itself.
pub fn segments(chunks: &[Chunk]) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut rest = chunks;
    let mut end = None;
    while let [first, ..] = rest {
        let together = together(rest);
        let gap = end.is_some_and(|end| end != first.start);
        lay(&rest[..together], gap, &mut segments);
        end = rest[..together].last().map(|it| it.end);
        rest = &rest[together..];
    }
    segments
}

/// How many of the first chunks overlap or touch, each with the next, and agree about it.
fn together(chunks: &[Chunk]) -> usize {
    let follows = |pair: &[Chunk]| {
        let [before, next] = pair else { return false };
        before.start < next.start
            && next.start <= before.end
            && before.end < next.end
            && is_true(before)
            && is_true(next)
            && after(before, next.start - before.start) == up_to(next, before.end - next.start)
    };
    1 + chunks.windows(2).take_while(|pair| follows(pair)).count()
}

fn is_true(chunk: &Chunk) -> bool {
    chunk.end.checked_sub(chunk.start) == Some(chunk.text.chars().count() as u64)
}

/// Cuts chunks that lie together at every border of one of them.
fn lay(chunks: &[Chunk], mut gap: bool, segments: &mut Vec<Segment>) {
    if let [alone] = chunks {
        let numbers = alone.chunk_index..alone.chunk_index + 1;
        return segments.push(Segment { text: alone.text.clone(), chunks: numbers, gap });
    }
    let mut borders: Vec<u64> = chunks.iter().flat_map(|it| [it.start, it.end]).collect();
    borders.sort_unstable();
    borders.dedup();
    for border in borders.windows(2) {
        let (from, to) = (border[0], border[1]);
        // Starts and ends both ascend, so the chunks around a segment follow each other.
        let mut around = chunks.iter().filter(|it| it.start <= from && to <= it.end);
        let Some(first) = around.next() else { continue };
        let last = around.next_back().unwrap_or(first);
        let text = up_to_text(after(first, from - first.start), to - from).to_owned();
        let numbers = first.chunk_index..last.chunk_index + 1;
        segments.push(Segment { text, chunks: numbers, gap: std::mem::take(&mut gap) });
    }
}

/// A chunk's text without so many characters at its start.
fn after(chunk: &Chunk, characters: u64) -> &str {
    let start = chunk.text.char_indices().nth(characters as usize).map_or(chunk.text.len(), |(at, _)| at);
    &chunk.text[start..]
}

fn up_to(chunk: &Chunk, characters: u64) -> &str {
    up_to_text(&chunk.text, characters)
}

fn up_to_text(text: &str, characters: u64) -> &str {
    let end = text.char_indices().nth(characters as usize).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Metadata;

    const TEXT: &str = "Ein Löwe schläft — gähnt, frißt und schläft.";

    fn cut(ranges: &[Range<u64>]) -> Vec<Chunk> {
        let text: Vec<char> = TEXT.chars().collect();
        let chunk = |(number, range): (usize, &Range<u64>)| Chunk {
            chunk_index: 7 + number as u64,
            start: range.start,
            end: range.end,
            location: Metadata::default(),
            place: String::new(),
            text: text[range.start as usize..range.end as usize].iter().collect(),
        };
        ranges.iter().enumerate().map(chunk).collect()
    }

    fn laid(chunks: &[Chunk]) -> Vec<(String, Range<u64>, bool)> {
        segments(chunks).into_iter().map(|it| (it.text, it.chunks, it.gap)).collect()
    }

    #[test]
    fn what_two_chunks_share_is_a_segment_of_both() {
        let expected = [
            ("Ein ".to_owned(), 7..8, false),
            ("Löwe schläft".to_owned(), 7..9, false),
            (" — gähnt,".to_owned(), 8..9, false),
        ];
        assert_eq!(laid(&cut(&[0..16, 4..25])), expected);
    }

    #[test]
    fn a_long_overlap_belongs_to_three_chunks() {
        let numbers: Vec<_> =
            laid(&cut(&[0..16, 4..25, 9..32])).into_iter().map(|(_, chunks, _)| chunks).collect();
        assert_eq!(numbers, [7..8, 7..9, 7..10, 8..10, 9..10]);
    }

    #[test]
    fn all_segments_together_are_the_text() {
        for ranges in [vec![0..16, 16..44], vec![0..16, 4..25, 9..32, 30..44]] {
            let together: String = laid(&cut(&ranges)).into_iter().map(|(text, ..)| text).collect();
            assert_eq!(together, TEXT, "{ranges:?}");
        }
    }

    #[test]
    fn what_lies_between_two_chunks_is_told_as_a_gap() {
        let expected = [("Ein".to_owned(), 7..8, false), ("Löwe".to_owned(), 8..9, true)];
        assert_eq!(laid(&cut(&[0..3, 4..8])), expected);
    }

    #[test]
    fn a_chunk_that_does_not_agree_stands_by_itself() {
        let (mut longer, mut other) = (cut(&[0..16, 4..25]), cut(&[0..16, 4..25]));
        longer[1].text.push('x');
        other[1].text = other[1].text.replace("Löwe", "Wolf");
        for chunks in [longer, other] {
            let expected: Vec<_> =
                [(&chunks[0], false), (&chunks[1], true)].map(|(it, gap)| (it.text.clone(), gap)).to_vec();
            let seen: Vec<_> = laid(&chunks).into_iter().map(|(text, _, gap)| (text, gap)).collect();
            assert_eq!(seen, expected);
        }
        assert!(segments(&[]).is_empty());
    }
}
