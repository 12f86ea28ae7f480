//! The other side of the REST API: the commands that talk to a running server.
//!
//! [`ingest`] sends files and folders, [`smoke`] tries the main calls once, [`health`] asks the probes. All know
//! the server only through its API, as any other program would.

pub mod api;
mod display;
mod files;
mod follow;
pub mod health;
pub mod ingest;
mod patience;
pub mod smoke;
mod summary;
#[cfg(test)]
mod tests;

pub use api::{Client, ClientError};
