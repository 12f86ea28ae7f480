//! Rows in aligned columns.

use std::fmt::Write;

use console::{Alignment, measure_text_width, pad_str, truncate_str};

use super::output::{Output, Tone};
use super::printable;

/// Between two columns.
const GAP: &str = "  ";

/// A column that is cut where the terminal ends keeps at least so much.
const LEAST: usize = 12;

/// One field of a row, safe to print.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    tone: Tone,
    alignment: Alignment,
}

impl Cell {
    pub fn new(text: impl AsRef<str>) -> Self {
        let text = printable::line(text.as_ref()).into_owned();
        Self { text, tone: Tone::Plain, alignment: Alignment::Left }
    }

    /// A number, which is aligned at its end.
    pub fn number(text: impl AsRef<str>) -> Self {
        Self { alignment: Alignment::Right, ..Self::new(text) }
    }

    pub fn toned(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }
}

/// Rows with the same columns.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table whose columns have names.
    pub fn with_header<const COLUMNS: usize>(names: [&str; COLUMNS]) -> Self {
        let header = names.map(|name| Cell::new(name).toned(Tone::Quiet));
        Self { rows: vec![header.into()] }
    }

    /// Adds a row. The last of its fields is cut where the terminal ends.
    pub fn row<const COLUMNS: usize>(&mut self, cells: [Cell; COLUMNS]) {
        self.rows.push(cells.into());
    }

    /// Writes it.
    pub fn print(&self, output: Output) -> anyhow::Result<()> {
        self.lines(output).into_iter().try_for_each(|line| output.line(line))
    }

    fn lines(&self, output: Output) -> Vec<String> {
        let widths = self.widths();
        let before: usize = widths.iter().rev().skip(1).map(|width| width + GAP.len()).sum();
        let room = output.width().map(|width| width.saturating_sub(before).max(LEAST));
        // A header stands above numbers as they do.
        let alignments: Vec<_> = self.rows.last().into_iter().flatten().map(|cell| cell.alignment).collect();
        self.rows.iter().map(|row| line(row, &widths, &alignments, room, output)).collect()
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell: &Cell| measure_text_width(&cell.text)).max().unwrap_or_default()
        };
        (0..columns).map(width).collect()
    }
}

fn line(
    row: &[Cell],
    widths: &[usize],
    alignments: &[Alignment],
    room: Option<usize>,
    output: Output,
) -> String {
    let mut line = String::new();
    for (place, ((cell, width), alignment)) in row.iter().zip(widths).zip(alignments).enumerate() {
        let last = place + 1 == row.len();
        let text = match room.filter(|_| last) {
            Some(room) => truncate_str(&cell.text, room, "…"),
            None => cell.text.as_str().into(),
        };
        let padded = match last {
            true => text,
            false => pad_str(&text, *width, *alignment, None),
        };
        // A string takes all that is written to it.
        let _ = write!(line, "{}{}", output.toned(cell.tone, &padded), if last { "" } else { GAP });
    }
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::with_header(["STATUS", "N", "NAME"]);
        table.row([Cell::new("failed"), Cell::number("7"), Cell::new("日本.txt")]);
        table.row([
            Cell::new("日本語で"),
            Cell::number("1,204"),
            Cell::new("a rather long name of a file.txt"),
        ]);
        table
    }

    #[test]
    fn columns_are_aligned_by_what_is_seen() {
        let lines = table().lines(Output::of_file());
        assert_eq!(
            lines,
            [
                "STATUS        N  NAME",
                "failed        7  日本.txt",
                "日本語で  1,204  a rather long name of a file.txt"
            ]
        );
    }

    #[test]
    fn only_a_terminal_cuts_the_last_column() {
        let lines = table().lines(Output::of_terminal(34));
        assert_eq!(lines[2], "日本語で  1,204  a rather long na…");
        assert_eq!(lines[0], "\u{1b}[2mSTATUS  \u{1b}[0m  \u{1b}[2m    N\u{1b}[0m  \u{1b}[2mNAME\u{1b}[0m");
    }

    #[test]
    fn no_field_can_command_the_terminal() {
        let mut table = Table::default();
        table.row([Cell::new("\u{1b}[2J\u{9b}31m"), Cell::new("two\nlines")]);
        assert_eq!(table.lines(Output::of_file()), ["\\u{1b}[2J\\u{9b}31m  two\\nlines"]);
    }
}
