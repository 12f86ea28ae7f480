//! Tables of Excel and OpenDocument, row by row.

use std::io::Cursor;

use calamine::{Data, Reader, open_workbook_auto_from_rs};

use super::{Extracted, Sink, Unreadable, Within};
use crate::domain::Location;

/// Rows are given together, so many at a time.
const TOGETHER: usize = 200;

pub fn read(bytes: Vec<u8>, within: &Within<'_>, sink: Sink<'_>) -> Result<(), Unreadable> {
    let mut book = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(|error| {
        let reason = error.to_string();
        if reason.contains("password") { within.encrypted() } else { Unreadable::damaged(reason) }
    })?;
    let names = book.sheet_names();
    let total = names.len() as u64;
    for (done, name) in (1..).zip(&names) {
        match book.worksheet_range(name) {
            Ok(range) => {
                let first = range.start().map_or(1, |(row, _)| row + 1);
                sink(Extracted::Place(Location { sheet: Some(name.clone()), ..within.at.clone() }));
                let rows = (first..).zip(range.rows().map(|row| line(row.iter().map(cell))));
                give(rows.filter(|(_, row)| !row.is_empty()), sink);
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

fn give(rows: impl Iterator<Item = (u32, String)>, sink: Sink<'_>) {
    let mut together = Vec::with_capacity(TOGETHER);
    for row in rows {
        together.push(row);
        if together.len() == TOGETHER {
            sink(Extracted::Rows(std::mem::take(&mut together)));
        }
    }
    if !together.is_empty() {
        sink(Extracted::Rows(together));
    }
}
