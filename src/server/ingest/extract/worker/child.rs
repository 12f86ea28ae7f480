//! The child's side: takes files until the server has gone.

use std::io::BufWriter;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use super::super::{Extracted, readers};
use super::{sandbox, wire};
use wire::Answer;

/// Deep files need a deep stack; the memory is only taken as it is used.
const STACK: usize = 256 << 20;

/// Text is sent in pieces of this size at most, in bytes.
const PIECE: usize = 64 << 10;

/// Runs the child. Its standard input is the socket to the server.
pub fn run() -> ExitCode {
    // Whoever reads this on a terminal is told by the exit code.
    let Ok(socket) = std::io::stdin().as_fd().try_clone_to_owned().map(UnixStream::from) else {
        return ExitCode::FAILURE;
    };
    std::panic::set_hook(Box::new(|_| {}));
    // Before the second thread is started, so that both have given it all up.
    if sandbox::enter().is_err() {
        return ExitCode::FAILURE;
    }
    let served = std::thread::Builder::new().stack_size(STACK).spawn(move || serve(socket));
    match served.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn serve(mut socket: UnixStream) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(64 << 10, socket.try_clone()?);
    while let Some((request, file)) = wire::receive(&mut socket)? {
        let mut broken = None;
        let read = readers::read(&request, file, &mut |found| {
            // Progress is to be seen, and what a crash costs to be known, before it is too late.
            let flush = matches!(found, Extracted::Step { .. } | Extracted::Checkpoint(_));
            let told = answer(&mut out, found);
            let told = told.and_then(|()| if flush { std::io::Write::flush(&mut out) } else { Ok(()) });
            if let Err(error) = told {
                broken.get_or_insert(error);
            }
        });
        if let Some(error) = broken {
            return Err(error);
        }
        wire::answer(&mut out, &read.map_or_else(Answer::Failed, |()| Answer::Done))?;
        std::io::Write::flush(&mut out)?;
    }
    Ok(())
}

/// Says what was found, long texts in pieces: the server takes them as they come, and holds one at a time.
fn answer(out: &mut impl std::io::Write, found: Extracted) -> std::io::Result<()> {
    let Extracted::Text(text) = found else { return wire::answer(out, &Answer::Found(found)) };
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE.min(rest.len())));
        wire::answer(out, &Answer::Found(Extracted::Text(piece.to_owned())))?;
        rest = after;
    }
    Ok(())
}
