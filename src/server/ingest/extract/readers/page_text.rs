//! The glyphs of a page become lines of text in logical order.
//!
//! A page says where each glyph is, and neither which make a word nor in which order they are read. Glyphs that
//! touch make a word, raised and lowered ones too; words that are near each other on a baseline make a line;
//! [`layout`](super::layout) says in which order lines are read, and [`logical_order`](super::logical_order) in which order
//! the characters of a line are: by where they stand, because some programs write right-to-left text as it is read and
//! others as it is seen.

use unicode_normalization::char::is_combining_mark;

use super::layout::{self, Area};
use super::logical_order::{Direction, accent, direction, is_mark, text_of};

/// One character where it is on the page, in the direction of its text; lengths are in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Glyph {
    pub character: char,
    /// Along the baseline.
    pub along: f32,
    /// Across it, upwards.
    pub across: f32,
    pub advance: f32,
    /// Of the font.
    pub size: f32,
    /// Degrees between the baseline and the lower edge of the page.
    pub angle: f32,
    /// The page has a space before it.
    pub after_space: bool,
}

// All of these are shares of the size of the font.

/// A gap from here on is a space. Words are rarely set closer, letters rarely wider.
pub const SPACE: f32 = 0.13;
/// The same where the page has a space.
pub const WRITTEN_SPACE: f32 = 0.08;
/// Words further apart are of two lines: of two columns, or of two cells of a table.
const WIDEST_SPACE: f32 = 1.2;
/// Glyphs may overlap by as much, as in TeX's name.
const OVERLAP: f32 = 0.45;
/// Raised and lowered letters are this far from the baseline at most.
const RAISED: f32 = 0.5;
/// A mark without room of its own stands at the end of its letter, where the next begins: a hair before that.
const BACK: f32 = 0.02;
/// Glyphs of a piece are on one baseline, but for as much.
const SAME_PIECE: f32 = 0.1;
/// Marks are as far from their letter at most.
const MARK: f32 = 1.2;
/// Baselines this close are of one line.
const SAME_LINE: f32 = 0.3;
/// Lines further apart are of two paragraphs.
const PARAGRAPH: f32 = 1.8;

/// Glyphs that are raised or lowered together at most.
const SHORT: usize = 3;

/// Characters one below the other that make a page one of columns.
const LEAST_COLUMN: usize = 10;

/// Pieces of words looked at for each, to join them.
const NEAR: usize = 300;

/// The text of a page.
pub fn text(glyphs: &[Glyph]) -> String {
    let mut angles: Vec<(i32, Vec<Glyph>)> = Vec::new();
    for glyph in glyphs {
        let angle = glyph.angle.round() as i32;
        match angles.iter_mut().find(|(it, _)| *it == angle) {
            Some((_, group)) => group.push(*glyph),
            None => angles.push((angle, vec![*glyph])),
        }
    }
    // What is turned is a remark at the edge, if it is not the most.
    angles.sort_by_key(|(_, group)| std::cmp::Reverse(group.len()));
    let texts = angles.into_iter().map(|(_, group)| text_at_angle(group));
    texts.collect::<Vec<_>>().join("\n\n")
}

/// Whether the page is written from top to bottom, as Chinese and Japanese can be.
pub fn is_vertical(glyphs: &[Glyph]) -> bool {
    let mut characters: Vec<&Glyph> = glyphs.iter().filter(|it| is_ideograph(it.character)).collect();
    let neighbours = |one: f32, two: f32, size: f32| (0.9..1.2).contains(&((one - two).abs() / size));
    let mut count = |across: fn(&Glyph) -> f32, along: fn(&Glyph) -> f32| {
        let row = |it: &Glyph| across(it).round();
        characters.sort_by(|one, two| row(one).total_cmp(&row(two)).then(along(one).total_cmp(&along(two))));
        let pairs = characters.windows(2);
        pairs
            .filter(|it| row(it[0]) == row(it[1]) && neighbours(along(it[0]), along(it[1]), it[0].size))
            .count()
    };
    let (beside, below) = (count(|it| it.across, |it| it.along), count(|it| it.along, |it| it.across));
    below > LEAST_COLUMN && below > 2 * beside
}

fn is_ideograph(character: char) -> bool {
    matches!(character, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}')
}

fn text_at_angle(mut glyphs: Vec<Glyph>) -> String {
    for glyph in glyphs.iter_mut().filter(|it| it.advance < 0.05 * it.size && is_combining_mark(it.character))
    {
        glyph.along -= BACK * glyph.size;
    }
    glyphs.sort_by(|one, two| {
        two.across.round().total_cmp(&one.across.round()).then(one.along.total_cmp(&two.along))
    });
    let right_to_left = glyphs.iter().filter(|it| direction(it.character) == Direction::RightToLeft).count()
        * 2
        > glyphs.len();
    let lines = lines(words(pieces(glyphs)));
    let areas: Vec<Area> = lines.iter().map(Run::area).collect();
    let mut text = String::new();
    let mut before: Option<&Run> = None;
    for place in layout::reading_order(&areas, right_to_left) {
        let line = &lines[place];
        if let Some(before) = before {
            let size = before.size.max(line.size);
            let down = before.baseline() - line.baseline();
            text.push_str(match () {
                () if down.abs() < SAME_LINE * size => " ",
                () if (0.0..PARAGRAPH * size).contains(&down) => "\n",
                () => "\n\n",
            });
        }
        text.push_str(&text_of(&line.glyphs));
        before = Some(line);
    }
    text
}

