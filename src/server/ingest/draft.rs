//! A document while it is read.

use serde_json::{Map, Value};

use super::chunk::Chunker;
use super::extract::Extracted;
use super::language;
use super::table::Table;
use crate::domain::{Chunk, Chunking, Location, Metadata, Warning};
use crate::server::store::ContentHash;

/// A document with more chunks than this is written in several steps.
const CHUNKS_AT_ONCE: usize = 1000;

/// The longest thing a source may say of itself, in characters.
const LONGEST_FACT: usize = 500;

/// The longest name of a place, in characters.
const LONGEST_NAME: usize = 300;

/// The longest warning, in characters.
const LONGEST_WARNING: usize = 1000;

/// Things a source may say of itself.
const MOST_FACTS: usize = 50;

/// Gathers what is found in a source.
#[derive(Debug)]
pub struct Draft {
    chunker: Chunker,
    /// The table that is read now.
    table: Table,
    /// The most characters of a chunk.
    size: usize,
    /// Where the text that comes is.
    at: Location,
    /// Chunks that were not given away yet.
    chunks: Vec<Chunk>,
    /// Some were.
    in_parts: bool,
    characters: u64,
    facts: Map<String, Value>,
    pub warnings: Vec<Warning>,
    /// Of its source.
    pub hash: Option<ContentHash>,
    /// The beginning of the text, from which its language is told.
    sample: String,
}

impl Draft {
    pub fn new(chunking: Chunking) -> Self {
        Self {
            chunker: Chunker::new(chunking),
            table: Table::default(),
            size: chunking.size as usize,
            at: Location::default(),
            chunks: Vec::new(),
            in_parts: false,
            characters: 0,
            facts: Map::new(),
            warnings: Vec::new(),
            hash: None,
            sample: String::new(),
        }
    }

    /// Takes what was found. What is about archives and progress is not for a document.
    pub fn take(&mut self, found: Extracted) {
        match found {
            Extracted::Text(text) => self.text(&text),
            Extracted::Place(at) => self.move_to(at),
            Extracted::Rows(rows) => {
                for (number, row) in rows {
                    let full = self.table.row(number, &row, self.size);
                    self.passage(full);
                }
            }
            Extracted::Fact(name, value) if self.facts.len() < MOST_FACTS => {
                self.facts.entry(name).or_insert(short(value));
            }
            Extracted::Warning(warning) => self.warn(warning),
            _ => {}
        }
    }

    /// Takes text that follows what came before.
    pub fn text(&mut self, text: &str) {
        self.end_table();
        self.push(text);
    }

    pub fn warn(&mut self, mut warning: Warning) {
        shorten(&mut warning.message, LONGEST_WARNING);
        if self.warnings.len() < Warning::MOST {
            self.warnings.push(warning);
        }
    }

    fn move_to(&mut self, mut at: Location) {
        // Each chunk carries it.
        for name in [&mut at.member, &mut at.sheet, &mut at.chapter, &mut at.part].into_iter().flatten() {
            shorten(name, LONGEST_NAME);
        }
        for heading in &mut at.headings {
            shorten(heading, LONGEST_NAME);
        }
        self.end_table();
        self.chunker.move_to(at.clone(), &mut self.chunks);
        self.at = at;
    }

    fn end_table(&mut self) {
        let last = std::mem::take(&mut self.table).take();
        if last.is_some() {
            self.passage(last);
            self.chunker.move_to(self.at.clone(), &mut self.chunks);
        }
    }

    fn passage(&mut self, passage: Option<(Location, String)>) {
        if let Some((Location { rows, .. }, text)) = passage {
            self.chunker.move_to(Location { rows, ..self.at.clone() }, &mut self.chunks);
            self.push(&text);
        }
    }

    fn push(&mut self, text: &str) {
        if self.sample.len() < language::ENOUGH {
            let enough = text.floor_char_boundary(language::ENOUGH - self.sample.len());
            self.sample.push_str(&text[..enough]);
        }
        self.characters += text.chars().count() as u64;
        self.chunker.push(text, &mut self.chunks);
    }

    /// There is no more.
    pub fn finish(&mut self) {
        self.end_table();
        self.chunker.finish(&mut self.chunks);
    }

    /// Chunks cut so far.
    pub fn chunk_count(&self) -> u64 {
        self.chunker.count()
    }

    /// Chunks to be given away, once there are many.
    pub fn part(&mut self) -> Option<Vec<Chunk>> {
        if self.chunks.len() < CHUNKS_AT_ONCE {
            return None;
        }
        self.in_parts = true;
        Some(std::mem::take(&mut self.chunks))
    }

    /// The chunks that are left, and whether others were given away before.
    pub fn rest(&mut self) -> (Vec<Chunk>, bool) {
        (std::mem::take(&mut self.chunks), self.in_parts)
    }

    /// Length of the text in characters.
    pub fn characters(&self) -> u64 {
        self.characters
    }

    /// Says in which language the text is, if that can be told and the source does not say it itself.
    pub fn tell_language(&mut self) {
        if !self.facts.contains_key("language")
            && let Some(code) = language::of(&self.sample)
        {
            self.facts.insert("language".to_owned(), code.into());
        }
    }

    /// What the source says of itself; what the caller says wins.
    pub fn metadata(&mut self, given: &Metadata) -> Metadata {
        Metadata(std::mem::take(&mut self.facts)).overlaid(given)
    }
}

/// Keeps the first characters, and says that there were more.
fn shorten(text: &mut String, most: usize) {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.push('…');
    }
}

fn short(fact: Value) -> Value {
    match fact {
        Value::String(text) => Value::String(text.chars().take(LONGEST_FACT).collect()),
        Value::Number(number) => Value::Number(number),
        other => Value::String(other.to_string().chars().take(LONGEST_FACT).collect()),
    }
}
