//! What was measured, beside what was wanted and what others reach.

use std::fmt;
use std::time::Duration;

/// One measured number.
#[derive(Clone, Debug)]
pub struct Figure {
    pub name: String,
    pub value: f64,
    pub unit: &'static str,
    pub floor: Floor,
    /// Peers and limits, measured on another day on a quiet machine of the same kind.
    pub beside: &'static str,
}

/// The worst a figure may be on a quiet machine.
#[derive(Clone, Copy, Debug)]
pub enum Floor {
    AtLeast(f64),
    Below(f64),
    AtMost(f64),
    None,
}

impl Floor {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(floor) => value >= floor,
            Self::Below(floor) => value < floor,
            Self::AtMost(floor) => value <= floor,
            Self::None => true,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(floor) => format!("≥ {}", number(floor)),
            Self::Below(floor) => format!("< {}", number(floor)),
            Self::AtMost(floor) => format!("≤ {}", number(floor)),
            Self::None => String::new(),
        }
    }
}

impl Figure {
    fn verdict(&self) -> &'static str {
        match self.floor {
            Floor::None => "",
            floor if floor.holds(self.value) => "ok",
            _ => "below floor",
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.name, number(self.value), self.unit)?;
        match self.verdict() {
            "" => Ok(()),
            verdict => write!(f, " (floor {}: {verdict})", self.floor.text()),
        }
    }
}

/// A line of the table: a figure, or why there is none.
#[derive(Debug)]
pub struct Row {
    pub case: &'static str,
    pub figure: Result<Figure, String>,
    /// How many fdatasync the disk did per second just before.
    pub flushes: f64,
}

/// All rows as a Markdown table.
pub fn table(rows: &[Row]) -> String {
    let mut table = "| case | figure | measured | floor | | others and limits | fdatasync/s before |\n\
                     |---|---|--:|--:|---|---|--:|"
        .to_owned();
    for Row { case, figure, flushes } in rows {
        let flushes = number(*flushes);
        let row = match figure {
            Ok(figure) => {
                let (measured, floor) = (number(figure.value), figure.floor.text());
                let Figure { name, unit, beside, .. } = figure;
                let verdict = figure.verdict();
                format!(
                    "| {case} | {name} | {measured} {unit} | {floor} | {verdict} | {beside} | {flushes} |"
                )
            }
            Err(reason) => {
                let reason = reason.replace('|', "/").replace('\n', " ");
                format!("| {case} | broke: {reason} | | | | | {flushes} |")
            }
        };
        table = table + "\n" + &row;
    }
    table
}

/// Three digits that matter, thousands apart: `12,345`, `47.1`, `0.32`.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || value == value.round() => {
            indicatif::HumanCount(value.round() as u64).to_string()
        }
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// How long each of many calls took.
#[derive(Debug, Default)]
pub struct Latencies(Vec<Duration>);

impl Latencies {
    pub fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The shortest time in milliseconds that `percent` of the calls did not exceed.
    pub fn percentile(&mut self, percent: f64) -> f64 {
        self.0.sort_unstable();
        let rank = (percent / 100.0 * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.max(1) - 1).map_or(0.0, |took| took.as_secs_f64() * 1000.0)
    }
}
