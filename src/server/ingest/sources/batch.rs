//! Messages or files that were sent together, or in an archive: an item each.

use std::io::{self, BufReader, Cursor};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ReadItems;
use crate::domain::format::FORMATS;
use crate::domain::{Job, Metadata};
use crate::server::ingest::failures::source_lost;
use crate::server::ingest::run::{Item, ItemKind, Piece, Reader, Stopped};
use crate::server::jobs::names;
use crate::server::store::{BlobRef, Failure};

/// Where the items are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Few enough for the database.
    Messages(Vec<Message>),
    /// A JSON array of messages.
    MessagesBlob(BlobRef),
    Files(Vec<StoredFile>),
    /// An archive of the server's machine.
    Path(PathBuf),
}

/// One text of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub text: String,
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

/// An uploaded file: its bytes are a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    pub name: String,
    pub blob: BlobRef,
    pub size_bytes: u64,
}

impl ReadItems for Source {
    fn blobs(&self) -> Vec<BlobRef> {
        match self {
            Self::Messages(_) | Self::Path(_) => Vec::new(),
            Self::MessagesBlob(blob) => vec![*blob],
            Self::Files(files) => files.iter().map(|file| file.blob).collect(),
        }
    }

    fn read_items<S>(&self, reader: &mut Reader<'_, S>, job: &Job) -> Result<(), Stopped>
    where
        S: FnMut(Piece) -> bool,
    {
        match self {
            Self::Messages(list) => messages(reader, job, list),
            Self::MessagesBlob(blob) => {
                let stored = reader.shelves.blobs.read(*blob).map_err(|error| source_lost(&error))?;
                let list: Vec<Message> = serde_json::from_reader(BufReader::new(stored)).map_err(not_read)?;
                messages(reader, job, &list)
            }
            Self::Files(list) => files(reader, job, list),
            Self::Path(path) => {
                reader.expect([job.name.as_str()].into_iter());
                reader.path(&Item::new(ItemKind::File, job, &job.name), path)
            }
        }
    }
}

/// Messages were written by the server: what is no JSON any more is damaged, and stays so.
fn not_read(error: serde_json::Error) -> Failure {
    let damaged = !error.is_io();
    let error = io::Error::from(error);
    source_lost(&if damaged { io::Error::new(io::ErrorKind::InvalidData, error) } else { error })
}

fn messages<S>(reader: &mut Reader<'_, S>, job: &Job, messages: &[Message]) -> Result<(), Stopped>
where
    S: FnMut(Piece) -> bool,
{
    for message in messages {
        if reader.is_new(message.text.len() as u64)? {
            let name = names::of_text(&message.text);
            let metadata = job.metadata.overlaid(&message.metadata);
            let item = Item { metadata, ..Item::new(ItemKind::Text, job, &name) };
            reader.text(&item, &FORMATS[0], Cursor::new(&message.text))?;
        }
    }
    Ok(())
}

fn files<S>(reader: &mut Reader<'_, S>, job: &Job, files: &[StoredFile]) -> Result<(), Stopped>
where
    S: FnMut(Piece) -> bool,
{
    reader.expect(files.iter().map(|file| file.name.as_str()));
    for file in files {
        reader.uploaded(Item::new(ItemKind::File, job, &file.name), file.blob, file.size_bytes)?;
    }
    Ok(())
}
