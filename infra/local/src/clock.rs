//! The one place that reads the clock; from here on, time is an argument.

use rapport_core::time::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// The present.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
