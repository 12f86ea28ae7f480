//! What a page needs before it is written.

use std::future::Future;

use leptos::prelude::*;

use super::components::{Seal, Sealed};
use crate::domain::Problem;

/// Shows what was fetched, or what went wrong.
pub fn load<T: Send + 'static>(
    fetch: impl Future<Output = Result<T, Problem>> + Send + 'static,
    show: impl FnOnce(Result<T, Problem>) -> Sealed + Send + 'static,
) -> Sealed {
    Suspend::new(async move { show(fetch.await) }).seal()
}
