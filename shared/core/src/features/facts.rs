//! A profile beside what is needed to make sense of it, added up once for all features.

use super::{Buyer, CutOffs, Feature, Label, Tier, said::Said};
use crate::{
    catalog::lies_in,
    id::ItemId,
    model::{ItemView, Model},
    money::Currency,
    profile::{ItemTotals, OpenEvent, Profile, Totals, order_lines, refund_lines},
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
    refund_lines: OnceCell<Vec<&'a OpenEvent>>,
    listed: OnceCell<Vec<Option<ItemView<'a>>>>,
    brands: OnceCell<Concentration<'a>>,
    viewed_brands: OnceCell<Concentration<'a>>,
    categories: OnceCell<Concentration<'a>>,
    pub(super) said: Said<'a>,
}

/// What was bought while it was new.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Novelty {
    /// Items bought whose publication is known.
    pub(crate) known: f64,
    /// Of these, last bought within [`NEW_ITEM_DAYS`] of it.
    pub(crate) new: f64,
    /// Days from publication to the last purchase, summed.
    pub(crate) days: f64,
}

/// How long an item is new after its publication, in days.
const NEW_ITEM_DAYS: f64 = 60.0;

/// How purchases spread over names.
#[derive(Debug, Default)]
pub(crate) struct Concentration<'a> {
    /// By name: (name, how many).
    lines: Vec<(&'a str, u32)>,
}

impl<'a> Facts<'a> {
    /// Adds up `profile`.
    #[must_use]
    pub fn of(profile: &'a Profile, basis: Basis<'a>) -> Self {
        let totals = profile.whole();
        Self {
            profile,
            basis,
            totals,
            order_lines: OnceCell::new(),
            refund_lines: OnceCell::new(),
            listed: OnceCell::new(),
            brands: OnceCell::new(),
            viewed_brands: OnceCell::new(),
            categories: OnceCell::new(),
            said: Said::default(),
        }
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

    /// What was learned of the shop; nothing before the first training.
    #[must_use]
    pub const fn model(&self) -> Option<&'a Model> {
        self.basis.catalog
    }

