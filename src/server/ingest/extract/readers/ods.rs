//! OpenDocument's sheets: a walk over `content.xml`, row by row.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{Extracted, Sink, Unreadable, Within, archive, opendocument, sheets, xml};
use crate::domain::Location;

/// So often is a row or cell given that the file repeats; the rest of a sheet is often one cell a million times.
const REPEATED: u32 = 100;

/// Bytes given because of repetitions, at most.
const MOST_REPEATED: usize = 8 << 20;

/// Whether a ZIP file has sheets of OpenDocument in it.
pub fn is_it(bytes: &[u8]) -> bool {
    let kind = archive::open(bytes).and_then(|mut archive| archive::member(&mut archive, "mimetype"));
    kind.is_ok_and(|kind| kind.starts_with(b"application/vnd.oasis.opendocument.spreadsheet"))
}

pub fn read(bytes: &[u8], within: &Within<'_>, sink: Sink<'_>) -> Result<(), Unreadable> {
    let mut archive = opendocument::open(bytes, sink)?;
    let content = archive::member(&mut archive, "content.xml")?;
    walk(&content, &within.at, sink)
}

#[derive(Default)]
struct Walk {
    sheets: u64,
    /// Tables inside each other: more than one for a cell that is divided.
    depth: u32,
    /// Within what is no text: what was there before, and notes in the margin.
    skipped: u32,
    /// The number of the row before this one.
    number: u32,
    row: Vec<String>,
    repeat_row: u32,
    /// Within a cell.
    cell: Option<Cell>,
    ready: Vec<(u32, String)>,
    /// Bytes given by repetitions so far.
    repeated: usize,
    /// Words beside the cells, as in drawings.
    beside: String,
}

#[derive(Default)]
struct Cell {
    text: String,
    /// What a number or date is, however it is shown.
    value: Option<String>,
    repeat: u32,
}

fn walk(xml: &[u8], at: &Location, sink: Sink<'_>) -> Result<(), Unreadable> {
    let total = xml.windows(13).filter(|it| *it == b"<table:table ").count() as u64;
    let mut reader = Reader::from_reader(xml);
    let mut walk = Walk::default();
    loop {
        match reader.read_event().map_err(Unreadable::damaged)? {
            Event::Eof => break,
            Event::Start(start) => walk.start(&start, at, sink),
            Event::Empty(empty) => match empty.name().as_ref() {
                "table:table-cell" | "table:covered-table-cell" => {
                    walk.start(&empty, at, sink);
                    walk.end_cell();
                }
                "table:table-row" => walk.number = walk.number.saturating_add(repeat(&empty, "rows")),
                "text:s" | "text:tab" | "text:line-break" => walk.text(" "),
                _ => {}
            },
            Event::End(end) => walk.end(end.name().as_ref(), total, sink),
            Event::Text(words) => walk.text(words.as_ref()),
            Event::GeneralRef(entity) => walk.text(&xml::character(&entity)),
            _ => {}
        }
    }
    Ok(())
}

impl Walk {
    fn start(&mut self, start: &BytesStart<'_>, at: &Location, sink: Sink<'_>) {
        match start.name().as_ref() {
            "table:tracked-changes" | "office:annotation" | "table:content-validations" => self.skipped += 1,
            _ if self.skipped > 0 => {}
            "table:table" => {
                self.depth += 1;
                if self.depth == 1 {
                    (self.sheets, self.number) = (self.sheets + 1, 0);
                    let sheet = attribute(start, "table:name").unwrap_or_else(|| self.sheets.to_string());
                    sink(Extracted::Place(Location { sheet: Some(sheet), ..at.clone() }));
                }
            }
            "table:table-row" if self.depth == 1 => {
                (self.row, self.repeat_row) = (Vec::new(), repeat(start, "rows"));
            }
            "table:table-cell" | "table:covered-table-cell" if self.depth == 1 => {
                let (value, repeat) = (value(start), repeat(start, "columns"));
                self.cell = Some(Cell { text: String::new(), value, repeat });
            }
            _ => {}
        }
    }

