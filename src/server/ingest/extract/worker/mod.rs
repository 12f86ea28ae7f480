//! Reading in a child process of the same executable, which may crash, hang or eat memory and hurts nobody.
//!
//! A child reads many files, one after the other, and is replaced after some. It is sent each file as an open
//! descriptor, so it needs no rights to open any. What it finds comes back over the same socket, as it is found.

pub mod child;
mod sandbox;
mod wire;

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::{Extracted, Unreadable};
use wire::{Answer, Request};

/// Files after which a child is replaced.
const FILES_EACH: u32 = 200;

/// Idle children kept.
const KEPT: usize = 4;

/// How long a file may take: this, and a second for each so many bytes.
const TIME: Duration = Duration::from_secs(60);
const BYTES_A_SECOND: u64 = 200 << 10;

/// How often a waiting reader looks whether it is told to stop.
const LOOK: Duration = Duration::from_millis(100);

/// What is heard of a child that has died, in bytes.
const LAST_WORDS: u64 = 4096;

/// The name of the command that is a child.
pub const COMMAND: &str = "extract-worker";

/// Children that read, started as needed.
#[derive(Clone, Debug)]
pub struct Workers(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    executable: PathBuf,
    idle: Mutex<Vec<Worker>>,
}

#[derive(Debug)]
struct Worker {
    child: Child,
    socket: UnixStream,
    files: u32,
}

/// How reading ended.
#[derive(Debug)]
pub enum Ended {
    /// Everything was read.
    Done,
    /// The token was cancelled, or nobody takes what is found any more.
    Told,
    Unreadable(Unreadable),
    /// No child could be started or spoken to.
    Io(io::Error),
}

impl Workers {
    /// `executable` is this one.
    pub fn new(executable: PathBuf) -> Self {
        Self(Arc::new(Shared { executable, idle: Mutex::default() }))
    }

    /// Reads a file of a format that its name tells. `sink` says whether to go on. Blocks.
    pub fn read(
        &self,
        name: &str,
        file: &File,
        stop: &CancellationToken,
        sink: impl FnMut(Extracted) -> bool,
    ) -> Ended {
        let idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let worker = match idle {
            Some(worker) => Ok(worker),
            None => Worker::start(&self.0.executable),
        };
        let mut worker = match worker {
            Ok(worker) => worker,
            Err(error) => return Ended::Io(error),
        };
        let ended = worker.read(name, file, stop, sink);
        // One that was interrupted still sends what nobody wants: dropped, it is killed.
        if matches!(ended, Ended::Done | Ended::Unreadable(_)) && worker.is_good() {
            let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < KEPT {
                idle.push(worker);
            }
        }
        ended
    }
}

impl Worker {
    fn start(executable: &PathBuf) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_read_timeout(Some(LOOK))?;
        let child = Command::new(executable)
            .arg(COMMAND)
            .env_clear()
            // Address space is limited, and the allocator would reserve a large part of it at once.
            .env("MIMALLOC_ARENA_RESERVE", "65536")
            .current_dir("/")
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(Self { child, socket: ours, files: 0 })
    }

    /// Whether it may read another file.
    fn is_good(&mut self) -> bool {
        self.files < FILES_EACH && matches!(self.child.try_wait(), Ok(None))
    }

    fn read(
        &mut self,
        name: &str,
        file: &File,
        stop: &CancellationToken,
        mut sink: impl FnMut(Extracted) -> bool,
    ) -> Ended {
        self.files += 1;
        let size = file.metadata().map_or(0, |facts| facts.len());
        let time = TIME + Duration::from_secs(size / BYTES_A_SECOND);
        if let Err(error) = wire::send(&self.socket, &Request { name: name.to_owned(), size }, file) {
            return self.ended_with(error);
        }
        // Time in which nobody takes what was found is not the file's.
        let mut spent = Duration::ZERO;
        let mut waiting = Instant::now();
        let mut incoming = wire::Incoming::default();
        loop {
            if stop.is_cancelled() {
                return Ended::Told;
            }
            match incoming.next(&mut self.socket) {
                Ok(Some(Answer::Found(found))) => {
                    spent += waiting.elapsed();
                    if !sink(found) {
                        return Ended::Told;
                    }
                    waiting = Instant::now();
                }
                Ok(Some(Answer::Done)) => return Ended::Done,
                Ok(Some(Answer::Failed(unreadable))) => return Ended::Unreadable(unreadable),
                Ok(None) if spent + waiting.elapsed() > time => {
                    let reason = format!("reading it took longer than {} s", time.as_secs());
                    self.kill();
                    return Ended::Unreadable(Unreadable::new("extractor_timeout", reason));
                }
                Ok(None) => {}
                Err(error) => return self.ended_with(error),
            }
        }
    }

    /// The child has gone, or says nonsense.
    fn ended_with(&mut self, error: io::Error) -> Ended {
        self.kill();
        let Ok(status) = self.child.wait() else { return Ended::Io(error) };
        let mut last_words = Vec::new();
        if let Some(said) = self.child.stderr.take() {
            // Nothing said is as good.
            let _ = said.take(LAST_WORDS).read_to_end(&mut last_words);
        }
        Ended::Unreadable(crash(status, &String::from_utf8_lossy(&last_words)))
    }

    fn kill(&mut self) {
        // Fails when it has ended already.
        let _ = self.child.kill();
    }
}

/// What the end of a child says about the file it read.
fn crash(status: ExitStatus, last_words: &str) -> Unreadable {
    use std::os::unix::process::ExitStatusExt;
    // As Rust's runtime says it before it aborts.
    let costly = last_words.contains("memory allocation of")
        || status.signal() == Some(rustix::process::Signal::XCPU.as_raw());
    if costly {
        Unreadable::new("too_expensive", "reading it takes more memory or time than a file is given")
    } else {
        Unreadable::new("extractor_crashed", "what reads it crashed; it may be damaged")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
        let _ = self.child.wait();
    }
}
