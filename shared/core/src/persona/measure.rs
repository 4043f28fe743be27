//! What is counted of a person, each as a part of what it is counted in, and what is usual of it in a shop.

use crate::{
    features::{Concentration, Facts},
    profile::{ItemTotals, PageKind, Tally},
};
use serde::{Deserialize, Serialize};

/// How many measures there are.
pub const MEASURES: usize = 25;
/// A share is told as if so many observations of the usual had come before: thin histories claim nothing extreme.
const PRIOR: f64 = 2.0;
/// Added to a ratio before its logarithm is taken, as a share of what is usual: nothing at all is not infinitely little.
const FLOOR: f64 = 0.02;
/// A measure counts no further than this, in robust standard deviations.
const FURTHEST: f64 = 5.0;

/// What is counted. The order is that of [`Personas::scales`](super::Personas::scales), which is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Reduced order lines, of order lines.
    Reduced,
    /// Coupons entered, of orders.
    Coupons,
    /// What was off list prices, of order lines.
    Depth,
    /// Pages of what is reduced, of visits.
    SalePages,
    /// That two things bought are of one brand (Simpson 1949), of different things but one: whoever buys the same flour again keeps to a
    /// flour, not yet to its maker.
    BrandBought,
    /// The same of things looked at.
    BrandViewed,
    /// Pages of one brand, of visits.
    BrandPages,
    /// Order lines of what is made with care, of order lines.
    CarefulBought,
    /// The same of looks.
    CarefulViewed,
    /// Pages about the shop and its makers, of visits.
    ValuesPages,
    /// Bought within two minutes of the first look, of what was looked at and bought.
    Quick,
    /// Seconds from step to step, of steps.
    Pause,
    /// At night, of all that was done.
    Night,
    /// Bought while new, of items bought.
    New,
    /// Bought more than a day after the first look, of what was looked at and bought.
    Pondered,
    /// Pages of reviews, of looks.
    ReviewPages,
    /// Guides and help, of visits.
    GuidePages,
    /// Looks, of order lines.
    Looks,
    /// Orders.
    Orders,
    /// Days between days with orders.
    Gap,
    /// Order lines, of orders.
    Lines,
    /// Paid, of orders.
    Value,
    /// Pieces, of order lines.
    Pieces,
    /// Order lines of what was bought before, of the order lines of who ordered more than once.
    Again,
    /// Orders in November and December, of orders.
    Christmas,
}

/// Over which of a person's past something is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// All of it.
    Ever,
    /// Since [`Habits::earlier`](crate::profile::Habits::earlier); of sums that keep no date, what was last dealt with since.
    Lately,
}

/// By [`Measure`]: (part, whole); a whole of 0 says nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence(pub [(f64, f64); MEASURES]);

/// What is usual of a measure in a shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// All parts over all wholes.
    pub usual: f64,
    /// The median of its logarithm over `usual`.
    pub median: f64,
    /// The same's interquartile range over 1.349, which is a normal's standard deviation; 0 where the measure tells nobody apart.
    pub spread: f64,
}

