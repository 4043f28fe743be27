//! Profiles as the second schema had them: read, never written. What they lack is counted anew by the next refold.

use super::{
    CopyMark, Habits as NewHabits, ITEMS_KEPT, ItemTotals, Mark, OPEN_EVENTS, OpenEvent, Position, Subject, Tally, Told,
    Totals as NewTotals, codec::at_most, order::Straddling,
};
use crate::{event::Purpose, money::Currency, time::Timestamp};
use compact_str::CompactString;
use serde::Deserialize;

/// Its number.
pub(super) const SCHEMA: u8 = 2;

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
    habits: Habits,
}

#[derive(Deserialize)]
struct Habits {
    tally: Tally,
    marks: Vec<Mark>,
    last_step: Option<Timestamp>,
    reviews: u32,
    mails_opened: u32,
    mails_clicked: u32,
    refunded_minor: Vec<(Currency, i64)>,
    hours: [u16; 24],
    weekdays: [u16; 7],
    months: [u16; 12],
    channels: [u32; 5],
    wait_secs: u64,
}

impl From<Profile> for super::Profile {
    fn from(old: Profile) -> Self {
        Self {
            subject: old.subject,
            first_seen: old.first_seen,
            last_seen: old.last_seen,
            horizon: old.horizon,
            open: old.open,
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
            items: old.items,
            habits: old.habits.into(),
        }
    }
}

impl From<Habits> for NewHabits {
    fn from(old: Habits) -> Self {
        Self {
            tally: old.tally,
            marks: old.marks,
            last_step: old.last_step,
            reviews: old.reviews,
            mails_opened: old.mails_opened,
            mails_clicked: old.mails_clicked,
            refunded_minor: old.refunded_minor,
            hours: old.hours,
            weekdays: old.weekdays,
            months: old.months,
            channels: old.channels,
            wait_secs: old.wait_secs,
            mails_delivered: 0,
            squared_gap_days: 0,
        }
    }
}
