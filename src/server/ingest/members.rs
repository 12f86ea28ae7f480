//! An archive while it is read: each file in it becomes an item of the job.

use std::fs::File;

use super::draft::Draft;
use super::extract::worker::Ended;
use super::extract::{Extracted, Unreadable};
use super::failures::{extract_failure, unreadable};
use super::recognise::recognise;
use super::run::{Item, Piece, PieceContent, Reader, Stopped};
use crate::domain::format::{FORMATS, Format};
use crate::domain::progress::Steps;
use crate::domain::{DocumentId, Progress};

/// The longest path of a file in an archive, in characters; the end of a longer one is kept.
const LONGEST_PATH: usize = 400;

/// Reads the files of one archive.
pub struct Members<'r, 'a, S> {
    reader: &'r mut Reader<'a, S>,
    archive: &'r Item<'r>,
    before: Progress,
    /// Files at the start of the archive that an earlier attempt has delivered.
    skip: u64,
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
    format: &'static Format,
    draft: Draft,
    before: Progress,
    size: u64,
}

impl<'r, 'a, S: FnMut(Piece) -> bool> Members<'r, 'a, S> {
    pub fn new(reader: &'r mut Reader<'a, S>, archive: &'r Item<'r>, file: &File) -> Self {
        let inside = format!("{}/", archive.name);
        let skip = reader.delivered.values().filter(|name| name.starts_with(&inside)).count() as u64;
        let (before, size) = (reader.progress, file.metadata().map_or(0, |facts| facts.len()));
        Self { reader, archive, before, skip, seen: 0, to_come: 0, bytes_seen: 0, size, open: None }
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
        self.reader.progress.bytes_done = self.before.bytes_done + self.size;
        if let Some(stopped) = stopped {
            return Err(stopped);
        }
        let why = match ended {
            Ended::Done => None,
            Ended::Told => return Err(Stopped::Told),
            Ended::Unreadable(why) | Ended::Died(why) => Some(extract_failure(self.archive.name, &why)),
            Ended::Io(error) => Some(unreadable(self.archive.name, &error)),
        };
        // Archives in the archive were announced as files, and became several.
        let progress = &mut self.reader.progress;
        progress.items_total -= self.to_come.min(progress.items_total);
        match why {
            // It stood for its files, until they were known.
            None => progress.items_total = progress.items_total.saturating_sub(1).max(progress.items_done),
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
            Extracted::Member { path, size } => return self.begin(&path, size),
            Extracted::MemberEnd(read) => self.end(read)?,
            found => {
                if let Some(open) = &mut self.open {
                    open.draft.take(found);
                    return Ok(self.reader.give_part(&mut open.draft, &open.before));
                }
            }
        }
        Ok(!self.reader.stop.is_cancelled())
    }

    fn begin(&mut self, path: &str, size: u64) -> Result<bool, Stopped> {
        if self.reader.next >= DocumentId::MAX_ITEMS {
            return Ok(false);
        }
        self.seen += 1;
        match self.to_come.checked_sub(1) {
            Some(rest) => self.to_come = rest,
            None => self.reader.progress.items_total += 1,
        }
        let before = self.reader.progress;
        let path: String = path.chars().filter(|it| !it.is_control()).collect();
        let too_long = path.chars().count().saturating_sub(LONGEST_PATH);
        let path: String = path.chars().skip(too_long).collect();
        let format = recognise(&path, &[]).unwrap_or(&FORMATS[0]);
        let draft = Draft::new(self.reader.chunking);
        let name = format!("{}/{path}", self.archive.name);
        self.open = Some(Open { name, format, draft, before, size });
        Ok(true)
    }

    fn end(&mut self, read: Result<(), Unreadable>) -> Result<(), Stopped> {
        let Some(Open { name, format, draft, before, size }) = self.open.take() else { return Ok(()) };
        self.bytes_seen = self.bytes_seen.saturating_add(size);
        if self.seen <= self.skip {
            // It was counted as delivered already.
            self.reader.progress.items_total -= 1;
            self.reader.next += 1;
            return Ok(());
        }
        // The document is as large as the file was before it was packed.
        self.reader.progress.bytes_done = before.bytes_done + size;
        let item = Item { name: &name, blob: None, ..self.archive.clone() };
        let ended = read.map_err(|why| extract_failure(&name, &why).into());
        self.reader.end_draft(draft, &before, &item, format, ended)?;
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
