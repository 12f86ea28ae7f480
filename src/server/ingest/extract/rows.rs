//! Values apart by commas, tabs or the like: row by row, as they are written.

use super::{Extracted, Structure};
use crate::domain::Location;

/// Rows are given together until they have so many bytes.
const TOGETHER: usize = 32 << 10;

/// A row that goes on for longer is cut: a mark was never closed, or there are no rows at all. In bytes.
const LONGEST: usize = 64 << 10;

/// Follows the rows of a text, and knows which line breaks are within a value.
#[derive(Debug, Default)]
pub struct Rows {
    /// A row that has not ended yet.
    row: String,
    quoted: bool,
    number: u32,
    ready: Vec<(u32, String)>,
    size: usize,
}

impl Structure for Rows {
    fn push(&mut self, text: &str, sink: &mut dyn FnMut(Extracted)) {
        for line in text.split_inclusive('\n') {
            // A quotation mark within a value is written twice, which changes nothing.
            self.quoted ^= line.bytes().filter(|byte| *byte == b'"').count() % 2 == 1;
            self.row.push_str(line);
            if (!line.ends_with('\n') || self.quoted) && self.row.len() < LONGEST {
                continue;
            }
            self.end_row();
            if self.size > TOGETHER {
                self.give(sink);
            }
        }
    }

    fn finish(&mut self, sink: &mut dyn FnMut(Extracted)) {
        if !self.row.is_empty() {
            self.end_row();
        }
        self.give(sink);
    }
}

impl Rows {
    fn end_row(&mut self) {
        self.quoted = false;
        self.number = self.number.saturating_add(1);
        let row = std::mem::take(&mut self.row);
        self.size += row.len();
        self.ready.push((self.number, row.trim_end_matches(['\r', '\n']).to_owned()));
    }

    fn give(&mut self, sink: &mut dyn FnMut(Extracted)) {
        self.size = 0;
        if !self.ready.is_empty() {
            sink(Extracted::Rows(std::mem::take(&mut self.ready)));
        }
    }
}

/// A whole text in memory.
pub fn extract(text: &str, at: &Location, sink: &mut dyn FnMut(Extracted)) {
    sink(Extracted::Place(at.clone()));
    let mut rows = Rows::default();
    rows.push(text, sink);
    rows.finish(sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_ends_at_a_line_break_that_is_not_quoted_wherever_the_text_is_cut() {
        let text = "name,note\na,\"two\nlines \"\"here\"\"\"\r\nb,plain";
        let expected = [(1, "name,note"), (2, "a,\"two\nlines \"\"here\"\"\""), (3, "b,plain")];
        for cut in 0..=text.len() {
            let (mut rows, mut found) = (Rows::default(), Vec::new());
            let mut sink = |it| {
                if let Extracted::Rows(rows) = it {
                    found.extend(rows);
                }
            };
            rows.push(&text[..cut], &mut sink);
            rows.push(&text[cut..], &mut sink);
            rows.finish(&mut sink);
            assert_eq!(found, expected.map(|(number, row)| (number, row.to_owned())), "cut at {cut}");
        }
    }

    #[test]
    fn a_text_without_rows_is_not_gathered_as_a_whole() {
        let mut rows = Rows::default();
        let mut longest = 0;
        for _ in 0..100 {
            rows.push(&"a;b;".repeat(10_000), &mut |_| {});
            longest = longest.max(rows.row.len());
        }
        assert!(longest < 2 * LONGEST, "{longest}");
    }

    #[test]
    fn a_mark_that_is_never_closed_costs_some_rows_and_not_the_file() {
        let text = "a,\"b\n".to_owned() + &"c,d\n".repeat(40_000);
        let mut count = 0;
        extract(&text, &Location::default(), &mut |it| {
            if let Extracted::Rows(rows) = it {
                count += rows.len();
            }
        });
        assert!(count > 20_000, "{count}");
    }
}
