//! A profile beside what is needed to make sense of it, added up once for all features.

use super::{Buyer, CutOffs, Feature, Label, Tier};
use crate::{
    catalog::lies_in,
    id::ItemId,
    model::Model,
    money::Currency,
    profile::{ItemTotals, OpenEvent, Profile, Totals, order_lines},
    time::{DAY_MS, Timestamp},
};
use std::cell::OnceCell;

/// What the shop adds to a profile.
#[derive(Clone, Copy, Debug)]
pub struct Basis<'a> {
    /// What money is told in.
    pub currency: Currency,
    /// Where quintiles and tiers begin.
    pub cut_offs: &'a CutOffs,
    /// What knows brands and categories; nothing before the first training.
    pub catalog: Option<&'a Model>,
}

/// A profile, its sums, and the shop's view of it. What few rules ask for is worked out when it is asked for.
#[derive(Debug)]
pub struct Facts<'a> {
    profile: &'a Profile,
    basis: Basis<'a>,
    totals: Totals,
    order_lines: OnceCell<Vec<&'a OpenEvent>>,
    brands: OnceCell<Concentration<'a>>,
    categories: OnceCell<Concentration<'a>>,
}

/// How purchases spread over names.
#[derive(Debug, Default)]
pub(super) struct Concentration<'a> {
    /// By name: (name, order lines).
    lines: Vec<(&'a str, u32)>,
}

impl<'a> Facts<'a> {
    /// Adds up `profile`.
    #[must_use]
    pub fn of(profile: &'a Profile, basis: Basis<'a>) -> Self {
        let totals = profile.whole();
        Self { profile, basis, totals, order_lines: OnceCell::new(), brands: OnceCell::new(), categories: OnceCell::new() }
    }

