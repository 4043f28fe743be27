//! How somebody shops, as counters: what they read, how fast they move, when, through which door, with or without a reduction.
//!
//! Every counter is a sum over the set of distinct events, or over neighbours in their one order (pauses, visits, waits), and events
//! are added in that order only. So these are folded as exactly as the sums beside them.
//!
//! People change. So that this shows without forgetting anything, the [`Tally`] is remembered as it stood at the last two multiples of
//! [`OCCASIONS_A_MARK`] visits and orders: what was counted since is what they do lately, however long that took them.

use super::{Act, Line, OpenEvent, PageKind, totals::add_to_sum};
use crate::{
    event::EmailAct,
    money::Currency,
    time::{MINUTE_MS, Timestamp},
};
use serde::{Deserialize, Serialize};

/// So many visits and orders from one mark to the next.
pub const OCCASIONS_A_MARK: u32 = 6;
/// How many marks are kept: what is counted since the older covers one to two times [`OCCASIONS_A_MARK`].
const MARKS_KEPT: usize = 2;
/// A step later than this after the one before begins another visit, in milliseconds.
const VISIT_GAP_MS: i64 = 30 * MINUTE_MS;
/// Where the classes of [`Tally::waits`] end, in seconds; the last has no end.
const WAITS_END_SECS: [u32; 5] = [120, 900, 7_200, 86_400, 604_800];
/// The hours of the night (UTC).
const NIGHT: [usize; 5] = [22, 23, 0, 1, 2];

/// Habits, whole and lately.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Habits {
    /// Everything that was counted.
    pub tally: Tally,
    /// The tally as it stood earlier, older first, at most two.
    pub marks: Vec<Mark>,
    /// The newest step.
    pub last_step: Option<Timestamp>,
    /// Reviews written.
    pub reviews: u32,
    /// Mails opened.
    pub mails_opened: u32,
    /// Links in mails followed.
    pub mails_clicked: u32,
    /// Paid back, by currency, in minor units.
    pub refunded_minor: Vec<(Currency, i64)>,
    /// Steps, orders and mails, by hour of the day (UTC); each stops at 65,535.
    pub hours: [u16; 24],
    /// The same by day of the week (UTC), Monday first.
    pub weekdays: [u16; 7],
    /// Orders by month (UTC), January first.
    pub months: [u16; 12],
    /// Events, by [`super::Channel`].
    pub channels: [u32; 5],
    /// Seconds from the first look at something since it was last bought to buying it, summed over [`Tally::waits`].
    pub wait_secs: u64,
    /// Mails delivered, as far as their sender tells.
    pub mails_delivered: u32,
    /// Days (UTC) from one day with an order to the next, squared and summed.
    pub squared_gap_days: u64,
}

/// Counters that only rise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Steps through the shop: looks, searches, pages, carts, coupons.
    pub steps: u32,
    /// Visits: runs of steps with no gap of half an hour.
    pub visits: u32,
    /// Seconds between steps of one visit.
    pub pause_secs: u64,
    /// Looks at items, and other attention to one.
    pub looks: u32,
    /// Pages, by [`PageKind`].
    pub pages: [u32; PageKind::COUNT],
    /// Coupons entered, whatever came of it.
    pub coupons: u32,
    /// Coupons granted.
    pub coupons_applied: u32,
    /// Orders that hold.
    pub orders: u32,
    /// Their lines of items paid below the list price.
    pub reduced_lines: u32,
    /// Their lines of items paid in full.
    pub full_lines: u32,
    /// What was off the list price of reduced lines, in thousandths, summed.
    pub reductions_permille: u64,
    /// Purchases of something looked at before, by the time from its first look since it was last bought: up to two minutes, a quarter of
    /// an hour, two hours, a day, a week, longer.
    pub waits: [u32; 6],
    /// Steps, orders and mails.
    pub acts: u32,
    /// Of these, those between 22:00 and 3:00 (UTC).
    pub acts_at_night: u32,
}

/// The tally at an earlier moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The first visit or order that it does not count.
    pub at: Timestamp,
    /// What was counted before.
    pub tally: Tally,
}

impl Habits {
    /// Where "lately" begins: the older mark; `None` for who has no long past here.
    #[must_use]
    pub fn earlier(&self) -> Option<&Mark> {
        self.marks.first().filter(|_| self.marks.len() == MARKS_KEPT)
    }

