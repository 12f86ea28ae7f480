//! The child's side: takes files until the server has gone.

use std::io::BufWriter;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use super::super::{Extracted, Unreadable, readers};
use super::{sandbox, wire};
use wire::Answer;

/// Deep files need a deep stack; the memory is only taken as it is used.
const STACK: usize = 256 << 20;

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
        let read = catch_unwind(AssertUnwindSafe(|| {
            readers::read(&request.name, file, request.size, &mut |found| {
                let flush = matches!(found, Extracted::Step { .. });
                let told = wire::answer(&mut out, &Answer::Found(found));
                let told = told.and_then(|()| if flush { std::io::Write::flush(&mut out) } else { Ok(()) });
                if let Err(error) = told {
                    broken.get_or_insert(error);
                }
            })
        }));
        if let Some(error) = broken {
            return Err(error);
        }
        let ended = match read {
            Ok(Ok(())) => Answer::Done,
            Ok(Err(unreadable)) => Answer::Failed(unreadable),
            Err(_) => Answer::Failed(Unreadable::new(
                "extractor_crashed",
                "what reads it ran into a fault; it may be damaged",
            )),
        };
        wire::answer(&mut out, &ended)?;
        std::io::Write::flush(&mut out)?;
    }
    Ok(())
}
