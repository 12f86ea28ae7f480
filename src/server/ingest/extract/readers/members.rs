//! Files in a file: ZIP, TAR, what gzip has packed, and the mails of a mailbox. Each becomes a document.
//!
//! Nothing is written anywhere, so no path of a member can lead anywhere; it is but a name.

use std::fs::File;
use std::io::{BufRead, BufReader, Chain, Cursor, Read, Seek};

use flate2::bufread::MultiGzDecoder;
use mail_parser::mailbox::mbox::MessageIterator;
use zip::result::ZipError;
use zip::{ZipArchive, ZipReadOptions};

use super::{DEEPEST, Request, Sink, Within, archive, guarded, part, warn};
use crate::domain::Location;
use crate::server::ingest::extract::worker::Resume;
use crate::server::ingest::extract::{Checkpoint, Extracted, Unreadable};
use crate::server::ingest::recognise::{HEAD, recognise};
use crate::server::store::ContentHash;

/// Files of one archive.
const MEMBERS: usize = 100_000;

/// The largest file of an archive, in bytes; an archive within it may be as large.
const LARGEST: u64 = 512 << 20;

/// What all of an archive may unpack to, in bytes.
const MOST: u64 = 16 << 30;

/// What programs leave in archives for themselves.
const JUNK: [&str; 3] = ["__MACOSX/", ".DS_Store", "Thumbs.db"];

/// What is found in an archive.
enum Found<'f> {
    /// There are so many files in it; said first, if it is known.
    Files(u64),
    File {
        path: &'f str,
        /// As the archive says it, in bytes; 0 if it does not.
        size: u64,
        bytes: Result<&'f mut dyn Read, Unreadable>,
    },
}

/// Gets what is found. Fails to end it all.
type Visit<'v> = &'v mut dyn FnMut(Found<'_>) -> Result<(), Unreadable>;

/// Reads the files of an archive, each for itself.
pub fn read(file: File, request: &Request, within: &Within<'_>, sink: Sink<'_>) -> Result<(), Unreadable> {
    let mut items = Items {
        next: 0,
        skip: request.skip,
        resume: request.resume.as_ref(),
        left: allowance(request.size),
        sink,
    };
    items.all(&request.name, &mut BufReader::new(file), "", within)?;
    if items.next == 0 {
        return Err(Unreadable::new("no_text", "there are no files in it"));
    }
    Ok(())
}

/// The files of an archive, one after the other.
struct Items<'a> {
    /// The number of the next file.
    next: u64,
    /// Files below this need not be read again.
    skip: u64,
    resume: Option<&'a Resume>,
    /// Bytes that may still be unpacked.
    left: u64,
    sink: Sink<'a>,
}

impl Items<'_> {
    fn all(
        &mut self,
        name: &str,
        file: &mut (impl BufRead + Seek),
        above: &str,
        within: &Within<'_>,
    ) -> Result<(), Unreadable> {
        let password = within.password;
        each(name, file, password, &mut |found| match found {
            Found::Files(count) => {
                if self.resume.is_none() {
                    (self.sink)(Extracted::Members(count));
                }
                Ok(())
            }
            Found::File { path, size, bytes } => {
                let path = if above.is_empty() { path.to_owned() } else { format!("{above}/{path}") };
                self.one(path, size, bytes, within)
            }
        })
    }

    fn one(
        &mut self,
        path: String,
        size: u64,
        bytes: Result<&mut dyn Read, Unreadable>,
        within: &Within<'_>,
    ) -> Result<(), Unreadable> {
        let number = self.next;
        if !self.was_told(number) {
            // Before anything is done with its bytes: another reader goes on behind it, if this one crashes.
            (self.sink)(Extracted::Member { number, path: path.clone(), size });
            (self.sink)(Extracted::Checkpoint(Checkpoint { next: number, ..Checkpoint::default() }));
            if let Some(resume) = self.resume.filter(|resume| resume.after.next == number) {
                (self.sink)(Extracted::MemberEnd(Err(resume.cause.clone())));
                self.next += 1;
                return Ok(());
            }
        }
        let bytes = bytes.and_then(|bytes| whole(bytes, size, &mut self.left));
        let head = bytes.as_ref().ok().map(|bytes| &bytes[..bytes.len().min(HEAD)]);
        let format = head.map(|head| recognise(&path, head));
        if let (Ok(bytes), Some(Ok(format))) = (&bytes, &format)
            && format.is_archive()
            && within.depth < DEEPEST
        {
            // It is no file of its own; the first in it has its number.
            let walked = self.all(&path, &mut Cursor::new(bytes), &path, &within.inside(Location::default()));
            let empty = || Unreadable::new("no_text", "there are no files in it");
            let walked = walked.and_then(|()| if self.next == number { Err(empty()) } else { Ok(()) });
            // It fails alone, as a file would.
            if let Err(unreadable) = walked {
                let number = self.next;
                if !self.was_told(number) {
                    (self.sink)(Extracted::Member { number, path, size });
                    (self.sink)(Extracted::MemberEnd(Err(unreadable)));
                }
                self.next += 1;
            }
            return Ok(());
        }
        self.next += 1;
        if self.was_told(number) {
            return Ok(());
        }
        let read = match bytes {
            Ok(_) if number < self.skip => Ok(()),
            Ok(bytes) => {
                if let Some(Ok(format)) = format {
                    let (name, size) = (format.name.to_owned(), bytes.len() as u64);
                    let hash = ContentHash::of(&bytes);
                    (self.sink)(Extracted::MemberFormat { name, size, hash });
                }
                let inside = within.inside(Location { member: Some(path.clone()), ..Location::default() });
                guarded(|| part(&path, bytes, &inside, self.sink))
            }
            Err(unreadable) => Err(unreadable),
        };
        (self.sink)(Extracted::MemberEnd(read));
        Ok(())
    }

    /// Whether an earlier reader has told of the file with this number, before it crashed on a later one.
    fn was_told(&self, number: u64) -> bool {
        self.resume.is_some_and(|resume| number < resume.after.next)
    }
}

