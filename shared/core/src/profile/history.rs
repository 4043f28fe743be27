//! A profile as a reader wants it: sealed and open together.

use super::{OpenEvent, Profile, Totals, order::standings};
use crate::{id::ItemId, time::Timestamp};

/// Sums over everything, and the newest events one by one.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// Sums over sealed and open events.
    pub totals: Totals,
    /// The open events, newest first.
    pub recent: Vec<Recent>,
}

/// One recent event.
#[derive(Clone, Debug, PartialEq)]
pub struct Recent {
    /// When.
    pub at: Timestamp,
    /// The kind's name, as [`crate::event::Action::name`] has it.
    pub kind: String,
    /// About which item, if any.
    pub item: Option<ItemId>,
    /// How many, where it is a quantity of something.
    pub quantity: Option<u32>,
}

/// What was bought of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bought<'a> {
    /// Which item.
    pub item: &'a ItemId,
    /// Order lines that hold.
    pub times: u32,
    /// The newest of them.
    pub last_at: Timestamp,
}

impl Profile {
    /// What was bought, sealed and open together, each item once, by id: as [`Profile::whole`] has it, but for what that forgets, and
    /// without adding up anything else.
    #[must_use]
    pub fn bought(&self) -> Vec<Bought<'_>> {
        let sealed = self.totals.items.iter().filter(|totals| totals.purchases > 0);
        let mut bought: Vec<Bought<'_>> =
            sealed.map(|totals| Bought { item: &totals.item, times: totals.purchases, last_at: totals.last_at }).collect();
        let standings = standings(&self.open, &self.straddling);
        for event in &self.open {
            let super::Act::Ordered(line) = &event.act else { continue };
            let Some(item) = line.item.as_ref().filter(|_| standings.iter().any(|standing| standing.counts(line))) else { continue };
            let at = event.position.at;
            match bought.binary_search_by(|known| known.item.cmp(item)) {
                Ok(place) => {
                    bought[place].times = bought[place].times.saturating_add(1);
                    bought[place].last_at = bought[place].last_at.max(at);
                }
                Err(place) => bought.insert(place, Bought { item, times: 1, last_at: at }),
            }
        }
        bought
    }

    /// The orders of [`Profile::whole`] in the time of its orders, which most open events are not: how many, when, their money and that of
    /// refunds. Nothing else in it tells anything, and there are no items.
    #[must_use]
    pub fn ordered(&self) -> Totals {
        let mut totals = self.totals.clone();
        let mut standings = standings(&self.open, &self.straddling);
        for event in self.open.iter().filter(|event| event.act.line().is_some()) {
            totals.add(event, &mut standings);
        }
        totals.items.clear();
        totals
    }

    /// Sums over sealed and open events, as if everything were sealed now.
    #[must_use]
    pub fn whole(&self) -> Totals {
        let mut totals = self.totals.clone();
        let mut standings = standings(&self.open, &self.straddling);
        for event in &self.open {
            totals.add(event, &mut standings);
        }
        totals
    }

    /// The whole history, with the newest `limit` events one by one.
    #[must_use]
    pub fn history(&self, limit: usize) -> History {
        History { totals: self.whole(), recent: self.open.iter().rev().take(limit).map(Recent::of).collect() }
    }
}

impl Recent {
    fn of(event: &OpenEvent) -> Self {
        use super::Act;
        let quantity = match &event.act {
            Act::CartAdded(_, quantity) | Act::CartRemoved(_, quantity) => Some(*quantity),
            Act::Ordered(line) | Act::Refunded(line) => Some(line.quantity),
            _ => None,
        };
        Self { at: event.position.at, kind: event.act.name().to_owned(), item: event.act.item().cloned(), quantity }
    }
}
