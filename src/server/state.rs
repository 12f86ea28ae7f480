//! What handlers and server functions share.

use axum::extract::FromRef;
use leptos::prelude::LeptosOptions;
use tokio_util::sync::CancellationToken;

use super::jobs::JobManager;
use super::library::Library;

/// The services, and how the server was set up.
#[derive(Clone, Debug, FromRef)]
pub struct AppState {
    pub jobs: JobManager,
    pub library: Library,
    pub leptos: LeptosOptions,
    pub limits: Limits,
    /// Cancelled when the server stops.
    pub stopping: CancellationToken,
}

/// How much one request may bring.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A request with files, in bytes.
    pub max_upload_size: usize,
    /// A text or a JSON body, in bytes: these are held in memory.
    pub max_text_size: usize,
}
