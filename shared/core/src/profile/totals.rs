//! What sealed events add up to. Integers only: sums must not depend on the order of addition.

use super::{Act, Habits, Line, OpenEvent, codec, order::Straddling};
use crate::{
    id::ItemId,
    money::Currency,
    time::{DAY_MS, Timestamp},
};
use serde::{Deserialize, Serialize};

/// How many items a profile remembers below its window. Cutting histories to the top 100 costs the recommendations nothing.
pub const ITEMS_KEPT: usize = 100;

/// Sums over sealed events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Events of any kind.
    pub events: u64,
    /// Orders that hold: trusted and not cancelled.
    pub orders: u32,
    /// Orders, and credit notes without one, for which something was given back.
    pub refunds: u32,
    /// Paid less paid back, by currency, in minor units.
    pub revenue_minor: Vec<(Currency, i64)>,
    /// Taken off list prices, by currency, in minor units.
    pub discount_minor: Vec<(Currency, i64)>,
    /// The first order's time.
    pub first_order: Option<Timestamp>,
    /// The newest order's time.
    pub last_order: Option<Timestamp>,
    /// On how many days (UTC) something was ordered.
    pub order_days: u32,
    /// The [`ITEMS_KEPT`] items most dealt with, by id.
    #[serde(deserialize_with = "codec::at_most::<ITEMS_KEPT, _, _>")]
    pub items: Vec<ItemTotals>,
    /// How they shop.
    pub habits: Habits,
}

/// What happened between the subject and one item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ItemTotals {
    /// Which item.
    pub item: ItemId,
    /// Order lines that hold.
    pub purchases: u32,
    /// Pieces bought less pieces returned, 0 or more; older profiles hold less where a return's purchase is unknown.
    pub quantity: i64,
    /// Looks, cart additions and other attention.
    pub views: u32,
    /// When it was last bought, or else last looked at.
    pub last_at: Timestamp,
    /// When it was first looked at since it was last bought, in seconds since 1970; 0 where it was not.
    pub looked_secs: u32,
}

impl Totals {
    /// What the person did, and was told of them: events but for the mails that were delivered.
    #[must_use]
    pub fn acts(&self) -> u64 {
        self.events.saturating_sub(u64::from(self.habits.mails_delivered))
    }

    /// Adds one event. `standings` says which statements hold, and remembers which orders and refunds are counted.
    pub(crate) fn add(&mut self, event: &OpenEvent, standings: &mut [Straddling]) {
        self.events += 1;
        self.habits.add(event);
        let at = event.position.at;
        match &event.act {
            Act::Ordered(line) => {
                if let Some(standing) = standings.iter_mut().find(|standing| standing.counts(line)) {
                    self.add_order_line(line, at, !standing.counted);
                    standing.counted = true;
                }
            }
            Act::Refunded(line) => {
                if let Some(standing) = standings.iter_mut().find(|standing| standing.counts(line)) {
                    self.add_refund_line(line, !standing.counted);
                    standing.counted = true;
                }
            }
            Act::Viewed(item) | Act::CartAdded(item, _) | Act::Wishlisted(item) | Act::Clicked(item) => self.add_view(item, at),
            _ => {}
        }
    }

    /// A line of an order that holds. `is_new` when the order was not counted yet.
    fn add_order_line(&mut self, line: &Line, at: Timestamp, is_new: bool) {
        if is_new {
            self.habits.order(at);
            self.orders = self.orders.saturating_add(1);
            let day = |at: Timestamp| at.0.div_euclid(DAY_MS);
            let gap = self.last_order.map(|last| u64::try_from(day(at) - day(last)).unwrap_or_default());
            self.order_days = self.order_days.saturating_add(u32::from(gap != Some(0)));
            self.habits.gap(gap.unwrap_or_default());
            self.first_order = Some(self.first_order.map_or(at, |first| first.min(at)));
            self.last_order = Some(self.last_order.map_or(at, |last| last.max(at)));
        }
        add_to_sum(&mut self.revenue_minor, line.currency, line.amount_minor);
        add_to_sum(&mut self.discount_minor, line.currency, line.discount_minor);
        if let Some(item) = &line.item {
            self.habits.order_line(line);
            let looked_secs = std::mem::take(&mut self.item(item, at).looked_secs);
            if looked_secs > 0 {
                self.habits.waited(secs(at).saturating_sub(looked_secs));
            }
            let totals = self.item(item, at);
            totals.purchases = totals.purchases.saturating_add(1);
            totals.quantity = totals.quantity.saturating_add(i64::from(line.quantity));
            totals.last_at = totals.last_at.max(at);
            self.forget_beyond(ITEMS_KEPT);
        }
    }

    /// A line of a refund. `is_new` when the refund was not counted yet.
    fn add_refund_line(&mut self, line: &Line, is_new: bool) {
        self.refunds = self.refunds.saturating_add(u32::from(is_new));
        self.habits.refund(line);
        add_to_sum(&mut self.revenue_minor, line.currency, -line.amount_minor);
        // A return of something the top items do not hold, or of more than was bought, has nothing to be taken from.
        if let Some(totals) = line.item.as_ref().and_then(|item| self.known(item)).filter(|totals| totals.purchases > 0) {
            totals.quantity = totals.quantity.saturating_sub(i64::from(line.quantity)).max(0);
        }
    }

    /// A look at `item`, or another sign of interest.
    fn add_view(&mut self, item: &ItemId, at: Timestamp) {
        let totals = self.item(item, at);
        totals.views = totals.views.saturating_add(1);
        if totals.looked_secs == 0 {
            totals.looked_secs = secs(at);
        }
        if totals.purchases == 0 {
            totals.last_at = totals.last_at.max(at);
        }
        self.forget_beyond(ITEMS_KEPT);
    }

    fn known(&mut self, item: &ItemId) -> Option<&mut ItemTotals> {
        let index = self.items.binary_search_by(|totals| totals.item.cmp(item)).ok()?;
        self.items.get_mut(index)
    }

    fn item(&mut self, item: &ItemId, at: Timestamp) -> &mut ItemTotals {
        let index = self.items.binary_search_by(|totals| totals.item.cmp(item)).unwrap_or_else(|index| {
            self.items.insert(index, ItemTotals { item: item.clone(), purchases: 0, quantity: 0, views: 0, last_at: at, looked_secs: 0 });
            index
        });
        &mut self.items[index]
    }

    fn forget_beyond(&mut self, kept: usize) {
        if self.items.len() <= kept {
            return;
        }
        let least = self
            .items
            .iter()
            .enumerate()
            .min_by(|(_, a), (_, b)| (a.purchases, a.last_at, a.views, &b.item).cmp(&(b.purchases, b.last_at, b.views, &a.item)));
        if let Some((index, _)) = least {
            self.items.remove(index);
        }
    }
}

/// Whole seconds since 1970, as far as 32 bits reach: the year 2106.
fn secs(at: Timestamp) -> u32 {
    u32::try_from(at.0.div_euclid(1000).max(0)).unwrap_or(u32::MAX)
}

/// Adds `minor` to the sum in `currency`; the sums stay sorted, and a sum that was never touched is absent.
pub(super) fn add_to_sum(sums: &mut Vec<(Currency, i64)>, currency: Currency, minor: i64) {
    match sums.binary_search_by_key(&currency, |(named, _)| *named) {
        Ok(index) => sums[index].1 = sums[index].1.saturating_add(minor),
        Err(_) if minor == 0 => {}
        Err(index) => sums.insert(index, (currency, minor)),
    }
}