    fn end(&mut self, name: &str, total: u64, sink: Sink<'_>) {
        match name {
            "table:tracked-changes" | "office:annotation" | "table:content-validations" => {
                self.skipped = self.skipped.saturating_sub(1);
            }
            _ if self.skipped > 0 => {}
            "text:p" | "text:h" => self.text("\n"),
            "table:table-cell" | "table:covered-table-cell" if self.depth == 1 => self.end_cell(),
            "table:table-row" if self.depth == 1 => self.end_row(sink),
            "table:table" => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    self.end_sheet(total, sink);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, words: &str) {
        match &mut self.cell {
            _ if self.skipped > 0 => {}
            Some(cell) => cell.text.push_str(words),
            None if self.depth > 0 && !words.trim().is_empty() => self.beside.push_str(words),
            None if !self.beside.ends_with([' ', '\n']) && !self.beside.is_empty() => {
                self.beside.push_str(words)
            }
            None => {}
        }
    }

    /// So often may this be given, which is so long and which the file repeats.
    fn affordable(&mut self, repeat: u32, size: usize) -> u32 {
        let repeat = repeat.clamp(1, REPEATED);
        let more = (repeat as usize - 1) * size;
        if self.repeated + more > MOST_REPEATED {
            return 1;
        }
        self.repeated += more;
        repeat
    }

    fn end_cell(&mut self) {
        let Some(Cell { text, value, repeat }) = self.cell.take() else { return };
        let text = value.unwrap_or(text);
        // Three bytes come between cells.
        let repeat = self.affordable(repeat, text.len() + 3);
        self.row.extend((0..repeat).map(|_| text.clone()));
    }

    fn end_row(&mut self, sink: Sink<'_>) {
        let row = sheets::line(std::mem::take(&mut self.row).into_iter());
        let first = self.number.saturating_add(1);
        self.number = self.number.saturating_add(self.repeat_row);
        if row.is_empty() {
            return;
        }
        let last = first.saturating_add(self.affordable(self.repeat_row, row.len()) - 1);
        self.ready.extend((first..=last).map(|number| (number, row.clone())));
        if self.ready.len() >= sheets::TOGETHER {
            sink(Extracted::Rows(std::mem::take(&mut self.ready)));
        }
    }

    fn end_sheet(&mut self, total: u64, sink: Sink<'_>) {
        if !self.ready.is_empty() {
            sink(Extracted::Rows(std::mem::take(&mut self.ready)));
        }
        let beside = std::mem::take(&mut self.beside);
        if !beside.trim().is_empty() {
            sink(Extracted::Text(format!("{}\n", beside.trim())));
        }
        sink(Extracted::Step { done: self.sheets, total: total.max(self.sheets) });
    }
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = start.try_get_attribute(name).ok().flatten()?;
    let value = quick_xml::escape::unescape(&attribute.value);
    Some(value.map_or_else(|_| attribute.value.to_string(), |it| it.into_owned()))
}

fn repeat(start: &BytesStart<'_>, what: &str) -> u32 {
    let repeat = attribute(start, &format!("table:number-{what}-repeated"));
    repeat.and_then(|it| it.parse().ok()).unwrap_or(1)
}

/// What is in a cell if it is a number or a date, as with the sheets of other makers.
fn value(cell: &BytesStart<'_>) -> Option<String> {
    match attribute(cell, "office:value-type")?.as_str() {
        "float" | "percentage" | "currency" => {
            let value = attribute(cell, "office:value")?;
            Some(value.parse::<f64>().map_or(value, |it| it.to_string()))
        }
        "date" => {
            let value = attribute(cell, "office:date-value")?.replace('T', " ");
            Some(value.strip_suffix(" 00:00:00").map_or_else(|| value.clone(), str::to_owned))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rows: &str) -> Vec<Extracted> {
        let xml = format!(
            "<office:spreadsheet><table:table table:name=\"A &amp; B\">{rows}</table:table></office:spreadsheet>"
        );
        let mut found = Vec::new();
        walk(xml.as_bytes(), &Location::default(), &mut |it| found.push(it)).unwrap();
        found
    }

    fn rows(found: &[Extracted]) -> Vec<(u32, &str)> {
        let rows =
            found.iter().filter_map(|it| if let Extracted::Rows(rows) = it { Some(rows) } else { None });
        rows.flatten().map(|(number, row)| (*number, row.as_str())).collect()
    }

    #[test]
    fn white_space_between_rows_and_cells_is_nothing() {
        let found = found(
            "\n <table:table-row>\n <table:table-cell>\n <text:p>a<text:s/>b</text:p>\n<text:p>c</text:p>\n </table:table-cell>\n \
             <table:table-cell/>\n <table:table-cell><text:p>d &lt; e</text:p></table:table-cell>\n</table:table-row>\n",
        );
        let place = Location { sheet: Some("A & B".into()), ..Location::default() };
        assert_eq!(found[0], Extracted::Place(place));
        assert_eq!(rows(&found), [(1, "a b c |  | d < e")]);
        assert_eq!(found.last(), Some(&Extracted::Step { done: 1, total: 1 }));
        assert_eq!(found.len(), 3, "{found:?}");
    }

    #[test]
    fn numbers_and_dates_are_what_they_are_and_all_else_is_as_shown() {
        for (attributes, shown, expected) in [
            ("office:value-type=\"float\" office:value=\"1234.50\"", "1,234.50", "1234.5"),
            (
                "office:value-type=\"date\" office:date-value=\"2024-01-31T00:00:00\"",
                "31/01/24",
                "2024-01-31",
            ),
            (
                "office:value-type=\"date\" office:date-value=\"2024-01-31T08:30:00\"",
                "8:30",
                "2024-01-31 08:30:00",
            ),
            ("office:value-type=\"time\" office:time-value=\"PT16H45M00S\"", "16:45:00", "16:45:00"),
            ("office:value-type=\"boolean\" office:boolean-value=\"true\"", "TRUE", "TRUE"),
        ] {
            let cell = format!("<table:table-cell {attributes}><text:p>{shown}</text:p></table:table-cell>");
            let found = found(&format!("<table:table-row>{cell}</table:table-row>"));
            assert_eq!(rows(&found), [(1, expected)]);
        }
    }

    #[test]
    fn what_is_repeated_costs_little_and_counts_in_full() {
        let million = "table:number-rows-repeated=\"1000000\"";
        let cells =
            "<table:table-cell table:number-columns-repeated=\"16384\"><text:p>x</text:p></table:table-cell>";
        let found = found(&format!(
            "<table:table-row table:number-rows-repeated=\"2\"><table:table-cell><text:p>a</text:p></table:table-cell>\
             <table:table-cell table:number-columns-repeated=\"16000\"/></table:table-row>\
             <table:table-row {million}><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>\
             <table:table-row {million}/>{}<table:table-row><table:table-cell><text:p>z</text:p></table:table-cell>\
             </table:table-row>",
            format!("<table:table-row {million}>{}</table:table-row>", cells.repeat(50)).repeat(50),
        ));
        let rows = rows(&found);
        assert_eq!(rows[..2], [(1, "a"), (2, "a")]);
        assert_eq!(rows[2].0, 2_000_003);
        assert_eq!(rows.last(), Some(&(52_000_003, "z")));
        assert!(rows.iter().map(|(_, row)| row.len()).sum::<usize>() < 2 * MOST_REPEATED);
    }
}
