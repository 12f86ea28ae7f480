//! What the server and its children say to each other: JSON values, each after its length.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags,
};
use serde::{Deserialize, Serialize};

use super::super::{Checkpoint, Extracted, Unreadable};

/// The longest value, in bytes: readers give their text in smaller pieces.
const LONGEST: usize = 64 << 20;

/// A file to read; its descriptor comes along.
#[derive(Serialize, Deserialize)]
pub struct Request {
    /// Tells the format, where its first bytes do not.
    pub name: String,
    pub size: u64,
    pub password: Option<String>,
    /// Files of an archive that need not be read again, from its start.
    pub skip: u64,
    pub resume: Option<Resume>,
}

/// Without the password.
impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("name", &self.name).field("size", &self.size).finish_non_exhaustive()
    }
}

/// What another reader crashed on: this one goes on after it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Resume {
    pub after: Checkpoint,
    pub cause: Unreadable,
}

/// What a child says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Answer {
    Found(Extracted),
    /// Everything was read.
    Done,
    Failed(Unreadable),
}

/// Sends a request with its file.
pub fn send(socket: &UnixStream, request: &Request, file: &File) -> io::Result<()> {
    let bytes = framed(request)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let files = [file.as_fd()];
    control.push(SendAncillaryMessage::ScmRights(&files));
    let sent = rustix::net::sendmsg(socket, &[IoSlice::new(&bytes)], &mut control, SendFlags::NOSIGNAL)?;
    (&mut { socket }).write_all(&bytes[sent..])
}

/// Waits for a request; `None` when the server has gone.
pub fn receive(socket: &mut UnixStream) -> io::Result<Option<(Request, File)>> {
    let mut length = [0; 4];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = rustix::net::recvmsg(
        &*socket,
        &mut [IoSliceMut::new(&mut length)],
        &mut control,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    if received.bytes == 0 {
        return Ok(None);
    }
    let mut files = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut files) => files.next(),
        _ => None,
    });
    let file: OwnedFd = files.next().ok_or(io::ErrorKind::InvalidData)?;
    socket.read_exact(&mut length[received.bytes..])?;
    let mut bytes = vec![0; checked(length)?];
    socket.read_exact(&mut bytes)?;
    Ok(Some((serde_json::from_slice(&bytes)?, File::from(file))))
}

/// Says something to the server.
pub fn answer(to: &mut impl Write, answer: &Answer) -> io::Result<()> {
    to.write_all(&framed(answer)?)
}

fn framed(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, value)?;
    let length = u32::try_from(bytes.len() - 4).map_err(io::Error::other)?;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    Ok(bytes)
}

fn checked(length: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST { Err(io::ErrorKind::InvalidData.into()) } else { Ok(length) }
}

/// Bytes on their way to becoming answers.
#[derive(Debug, Default)]
pub struct Incoming {
    bytes: Vec<u8>,
}

impl Incoming {
    /// The next answer, or `None` when the socket's time to wait was over before it was whole.
    pub fn next(&mut self, socket: &mut impl Read) -> io::Result<Option<Answer>> {
        loop {
            if let Some(answer) = self.take()? {
                return Ok(Some(answer));
            }
            let mut block = [0; 64 << 10];
            match socket.read(&mut block) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => self.bytes.extend_from_slice(&block[..length]),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => return Ok(None),
                    io::ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
        }
    }

    fn take(&mut self) -> io::Result<Option<Answer>> {
        let Some(length) = self.bytes.first_chunk() else { return Ok(None) };
        let end = 4 + checked(*length)?;
        if self.bytes.len() < end {
            return Ok(None);
        }
        let answer = serde_json::from_slice(&self.bytes[4..end])?;
        self.bytes.drain(..end);
        Ok(Some(answer))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives its bytes a few at a time, and now and then nothing yet.
    struct Slow<'a>(&'a [u8], usize, bool);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.2 = !self.2;
            if self.2 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let length = self.1.min(self.0.len()).min(buffer.len());
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    #[test]
    fn answers_come_whole_however_their_bytes_are_cut() {
        let texts = ["", "short", &"long ".repeat(100_000)];
        let mut sent = Vec::new();
        for text in texts {
            answer(&mut sent, &Answer::Found(Extracted::Text(text.to_owned()))).unwrap();
        }
        answer(&mut sent, &Answer::Done).unwrap();
        for piece in [1, 3, 4, 5, 4096, sent.len()] {
            let mut slow = Slow(&sent, piece, false);
            let (mut incoming, mut got) = (Incoming::default(), Vec::new());
            loop {
                match incoming.next(&mut slow).unwrap() {
                    Some(Answer::Found(Extracted::Text(text))) => got.push(text),
                    Some(Answer::Done) => break,
                    Some(other) => panic!("{other:?}"),
                    None => {}
                }
            }
            assert_eq!(got, texts, "in pieces of {piece}");
            assert!(incoming.next(&mut slow).is_ok_and(|it| it.is_none()));
            assert!(incoming.next(&mut slow).is_err(), "the end is an error: the child has gone");
        }
    }

    #[test]
    fn a_length_out_of_all_bounds_is_refused() {
        let mut incoming = Incoming { bytes: vec![0xff; 8] };
        assert!(incoming.next(&mut io::empty()).is_err());
    }

    fn any_answer() -> impl Strategy<Value = Answer> {
        let text = "\\PC{0,200}";
        prop_oneof![
            text.prop_map(|it| Answer::Found(Extracted::Text(it))),
            (any::<u64>(), text, any::<u64>())
                .prop_map(|(number, path, size)| Answer::Found(Extracted::Member { number, path, size })),
            any::<(u64, u64)>().prop_map(|(done, total)| Answer::Found(Extracted::Step { done, total })),
            prop::collection::vec((any::<u32>(), text), 0..9)
                .prop_map(|it| Answer::Found(Extracted::Rows(it))),
            text.prop_map(|it| Answer::Failed(Unreadable::new("damaged", it))),
            Just(Answer::Done),
        ]
    }

    proptest! {
        #[test]
        fn what_is_said_is_what_is_heard(
            said in prop::collection::vec(any_answer(), 0..20),
            piece in 1_usize..500,
        ) {
            let mut sent = Vec::new();
            for it in &said {
                answer(&mut sent, it).unwrap();
            }
            let (mut slow, mut incoming, mut heard) = (Slow(&sent, piece, false), Incoming::default(), Vec::new());
            while heard.len() < said.len() {
                heard.extend(incoming.next(&mut slow).unwrap());
            }
            prop_assert_eq!(format!("{heard:?}"), format!("{said:?}"));
        }

        #[test]
        fn nonsense_is_an_error_and_no_more(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let (mut nonsense, mut incoming) = (bytes.as_slice(), Incoming::default());
            while incoming.next(&mut nonsense).is_ok() {}
        }
    }
}
