//! The glyphs of a page become lines of text in logical order.
//!
//! A page says where each glyph is, and neither which make a word nor in which direction they are read. Glyphs
//! that follow each other on a baseline are a run; runs that touch are one; where the gap between two glyphs is
//! wide enough there is a space. Right-to-left text is put in order from where its glyphs are, because some
//! programs write it as it is read and others as it is seen.

use unicode_bidi::{BidiClass, bidi_class};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

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
const SPACE: f32 = 0.13;
/// The same where the page has a space.
const WRITTEN_SPACE: f32 = 0.03;
/// Glyphs further apart are of two runs.
const WIDEST_SPACE: f32 = 1.2;
/// Runs this close are one, be they written apart.
const TOUCH: f32 = 0.6;
/// Glyphs may overlap by as much.
const OVERLAP: f32 = 0.25;
/// Raised and lowered letters are this far from the baseline at most.
const RAISED: f32 = 0.5;
/// Baselines this close are of one line.
const SAME_LINE: f32 = 0.3;
/// Lines further apart are of two paragraphs.
const PARAGRAPH: f32 = 1.8;
/// What is written twice for boldness is moved by less.
const TWICE: f32 = 0.15;

/// Runs looked back at.
const BACK: usize = 100;

/// The text of a page.
pub fn text(glyphs: &[Glyph]) -> String {
    let mut runs: Vec<Run> = Vec::new();
    let mut open: Option<Run> = None;
    for glyph in glyphs {
        match &mut open {
            Some(run) if run.is_continued_by(glyph) => run.push(*glyph),
            _ => {
                close(open.take(), &mut runs);
                open = Some(Run::new(*glyph));
            }
        }
    }
    close(open, &mut runs);
    lines(&runs)
}

/// Glyphs that follow each other.
#[derive(Clone, Debug)]
struct Run {
    glyphs: Vec<Glyph>,
    start: f32,
    end: f32,
    /// Of the largest font.
    size: f32,
    has_right_to_left: bool,
}

impl Run {
    fn new(glyph: Glyph) -> Self {
        let mut run =
            Self { glyphs: Vec::new(), start: f32::MAX, end: f32::MIN, size: 0.0, has_right_to_left: false };
        run.push(glyph);
        run
    }

    fn push(&mut self, glyph: Glyph) {
        self.start = self.start.min(glyph.along);
        self.end = self.end.max(glyph.along + glyph.advance);
        self.size = self.size.max(glyph.size);
        self.has_right_to_left |= direction(glyph.character) == Direction::RightToLeft;
        self.glyphs.push(glyph);
    }

    fn first(&self) -> &Glyph {
        &self.glyphs[0]
    }

    fn is_continued_by(&self, next: &Glyph) -> bool {
        let Some(last) = self.glyphs.last() else { return false };
        if (last.angle - next.angle).abs() > 1.0 {
            return false;
        }
        let size = last.size.max(next.size);
        let down = last.across - next.across;
        if is_combining_mark(next.character) && (next.along - last.along).abs().max(down.abs()) < size {
            return true;
        }
        if down.abs() > RAISED * size {
            // Text from top to bottom.
            let below = (next.along - last.along).abs() < 0.3 * size && (0.7..1.6).contains(&(down / size));
            return below && is_ideograph(last.character) && is_ideograph(next.character);
        }
        let ahead = next.along - (last.along + last.advance);
        let behind = last.along - (next.along + next.advance);
        let near = -OVERLAP * size..WIDEST_SPACE * size;
        let leftward = [last, next].iter().any(|it| direction(it.character) == Direction::RightToLeft);
        near.contains(&ahead) && next.along >= last.along || leftward && near.contains(&behind)
    }

    /// How far two runs of one line are apart, if they are of one.
    fn gap(&self, other: &Run) -> Option<f32> {
        let (one, two) = (self.first(), other.first());
        let size = self.size.max(other.size);
        if (one.angle - two.angle).abs() > 1.0 || (one.across - two.across).abs() > RAISED * size {
            return None;
        }
        let gap = (other.start - self.end).max(self.start - other.end) / size;
        let most = if self.has_right_to_left || other.has_right_to_left { WIDEST_SPACE } else { TOUCH };
        (-OVERLAP..most).contains(&gap).then_some(gap)
    }

    /// Whether it is another, written a second time.
    fn repeats(&self, other: &Run) -> bool {
        let moved = TWICE * self.size;
        self.glyphs.len() == other.glyphs.len()
            && self.glyphs.iter().zip(&other.glyphs).all(|(one, two)| {
                one.character == two.character
                    && (one.along - two.along).abs() < moved
                    && (one.across - two.across).abs() < moved
            })
    }
}

