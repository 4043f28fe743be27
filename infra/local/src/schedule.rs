//! EventBridge's schedule expressions, and when they fire next.
//!
//! Understood is what the template and its parameter allow in practice: `rate(N minutes|hours|days)` and `cron(minute hour …)` where
//! minute and hour are numbers and the day is every day.

use rapport_core::time::{DAY_MS, MINUTE_MS, Timestamp};

/// When something runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Every so many milliseconds.
    Every {
        /// From one run to the next.
        period_ms: i64,
    },
    /// Once a day, in UTC.
    Daily {
        /// After midnight.
        at_ms: i64,
    },
}

/// An expression that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the schedule `{0}` is not understood; local mode knows rate(N unit) and cron(minute hour * * ? *)")]
pub struct UnknownSchedule(String);

impl Schedule {
    /// Reads an expression.
    ///
    /// # Errors
    /// [`UnknownSchedule`] for what this module's head does not list.
    pub fn parse(expression: &str) -> Result<Self, UnknownSchedule> {
        let inside = |name: &str| expression.trim().strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        inside("rate").and_then(rate).or_else(|| inside("cron").and_then(cron)).ok_or_else(|| UnknownSchedule(expression.to_owned()))
    }

    /// The first time after `now`.
    #[must_use]
    pub const fn next(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Every { period_ms } => now.plus_ms(period_ms),
            // Never now: what fired this millisecond fires tomorrow.
            Self::Daily { at_ms } => now.plus_ms(1 + (at_ms - now.0 - 1).rem_euclid(DAY_MS)),
        }
    }
}

fn rate(inside: &str) -> Option<Schedule> {
    let (count, unit) = inside.split_once(' ')?;
    let unit_ms = match unit.trim_end_matches('s') {
        "minute" => MINUTE_MS,
        "hour" => 60 * MINUTE_MS,
        "day" => DAY_MS,
        _ => return None,
    };
    let count = count.parse::<i64>().ok().filter(|count| *count > 0)?;
    Some(Schedule::Every { period_ms: count.checked_mul(unit_ms)? })
}

fn cron(inside: &str) -> Option<Schedule> {
    let fields: Vec<_> = inside.split_whitespace().collect();
    let [minute, hour, "*", "*", "?", "*"] = fields[..] else { return None };
    let minute = minute.parse::<i64>().ok().filter(|minute| (0..60).contains(minute))?;
    let hour = hour.parse::<i64>().ok().filter(|hour| (0..24).contains(hour))?;
    Some(Schedule::Daily { at_ms: (hour * 60 + minute) * MINUTE_MS })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fires_when_eventbridge_would() {
        for (expression, now, next) in [
            ("rate(1 hour)", "2026-11-22T10:20:00Z", "2026-11-22T11:20:00Z"),
            ("rate(5 minutes)", "2026-11-22T10:20:00Z", "2026-11-22T10:25:00Z"),
            ("cron(15 2 * * ? *)", "2026-11-22T02:14:00Z", "2026-11-22T02:15:00Z"),
            ("cron(15 2 * * ? *)", "2026-11-22T02:15:00Z", "2026-11-23T02:15:00Z"),
            ("cron(15 2 * * ? *)", "2026-11-22T23:00:00Z", "2026-11-23T02:15:00Z"),
        ] {
            let at = Schedule::parse(expression).unwrap().next(Timestamp::parse(now).unwrap());
            assert_eq!(at.to_string(), next, "{expression} after {now}");
        }
    }

    #[test]
    fn what_it_cannot_keep_it_does_not_promise() {
        for expression in ["rate(0 hours)", "rate(1 moon)", "cron(0 25 * * ? *)", "cron(0 2 ? * MON *)", "daily", ""] {
            assert_eq!(Schedule::parse(expression), Err(UnknownSchedule(expression.to_owned())));
        }
    }
}
