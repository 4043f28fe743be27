//! Which ids are one person: a pure function of the *set* of trusted words in the log, the same for live profiles, replays and training.
//!
//! [`words`] reads what one event says. [`Claims`] gathers all words about one alias, in any order and any number of times, and decides
//! whose it is without a look at any other alias. [`Ties`] puts aliases together: an owner may be an alias of somebody else, and whatever
//! was done under an id is part of everybody above it.
//!
//! What is absent: guesses. Nobody is merged because two people look alike.

mod claims;
mod conflict;
mod limit;
#[cfg(test)]
mod tests;
mod ties;
mod word;

pub use claims::{CLAIMS_KEPT, Claims, OwnedBy, RULINGS_KEPT, Ruling, Verdict};
pub use conflict::{Conflict, Why};
pub use limit::most_claimants;
pub use ties::{Owners, Ties, gives_way};
pub use word::{Says, Word, words};
