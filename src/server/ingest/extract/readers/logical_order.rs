//! The characters of a line in the order they are read: spaces where gaps are, marks at their letters, and right-to-left
//! text turned round from how it is seen.

use unicode_bidi::{BidiClass, bidi_class};
use unicode_normalization::UnicodeNormalization;

use super::page_text::{Glyph, SPACE, WRITTEN_SPACE};

/// A character with its marks, or the characters of a ligature.
struct Cluster {
    text: String,
    start: f32,
    end: f32,
    size: f32,
    after_space: bool,
    direction: Direction,
}

/// The text of a line in logical order.
pub fn text_of(line: &[Glyph]) -> String {
    let mut clusters = clusters(line);
    clusters.sort_by(|one, two| one.start.total_cmp(&two.start));
    let mut words: Vec<(String, Direction)> = Vec::new();
    let mut before: Option<&Cluster> = None;
    for cluster in &clusters {
        if before.is_some_and(|before| is_space(before, cluster)) {
            words.push((" ".to_owned(), Direction::Neutral));
        }
        words.push((cluster.text.clone(), cluster.direction));
        before = Some(cluster);
    }
    if clusters.iter().any(|it| it.direction == Direction::RightToLeft) {
        words = logical(words);
    }
    words.iter().map(|(text, _)| if text.is_ascii() { text.clone() } else { normalized(text) }).collect()
}

fn is_space(before: &Cluster, next: &Cluster) -> bool {
    let gap = (next.start - before.end) / before.size.max(next.size);
    // Read from the right it is the left one that comes after the space.
    let leftward = before.direction == Direction::RightToLeft && next.direction == Direction::RightToLeft;
    let written = next.after_space || leftward && before.after_space;
    gap > if written { WRITTEN_SPACE } else { SPACE }
}

/// Glyphs with the marks that stand at them.
fn clusters(glyphs: &[Glyph]) -> Vec<Cluster> {
    let mut clusters: Vec<Cluster> = Vec::with_capacity(glyphs.len());
    let mut marks = Vec::new();
    for (place, glyph) in glyphs.iter().enumerate() {
        if is_mark(glyph.character) || accent(glyph.character).is_some() {
            marks.push((clusters.len(), glyph));
            continue;
        }
        let of_ligature = place > 0 && is_ligature(&glyphs[place - 1], glyph);
        match clusters.last_mut() {
            Some(ligature) if of_ligature => {
                ligature.text.push(glyph.character);
                ligature.end = glyph.along + glyph.advance;
            }
            _ => clusters.push(Cluster {
                text: glyph.character.to_string(),
                start: glyph.along,
                end: glyph.along + glyph.advance,
                size: glyph.size,
                after_space: glyph.after_space,
                direction: direction(glyph.character),
            }),
        }
    }
    for (place, mark) in marks {
        attach(mark, place, &mut clusters);
    }
    clusters
}

/// Puts a mark at the character it stands over.
fn attach(mark: &Glyph, place: usize, clusters: &mut Vec<Cluster>) {
    let middle = mark.along + mark.advance / 2.0;
    let far = |it: &Cluster| ((it.start + it.end) / 2.0 - middle).abs();
    let base = (0..clusters.len()).min_by(|one, two| far(&clusters[*one]).total_cmp(&far(&clusters[*two])));
    let accent = accent(mark.character);
    // An accent that has room of its own is a character.
    let stands_over = |base: &Cluster| {
        accent.is_none()
            || base.text.chars().all(char::is_alphabetic) && (base.start..=base.end).contains(&middle)
    };
    match base.filter(|base| stands_over(&clusters[*base])) {
        Some(base) => {
            clusters[base].text.push(accent.unwrap_or(mark.character));
        }
        None => clusters.insert(
            place.min(clusters.len()),
            Cluster {
                text: mark.character.to_string(),
                start: mark.along,
                end: mark.along + mark.advance,
                size: mark.size,
                after_space: mark.after_space,
                direction: direction(mark.character),
            },
        ),
    }
}

