//! The headings of Markdown, as places, and its tables, as rows.

use super::{Extracted, Structure};
use crate::domain::Location;

/// Follows the lines of a Markdown text, and knows which headings they are under.
#[derive(Debug, Default)]
pub struct Markdown {
    /// Where the whole text is.
    at: Location,
    /// Level and text of the headings that the present line is under.
    above: Vec<(usize, String)>,
    /// Within a fenced block of code, which ends with the same mark.
    fence: Option<char>,
    /// A line that has not ended yet.
    partial: String,
    /// Lines that were not given yet.
    gathered: String,
    /// The lines of a table that may become long.
    table: String,
    /// Rows given of a long table.
    rows: u32,
}

/// The longest line looked at, in bytes; a longer one is neither heading nor row.
const LONGEST: usize = 2000;

/// The longest heading kept, in characters.
const LONGEST_HEADING: usize = 120;

/// A table with fewer bytes than this stays in the text around it.
const LONG_TABLE: usize = 700;

impl Structure for Markdown {
    fn push(&mut self, text: &str, sink: &mut dyn FnMut(Extracted)) {
        for line in text.split_inclusive('\n') {
            if self.partial.is_empty() && line.ends_with('\n') {
                self.line(line, sink);
                continue;
            }
            self.partial.push_str(line);
            if line.ends_with('\n') || self.partial.len() > LONGEST {
                let line = std::mem::take(&mut self.partial);
                self.line(&line, sink);
            }
        }
        self.give(sink);
    }

    fn finish(&mut self, sink: &mut dyn FnMut(Extracted)) {
        let line = std::mem::take(&mut self.partial);
        if !line.is_empty() {
            self.line(&line, sink);
        }
        self.end_table(sink);
        self.give(sink);
    }
}

impl Markdown {
    /// A text that is somewhere in another.
    pub fn new(at: Location) -> Self {
        Self { at, ..Self::default() }
    }

    fn line(&mut self, line: &str, sink: &mut dyn FnMut(Extracted)) {
        if self.fence.is_none() && line.starts_with('|') && line.len() <= LONGEST {
            return self.row(line, sink);
        }
        self.end_table(sink);
        if let Some((level, heading)) = self.heading(line) {
            self.give(sink);
            self.above.retain(|(other, _)| *other < level);
            self.above.push((level, heading));
            sink(Extracted::Place(self.place()));
        }
        self.gathered.push_str(line);
    }

    /// Where the present line is.
    fn place(&self) -> Location {
        Location { headings: self.above.iter().map(|(_, text)| text.clone()).collect(), ..self.at.clone() }
    }

    fn row(&mut self, line: &str, sink: &mut dyn FnMut(Extracted)) {
        self.table.push_str(line);
        if self.table.len() < LONG_TABLE {
            return;
        }
        if self.rows == 0 {
            self.give(sink);
        }
        let table = std::mem::take(&mut self.table);
        let rows = table.lines().filter(|row| !is_rule(row)).map(|row| {
            self.rows += 1;
            (self.rows, row.to_owned())
        });
        sink(Extracted::Rows(rows.collect()));
    }

    fn end_table(&mut self, sink: &mut dyn FnMut(Extracted)) {
        let table = std::mem::take(&mut self.table);
        if self.rows == 0 {
            return self.gathered.push_str(&table);
        }
        let rows = (self.rows + 1..).zip(table.lines()).map(|(number, row)| (number, row.to_owned()));
        sink(Extracted::Rows(rows.collect()));
        self.rows = 0;
        sink(Extracted::Place(self.place()));
    }

    fn give(&mut self, sink: &mut dyn FnMut(Extracted)) {
        if !self.gathered.is_empty() {
            sink(Extracted::Text(std::mem::take(&mut self.gathered)));
        }
    }

    /// Level and text of a line that is a heading.
    fn heading(&mut self, line: &str) -> Option<(usize, String)> {
        let line = line.trim();
        if let Some(mark) =
            ['`', '~'].into_iter().find(|mark| line.chars().take_while(|it| it == mark).count() > 2)
        {
            match self.fence {
                None => self.fence = Some(mark),
                Some(open) if open == mark => self.fence = None,
                Some(_) => {}
            }
            return None;
        }
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        let text = line[level..].trim_start();
        if self.fence.is_some()
            || !(1..=6).contains(&level)
            || text.len() == line.len() - level
            || text.is_empty()
        {
            return None;
        }
        let text = text.trim_end_matches('#').trim_end();
        Some((level, text.chars().take(LONGEST_HEADING).collect()))
    }
}

/// The line between a table's header and its rows.
fn is_rule(row: &str) -> bool {
    row.bytes().all(|byte| matches!(byte, b'|' | b'-' | b':' | b' '))
}

/// A whole Markdown text in memory.
pub fn extract(text: &str, at: &Location, sink: &mut dyn FnMut(Extracted)) {
    let mut markdown = Markdown::new(at.clone());
    markdown.push(text, sink);
    markdown.finish(sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with its places, given in two parts.
    fn found(text: &str, cut: usize) -> Vec<Extracted> {
        let (mut markdown, mut found) = (Markdown::default(), Vec::new());
        markdown.push(&text[..cut], &mut |it| found.push(it));
        markdown.push(&text[cut..], &mut |it| found.push(it));
        markdown.finish(&mut |it| found.push(it));
        found
    }

    #[test]
    fn lines_are_under_their_headings_wherever_the_text_is_cut() {
        let text = "intro\n# One\na\n## Two ##\nb\n| x | y |\n|---|---|\n```\n# no heading\n```\n# Three\nc #4\n#no\nend";
        for cut in 0..=text.len() {
            let (mut whole, mut seen) = (String::new(), Vec::new());
            for it in found(text, cut) {
                match it {
                    Extracted::Text(text) => whole.push_str(&text),
                    Extracted::Place(at) => seen.push(at.headings.join("/")),
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(seen, ["One", "One/Two", "Three"], "cut at {cut}");
            assert_eq!(whole, text);
        }
    }

    #[test]
    fn a_long_table_is_given_row_by_row_and_the_text_goes_on_after_it() {
        let rows: String = (2..=100).map(|row| format!("| thing {row} | {row} |\n")).collect();
        let text = format!("# Prices\nbefore\n| name | price |\n|---|---|\n{rows}after");
        let (mut numbers, mut around) = (Vec::new(), String::new());
        for it in found(&text, 10) {
            match it {
                Extracted::Rows(rows) => numbers.extend(rows.iter().map(|(number, row)| {
                    assert!(*number == 1 || row.contains(&format!("thing {number} ")), "{number}: {row}");
                    *number
                })),
                Extracted::Text(text) => around.push_str(&text),
                Extracted::Place(at) => assert_eq!(at.headings, ["Prices"]),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(numbers, (1..=100).collect::<Vec<_>>());
        assert_eq!(around, "# Prices\nbefore\nafter");
    }
}
