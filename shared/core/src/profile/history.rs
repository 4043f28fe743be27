//! A profile as a reader wants it: sealed and open together.

use super::{Act, ItemTotals, OpenEvent, Profile, Totals, order::standings};
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
    /// Order lines that hold, and at most as many as pieces were kept.
    pub times: u32,
    /// The newest of them.
    pub last_at: Timestamp,
}

impl Bought<'_> {
    /// The same with so many pieces left of it: no more lines than pieces, and `None` where nothing is left.
    fn keeping(self, pieces: i64) -> Option<Self> {
        let most = u32::try_from(pieces).unwrap_or(if pieces < 0 { 0 } else { u32::MAX });
        (most > 0).then(|| Self { times: self.times.min(most), ..self })
    }
}

impl Profile {
    /// What was bought and not wholly returned, sealed and open together, each item once, by id: as [`Profile::whole`] has it, but for what
    /// that forgets, and without adding up anything else.
    #[must_use]
    pub fn bought(&self) -> Vec<Bought<'_>> {
        let sealed = self.totals.items.iter().filter(|totals| totals.purchases > 0);
        let of_sealed = |totals| {
            let ItemTotals { item, purchases, quantity, last_at, .. }: &ItemTotals = totals;
            (Bought { item, times: *purchases, last_at: *last_at }, *quantity)
        };
        let mut bought: Vec<(Bought<'_>, i64)> = sealed.map(of_sealed).collect();
        let standings = standings(&self.open, &self.straddling);
        for event in &self.open {
            let line = event.act.line().filter(|line| standings.iter().any(|standing| standing.counts(line)));
            let Some((line, item)) = line.and_then(|line| Some((line, line.item.as_ref()?))) else { continue };
            let (at, pieces) = (event.position.at, i64::from(line.quantity));
            match (&event.act, bought.binary_search_by(|(known, _)| known.item.cmp(item))) {
                (Act::Refunded(_), Ok(place)) => bought[place].1 = bought[place].1.saturating_sub(pieces).max(0),
                (Act::Refunded(_), Err(_)) => {}
                (_, Ok(place)) => {
                    let (known, kept) = &mut bought[place];
                    known.times = known.times.saturating_add(1);
                    known.last_at = known.last_at.max(at);
                    *kept = kept.saturating_add(pieces);
                }
                (_, Err(place)) => bought.insert(place, (Bought { item, times: 1, last_at: at }, pieces)),
            }
        }
        bought.into_iter().filter_map(|(bought, kept)| bought.keeping(kept)).collect()
    }

    /// The orders of [`Profile::whole`] in the time of its orders, which most open events are not: how many, when, their money and that of
    /// refunds. Nothing else in it tells anything, and there are no items.
    #[must_use]
    pub fn ordered(&self) -> Totals {
        let Totals { orders, refunds, first_order, last_order, order_days, .. } = self.totals;
        let (revenue_minor, discount_minor) = (self.totals.revenue_minor.clone(), self.totals.discount_minor.clone());
        let mut totals =
            Totals { orders, refunds, first_order, last_order, order_days, revenue_minor, discount_minor, ..Totals::default() };
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
        let quantity = match &event.act {
            Act::CartAdded(_, quantity) | Act::CartRemoved(_, quantity) => Some(*quantity),
            Act::Ordered(line) | Act::Refunded(line) => Some(line.quantity),
            _ => None,
        };
        Self { at: event.position.at, kind: event.act.name().to_owned(), item: event.act.item().cloned(), quantity }
    }
}