/// Glyphs that belong together: a piece of a word, a word, or a line.
#[derive(Clone, Debug)]
struct Run {
    glyphs: Vec<Glyph>,
    start: f32,
    end: f32,
    /// Of the largest font.
    size: f32,
}

impl Run {
    fn new(glyph: Glyph) -> Self {
        Self { glyphs: vec![glyph], start: glyph.along, end: glyph.along + glyph.advance, size: glyph.size }
    }

    fn push(&mut self, glyph: Glyph) {
        self.start = self.start.min(glyph.along);
        self.end = self.end.max(glyph.along + glyph.advance);
        self.size = self.size.max(glyph.size);
        self.glyphs.push(glyph);
    }

    fn join(&mut self, other: Self) {
        other.glyphs.into_iter().for_each(|glyph| self.push(glyph));
    }

    /// Where most of it stands: of the largest letters, which are neither raised nor lowered.
    fn baseline(&self) -> f32 {
        let largest = self.glyphs.iter().filter(|it| it.size > 0.9 * self.size && !is_mark(it.character));
        largest.map(|it| it.across).next().unwrap_or(self.glyphs[0].across)
    }

    fn area(&self) -> Area {
        let baseline = self.baseline();
        Area {
            start: self.start,
            end: self.end,
            top: baseline + 0.8 * self.size,
            bottom: baseline - 0.2 * self.size,
            size: self.size,
        }
    }

    fn is_marks(&self) -> bool {
        self.glyphs.iter().all(|it| is_mark(it.character) || accent(it.character).is_some())
    }

    /// Whether two pieces are of one word.
    fn touches(&self, other: &Self) -> bool {
        let size = self.size.max(other.size);
        let off = (self.baseline() - other.baseline()).abs() / size;
        if self.is_marks() || other.is_marks() {
            let middle = |it: &Self| (it.start + it.end) / 2.0;
            let (mark, base) = if self.is_marks() { (self, other) } else { (other, self) };
            return off < MARK && (base.start - 0.1 * size..base.end + 0.1 * size).contains(&middle(mark));
        }
        let gap = (other.start - self.end).max(self.start - other.end) / size;
        let (left, right) = if self.start <= other.start { (self, other) } else { (other, self) };
        // What is written with a space between is not raised, but another word.
        let apart = right.glyphs[0].after_space && gap > WRITTEN_SPACE && left.end < right.end;
        let short = self.glyphs.len().min(other.glyphs.len()) <= SHORT;
        (off < SAME_PIECE || off < RAISED && short) && (-OVERLAP..SPACE).contains(&gap) && !apart
    }
}

/// Glyphs on one baseline that touch.
fn pieces(glyphs: Vec<Glyph>) -> Vec<Run> {
    let mut pieces: Vec<Run> = Vec::new();
    for glyph in glyphs {
        match pieces.last_mut() {
            Some(piece) if is_next(piece, &glyph) => piece.push(glyph),
            _ => pieces.push(Run::new(glyph)),
        }
    }
    pieces
}

fn is_next(piece: &Run, glyph: &Glyph) -> bool {
    let Some(last) = piece.glyphs.last() else { return false };
    let size = last.size.max(glyph.size);
    let gap = (glyph.along - piece.end) / size;
    let most = if glyph.after_space { WRITTEN_SPACE } else { SPACE };
    (last.across - glyph.across).abs() < SAME_PIECE * size && (-OVERLAP..most).contains(&gap)
}

/// Pieces that touch, though they are on different baselines.
fn words(pieces: Vec<Run>) -> Vec<Run> {
    // Of each piece, the word that it has become a part of.
    let mut owner: Vec<usize> = (0..pieces.len()).collect();
    fn find(owner: &mut [usize], mut place: usize) -> usize {
        while owner[place] != place {
            owner[place] = owner[owner[place]];
            place = owner[place];
        }
        place
    }
    for (place, piece) in pieces.iter().enumerate() {
        for (other_place, other) in pieces.iter().enumerate().skip(place + 1).take(NEAR) {
            let down = piece.glyphs[0].across - other.glyphs[0].across;
            if down > MARK * piece.size.max(other.size) {
                break;
            }
            if piece.touches(other) {
                let (one, two) = (find(&mut owner, place), find(&mut owner, other_place));
                owner[two.max(one)] = two.min(one);
            }
        }
    }
    let mut words: Vec<Option<Run>> = vec![None; pieces.len()];
    for (place, piece) in pieces.into_iter().enumerate() {
        let owner = find(&mut owner, place);
        match &mut words[owner] {
            Some(word) => word.join(piece),
            empty => *empty = Some(piece),
        }
    }
    words.into_iter().flatten().collect()
}

