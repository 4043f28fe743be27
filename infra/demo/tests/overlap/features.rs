//! What a shop can see of a customer, from the messages alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::Offset;
use rapport_demo::messages::{Call, Line, Track};
use rapport_demo::{Archetype, Demo, Message};

pub(crate) const FEATURES: usize = 24;

pub(crate) struct Example {
    pub(crate) archetype: Archetype,
    pub(crate) features: [f64; FEATURES],
}

/// Identified customers with at least `min_events` events, those of their devices before they signed in included; in order of id.
pub(crate) fn examples(demo: &Demo, min_events: usize) -> Vec<Example> {
    let sustainable = sustainable(demo);
    let owner: BTreeMap<&str, &str> =
        demo.messages.iter().filter_map(|message| Some((message.anonymous_id.as_deref()?, message.user_id.as_deref()?))).collect();
    let mut diaries: BTreeMap<&str, Diary<'_>> = BTreeMap::new();
    for message in &demo.messages {
        let device = message.anonymous_id.as_deref();
        if let Some(customer) = message.user_id.as_deref().or_else(|| owner.get(device?).copied()) {
            diaries.entry(customer).or_default().note(message, &sustainable);
        }
    }
    let seen = demo.truth.iter().filter_map(|truth| Some((truth, diaries.get(truth.id.as_str())?)));
    seen.filter(|(_, diary)| diary.events >= min_events)
        .map(|(truth, diary)| Example { archetype: truth.archetype, features: diary.features() })
        .collect()
}

fn sustainable(demo: &Demo) -> BTreeSet<&str> {
    let good = ["organic", "sustainable", "fair-trade", "plastic-free"];
    let items = demo.catalog.iter().filter(|item| item.tags.iter().any(|tag| good.contains(&tag.as_str())));
    items.map(|item| item.id.as_str()).collect()
}

/// Running counts over one customer's messages in order of time.
#[derive(Default)]
struct Diary<'m> {
    events: usize,
    online: usize,
    at_night: usize,
    days: BTreeSet<i64>,
    last_step: Option<Timestamp>,
    pauses: Vec<f64>,
    views: usize,
    views_on_sale: usize,
    views_sustainable: usize,
    viewed_again: usize,
    first_view: BTreeMap<&'m str, Timestamp>,
    brands_viewed: BTreeMap<&'m str, BTreeSet<&'m str>>,
    pages: BTreeMap<&'m str, usize>,
    orders: usize,
    coupons: usize,
    discounts: f64,
    lines: usize,
    lines_on_sale: usize,
    lines_sustainable: usize,
    brands_bought: BTreeMap<&'m str, usize>,
    view_to_buy: Vec<f64>,
    refunds: usize,
    reviews: usize,
    opens: usize,
}

impl<'m> Diary<'m> {
    fn note(&mut self, message: &'m Message, sustainable: &BTreeSet<&str>) {
        self.events += 1;
        if message.anonymous_id.is_some() {
            self.step(message.timestamp);
        }
        match &message.call {
            Call::Page(page) => *self.pages.entry(page.name).or_default() += 1,
            Call::Track(Track::ProductViewed(line)) => self.view(line, message.timestamp, sustainable),
            Call::Track(Track::CouponDenied { .. }) => self.coupons += 1,
            Call::Track(Track::OrderCompleted(order)) => {
                self.orders += 1;
                self.coupons += usize::from(order.coupon.is_some());
                let off = order.discount.minor() as f64;
                self.discounts += off / (off + order.revenue.minor() as f64);
                for line in &order.products {
                    self.buy(line, message.timestamp, sustainable);
                }
            }
            Call::Track(Track::OrderRefunded(_)) => self.refunds += 1,
            Call::Track(Track::ProductReviewed { .. }) => self.reviews += 1,
            Call::Track(Track::EmailOpened(_)) => self.opens += 1,
            _ => {}
        }
    }

    fn step(&mut self, at: Timestamp) {
        self.online += 1;
        let clock = Offset::UTC.to_datetime(at);
        self.at_night += usize::from(!(3..22).contains(&clock.hour()));
        self.days.insert(at.as_second() / 86_400);
        if let Some(last) = self.last_step.replace(at) {
            let pause = (at.as_second() - last.as_second()) as f64;
            self.pauses.extend((pause < 1_800.0).then_some(pause));
        }
    }

    fn view(&mut self, line: &'m Line, at: Timestamp, sustainable: &BTreeSet<&str>) {
        let id = line.product_id.as_str();
        self.views += 1;
        self.views_on_sale += usize::from(line.list_price.is_some());
        self.views_sustainable += usize::from(sustainable.contains(id));
        self.viewed_again += usize::from(self.first_view.contains_key(id));
        self.first_view.entry(id).or_insert(at);
        self.brands_viewed.entry(line.brand).or_default().insert(id);
    }

    fn buy(&mut self, line: &'m Line, at: Timestamp, sustainable: &BTreeSet<&str>) {
        let id = line.product_id.as_str();
        self.lines += 1;
        self.lines_on_sale += usize::from(line.list_price.is_some());
        self.lines_sustainable += usize::from(sustainable.contains(id));
        *self.brands_bought.entry(line.brand).or_default() += 1;
        if let Some(viewed) = self.first_view.remove(id) {
            self.view_to_buy.push((at.as_second() - viewed.as_second()) as f64);
        }
    }

    fn features(&self) -> [f64; FEATURES] {
        let page = |name| self.pages.get(name).copied().unwrap_or(0);
        let days = self.days.len();
        let products_viewed: usize = self.brands_viewed.values().map(BTreeSet::len).sum();
        let brand_viewed = self.brands_viewed.values().map(BTreeSet::len).max().unwrap_or(0);
        let brand_bought = self.brands_bought.values().copied().max().unwrap_or(0);
        [
            share(self.lines_on_sale, self.lines, 0.15),
            share(self.views_on_sale, self.views, 0.15),
            share(self.coupons, self.orders, 0.1),
            self.discounts / (self.orders.max(1) as f64),
            share(page("Sale"), days, 0.05),
            share(brand_bought, self.lines, 0.3),
            share(brand_viewed, products_viewed, 0.3),
            share(page("Brand"), days, 0.03),
            share(self.lines_sustainable, self.lines, 0.25),
            share(self.views_sustainable, self.views, 0.25),
            share(page("About"), days, 0.02),
            share(page("Reviews"), self.views, 0.06),
            share(page("Guide"), days, 0.03),
            median(&self.view_to_buy).map_or(6.0, f64::ln),
            longest(&self.view_to_buy).map_or(6.0, f64::ln),
            share(self.views, self.lines, 2.5),
            share(self.viewed_again, self.views, 0.05),
            median(&self.pauses).map_or(4.0, f64::ln),
            share(self.at_night, self.online, 0.06),
            share(self.refunds, self.orders, 0.05),
            share(self.reviews, self.lines, 0.05),
            share(self.opens, 15, 0.1),
            (1.0 + self.orders as f64).ln(),
            (self.events as f64).ln(),
        ]
    }
}

/// A ratio, drawn towards what is usual as if by two earlier observations: thin histories claim nothing extreme.
fn share(part: usize, whole: usize, usual: f64) -> f64 {
    (part as f64 + 2.0 * usual) / (whole as f64 + 2.0)
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).map(|middle| middle.max(1.0))
}

fn longest(values: &[f64]) -> Option<f64> {
    values.iter().copied().max_by(f64::total_cmp).map(|value| value.max(1.0))
}
