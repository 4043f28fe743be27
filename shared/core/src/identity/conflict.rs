//! Where words about who is who contradict each other, as people are shown it.

use super::{
    claims::{Claims, Verdict},
    limit::most_claimants,
};
use crate::{
    id::CustomerId,
    profile::{Alias, Position},
};

/// Why an id is not simply somebody's, as seen from one customer whom words tie to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// When the customer's own word was said: the earliest claim, or the ruling where there is no other.
    pub at: Position,
    /// What stands against it.
    pub why: Why,
}

/// What stands against a customer's claim, or beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The customer has the id; others claim it, too.
    Contested(Vec<CustomerId>),
    /// Another has it, who claimed it earlier or whom the shop gave it.
    Refused {
        /// Who.
        owner: CustomerId,
        /// Since when.
        since: Position,
        /// Whether the shop ruled so.
        is_ruled: bool,
    },
    /// Too many claim it, so that it is nobody's.
    Shared {
        /// How many, as far as they are counted.
        claimants: usize,
        /// How many may.
        most: usize,
    },
    /// The shop ruled that they are not one.
    Unmerged {
        /// When.
        at: Position,
    },
}

impl Conflict {
    /// What `customer` is to know of `alias`, about which `claims` was said; `None` where nothing stands against it.
    #[must_use]
    pub fn of(customer: &CustomerId, alias: &Alias, claims: &Claims) -> Option<Self> {
        let claimed = claims.claimants().find(|(claimant, _)| *claimant == customer).map(|(_, at)| *at);
        let ruling = claims.ruling(customer);
        let at = claimed.or(ruling.map(|ruling| ruling.at))?;
        let why = match (ruling.filter(|ruling| ruling.is_parted), claims.verdict(alias)) {
            // What was never claimed is no conflict: a merge of two customers says of the one that it is above.
            (Some(_), _) if claimed.is_none() => return None,
            (Some(ruling), _) => Why::Unmerged { at: ruling.at },
            (None, Verdict::Shared { claimants }) => Why::Shared { claimants, most: most_claimants(alias) },
            (None, Verdict::Nobodys) => return None,
            (None, Verdict::Of(owner)) if owner.customer == *customer => {
                let is_parted = |other: &CustomerId| claims.ruling(other).is_some_and(|ruling| ruling.is_parted);
                let others = claims.claimants().map(|(other, _)| other).filter(|other| *other != customer && !is_parted(other));
                let others: Vec<CustomerId> = others.cloned().collect();
                if others.is_empty() {
                    return None;
                }
                Why::Contested(others)
            }
            (None, Verdict::Of(owner)) => Why::Refused { owner: owner.customer, since: owner.since, is_ruled: owner.is_ruled },
        };
        Some(Self { at, why })
    }
}
