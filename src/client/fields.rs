//! What there is to say about one thing: a name and a value a line.

use chrono::{DateTime, Utc};

use super::output::{Output, Tone};
use super::table::{Cell, Table};
use crate::domain::Metadata;
use crate::domain::job::rfc3339;
use crate::domain::words::ago;

/// Values with their names.
#[derive(Debug, Default)]
pub struct Fields(Table);

impl Fields {
    pub fn add(&mut self, name: &str, value: impl AsRef<str>) {
        self.toned(name, value, Tone::Plain);
    }

    pub fn toned(&mut self, name: &str, value: impl AsRef<str>, tone: Tone) {
        self.0.row([Cell::new(name).toned(Tone::Quiet), Cell::new(value).toned(tone)]);
    }

    /// Adds it unless it is empty.
    pub fn some(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.add(name, value);
        }
    }

    /// Adds a time that has been or will be: how far it is from now, and when.
    pub fn time(&mut self, name: &str, time: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        if let Some(time) = time {
            let distance = ago((now - time).num_milliseconds());
            self.add(name, format!("{distance} ({})", rfc3339::text(&time)));
        }
    }

    /// Adds what the caller wanted to be remembered, if that is anything.
    pub fn metadata(&mut self, metadata: &Metadata) {
        for (key, value) in &metadata.0 {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            self.add("Metadata", format!("{key}: {value}"));
        }
    }

    /// Writes them. Values are whole, however long: this is where all is shown.
    pub fn print(&self, output: Output) -> anyhow::Result<()> {
        self.0.print(output.without_edge())
    }
}
