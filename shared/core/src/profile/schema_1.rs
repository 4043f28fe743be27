//! Profiles as the first schema had them: read, never written. What they lack is counted anew by the next refold.

use super::{
    Act, Channel, CopyMark, Habits, ITEMS_KEPT, ItemTotals as NewItemTotals, OPEN_EVENTS, OpenEvent as NewOpenEvent, Position, Subject,
    Told, Totals as NewTotals, codec::at_most, order::Straddling,
};
use crate::{event::Purpose, id::ItemId, money::Currency, time::Timestamp};
use compact_str::CompactString;
use serde::Deserialize;

/// Its number.
pub(super) const SCHEMA: u8 = 1;

#[derive(Deserialize)]
pub(super) struct Profile {
    subject: Subject,
    first_seen: Timestamp,
    last_seen: Timestamp,
    horizon: Position,
    #[serde(deserialize_with = "at_most::<OPEN_EVENTS, _, _>")]
    open: Vec<OpenEvent>,
    totals: Totals,
    sealed: Vec<CopyMark>,
    sealed_orders: Vec<u32>,
    straddling: Vec<Straddling>,
    traits: Vec<Told<CompactString>>,
    consent: Vec<(Purpose, Told<bool>)>,
    erased_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct OpenEvent {
    position: Position,
    fingerprint: u32,
    act: Act,
}

#[derive(Deserialize)]
struct Totals {
    events: u64,
    orders: u32,
    refunds: u32,
    revenue_minor: Vec<(Currency, i64)>,
    discount_minor: Vec<(Currency, i64)>,
    first_order: Option<Timestamp>,
    last_order: Option<Timestamp>,
    order_days: u32,
    #[serde(deserialize_with = "at_most::<ITEMS_KEPT, _, _>")]
    items: Vec<ItemTotals>,
}

#[derive(Deserialize)]
struct ItemTotals {
    item: ItemId,
    purchases: u32,
    quantity: i64,
    views: u32,
    last_at: Timestamp,
}

impl From<Profile> for super::Profile {
    fn from(old: Profile) -> Self {
        Self {
            subject: old.subject,
            first_seen: old.first_seen,
            last_seen: old.last_seen,
            horizon: old.horizon,
            open: old.open.into_iter().map(NewOpenEvent::from).collect(),
            totals: old.totals.into(),
            sealed: old.sealed,
            sealed_orders: old.sealed_orders,
            straddling: old.straddling,
            traits: old.traits,
            consent: old.consent,
            erased_at: old.erased_at,
            is_outdated: true,
        }
    }
}

impl From<OpenEvent> for NewOpenEvent {
    fn from(old: OpenEvent) -> Self {
        // Its source is forgotten.
        Self { position: old.position, fingerprint: old.fingerprint, channel: Channel::Other, act: old.act }
    }
}

impl From<Totals> for NewTotals {
    fn from(old: Totals) -> Self {
        Self {
            events: old.events,
            orders: old.orders,
            refunds: old.refunds,
            revenue_minor: old.revenue_minor,
            discount_minor: old.discount_minor,
            first_order: old.first_order,
            last_order: old.last_order,
            order_days: old.order_days,
            items: old.items.into_iter().map(NewItemTotals::from).collect(),
            habits: Habits::default(),
        }
    }
}

impl From<ItemTotals> for NewItemTotals {
    fn from(old: ItemTotals) -> Self {
        let ItemTotals { item, purchases, quantity, views, last_at } = old;
        Self { item, purchases, quantity, views, last_at, looked_secs: 0 }
    }
}
