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

impl Profile {
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
