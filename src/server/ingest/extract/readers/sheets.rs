//! Tables of Excel and OpenDocument: rows, each group of them under its sheet's first row.

use std::io::Cursor;

use calamine::{Data, Reader, open_workbook_auto_from_rs};

use super::{Extracted, Sink, Unreadable};
use crate::domain::Location;

/// Rows go together until they have so many characters: with the header they are one chunk.
const GROUP: usize = 700;

/// The longest header repeated, in characters.
const LONGEST_HEADER: usize = 250;

pub fn read(bytes: Vec<u8>, at: &Location, sink: Sink<'_>) -> Result<(), Unreadable> {
    let mut book = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(|error| {
        let reason = error.to_string();
        if reason.contains("password") { Unreadable::encrypted() } else { Unreadable::damaged(reason) }
    })?;
    let names = book.sheet_names();
    let total = names.len() as u64;
    for (done, name) in (1..).zip(&names) {
        match book.worksheet_range(name) {
            Ok(range) => {
                let first = range.start().map_or(1, |(row, _)| row + 1);
                let at = Location { sheet: Some(name.clone()), ..at.clone() };
                table(first, range.rows().map(|row| line(row.iter().map(cell))), &at, sink);
            }
            Err(error) => {
                super::warn(sink, "damaged", format!("The sheet {name} could not be read: {error}."));
            }
        }
        sink(Extracted::Step { done, total });
    }
    Ok(())
}

fn cell(data: &Data) -> String {
    match data {
        Data::DateTime(date) => date.as_datetime().map_or_else(|| data.to_string(), |it| it.to_string()),
        _ => data.to_string(),
    }
}

/// A row as one line, its cells apart.
pub fn line(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<_> = cells.map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    cells.join(" | ").trim_end_matches([' ', '|']).to_owned()
}

/// Rows from number `first` on, in groups; the first row that is not empty is the header of all.
pub fn table(first: u32, rows: impl Iterator<Item = String>, at: &Location, sink: Sink<'_>) {
    let mut header: Option<String> = None;
    let mut group = String::new();
    let (mut from, mut to) = (first, first);
    let mut flush = |group: &mut String, header: Option<&str>, from, to| {
        if !group.is_empty() {
            sink(Extracted::Place(Location { rows: Some((from, to)), ..at.clone() }));
            let header = header.filter(|_| from > first).unwrap_or_default();
            let text = if header.is_empty() {
                std::mem::take(group)
            } else {
                format!("{header}\n{}", std::mem::take(group))
            };
            sink(Extracted::Text(text));
        }
    };
    for (number, row) in (first..).zip(rows) {
        if row.is_empty() {
            continue;
        }
        if group.is_empty() {
            from = number;
        }
        group.push_str(&row);
        group.push('\n');
        to = number;
        let repeated = header.as_deref().map(str::to_owned);
        header.get_or_insert_with(|| row.chars().take(LONGEST_HEADER).collect());
        if group.chars().count() >= GROUP {
            flush(&mut group, repeated.as_deref(), from, to);
        }
    }
    flush(&mut group, header.as_deref(), from, to);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_of_rows_is_under_the_header() {
        let rows =
            (0..100).map(|row| if row == 0 { "name | price".into() } else { format!("thing {row} | {row}") });
        let mut found = Vec::new();
        table(1, rows, &Location::default(), &mut |it| found.push(it));
        let (mut next, mut groups) = (1, 0);
        for pair in found.chunks(2) {
            let [Extracted::Place(place), Extracted::Text(text)] = pair else { panic!("{pair:?}") };
            let (from, to) = place.rows.unwrap();
            assert_eq!(from, next, "no row is left out");
            assert!(
                text.starts_with("name | price\n") && text.contains(&format!("thing {} |", to - 1)),
                "{text}"
            );
            (next, groups) = (to + 1, groups + 1);
        }
        assert_eq!(next, 101);
        assert!(groups > 1);
    }
}
