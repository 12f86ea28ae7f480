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
use wire::Answer;
pub use wire::{Request, Resume};

/// Files after which a child is replaced.
const FILES_EACH: u32 = 200;

/// The same after so much time, because its processor time is limited for all its files together.
const TIME_EACH: Duration = Duration::from_secs(60);

/// Idle children kept.
const KEPT: usize = 4;

/// How long a file may take: this, and a second for each so many bytes.
const TIME: Duration = Duration::from_secs(60);
const BYTES_A_SECOND: u64 = 200 << 10;

/// How long a page or a member of an archive may take, and as much more for its bytes.
const PART_TIME: Duration = Duration::from_secs(20);

/// No file of an archive is given time for more bytes.
const LARGEST_MEMBER: u64 = 512 << 20;

/// Pages or members that crash their reader are left out; a file with more of them is given up.
const MOST_CRASHES: usize = 16;

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
    busy: Duration,
}

/// How reading ended.
#[derive(Debug)]
pub enum Ended {
    /// Everything was read.
    Done,
    /// The token was cancelled, or nobody takes what is found any more.
    Told,
    Unreadable(Unreadable),
    /// The child did not live to say more.
    Died(Unreadable),
    /// No child could be started or spoken to.
    Io(io::Error),
}

impl Workers {
    /// `executable` is this one.
    pub fn new(executable: PathBuf) -> Self {
        Self(Arc::new(Shared { executable, idle: Mutex::default() }))
    }

    /// Reads a file. What crashes the reader, or takes it too long, is left out if the rest can be read without
    /// it. `sink` says whether to go on. Blocks.
    pub fn read(
        &self,
        mut request: Request,
        file: &File,
        stop: &CancellationToken,
        mut sink: impl FnMut(Extracted) -> bool,
    ) -> Ended {
        let mut time = Time::new(request.size);
        let mut crashes = 0;
        loop {
            let mut checkpoint = None;
            let ended = self.read_once(&request, file, &mut time, stop, |found| match found {
                Extracted::Checkpoint(next) => {
                    checkpoint = Some(next);
                    true
                }
                other => sink(other),
            });
            match (ended, checkpoint) {
                (Ended::Died(cause), Some(after)) if crashes < MOST_CRASHES && !time.is_up() => {
                    crashes += 1;
                    tracing::info!(code = cause.code, part = after.next, "a reader crashed; going on behind");
                    request.resume = Some(Resume { after, cause });
                }
                (Ended::Died(cause), _) => return Ended::Unreadable(cause),
                (ended, _) => return ended,
            }
        }
    }

    fn read_once(
        &self,
        request: &Request,
        file: &File,
        time: &mut Time,
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
        // Another reader has not begun with a part yet.
        (time.part, time.spent_on_part) = (None, Duration::ZERO);
        let began = Instant::now();
        let ended = worker.read(request, file, time, stop, sink);
        worker.busy += began.elapsed();
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

/// How long a reader may still take. Time in which nobody takes what it found is not counted.
#[derive(Debug)]
struct Time {
    file: Duration,
    spent: Duration,
    /// The size of the file of an archive that it is at, in bytes.
    member: u64,
    /// The same as for the whole for the page or member it is at, if it is at one.
    part: Option<Duration>,
    spent_on_part: Duration,
}

impl Time {
    fn new(size: u64) -> Self {
        let file = TIME + for_bytes(size);
        Self { file, spent: Duration::ZERO, member: 0, part: None, spent_on_part: Duration::ZERO }
    }

    fn spend(&mut self, time: Duration) {
        self.spent += time;
        self.spent_on_part += time;
    }

    /// What is found may be a reason for more time.
    fn take_note(&mut self, found: &Extracted) {
        match found {
            Extracted::Checkpoint(_) => {
                (self.part, self.spent_on_part) = (Some(PART_TIME + for_bytes(self.member)), Duration::ZERO);
            }
            // Unpacked, it may be much larger than the file; what is said of it may be untrue.
            Extracted::Member { size, .. } => {
                self.member = (*size).min(LARGEST_MEMBER);
                self.file += for_bytes(self.member);
            }
            _ => {}
        }
    }

    fn is_up(&self) -> bool {
        self.spent > self.file
    }

    /// How long reading took, if that was too long.
    fn exceeded(&self, now: Duration) -> Option<Duration> {
        let file = (self.spent + now > self.file).then_some(self.file);
        file.or(self.part.filter(|part| self.spent_on_part + now > *part))
    }
}

fn for_bytes(size: u64) -> Duration {
    Duration::from_secs(size / BYTES_A_SECOND)
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
        Ok(Self { child, socket: ours, files: 0, busy: Duration::ZERO })
    }

    /// Whether it may read another file.
    fn is_good(&mut self) -> bool {
        self.files < FILES_EACH && self.busy < TIME_EACH && matches!(self.child.try_wait(), Ok(None))
    }

    fn read(
        &mut self,
        request: &Request,
        file: &File,
        time: &mut Time,
        stop: &CancellationToken,
        mut sink: impl FnMut(Extracted) -> bool,
    ) -> Ended {
        self.files += 1;
        if let Err(error) = wire::send(&self.socket, request, file) {
            return self.ended_with(error);
        }
        let mut waiting = Instant::now();
        let mut incoming = wire::Incoming::default();
        loop {
            if stop.is_cancelled() {
                return Ended::Told;
            }
            match incoming.next(&mut self.socket) {
                Ok(Some(Answer::Found(found))) => {
                    time.spend(waiting.elapsed());
                    time.take_note(&found);
                    if !sink(found) {
                        return Ended::Told;
                    }
                    waiting = Instant::now();
                }
                Ok(Some(Answer::Done)) => return Ended::Done,
                Ok(Some(Answer::Failed(unreadable))) => return Ended::Unreadable(unreadable),
                Ok(None) => {
                    if let Some(limit) = time.exceeded(waiting.elapsed()) {
                        time.spend(waiting.elapsed());
                        self.kill();
                        let reason = format!("reading it took longer than {} s", limit.as_secs());
                        return Ended::Died(Unreadable::new("extractor_timeout", reason));
                    }
                    if !sink(Extracted::Waiting) {
                        return Ended::Told;
                    }
                }
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
        Ended::Died(crash(status, &String::from_utf8_lossy(&last_words)))
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
        Unreadable::crashed()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
        let _ = self.child.wait();
    }
}
