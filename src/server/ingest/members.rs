//! An archive while it is read: each file in it becomes an item of the job.

use std::collections::HashMap;
use std::fs::File;

use super::draft::Draft;
use super::extract::worker::Ended;
use super::extract::{Extracted, Unreadable};
use super::failures::{extract_failure, too_many_files, unreadable};
use super::run::{Item, Piece, PieceContent, Reader, Stopped};
use crate::domain::format::{FORMATS, Format};
use crate::domain::progress::Steps;
use crate::domain::{DocumentId, Progress};
use crate::server::store::ChunkKey;

/// The longest path of a file in an archive, in characters; the end of a longer one is kept.
const LONGEST_PATH: usize = 400;

/// Reads the files of one archive.
pub struct Members<'r, 'a, S> {
    reader: &'r mut Reader<'a, S>,
    archive: &'r Item<'r>,
    before: Progress,
    /// The number among the job's items of its first file.
    first: u64,
    /// Files at the start of the archive that need not be unpacked again.
    skip: u64,
    /// Where items are known by their names: how many of each name were delivered.
    delivered: HashMap<&'a str, u64>,
    /// Files that were begun, whether they have ended or not.
    seen: u64,
    /// Files that were announced and not seen yet. Not all archives announce theirs.
    to_come: u64,
    bytes_seen: u64,
    size: u64,
    open: Option<Open>,
}

/// The file that is read now.
struct Open {
    name: String,
    /// An earlier attempt has delivered it.
    delivered: bool,
    format: &'static Format,
    draft: Draft,
    before: Progress,
    size: u64,
}

impl<'r, 'a, S: FnMut(Piece) -> bool> Members<'r, 'a, S> {
    pub fn new(reader: &'r mut Reader<'a, S>, archive: &'r Item<'r>, file: &File) -> Self {
        let (before, size) = (reader.progress, file.metadata().map_or(0, |facts| facts.len()));
        let (first, skip) = (reader.next, delivered_at_start(reader, archive.name));
        let mut delivered = HashMap::new();
        if reader.by_name {
            let inside = format!("{}/", archive.name);
            for name in reader.delivered.values().filter(|name| name.starts_with(&inside)) {
                *delivered.entry(name.as_str()).or_insert(0) += 1;
            }
        }
        let (seen, to_come, bytes_seen) = (0, 0, 0);
        Self { reader, archive, before, first, skip, delivered, seen, to_come, bytes_seen, size, open: None }
    }

    /// Reads them all. What cannot be opened at all is an item that failed; of what breaks off, the files before
    /// that are kept.
    pub fn read(mut self, file: &File) -> Result<(), Stopped> {
        let request = self.reader.request(self.archive, file, self.skip);
        let (workers, stop) = (self.reader.shelves.workers.clone(), self.reader.stop);
        let mut stopped = None;
        let ended = workers.read(request, file, stop, |found| match self.take(found) {
            Ok(go_on) => go_on,
            Err(why) => {
                stopped = Some(why);
                false
            }
        });
        self.reader.progress.steps = None;
        if let Some(stopped) = stopped {
            return Err(stopped);
        }
        let why = match ended {
            Ended::Done => None,
            Ended::Told => return Err(Stopped::Told),
            Ended::Unreadable(why) | Ended::Died(why) => {
                // The file that is open goes down with it.
                self.end(Err(why.clone()))?;
                Some(extract_failure(self.archive.name, &why))
            }
            // Its files cannot be numbered without it, nor can those of others behind it.
            Ended::Io(error) => return Err(unreadable(self.archive.name, &error).into()),
        };
        self.reader.progress.bytes_done = self.before.bytes_done + self.size;
        // Archives in the archive were announced as files, and became several.
        let progress = &mut self.reader.progress;
        progress.items_total -= self.to_come.min(progress.items_total);
        match why {
            // It stood for its files, until they were known.
            None => progress.items_total = progress.items_total.saturating_sub(1).max(progress.items_done),
            Some(_) if self.reader.delivered.contains_key(&self.reader.next) => self.reader.next += 1,
            Some(why) => return self.reader.failed(self.archive, why),
        }
        self.reader.give(PieceContent::Nothing)
    }