/// A run is whole: it may be a part of one before it, or be that one again.
fn close(run: Option<Run>, runs: &mut Vec<Run>) {
    let Some(mut run) = run else { return };
    let recent = runs.len().saturating_sub(BACK);
    if runs[recent..].iter().any(|other| run.repeats(other)) {
        return;
    }
    // What filled the room between two others joins all three.
    loop {
        let recent = runs.len().saturating_sub(BACK);
        let gaps = runs.iter().enumerate().skip(recent);
        let near = gaps.filter_map(|(place, other)| Some((place, run.gap(other)?.abs())));
        let Some((place, _)) = near.min_by(|one, two| one.1.total_cmp(&two.1)) else { break };
        let mut other = runs.remove(place);
        for glyph in run.glyphs {
            other.push(glyph);
        }
        if place == runs.len() {
            run = other;
            continue;
        }
        // It keeps its place, where what it goes on from was written.
        runs.insert(place, other);
        return;
    }
    runs.push(run);
}

fn lines(runs: &[Run]) -> String {
    let mut text = String::new();
    let mut before: Option<&Run> = None;
    for run in runs {
        if let Some(before) = before {
            let size = before.size.max(run.size);
            let down = before.first().across - run.first().across;
            let same_angle = (before.first().angle - run.first().angle).abs() <= 1.0;
            text.push_str(match () {
                () if same_angle && down.abs() < SAME_LINE * size && run.start >= before.end => " ",
                () if same_angle && (0.0..PARAGRAPH * size).contains(&down) => "\n",
                () => "\n\n",
            });
        }
        text.push_str(&line(run));
        before = Some(run);
    }
    text
}

/// A character with its marks, or the characters of a ligature.
struct Cluster {
    text: String,
    start: f32,
    end: f32,
    size: f32,
    after_space: bool,
    direction: Direction,
}

/// The text of a run in logical order.
fn line(run: &Run) -> String {
    let mut clusters = clusters(&run.glyphs);
    if is_vertical(run) {
        return clusters.into_iter().map(|it| it.text).collect();
    }
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
    if run.has_right_to_left {
        words = logical(words);
    }
    words.iter().map(|(text, _)| if text.is_ascii() { text.clone() } else { normalized(text) }).collect()
}

fn is_space(before: &Cluster, next: &Cluster) -> bool {
    let gap = (next.start - before.end) / before.size.max(next.size);
    // Read from the right it is the left one that comes after the space.
    let written = next.after_space || before.direction == Direction::RightToLeft && before.after_space;
    gap > if written { WRITTEN_SPACE } else { SPACE }
}

fn is_vertical(run: &Run) -> bool {
    let [first, second, ..] = run.glyphs.as_slice() else { return false };
    first.across - second.across > RAISED * first.size
}

/// Glyphs with the marks that stand at them.
fn clusters(glyphs: &[Glyph]) -> Vec<Cluster> {
    let mut clusters: Vec<Cluster> = Vec::with_capacity(glyphs.len());
    let mut marks = Vec::new();
    for (place, glyph) in glyphs.iter().enumerate() {
        if is_combining_mark(glyph.character) || accent(glyph.character).is_some() {
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
    for (place, mark) in marks.into_iter().rev() {
        attach(mark, place, &mut clusters);
    }
    clusters
}

/// Puts a mark at the character it stands over: one of its neighbours, before or after it in the page.
fn attach(mark: &Glyph, place: usize, clusters: &mut Vec<Cluster>) {
    let middle = mark.along + mark.advance / 2.0;
    let near = place.saturating_sub(2)..(place + 2).min(clusters.len());
    let far = |it: &Cluster| ((it.start + it.end) / 2.0 - middle).abs();
    let base = near.min_by(|one, two| far(&clusters[*one]).total_cmp(&far(&clusters[*two])));
    let accent = accent(mark.character);
    // An accent that has room of its own is a character.
    let stands_over = |base: &Cluster| {
        accent.is_none()
            || base.text.chars().all(char::is_alphabetic) && (base.start..=base.end).contains(&middle)
    };
    match base.filter(|base| stands_over(&clusters[*base])) {
        Some(base) => {
            let text = &mut clusters[base].text;
            let first = text.chars().next().map_or(0, char::len_utf8);
            // From the last to the first: each goes directly behind the letter.
            text.insert(first, accent.unwrap_or(mark.character));
        }
        None => clusters.insert(
            place,
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
fn accent(character: char) -> Option<char> {
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

/// Whether two characters are one glyph, which is shared out evenly among them. They are in the order they are
/// read, also where that is from right to left.
fn is_ligature(one: &Glyph, two: &Glyph) -> bool {
    let same = |one: f32, two: f32| (one - two).abs() < 1e-3;
    direction(one.character) == Direction::RightToLeft
        && direction(two.character) == Direction::RightToLeft
        && !two.after_space
        && same(one.advance, two.advance)
        && same(one.along + one.advance, two.along)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    LeftToRight,
    RightToLeft,
    Neutral,
}

fn direction(character: char) -> Direction {
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

fn is_ideograph(character: char) -> bool {
    matches!(character, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ffef}')
}

/// Ligatures and the forms of Arabic letters as the letters they stand for, accents on their letters.
fn normalized(text: &str) -> String {
    let is_form = |it: char| matches!(it, '\u{fb00}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}');
    if text.chars().any(is_form) { text.nfkc().collect() } else { text.nfc().collect() }
}