    /// Adds what `event` tells by itself. Orders and refunds tell through [`Habits::order`], [`Habits::order_line`] and [`Habits::refund`].
    pub(super) fn add(&mut self, event: &OpenEvent) {
        let at = event.position.at;
        if event.act.is_delivery() {
            // Nothing that the person did.
            return rise(&mut self.mails_delivered);
        }
        rise(&mut self.channels[event.channel as usize]);
        // Before it is counted: the mark stands before the visit.
        if is_step(&event.act) {
            self.step(at);
        }
        match &event.act {
            Act::Viewed(_) | Act::CartAdded(..) | Act::Wishlisted(_) | Act::Clicked(_) => rise(&mut self.tally.looks),
            Act::Page(name) => rise(&mut self.tally.pages[PageKind::of(name).place()]),
            Act::Coupon(applied) => {
                rise(&mut self.tally.coupons);
                self.tally.coupons_applied = self.tally.coupons_applied.saturating_add(u32::from(*applied));
            }
            Act::Reviewed(..) => rise(&mut self.reviews),
            Act::Email(EmailAct::Opened) => rise(&mut self.mails_opened),
            Act::Email(EmailAct::Clicked) => rise(&mut self.mails_clicked),
            _ => {}
        }
        if is_step(&event.act) || matches!(event.act, Act::Email(EmailAct::Opened | EmailAct::Clicked)) {
            self.clock(at);
        }
    }

    /// An order that holds, once.
    pub(super) fn order(&mut self, at: Timestamp) {
        self.occasion(at);
        rise(&mut self.tally.orders);
        self.clock(at);
        tick(&mut self.months[usize::from(at.month().saturating_sub(1)) % 12]);
    }

    /// A day with an order, so many days after the one before.
    pub(super) fn gap(&mut self, days: u64) {
        self.squared_gap_days = self.squared_gap_days.saturating_add(days.saturating_mul(days));
    }

    /// A line of an order that holds, of an item.
    pub(super) fn order_line(&mut self, line: &Line) {
        let listed_minor = line.discount_minor.saturating_add(line.amount_minor);
        if line.discount_minor > 0 && listed_minor > 0 {
            rise(&mut self.tally.reduced_lines);
            let permille = (i128::from(line.discount_minor) * 1000 / i128::from(listed_minor)).clamp(0, 1000);
            self.tally.reductions_permille = self.tally.reductions_permille.saturating_add(u64::try_from(permille).unwrap_or_default());
        } else {
            rise(&mut self.tally.full_lines);
        }
    }

    /// Something was bought `secs` after the first look at it.
    pub(super) fn waited(&mut self, secs: u32) {
        rise(&mut self.tally.waits[WAITS_END_SECS.partition_point(|end| *end < secs)]);
        self.wait_secs = self.wait_secs.saturating_add(u64::from(secs));
    }

    /// A line of a refund that holds.
    pub(super) fn refund(&mut self, line: &Line) {
        add_to_sum(&mut self.refunded_minor, line.currency, line.amount_minor);
    }

    fn step(&mut self, at: Timestamp) {
        let pause = self.last_step.map(|last| at.since_ms(last).max(0)).filter(|pause| *pause < VISIT_GAP_MS);
        match pause {
            Some(pause) => self.tally.pause_secs = self.tally.pause_secs.saturating_add((pause / 1000).unsigned_abs()),
            None => {
                self.occasion(at);
                rise(&mut self.tally.visits);
            }
        }
        rise(&mut self.tally.steps);
        self.last_step = Some(self.last_step.map_or(at, |last| last.max(at)));
    }

    /// Another visit or order is about to be counted.
    fn occasion(&mut self, at: Timestamp) {
        let occasions = self.tally.visits.saturating_add(self.tally.orders);
        if occasions > 0 && occasions.is_multiple_of(OCCASIONS_A_MARK) {
            if self.marks.len() == MARKS_KEPT {
                self.marks.remove(0);
            }
            self.marks.push(Mark { at, tally: self.tally.clone() });
        }
    }

    fn clock(&mut self, at: Timestamp) {
        let (weekday, hour) = at.weekday_and_hour();
        tick(&mut self.hours[hour]);
        tick(&mut self.weekdays[weekday]);
        rise(&mut self.tally.acts);
        self.tally.acts_at_night = self.tally.acts_at_night.saturating_add(u32::from(NIGHT.contains(&hour)));
    }
}

/// Whether the person moved through the shop.
const fn is_step(act: &Act) -> bool {
    matches!(
        act,
        Act::Viewed(_)
            | Act::Listed(_)
            | Act::Searched(_)
            | Act::CartAdded(..)
            | Act::CartRemoved(..)
            | Act::CheckoutStarted
            | Act::Wishlisted(_)
            | Act::Page(_)
            | Act::Clicked(_)
            | Act::Dismissed(_)
            | Act::Coupon(_)
    )
}

const fn rise(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}

const fn tick(counter: &mut u16) {
    *counter = counter.saturating_add(1);
}