    fn take(&mut self, found: Extracted) -> Result<bool, Stopped> {
        match found {
            Extracted::Members(count) => {
                self.to_come = self.to_come.saturating_add(count);
                self.reader.progress.items_total = self.reader.progress.items_total.saturating_add(count);
            }
            Extracted::Member { number, path, .. } => self.begin(number, &path)?,
            Extracted::MemberFormat { name, size, hash } => {
                if let Some(open) = &mut self.open {
                    open.draft.hash = Some(hash);
                    open.format = FORMATS.iter().find(|it| it.name == name).unwrap_or(&FORMATS[0]);
                    open.size = size;
                }
            }
            Extracted::MemberEnd(read) => self.end(read)?,
            Extracted::Waiting => self.reader.give(PieceContent::Nothing)?,
            found => {
                if let Some(open) = self.open.as_mut().filter(|open| !open.delivered) {
                    open.draft.take(found);
                    // What is too long for a document costs no other; nothing more of it is kept.
                    if open.draft.chunk_count() <= ChunkKey::MAX_CHUNKS {
                        return Ok(self.reader.give_part(&mut open.draft, &open.before));
                    }
                }
            }
        }
        Ok(!self.reader.stop.is_cancelled())
    }

    fn begin(&mut self, number: u64, path: &str) -> Result<(), Stopped> {
        if number + 1 < self.seen {
            // Another reader, which goes on behind a crash, tells of what was told.
            self.open = None;
            return Ok(());
        }
        // The file on which a reader crashed is told of again: it has been counted.
        let told_before = number + 1 == self.seen;
        if !told_before {
            if self.first + number >= DocumentId::MAX_ITEMS {
                return Err(too_many_files(self.archive.name).into());
            }
            self.seen = number + 1;
            match self.to_come.checked_sub(1) {
                Some(rest) => self.to_come = rest,
                None => self.reader.progress.items_total += 1,
            }
        }
        self.reader.next = self.first + number;
        let former = self.open.take();
        // The same file again, as another reader tells of it.
        let known = former.as_ref().filter(|_| told_before).map(|open| open.delivered);
        let before = former.map_or(self.reader.progress, |open| open.before);
        let path: String = path.chars().filter(|it| !it.is_control()).collect();
        let too_long = path.chars().count().saturating_sub(LONGEST_PATH);
        let path: String = path.chars().skip(too_long).collect();
        let draft = Draft::new(self.reader.chunking);
        let name = format!("{}/{path}", self.archive.name);
        let delivered = known.unwrap_or_else(|| self.was_delivered(&name));
        self.open = Some(Open { name, delivered, format: &FORMATS[0], draft, before, size: 0 });
        Ok(())
    }

    /// Whether an earlier attempt has delivered the file that is the next item. Those that failed were forgotten
    /// when the job was retried, so there may be gaps.
    fn was_delivered(&mut self, name: &str) -> bool {
        if !self.reader.by_name {
            return self.reader.delivered.get(&self.reader.next).is_some_and(|it| it == name);
        }
        match self.delivered.get_mut(name) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }

    fn end(&mut self, read: Result<(), Unreadable>) -> Result<(), Stopped> {
        let Some(Open { name, delivered, format, draft, before, size }) = self.open.take() else {
            return Ok(());
        };
        self.bytes_seen = self.bytes_seen.saturating_add(size);
        if delivered {
            // It was counted as delivered already.
            self.reader.progress.items_total -= 1;
            self.reader.next += 1;
            return Ok(());
        }
        let item = Item { name: &name, blob: None, content: None, ..self.archive.clone() };
        let ended = read.map_err(|why| extract_failure(&name, &why).into());
        self.reader.end_draft(draft, &before, &item, format, size, ended)?;
        if self.to_come > 0 {
            let (done, total) = (self.seen, self.seen + self.to_come);
            self.reader.step(&self.before, self.size, Steps { done, total, unit: "file" });
        } else {
            self.reader.progress.bytes_done = self.before.bytes_done + self.bytes_seen.min(self.size);
            self.reader.progress.steps = None;
        }
        self.reader.give(PieceContent::Nothing)
    }
}

/// How many files at the start of the archive were delivered, as the items from the next number on. Names alone do
/// not tell which of them were its first.
fn delivered_at_start<S>(reader: &Reader<'_, S>, archive: &str) -> u64 {
    let (delivered, first) = (reader.delivered, reader.next);
    let inside = format!("{archive}/");
    if reader.by_name {
        return 0;
    }
    (first..).take_while(|number| delivered.get(number).is_some_and(|name| name.starts_with(&inside))).count()
        as u64
}
