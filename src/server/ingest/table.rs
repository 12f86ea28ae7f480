//! Rows of a table become passages: as many rows as a chunk holds, under the table's first row.

use crate::domain::Location;

/// The longest header repeated, as a share of a chunk.
const LONGEST_HEADER: usize = 4;

/// Gathers the rows of one table.
#[derive(Debug, Default)]
pub struct Table {
    header: Option<String>,
    /// Rows that go together, with a line break after each.
    group: String,
    characters: usize,
    first: u32,
    last: u32,
    /// The group begins with the header itself.
    has_header: bool,
}

impl Table {
    /// Takes a row, and gives the passage before it if that is full. Both together stay below `most` characters,
    /// unless one row is longer.
    pub fn row(&mut self, number: u32, row: &str, most: usize) -> Option<(Location, String)> {
        let length = row.chars().count() + 1;
        let header = self.header.as_ref().map_or(0, |it| it.chars().count() + 1);
        // The header alone is no passage.
        let header_alone = self.has_header && self.first == self.last;
        let full = (!self.group.is_empty() && !header_alone && header + self.characters + length > most)
            .then(|| self.take());
        if self.group.is_empty() {
            self.first = number;
        }
        self.last = number;
        self.characters += length;
        self.group.push_str(row);
        self.group.push('\n');
        if self.header.is_none() && !row.trim().is_empty() {
            self.header = Some(row.chars().take(most / LONGEST_HEADER).collect());
            self.has_header = true;
        }
        full.flatten()
    }

    /// The last passage.
    pub fn take(&mut self) -> Option<(Location, String)> {
        self.characters = 0;
        let group = std::mem::take(&mut self.group);
        let has_header = std::mem::take(&mut self.has_header);
        if group.trim().is_empty() {
            return None;
        }
        let at = Location { rows: Some((self.first, self.last)), ..Location::default() };
        let header = self.header.as_ref().filter(|_| !has_header);
        Some((at, header.map_or(String::new(), |header| format!("{header}\n")) + &group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_passage_is_under_the_header_and_no_longer_than_allowed() {
        let mut table = Table::default();
        let row = |number: u32| {
            if number == 1 { "name | price".to_owned() } else { format!("thing {number} | {}", number * 7) }
        };
        let mut passages: Vec<_> =
            (1..=100).filter_map(|number| table.row(number, &row(number), 300)).collect();
        passages.extend(table.take());
        assert!(passages.len() > 5);
        let mut next = 1;
        for (at, text) in &passages {
            let (first, last) = at.rows.unwrap();
            assert_eq!(first, next, "no row is left out");
            let rows = (first..=last).map(row);
            let header = (first > 1).then(|| row(1));
            let expected: String = header.into_iter().chain(rows).map(|it| it + "\n").collect();
            assert_eq!(*text, expected);
            assert!(text.chars().count() <= 300);
            next = last + 1;
        }
        assert_eq!(next, 101);
        assert!(table.take().is_none());
    }
}
