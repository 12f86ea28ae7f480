//! The only place that reads the clock for what is stored; rules and the store take `now` as an argument.

use chrono::{DateTime, Utc};

/// The present time.
#[expect(clippy::disallowed_methods, reason = "this is where the time comes from")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}
