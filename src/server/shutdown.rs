//! When to stop.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Ends on SIGINT or SIGTERM. These are heard from the call on, also before anyone waits.
pub fn on_signal() -> impl Future<Output = io::Result<()>> {
    let heard = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async move {
        let (mut interrupt, mut terminate) = (heard.0?, heard.1?);
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok(())
    }
}