/// Reads the files of an archive that is itself a part of a document.
pub fn parts(name: &str, bytes: Vec<u8>, within: &Within<'_>, sink: Sink<'_>) -> Result<(), Unreadable> {
    let mut left = allowance(bytes.len() as u64);
    each(name, &mut Cursor::new(bytes), within.password, &mut |found| {
        let Found::File { path, size, bytes } = found else { return Ok(()) };
        // In an attachment, the path goes on from its name.
        let inside = within.inside(match (&within.at.part, &within.at.member) {
            (Some(part), _) => Location { part: Some(format!("{part} › {path}")), ..within.at.clone() },
            (None, Some(above)) => Location { member: Some(format!("{above}/{path}")), ..within.at.clone() },
            (None, None) => Location { member: Some(path.to_owned()), ..within.at.clone() },
        });
        let read = bytes.and_then(|bytes| whole(bytes, size, &mut left));
        if let Err(unreadable) = read.and_then(|bytes| part(path, bytes, &inside, sink)) {
            let message = format!("{path} in {name} was not read: {}.", unreadable.reason);
            warn(sink, "member_skipped", message);
        }
        Ok(())
    })
}

/// What an archive of this size may unpack to, in bytes.
fn allowance(size: u64) -> u64 {
    archive::allowance(size).min(MOST)
}

