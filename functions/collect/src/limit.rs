//! How often one address may speak.

use rapport_core::time::Timestamp;
use std::{collections::HashMap, net::IpAddr};

/// Length of a window, in milliseconds.
const WINDOW_MS: i64 = 10_000;
/// Requests an address has in a window. A page sends a handful; a shop's whole office shares one address.
const MOST: u32 = 1_000;
/// Addresses remembered at most: a flood must not become a flood of memory.
const ADDRESSES: usize = 20_000;

/// Counts requests by address in windows of ten seconds.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    window: i64,
    seen: HashMap<IpAddr, u32>,
}

impl Limiter {
    /// Counts one request from `ip`; `Err` with the seconds to wait when it was one too many.
    pub(crate) fn admit(&mut self, ip: IpAddr, now: Timestamp) -> Result<(), i64> {
        let window = now.0.div_euclid(WINDOW_MS);
        if window != self.window || self.seen.len() >= ADDRESSES {
            self.window = window;
            self.seen.clear();
        }
        let count = self.seen.entry(ip).or_default();
        *count = count.saturating_add(1);
        if *count <= MOST { Ok(()) } else { Err((WINDOW_MS - now.0.rem_euclid(WINDOW_MS) + 999) / 1000) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_too_many_waits_for_the_next_window() {
        let mut limiter = Limiter::default();
        let (loud, quiet) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let now = Timestamp(1_795_000_003_000);
        assert!((0..MOST).all(|_| limiter.admit(loud, now).is_ok()));
        assert_eq!(limiter.admit(loud, now), Err(7));
        assert_eq!(limiter.admit(quiet, now), Ok(()));
        assert_eq!(limiter.admit(loud, now.plus_ms(7_000)), Ok(()));
    }
}
