//! Tables of Excel, row by row, and the way to those of OpenDocument.

use std::io::Cursor;

use calamine::{
    Data, ExcelDateTime, Reader, Sheets, Xls, XlsError, Xlsx, XlsxError, open_workbook_auto_from_rs,
};

use super::locked::COMPOUND;
use super::{Extracted, Sink, Unreadable, Within, archive, ods};
use crate::domain::Location;

/// Rows are given together, so many at a time.
pub const TOGETHER: usize = 200;

pub fn read(bytes: Vec<u8>, within: &Within<'_>, sink: Sink<'_>) -> Result<(), Unreadable> {
    if archive::is_zip(&bytes) && ods::is_it(&bytes) {
        return ods::read(&bytes, within, sink);
    }
    let mut book = open(bytes, within)?;
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

/// Opens a workbook. The library's own choice between formats does not tell why none of them fits.
fn open(bytes: Vec<u8>, within: &Within<'_>) -> Result<Sheets<Cursor<Vec<u8>>>, Unreadable> {
    if !bytes.starts_with(COMPOUND) {
        return open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(Unreadable::damaged);
    }
    let bytes = Cursor::new(bytes);
    match Xls::new(bytes.clone()) {
        Ok(book) => Ok(Sheets::Xls(book)),
        Err(XlsError::Password) => Err(Unreadable::locked()),
        Err(error) => match Xlsx::new(bytes) {
            Err(XlsxError::Password) => Err(within.encrypted()),
            _ => Err(Unreadable::damaged(error)),
        },
    }
}

fn cell(data: &Data) -> String {
    match data {
        Data::DateTime(date) => moment(date).unwrap_or_else(|| data.to_string()),
        _ => data.to_string(),
    }
}

/// A date, a time of day, or both, whichever it is: a number of days, of which the part is the time.
fn moment(date: &ExcelDateTime) -> Option<String> {
    if date.is_duration() {
        let seconds = date.as_duration()?.num_seconds();
        let sign = if seconds < 0 { "-" } else { "" };
        let seconds = seconds.unsigned_abs();
        return Some(format!("{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60));
    }
    let moment = date.as_datetime()?;
    if (0.0..1.0).contains(&date.as_f64()) {
        return Some(moment.time().to_string());
    }
    let has_time = moment.time() != chrono::NaiveTime::MIN;
    Some(if has_time { moment.to_string() } else { moment.date().to_string() })
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

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType;

    use super::*;

    #[test]
    fn a_date_has_no_time_that_it_is_not_about_and_a_time_no_date() {
        for (value, kind, expected) in [
            (45322.0, ExcelDateTimeType::DateTime, "2024-01-31"),
            (45322.5, ExcelDateTimeType::DateTime, "2024-01-31 12:00:00"),
            (0.5, ExcelDateTimeType::DateTime, "12:00:00"),
            (0.0, ExcelDateTimeType::DateTime, "00:00:00"),
            (1.25, ExcelDateTimeType::TimeDelta, "30:00:00"),
        ] {
            assert_eq!(cell(&Data::DateTime(ExcelDateTime::new(value, kind, false))), expected);
        }
    }

    /// A compound file with one stream, which is empty: its head, its table of sectors, its directory.
    fn compound(stream: &str) -> Vec<u8> {
        const END: i32 = -2;
        let mut bytes = [COMPOUND, &[0; 16], b"\x3e\0\x03\0\xfe\xff\x09\0\x06\0", &[0; 6]].concat();
        let mut numbers = vec![0, 1, 1, 0, 4096, END, 0, END, 0, 0];
        numbers.resize(9 + 109, -1);
        numbers.extend([-3, END]);
        numbers.resize(9 + 109 + 128, -1);
        bytes.extend(numbers.iter().flat_map(|it| it.to_le_bytes()));
        for (name, kind, child) in [("Root Entry", 5, 1), (stream, 2, -1)] {
            let mut entry: Vec<_> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let length = entry.len() as u8 + 2;
            entry.resize(64, 0);
            entry.extend([length, 0, kind, 1]);
            entry.extend([-1, -1, child].iter().flat_map(|it: &i32| it.to_le_bytes()));
            entry.resize(116, 0);
            entry.extend(END.to_le_bytes());
            entry.resize(128, 0);
            bytes.extend(entry);
        }
        bytes.resize(1536, 0);
        bytes
    }

    #[test]
    fn an_encrypted_workbook_is_encrypted_and_not_damaged() {
        for (stream, code) in [("EncryptedPackage", "encrypted"), ("Anything", "damaged")] {
            let error = read(compound(stream), &Within::default(), &mut |_| {}).unwrap_err();
            assert_eq!(error.code, code, "{stream}: {}", error.reason);
        }
    }
}
