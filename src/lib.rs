//! Sluice: a self-hosted document ingestion server.
//!
//! Read in this order: [`domain`] is what everyone knows, [`app`] what the browser shows,
//! [`server_fns`] the one door between the two halves, and `server` does the work. `client` is the
//! other side of the REST API: the commands that talk to a running server.

// Views are deeply nested types.
#![recursion_limit = "512"]

pub mod domain;

pub mod app;

pub mod server_fns;

#[cfg(feature = "ssr")]
pub mod server;

#[cfg(feature = "ssr")]
pub mod client;

/// Makes the server-rendered page live; called by the page's script once the bundle has loaded.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    // A panic's message costs several kilobytes that only developers need.
    if cfg!(debug_assertions) {
        console_error_panic_hook::set_once();
    }
    leptos::mount::hydrate_islands();
}
