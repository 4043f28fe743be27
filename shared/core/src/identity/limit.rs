//! How many customers may claim one id before it is nobody's.

use crate::profile::Alias;

/// So many customers may claim an id of this kind; one more, and it is nobody's, its past included.
///
/// | Kind | Customers | Because |
/// |---|---|---|
/// | device | 3 | two people of a household and a guest of theirs sign in on one tablet; more do so on a till or a kiosk only |
/// | e-mail address | 3 | one person may have an id in each of the shop's systems (shop, till, newsletter); more share the address of an office |
/// | phone number | 2 | one person may have an id in the shop and at its till; families and offices share a number sooner than an address, and a number that is given up goes to a stranger |
/// | customer id | 3 | likewise, each system merging it into its own; more is the till's "walk-in customer" |
#[must_use]
pub const fn most_claimants(alias: &Alias) -> usize {
    match alias {
        Alias::Device(_) | Alias::Email(_) | Alias::Customer(_) => 3,
        Alias::Phone(_) => 2,
    }
}
