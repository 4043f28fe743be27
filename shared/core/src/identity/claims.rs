//! All words about one alias, and whose it is by them.
//!
//! A set of claims only ever grows, by minima and maxima of positions, so words may be heard in any order and any number of times. It
//! stays small: who comes after [`CLAIMS_KEPT`] earlier claimants changes nothing any more.

use super::{
    limit::most_claimants,
    word::{Says, Word},
};
use crate::{
    id::CustomerId,
    profile::{Alias, Position},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// So many claimants are remembered, the earliest; an id that has as many is a public one, and only a ruling gives it to somebody.
pub const CLAIMS_KEPT: usize = 24;
/// So many rulings are remembered, the newest.
pub const RULINGS_KEPT: usize = 64;

/// Who claims an alias since when, and what the shop ruled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The earliest word for each claimant.
    #[serde(rename = "c", default, skip_serializing_if = "BTreeMap::is_empty")]
    since: BTreeMap<CustomerId, Position>,
    /// The newest ruling about each customer.
    #[serde(rename = "r", default, skip_serializing_if = "BTreeMap::is_empty")]
    rulings: BTreeMap<CustomerId, Ruling>,
}

/// What the shop ruled last about an alias and a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ruling {
    /// When, and by which event.
    pub at: Position,
    /// Of two rulings by one event the second, which parts, holds.
    #[serde(rename = "no")]
    pub is_parted: bool,
}

/// Whose an alias is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody claims it, or the shop ruled out whoever did.
    Nobodys,
    /// Somebody's.
    Of(OwnedBy),
    /// Too many claim it.
    Shared {
        /// How many, as far as they are counted: at most [`CLAIMS_KEPT`].
        claimants: usize,
    },
}

/// The customer whom an alias belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedBy {
    /// Who.
    pub customer: CustomerId,
    /// The word that holds: the earliest claim, or the newest ruling.
    pub since: Position,
    /// Whether it is a ruling.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_ruled: bool,
}

impl Claims {
    /// The claims of an alias that `customer` has had since `at`, as far as anybody knows.
    #[must_use]
    pub fn of(customer: CustomerId, at: Position) -> Self {
        Self { since: BTreeMap::from([(customer, at)]), rulings: BTreeMap::new() }
    }

    /// Takes in a word about the alias; whether that changed anything.
    pub fn hear(&mut self, word: &Word) -> bool {
        match word.says {
            Says::Claimed => self.claim(&word.customer, word.at),
            Says::Merged | Says::Parted => self.rule(&word.customer, Ruling { at: word.at, is_parted: word.says == Says::Parted }),
        }
    }

    /// Takes in everything that was heard elsewhere; whether that changed anything.
    pub fn join(&mut self, other: &Self) -> bool {
        let mut changed = false;
        for (customer, at) in &other.since {
            changed |= self.claim(customer, *at);
        }
        for (customer, ruling) in &other.rulings {
            changed |= self.rule(customer, *ruling);
        }
        changed
    }

    fn claim(&mut self, customer: &CustomerId, at: Position) -> bool {
        if self.since.get(customer).is_some_and(|known| *known <= at) {
            return false;
        }
        let last = self.since.iter().max_by_key(|(customer, at)| (**at, *customer)).map(|(customer, at)| (*at, customer.clone()));
        if let (true, false, Some(last)) = (self.since.len() >= CLAIMS_KEPT, self.since.contains_key(customer), last) {
            if last < (at, customer.clone()) {
                return false;
            }
            self.since.remove(&last.1);
        }
        self.since.insert(customer.clone(), at);
        true
    }

    fn rule(&mut self, customer: &CustomerId, ruling: Ruling) -> bool {
        if self.rulings.get(customer).is_some_and(|known| *known >= ruling) {
            return false;
        }
        let first =
            self.rulings.iter().min_by_key(|(customer, ruling)| (**ruling, *customer)).map(|(name, ruling)| (*ruling, name.clone()));
        if let (true, false, Some(first)) = (self.rulings.len() >= RULINGS_KEPT, self.rulings.contains_key(customer), first) {
            if first > (ruling, customer.clone()) {
                return false;
            }
            self.rulings.remove(&first.1);
        }
        self.rulings.insert(customer.clone(), ruling);
        true
    }

    /// Whose `alias`, about which all this was said, is.
    ///
    /// A ruling outweighs whatever senders say; of rulings the newest holds. Else, of all claimants that were not ruled out, who claimed it
    /// first has it, for who came second borrowed it; unless there are more of them than [`most_claimants`].
    #[must_use]
    pub fn verdict(&self, alias: &Alias) -> Verdict {
        let merged = self.rulings.iter().filter(|(_, ruling)| !ruling.is_parted).max_by_key(|(customer, ruling)| (ruling.at, *customer));
        if let Some((customer, ruling)) = merged {
            return Verdict::Of(OwnedBy { customer: customer.clone(), since: ruling.at, is_ruled: true });
        }
        let claimants = || self.claimants().filter(|(customer, _)| !self.rulings.contains_key(*customer));
        let count = claimants().count();
        if self.since.len() >= CLAIMS_KEPT || count > most_claimants(alias) {
            return Verdict::Shared { claimants: count };
        }
        let first = claimants().min_by_key(|(customer, at)| (**at, *customer));
        first.map_or(Verdict::Nobodys, |(customer, since)| {
            Verdict::Of(OwnedBy { customer: customer.clone(), since: *since, is_ruled: false })
        })
    }

    /// The owner by [`Claims::verdict`].
    #[must_use]
    pub fn owner(&self, alias: &Alias) -> Option<OwnedBy> {
        match self.verdict(alias) {
            Verdict::Of(owner) => Some(owner),
            Verdict::Nobodys | Verdict::Shared { .. } => None,
        }
    }

    /// Who claims the alias, with their earliest word; rulings aside.
    pub fn claimants(&self) -> impl Iterator<Item = (&CustomerId, &Position)> {
        self.since.iter()
    }

    /// The newest ruling about `customer`.
    #[must_use]
    pub fn ruling(&self, customer: &CustomerId) -> Option<Ruling> {
        self.rulings.get(customer).copied()
    }

    /// Everybody whom a word was about.
    pub fn named(&self) -> impl Iterator<Item = &CustomerId> {
        self.since.keys().chain(self.rulings.keys().filter(|customer| !self.since.contains_key(*customer)))
    }
}