    /// The profile.
    #[must_use]
    pub const fn profile(&self) -> &'a Profile {
        self.profile
    }

    /// Everything it adds up to.
    #[must_use]
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Where quintiles and tiers begin.
    #[must_use]
    pub const fn cut_offs(&self) -> &'a CutOffs {
        self.basis.cut_offs
    }

    /// Paid less paid back, in minor units of the shop's currency.
    #[must_use]
    pub fn revenue_minor(&self) -> i64 {
        self.in_shop_currency(&self.totals.revenue_minor)
    }

    /// Taken off list prices, in minor units of the shop's currency.
    #[must_use]
    pub fn discount_minor(&self) -> i64 {
        self.in_shop_currency(&self.totals.discount_minor)
    }

    /// The value of a label at `now`.
    #[must_use]
    pub fn label(&self, label: Label, now: Timestamp) -> Option<&'a str> {
        match label {
            Label::Tier => self.tier(now).map(Tier::name),
            Label::TopBrand => self.brands().top().map(|(name, _)| name),
            Label::TopCategory => self.categories().top().map(|(name, _)| name),
        }
    }

    /// The value tier at `now`; `None` without an order.
    #[must_use]
    pub fn tier(&self, now: Timestamp) -> Option<Tier> {
        Some(self.basis.cut_offs.tier(&Buyer::of(self, now)?, Feature::DaysSinceFirstOrder.value(self, now)?))
    }

    /// The instants after `now` at which time alone may move the tier, in no order.
    pub(crate) fn tier_moves(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        let after = |since: Option<Timestamp>, days: u32| since.map(|at| at.plus_days(i64::from(days) + 1));
        let (first, last) = (self.totals.first_order, self.totals.last_order);
        let [recent, lapsed] = [self.basis.cut_offs.recency_days[1], self.basis.cut_offs.lapsed_days];
        [after(first, super::cutoffs::NEW_DAYS), after(last, recent), after(last, lapsed)].into_iter().flatten().filter(move |at| *at > now)
    }

    /// Whether an item is in a category, or in a level below it.
    pub(crate) fn is_in(&self, item: &ItemId, category: &str) -> bool {
        self.listed(item, |listed| listed.category().is_some_and(|own| lies_in(own, category))).unwrap_or_default()
    }

    /// Whether an item is of a brand.
    pub(crate) fn is_by(&self, item: &ItemId, brand: &str) -> bool {
        self.listed(item, |listed| listed.brand().is_some_and(|own| own.eq_ignore_ascii_case(brand))).unwrap_or_default()
    }

    fn listed<T>(&self, item: &ItemId, ask: impl FnOnce(&crate::model::ItemView<'a>) -> T) -> Option<T> {
        let catalog = self.basis.catalog?;
        Some(ask(&catalog.item(catalog.index_of(item)?)?))
    }

    /// The open events that are lines of orders that hold, oldest first.
    pub(crate) fn order_lines(&self) -> &[&'a OpenEvent] {
        self.order_lines.get_or_init(|| order_lines(self.profile).collect())
    }

    pub(super) fn bought(&self) -> impl Iterator<Item = &ItemTotals> {
        self.totals.items.iter().filter(|item| item.purchases > 0)
    }

    pub(super) fn viewed(&self) -> impl Iterator<Item = &ItemTotals> {
        self.totals.items.iter().filter(|item| item.views > 0)
    }

    pub(super) fn views(&self) -> f64 {
        self.totals.items.iter().map(|item| f64::from(item.views)).sum()
    }

    pub(super) fn purchases(&self) -> f64 {
        self.totals.items.iter().map(|item| f64::from(item.purchases)).sum()
    }

    pub(super) fn pieces(&self) -> f64 {
        self.totals.items.iter().map(|item| item.quantity.max(0) as f64).sum()
    }

    /// Mean days between days with orders.
    pub(super) fn days_between_orders(&self) -> Option<f64> {
        let (first, last) = (self.totals.first_order?, self.totals.last_order?);
        let gaps = self.totals.order_days.checked_sub(1).filter(|gaps| *gaps > 0)?;
        Some(last.days_since(first) / f64::from(gaps)).filter(|days| *days > 0.0)
    }

    pub(super) fn brands(&self) -> &Concentration<'a> {
        self.brands.get_or_init(|| self.spread(|listed| listed.brand()))
    }

    pub(super) fn categories(&self) -> &Concentration<'a> {
        self.categories.get_or_init(|| self.spread(|listed| listed.category().map(|path| path.split('/').next().unwrap_or(path))))
    }

    fn spread(&self, name: impl Fn(&crate::model::ItemView<'a>) -> Option<&'a str>) -> Concentration<'a> {
        let mut spread = Concentration::default();
        for item in self.bought() {
            let Some(name) = self.listed(&item.item, &name).flatten() else { continue };
            match spread.lines.binary_search_by_key(&name, |(known, _)| known) {
                Ok(place) => spread.lines[place].1 = spread.lines[place].1.saturating_add(item.purchases),
                Err(place) => spread.lines.insert(place, (name, item.purchases)),
            }
        }
        spread
    }

    /// Of the open events; an hour with as many as another but earlier wins.
    pub(super) fn usual_hour(&self) -> Option<f64> {
        const HOUR_MS: i64 = DAY_MS / 24;
        let mut hours = [0u16; 24];
        for event in self.profile.open() {
            hours[(event.position.at.0.rem_euclid(DAY_MS) / HOUR_MS) as usize] += 1;
        }
        let most = hours.iter().copied().max().filter(|most| *most > 0)?;
        hours.iter().position(|count| *count == most).map(|hour| hour as f64)
    }

    pub(super) fn weekend_share(&self) -> Option<f64> {
        // 1970-01-01 was a Thursday: days 2 and 3 of its week are Saturday and Sunday.
        let is_weekend = |event: &&OpenEvent| matches!(event.position.at.0.div_euclid(DAY_MS).rem_euclid(7), 2 | 3);
        let open = self.profile.open();
        super::share(open.iter().filter(is_weekend).count() as f64, open.len() as f64)
    }

    fn in_shop_currency(&self, sums: &[(Currency, i64)]) -> i64 {
        sums.iter().find(|(named, _)| *named == self.basis.currency).map_or(0, |(_, minor)| *minor)
    }
}

impl<'a> Concentration<'a> {
    /// The name with most lines; of two the first.
    fn top(&self) -> Option<(&'a str, u32)> {
        self.lines.iter().copied().min_by_key(|(_, lines)| std::cmp::Reverse(*lines))
    }

    pub(super) fn share(&self) -> Option<f64> {
        let (_, most) = self.top()?;
        super::share(f64::from(most), self.lines.iter().map(|(_, lines)| f64::from(*lines)).sum())
    }

    pub(super) fn distinct(&self) -> Option<f64> {
        (!self.lines.is_empty()).then_some(self.lines.len() as f64)
    }
}