    /// What money is told in.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.basis.currency
    }

    /// By top-level category, in the order of their names: order lines of items that the catalog knows.
    #[must_use]
    pub fn category_lines(&self) -> &[(&'a str, u32)] {
        &self.categories().lines
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

    /// Paid back, in minor units of the shop's currency.
    #[must_use]
    pub fn refunded_minor(&self) -> i64 {
        self.in_shop_currency(&self.totals.habits.refunded_minor)
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
        self.ask_catalog(item, |listed| listed.category().is_some_and(|own| lies_in(own, category))).unwrap_or_default()
    }

    /// Whether an item is of a brand.
    pub(crate) fn is_by(&self, item: &ItemId, brand: &str) -> bool {
        self.ask_catalog(item, |listed| listed.brand().is_some_and(|own| own.eq_ignore_ascii_case(brand))).unwrap_or_default()
    }

    fn ask_catalog<T>(&self, item: &ItemId, ask: impl FnOnce(&ItemView<'a>) -> T) -> Option<T> {
        let catalog = self.basis.catalog?;
        Some(ask(&catalog.item(catalog.index_of(item)?)?))
    }

    /// The open events that are lines of orders that hold, oldest first.
    pub(crate) fn order_lines(&self) -> &[&'a OpenEvent] {
        self.order_lines.get_or_init(|| order_lines(self.profile).collect())
    }

    /// The lines of refunds that hold, among the open events, oldest first.
    pub(crate) fn refund_lines(&self) -> &[&'a OpenEvent] {
        self.refund_lines.get_or_init(|| refund_lines(self.profile).collect())
    }

    pub(crate) fn bought(&self) -> impl Iterator<Item = &ItemTotals> {
        self.totals.items.iter().filter(|item| item.purchases > 0)
    }

    pub(crate) fn viewed(&self) -> impl Iterator<Item = &ItemTotals> {
        self.totals.items.iter().filter(|item| item.views > 0)
    }

    pub(crate) fn views(&self) -> f64 {
        self.totals.items.iter().map(|item| f64::from(item.views)).sum()
    }

    pub(crate) fn purchases(&self) -> f64 {
        self.totals.items.iter().map(|item| f64::from(item.purchases)).sum()
    }

    pub(crate) fn pieces(&self) -> f64 {
        self.totals.items.iter().map(|item| item.quantity.max(0) as f64).sum()
    }

    /// Mean days between days with orders.
    pub(crate) fn days_between_orders(&self) -> Option<f64> {
        let (first, last) = (self.totals.first_order?, self.totals.last_order?);
        let gaps = self.totals.order_days.checked_sub(1).filter(|gaps| *gaps > 0)?;
        Some(last.days_since(first) / f64::from(gaps)).filter(|days| *days > 0.0)
    }

    /// The coefficient of variation of the days (UTC) between days with orders.
    pub(super) fn gap_variation(&self) -> Option<f64> {
        let gaps = f64::from(self.totals.order_days.checked_sub(1).filter(|gaps| *gaps > 1)?);
        let day = |at: Timestamp| at.0.div_euclid(DAY_MS) as f64;
        let mean = (day(self.totals.last_order?) - day(self.totals.first_order?)) / gaps;
        let variance = (self.totals.habits.squared_gap_days as f64 / gaps - mean * mean).max(0.0);
        Some(variance.sqrt() / mean).filter(|share| share.is_finite())
    }

    /// By brand: order lines.
    pub(super) fn brands(&self) -> &Concentration<'a> {
        self.brands.get_or_init(|| self.brands_of(|item| item.purchases))
    }

    /// By brand: looks.
    pub(super) fn viewed_brands(&self) -> &Concentration<'a> {
        self.viewed_brands.get_or_init(|| self.brands_of(|item| item.views))
    }

    /// By brand: what `count` gives of its items.
    pub(crate) fn brands_of(&self, count: impl Fn(&ItemTotals) -> u32) -> Concentration<'a> {
        self.spread(count, |listed| listed.brand())
    }

    /// By top-level category: order lines.
    pub(crate) fn categories(&self) -> &Concentration<'a> {
        let top = |listed: &ItemView<'a>| listed.category().map(|path| path.split('/').next().unwrap_or(path));
        self.categories.get_or_init(|| self.spread(|item| item.purchases, top))
    }

    /// What `count` gives of the items that are made with care, and of all that the catalog knows.
    pub(crate) fn careful_of(&self, count: impl Fn(&ItemTotals) -> u32) -> (f64, f64) {
        let is_careful = |listed: &ItemView<'a>| self.basis.catalog.is_some_and(|catalog| catalog.is_careful(listed.index()));
        self.known_items().fold((0.0, 0.0), |(careful, all), (item, listed)| {
            let own = f64::from(count(item));
            (if own > 0.0 && is_careful(listed) { careful + own } else { careful }, all + own)
        })
    }

    /// What was bought while it was new, of the items that count.
    pub(crate) fn novelty(&self, counts: &impl Fn(&ItemTotals) -> bool) -> Novelty {
        let mut novelty = Novelty::default();
        for (item, listed) in self.known_items().filter(|(item, _)| item.purchases > 0 && counts(item)) {
            let Some(published) = listed.published() else { continue };
            let days = item.last_at.days_since(published).max(0.0);
            novelty.known += 1.0;
            novelty.new += f64::from(u8::from(days <= NEW_ITEM_DAYS));
            novelty.days += days;
        }
        novelty
    }

    /// Items that the catalog knows, each looked up once.
    fn known_items(&self) -> impl Iterator<Item = (&ItemTotals, &ItemView<'a>)> {
        let look_up = |item: &ItemTotals| self.basis.catalog.and_then(|catalog| catalog.item(catalog.index_of(&item.item)?));
        let listed = self.listed.get_or_init(|| self.totals.items.iter().map(look_up).collect());
        self.totals.items.iter().zip(listed).filter_map(|(item, listed)| Some((item, listed.as_ref()?)))
    }

    fn spread(&self, count: impl Fn(&ItemTotals) -> u32, name: impl Fn(&ItemView<'a>) -> Option<&'a str>) -> Concentration<'a> {
        let mut spread = Concentration::default();
        for (item, listed) in self.known_items().filter(|(item, _)| count(item) > 0) {
            let Some(name) = name(listed) else { continue };
            match spread.lines.binary_search_by_key(&name, |(known, _)| known) {
                Ok(place) => spread.lines[place].1 = spread.lines[place].1.saturating_add(count(item)),
                Err(place) => spread.lines.insert(place, (name, count(item))),
            }
        }
        spread
    }

    fn in_shop_currency(&self, sums: &[(Currency, i64)]) -> i64 {
        sums.iter().find(|(named, _)| *named == self.basis.currency).map_or(0, |(_, minor)| *minor)
    }
}

impl<'a> Concentration<'a> {
    /// The name with most; of two the first.
    pub(crate) fn top(&self) -> Option<(&'a str, u32)> {
        self.lines.iter().copied().min_by_key(|(_, lines)| std::cmp::Reverse(*lines))
    }

    /// Ordered pairs that share a name: the sum of n (n - 1).
    pub(crate) fn pairs(&self) -> f64 {
        self.lines.iter().map(|(_, lines)| f64::from(*lines)).map(|n| n * (n - 1.0)).sum()
    }

    /// The sum over all names.
    pub(crate) fn sum(&self) -> f64 {
        self.lines.iter().map(|(_, lines)| f64::from(*lines)).sum()
    }

    pub(super) fn share(&self) -> Option<f64> {
        let (_, most) = self.top()?;
        super::share(f64::from(most), self.sum())
    }

    pub(super) fn distinct(&self) -> Option<f64> {
        (!self.lines.is_empty()).then_some(self.lines.len() as f64)
    }
}