/// The bytes of a file, if they are not too many.
fn whole(from: &mut dyn Read, size: u64, left: &mut u64) -> Result<Vec<u8>, Unreadable> {
    let most = LARGEST.min(*left);
    let too_large = || {
        let reason = if most < LARGEST {
            "with it the archive unpacks to too many bytes".to_owned()
        } else {
            format!("it is larger than {} MiB", LARGEST >> 20)
        };
        Unreadable::new("too_expensive", reason)
    };
    if size > most {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    from.take(most + 1).read_to_end(&mut bytes).map_err(Unreadable::damaged)?;
    if bytes.len() as u64 > most {
        return Err(too_large());
    }
    *left -= bytes.len() as u64;
    Ok(bytes)
}

/// Goes through the files of an archive of whatever kind.
fn each(
    name: &str,
    file: &mut (impl BufRead + Seek),
    password: Option<&str>,
    visit: Visit<'_>,
) -> Result<(), Unreadable> {
    let start = file.fill_buf().map_err(Unreadable::damaged)?;
    let is_tar = |head: &[u8], name: &str| head.get(257..262) == Some(b"ustar") || name.ends_with(".tar");
    if archive::is_zip(start) {
        zip(file, password, visit)
    } else if start.starts_with(b"\x1f\x8b") {
        let unpacked = name.strip_suffix(".gz").or(name.strip_suffix(".GZ")).unwrap_or(name);
        let (head, rest) = peeked(MultiGzDecoder::new(file))?;
        if is_tar(&head, unpacked) || name.to_ascii_lowercase().ends_with(".tgz") {
            return tar(rest, visit);
        }
        let bare = unpacked.rsplit('/').next().unwrap_or(unpacked);
        visit(Found::File { path: bare, size: 0, bytes: Ok(&mut { rest }) })
    } else if start.starts_with(b"From ") || name.to_ascii_lowercase().ends_with(".mbox") {
        mailbox(file, visit)
    } else if is_tar(start, &name.to_ascii_lowercase()) {
        tar(file, visit)
    } else {
        Err(Unreadable::damaged("its first bytes are those of another kind"))
    }
}

/// A stream behind its first bytes.
type Peeked<R> = Chain<Cursor<Vec<u8>>, R>;

/// The first bytes of a stream, and the stream as if they had not been read.
fn peeked<R: Read>(mut from: R) -> Result<(Vec<u8>, Peeked<R>), Unreadable> {
    let mut head = Vec::new();
    from.by_ref().take(HEAD as u64).read_to_end(&mut head).map_err(Unreadable::damaged)?;
    Ok((head.clone(), Cursor::new(head).chain(from)))
}

fn zip(file: &mut (impl Read + Seek), password: Option<&str>, visit: Visit<'_>) -> Result<(), Unreadable> {
    let mut archive = ZipArchive::new(file).map_err(Unreadable::damaged)?;
    let members = archive.len();
    if members > MEMBERS {
        return Err(Unreadable::new("too_expensive", format!("it has {members} files, more than {MEMBERS}")));
    }
    visit(Found::Files(archive.file_names().flatten().filter(|path| !is_junk(path)).count() as u64))?;
    for number in 0..members {
        let unnamed = || format!("file {}", number + 1);
        let facts = archive.by_index_raw(number).map(|facts| {
            let path = facts.name().map_or_else(|_| unnamed(), |it| it.into_owned());
            (path, facts.size(), facts.is_file())
        });
        // One that is damaged costs no other.
        let (path, size, is_file) = facts.unwrap_or_else(|_| (unnamed(), 0, true));
        if !is_file || is_junk(&path) {
            continue;
        }
        let options = ZipReadOptions::new().password(password.map(str::as_bytes));
        match archive.by_index_with_options(number, options) {
            Ok(mut member) => visit(Found::File { path: &path, size, bytes: Ok(&mut member) })?,
            Err(error) => {
                let bytes = Err(not_opened(&error, password.is_some()));
                visit(Found::File { path: &path, size, bytes })?;
            }
        }
    }
    Ok(())
}

fn not_opened(error: &ZipError, tried: bool) -> Unreadable {
    match error {
        ZipError::InvalidPassword => Unreadable::encrypted(tried),
        ZipError::UnsupportedArchive(reason) if reason.contains("assword") => Unreadable::encrypted(tried),
        other => Unreadable::damaged(other),
    }
}

fn tar(file: impl Read, visit: Visit<'_>) -> Result<(), Unreadable> {
    let mut archive = tar::Archive::new(file);
    for (number, entry) in archive.entries().map_err(Unreadable::damaged)?.enumerate() {
        let mut entry = entry.map_err(Unreadable::damaged)?;
        if number >= MEMBERS {
            return Err(Unreadable::new("too_expensive", format!("it has more than {MEMBERS} files")));
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        if kind.is_dir() || is_junk(&path) {
            continue;
        }
        let size = entry.size();
        if kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse() {
            visit(Found::File { path: &path, size, bytes: Ok(&mut entry) })?;
        } else if kind.is_symlink() || kind.is_hard_link() {
            let bytes =
                Err(Unreadable::new("unsupported_format", "it is a link, and these are not followed"));
            visit(Found::File { path: &path, size: 0, bytes })?;
        }
    }
    Ok(())
}

fn mailbox(file: impl BufRead, visit: Visit<'_>) -> Result<(), Unreadable> {
    for (number, message) in (1..).zip(MessageIterator::new(file)) {
        if number > MEMBERS {
            return Err(Unreadable::new("too_expensive", format!("it has more than {MEMBERS} mails")));
        }
        let message = message.map_err(Unreadable::damaged)?;
        let bytes = message.unwrap_contents();
        let (path, size) = (format!("message {number}.eml"), bytes.len() as u64);
        visit(Found::File { path: &path, size, bytes: Ok(&mut bytes.as_slice()) })?;
    }
    Ok(())
}

fn is_junk(path: &str) -> bool {
    path.ends_with('/') || JUNK.iter().any(|junk| path.starts_with(junk) || path.ends_with(junk))
}