/// The mark that an accent with room of its own becomes over a letter, as TeX sets it.
pub fn accent(character: char) -> Option<char> {
    Some(match character {
        '\u{b4}' => '\u{301}',
        '\u{60}' => '\u{300}',
        '\u{2c6}' => '\u{302}',
        '\u{a8}' => '\u{308}',
        '\u{2dc}' => '\u{303}',
        '\u{b8}' => '\u{327}',
        '\u{2da}' => '\u{30a}',
        '\u{2c7}' => '\u{30c}',
        '\u{2d8}' => '\u{306}',
        '\u{af}' => '\u{304}',
        '\u{2d9}' => '\u{307}',
        '\u{2dd}' => '\u{30b}',
        '\u{2db}' => '\u{328}',
        _ => return None,
    })
}

/// Whether two characters are one glyph, lam and alef, whose room is shared out evenly among them. They come in the
/// order they are read, though that is from right to left.
fn is_ligature(one: &Glyph, two: &Glyph) -> bool {
    let same = |one: f32, two: f32| (one - two).abs() < 1e-3;
    one.character == 'ل'
        && matches!(two.character, 'ا' | 'أ' | 'إ' | 'آ' | 'ٱ')
        && !two.after_space
        && same(one.advance, two.advance)
        && same(one.along + one.advance, two.along)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    LeftToRight,
    RightToLeft,
    Neutral,
}

pub fn direction(character: char) -> Direction {
    match bidi_class(character) {
        BidiClass::L | BidiClass::EN | BidiClass::AN => Direction::LeftToRight,
        BidiClass::R | BidiClass::AL => Direction::RightToLeft,
        _ => Direction::Neutral,
    }
}

/// Words as they are seen from left to right become words as they are read. The direction that most have is that
/// of the line; within it the others are turned round.
fn logical(mut seen: Vec<(String, Direction)>) -> Vec<(String, Direction)> {
    let count = |wanted| seen.iter().filter(|(_, it)| *it == wanted).count();
    let base = if count(Direction::RightToLeft) >= count(Direction::LeftToRight) / 2 {
        seen.reverse();
        Direction::RightToLeft
    } else {
        Direction::LeftToRight
    };
    let mut start = 0;
    while start < seen.len() {
        let is_other = |it: &(String, Direction)| it.1 != base && it.1 != Direction::Neutral;
        if !is_other(&seen[start]) {
            start += 1;
            continue;
        }
        // Up to the last of them before one of the line's own direction.
        let own = seen[start..].iter().position(|it| it.1 == base).map_or(seen.len(), |it| start + it);
        let end = start + seen[start..own].iter().rposition(is_other).map_or(0, |it| it + 1);
        seen[start..end].reverse();
        start = end;
    }
    if base == Direction::RightToLeft {
        for (text, direction) in &mut seen {
            if *direction == Direction::Neutral {
                mirror(text);
            }
        }
    }
    seen
}

/// Brackets are drawn the other way round in text from right to left.
fn mirror(text: &mut String) {
    const PAIRS: [(&str, &str); 4] = [("(", ")"), ("[", "]"), ("{", "}"), ("«", "»")];
    if let Some((open, close)) = PAIRS.iter().find(|(open, close)| text == open || text == close) {
        *text = if text == open { (*close).to_owned() } else { (*open).to_owned() };
    }
}

/// Marks that stand over or under a letter and have no room of their own. Those of other scripts, of India say,
/// are written where they belong.
pub fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c7}'
        | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6ed}')
}

/// Ligatures and the forms of Arabic letters as the letters they stand for, accents on their letters.
fn normalized(text: &str) -> String {
    let is_form = |it: char| matches!(it, '\u{fb00}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}');
    if text.chars().any(is_form) { text.nfkc().collect() } else { text.nfc().collect() }
}
