//! The only place that reads the clock; everything else takes `now` as an argument.

use chrono::{DateTime, Utc};

/// The present time.
#[expect(clippy::disallowed_methods, reason = "this is where the time comes from")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}