impl Evidence {
    /// What `facts` give.
    #[must_use]
    pub fn of(facts: &Facts<'_>, span: Span) -> Self {
        let totals = facts.totals();
        let habits = &totals.habits;
        let mark = habits.earlier().filter(|_| span == Span::Lately);
        let since = mark.map(|mark| mark.at);
        let counts = |item: &ItemTotals| since.is_none_or(|since| item.last_at >= since);
        let of = |read: fn(&Tally) -> f64| read(&habits.tally) - mark.map_or(0.0, |mark| read(&mark.tally));
        let page = |kind: PageKind| {
            let read = |tally: &Tally| f64::from(tally.pages[kind.place()]);
            read(&habits.tally) - mark.map_or(0.0, |mark| read(&mark.tally))
        };
        let lines = of(|tally| f64::from(tally.reduced_lines) + f64::from(tally.full_lines));
        let (orders, visits) = (of(|tally| f64::from(tally.orders)), of(|tally| f64::from(tally.visits)));
        let looks = of(|tally| f64::from(tally.looks));
        let waits = of(|tally| tally.waits.iter().map(|count| f64::from(*count)).sum());
        let bought = |item: &ItemTotals| if counts(item) { item.purchases } else { 0 };
        let viewed = |item: &ItemTotals| if counts(item) { item.views } else { 0 };
        let novelty = facts.novelty(&counts);
        let ever = f64::from(totals.orders);
        let christmas = habits.months[10..].iter().map(|count| f64::from(*count)).sum();
        Self([
            (of(|tally| f64::from(tally.reduced_lines)), lines),
            (of(|tally| f64::from(tally.coupons)), orders),
            (of(|tally| tally.reductions_permille as f64 / 1000.0), lines),
            (page(PageKind::Sale), visits),
            pairs(&facts.brands_of(|item| bought(item).min(1))),
            pairs(&facts.brands_of(|item| viewed(item).min(1))),
            (page(PageKind::Brand), visits),
            facts.careful_of(bought),
            facts.careful_of(viewed),
            (page(PageKind::Values), visits),
            (of(|tally| f64::from(tally.waits[0])), waits),
            (of(|tally| tally.pause_secs as f64), (of(|tally| f64::from(tally.steps)) - visits).max(0.0)),
            (of(|tally| f64::from(tally.acts_at_night)), of(|tally| f64::from(tally.acts))),
            (novelty.new, novelty.known),
            (of(|tally| f64::from(tally.waits[4]) + f64::from(tally.waits[5])), waits),
            (page(PageKind::Reviews), looks),
            (page(PageKind::Guide) + page(PageKind::Help), visits),
            // Who only buys in the shop, or was imported, has looked at nothing.
            if looks > 0.0 { (looks, lines) } else { (0.0, 0.0) },
            (ever, 1.0),
            facts.days_between_orders().map_or((0.0, 0.0), |days| (days, 1.0)),
            (f64::from(habits.tally.reduced_lines) + f64::from(habits.tally.full_lines), ever),
            (facts.revenue_minor().max(0) as f64, ever),
            (facts.pieces(), facts.purchases()),
            // Nobody can buy the same again in a first order.
            if ever > 1.0 { (facts.purchases() - facts.bought().count() as f64, facts.purchases()) } else { (0.0, 0.0) },
            (christmas, ever),
        ])
    }
}

/// Simpson's index without bias, weighed by how much it rests on: n things that bear names n_i times each give
/// `sum n_i (n_i - 1) / n` of `n - 1`.
fn pairs(spread: &Concentration<'_>) -> (f64, f64) {
    let n = spread.sum();
    if n > 1.0 { (spread.pairs() / n, n - 1.0) } else { (0.0, 0.0) }
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; MEASURES] = [
        Self::Reduced,
        Self::Coupons,
        Self::Depth,
        Self::SalePages,
        Self::BrandBought,
        Self::BrandViewed,
        Self::BrandPages,
        Self::CarefulBought,
        Self::CarefulViewed,
        Self::ValuesPages,
        Self::Quick,
        Self::Pause,
        Self::Night,
        Self::New,
        Self::Pondered,
        Self::ReviewPages,
        Self::GuidePages,
        Self::Looks,
        Self::Orders,
        Self::Gap,
        Self::Lines,
        Self::Value,
        Self::Pieces,
        Self::Again,
        Self::Christmas,
    ];

    /// Whether it is a number of its own rather than a ratio that many observations make surer.
    const fn is_level(self) -> bool {
        matches!(self, Self::Orders | Self::Gap)
    }

    /// The logarithm of what `evidence` gives over what is `usual`, both above 0; `None` where it says nothing.
    #[must_use]
    pub fn told(self, evidence: &Evidence, usual: f64) -> Option<f64> {
        let (part, whole) = evidence.0[self as usize];
        if whole <= 0.0 || usual <= 0.0 {
            return None;
        }
        let prior = if self.is_level() { 0.0 } else { PRIOR };
        Some(((part.max(0.0) + prior * usual) / (whole + prior) / usual + FLOOR).ln())
    }
}

impl Scale {
    /// How far `evidence` is from the usual, in robust standard deviations, at most 5; 0 where nothing can be told.
    pub(super) fn of(&self, measure: usize, evidence: &Evidence) -> f64 {
        let told = Measure::ALL.get(measure).and_then(|measure| measure.told(evidence, self.usual));
        match told {
            Some(told) if self.spread > 0.0 => ((told - self.median) / self.spread).clamp(-FURTHEST, FURTHEST),
            _ => 0.0,
        }
    }

    pub(super) fn is_sound(&self) -> bool {
        self.usual.is_finite() && self.median.is_finite() && self.spread.is_finite() && self.spread >= 0.0
    }
}