/// Words that follow each other on a baseline.
fn lines(mut words: Vec<Run>) -> Vec<Run> {
    words.sort_by(|one, two| two.baseline().total_cmp(&one.baseline()));
    let mut lines: Vec<Run> = Vec::new();
    let mut row: Vec<Run> = Vec::new();
    for word in words {
        let same = row.first().is_none_or(|first| {
            first.baseline() - word.baseline() < SAME_LINE * first.size.min(word.size).max(1.0)
        });
        if !same {
            split(std::mem::take(&mut row), &mut lines);
        }
        row.push(word);
    }
    split(row, &mut lines);
    lines
}

/// Words of one baseline become lines where they are far apart.
fn split(mut row: Vec<Run>, lines: &mut Vec<Run>) {
    row.sort_by(|one, two| one.start.total_cmp(&two.start));
    let mut line: Option<Run> = None;
    for word in row {
        match &mut line {
            Some(line) if word.start - line.end < WIDEST_SPACE * line.size.max(word.size) => line.join(word),
            other => lines.extend(other.replace(word)),
        }
    }
    lines.extend(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: f32 = 10.0;
    const ADVANCE: f32 = 5.0;

    fn glyph(character: char, along: f32, across: f32) -> Glyph {
        let advance = if is_mark(character) { 0.0 } else { ADVANCE };
        Glyph { character, along, across, advance, size: SIZE, angle: 0.0, after_space: false }
    }

    /// Glyphs side by side from a place on, spaces as gaps.
    fn written(text: &str, along: f32, across: f32) -> Vec<Glyph> {
        let places = (0_u8..).map(|it| along + f32::from(it) * ADVANCE);
        let glyphs = text.chars().zip(places).filter(|(it, _)| *it != ' ');
        glyphs.map(|(character, along)| glyph(character, along, across)).collect()
    }

    #[test]
    fn gaps_are_spaces_and_lower_baselines_new_lines() {
        let lines = [written("one two", 0.0, 100.0), written("three", 0.0, 88.0), written("four", 0.0, 60.0)];
        assert_eq!(text(&lines.concat()), "one two\nthree\n\nfour");
    }

    #[test]
    fn raised_and_lowered_letters_stay_in_their_word() {
        let glyphs = [glyph('T', 0.0, 100.0), glyph('E', 4.0, 97.8), glyph('X', 8.0, 100.0)];
        assert_eq!(text(&glyphs), "TEX");
    }

    #[test]
    fn text_from_right_to_left_is_read_alike_whether_it_was_written_as_seen_or_as_read() {
        // As it is seen from the left: a word, a number, and another word; the first letter is the rightmost.
        let seen = written("םלוע 12 (םולש)", 0.0, 100.0);
        let mut read = seen.clone();
        read.reverse();
        assert_eq!(text(&seen), "(שלום) 12 עולם");
        assert_eq!(text(&read), "(שלום) 12 עולם");
    }

    #[test]
    fn a_word_from_right_to_left_in_a_line_from_left_to_right_is_turned_round_alone() {
        assert_eq!(text(&written("the word םולש means peace", 0.0, 100.0)), "the word שלום means peace");
    }

    #[test]
    fn forms_of_letters_become_letters_and_a_ligature_keeps_its_order() {
        // Lam and alef share one glyph; the letter before them in reading stands to their right.
        let glyphs =
            [glyph('ل', 0.0, 100.0), glyph('ا', ADVANCE, 100.0), glyph('\u{fe91}', 2.0 * ADVANCE, 100.0)];
        assert_eq!(text(&glyphs), "بلا");
        assert_eq!(text(&written("o\u{fb03}ce", 0.0, 100.0)), "office");
    }

    #[test]
    fn marks_go_to_the_letter_they_stand_at_wherever_they_are_written() {
        let mut glyphs = written("םולש", 0.0, 100.0);
        glyphs.push(glyph('\u{5b8}', 3.0 * ADVANCE + 2.0, 98.0));
        assert_eq!(text(&glyphs), "ש\u{5b8}לום");
        let accent = Glyph { advance: 3.0, ..glyph('\u{b4}', 6.0, 100.0) };
        let mut glyphs = written("cafe", -2.0 * ADVANCE, 100.0);
        glyphs.insert(3, accent);
        assert_eq!(text(&glyphs), "café");
    }

    #[test]
    fn text_from_top_to_bottom_is_told_from_lines_one_below_the_other() {
        let column: Vec<_> = (0..30_u8).map(|it| glyph('字', 0.0, 500.0 - 10.0 * f32::from(it))).collect();
        assert!(is_vertical(&column));
        let line: Vec<_> = (0..30_u8).map(|it| glyph('字', 10.0 * f32::from(it), 500.0)).collect();
        let below = line.iter().map(|it| Glyph { across: 482.0, ..*it });
        assert!(!is_vertical(&line.iter().copied().chain(below).collect::<Vec<_>>()));
    }
}
