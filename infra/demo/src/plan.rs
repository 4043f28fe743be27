//! Why and when a customer comes: a year of visits, decided before any of them is acted out.
//!
//! Life is a series of *missions*: look around, buy at once, ponder over days and then buy, or refill what has run out. Each
//! becomes one or more visits. Missions overlap, so the visits are planned first and acted out in order of time by [`crate::visit`].

use crate::archetypes::Habits;
use crate::calendar::{DAYS, Moment, Year};
use crate::dice::Dice;
use crate::people::Person;
use crate::products::Theme;
use crate::store::{Good, Sku, Store};

/// One visit, as intended.
pub(crate) struct Visit {
    pub(crate) at: Moment,
    /// Which of the person's devices.
    pub(crate) device: usize,
    /// Looked at, in this order; includes what is bought.
    pub(crate) looks: Vec<Sku>,
    pub(crate) basket: Vec<Sku>,
    pub(crate) ending: Ending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Leaves; the basket is empty.
    Look,
    /// Leaves a full basket behind.
    Abandon,
    Order,
}

/// Everything that is the same for all.
pub(crate) struct Shop {
    pub(crate) year: Year,
    pub(crate) store: Store,
}

/// A customer's year, in order of time. What would fall after the year is left out.
pub(crate) fn year_of(person: &Person, shop: &Shop, dice: &mut Dice) -> Vec<Visit> {
    let mut planner = Planner { person, shop, dice, staples: Vec::new(), visits: Vec::new() };
    for day in person.arrives..DAYS {
        if planner.live(day) == Mood::Left {
            break;
        }
    }
    let mut visits = planner.visits;
    visits.retain(|visit| visit.at.has_happened());
    visits.sort_by_key(|visit| visit.at);
    visits
}

#[derive(PartialEq, Eq)]
enum Mood {
    Stays,
    Left,
}

/// Of a consumable once bought becoming a staple of the house.
const ADOPTION: f64 = 0.25;
/// Of noticing that a staple has run out, and ordering here.
const REFILL: f64 = 0.8;
/// Of somebody who only looks around leaving something in the cart.
const ABANDON: f64 = 0.12;
/// Of taking what the table needs next, not what is liked.
const COMPANION: f64 = 0.7;
/// Of looking at what could be had instead of the wanted, not at something else.
const ALTERNATIVE: f64 = 0.5;

struct Planner<'a> {
    person: &'a Person,
    shop: &'a Shop,
    dice: &'a mut Dice,
    /// What is bought again, and the day it will have run out.
    staples: Vec<(Sku, i64)>,
    visits: Vec<Visit>,
}

impl Planner<'_> {
    fn live(&mut self, day: i64) -> Mood {
        self.refill(day);
        let arrived = day == self.person.arrives;
        if !arrived && !self.dice.chance(self.person.mission_chance(day) * self.shop.year.bustle(day)) {
            return Mood::Stays;
        }
        self.mission(day);
        if self.dice.chance(self.person.leaving) { Mood::Left } else { Mood::Stays }
    }

    /// Orders the staples that run out, and those that are about to.
    fn refill(&mut self, day: i64) {
        if !self.staples.iter().any(|(_, due)| *due <= day) {
            return;
        }
        let soon = |(_, due): &mut (Sku, i64)| *due <= day + 5;
        let basket: Vec<Sku> = self.staples.extract_if(.., soon).map(|(sku, _)| sku).collect();
        if self.dice.chance(REFILL) {
            for &sku in &basket {
                self.restock(sku, day);
            }
            self.visit(day, basket.clone(), basket, Ending::Order);
        }
    }

    fn mission(&mut self, day: i64) {
        let habits = *self.person.habits(day);
        let theme = self.person.theme(self.dice);
        if !self.dice.chance(habits.buy) {
            return self.look_around(&habits, theme, day);
        }
        let basket = self.basket(&habits, theme, day);
        if basket.is_empty() {
            return;
        }
        let mut buys_on = day;
        if self.dice.chance(habits.ponder) {
            for _ in 0..self.dice.whole(1, 2) {
                let looks = self.compare(&habits, &basket, theme, buys_on);
                self.visit(buys_on, looks, Vec::new(), Ending::Look);
                buys_on += self.dice.whole(1, 4);
            }
            self.visit(buys_on, basket.clone(), basket.clone(), Ending::Order);
        } else {
            let looks = self.compare(&habits, &basket, theme, day);
            self.visit(day, looks, basket.clone(), Ending::Order);
        }
        for sku in basket {
            if self.dice.chance(ADOPTION) {
                self.restock(sku, buys_on);
            }
        }
    }

    fn look_around(&mut self, habits: &Habits, theme: Theme, day: i64) {
        let mut looks = Vec::new();
        for _ in 0..1 + self.dice.count(habits.browse) {
            let lens = Lens::draw(habits, self.dice);
            looks.extend(self.choose(lens, theme, day));
        }
        let abandons = self.dice.chance(ABANDON);
        let (basket, ending) =
            if abandons { (looks.iter().copied().take(1).collect(), Ending::Abandon) } else { (Vec::new(), Ending::Look) };
        self.visit(day, looks, basket, ending);
    }

    /// The wanted (not empty), and between them what else is looked at: what could be had instead, or something that catches the eye.
    fn compare(&mut self, habits: &Habits, basket: &[Sku], theme: Theme, day: i64) -> Vec<Sku> {
        let mut looks = basket.to_vec();
        for _ in 0..self.dice.count(habits.browse) {
            let lens = Lens::draw(habits, self.dice);
            let wanted = self.dice.of(basket);
            let found = match self.dice.chance(ALTERNATIVE) {
                true => self.alternative(wanted, lens, day),
                false => self.choose(lens, theme, day),
            };
            if let Some(sku) = found.filter(|sku| !looks.contains(sku)) {
                looks.insert(self.dice.below(looks.len() + 1), sku);
            }
        }
        looks
    }

    /// Another product of the same shelf for the same purpose, if the lens shows one.
    fn alternative(&mut self, wanted: Sku, lens: Lens, day: i64) -> Option<Sku> {
        let Shop { year, store } = self.shop;
        let person = self.person;
        let wanted = store.good(wanted).product;
        let is_alike = |good: &Good| {
            let product = good.product;
            !std::ptr::eq(product, wanted) && product.category == wanted.category && product.theme == wanted.theme
        };
        store.pick(year, day, self.dice, |good| if is_alike(good) && lens.shows(good, person, day) { 1.0 } else { 0.0 })
    }

    fn basket(&mut self, habits: &Habits, theme: Theme, day: i64) -> Vec<Sku> {
        let mut basket: Vec<Sku> = Vec::new();
        for _ in 0..1 + self.dice.count(habits.extra_items) {
            let lens = Lens::draw(habits, self.dice);
            let companion = match basket.last() {
                Some(last) if lens == Lens::Any && self.dice.chance(COMPANION) => self.shop.store.companion(*last, day, self.dice),
                _ => None,
            };
            let sku = companion.or_else(|| self.choose(lens, theme, day));
            basket.extend(sku.filter(|sku| !basket.contains(sku)));
        }
        basket
    }

    /// What is seen through the lens, or where that shows nothing, anything.
    fn choose(&mut self, lens: Lens, theme: Theme, day: i64) -> Option<Sku> {
        let Shop { year, store } = self.shop;
        let person = self.person;
        let seen = |good: &Good| {
            if lens.shows(good, person, day) { person.taste(good, theme) } else { 0.0 }
        };
        let found = store.pick(year, day, self.dice, seen);
        found.or_else(|| store.pick(year, day, self.dice, |good| person.taste(good, theme)))
    }

    /// Makes a consumable due again when it will have run out; nothing for what stays.
    fn restock(&mut self, sku: Sku, day: i64) {
        let lasts = self.shop.store.good(sku).product.refill_days;
        if lasts > 0 && !self.staples.iter().any(|(staple, _)| *staple == sku) {
            let due = day + (lasts as f64 * self.dice.between(0.85, 1.2)) as i64;
            self.staples.push((sku, due));
        }
    }

    fn visit(&mut self, day: i64, looks: Vec<Sku>, basket: Vec<Sku>, ending: Ending) {
        let at = self.person.moment(day, self.dice);
        let device = if self.dice.chance(0.7) { 0 } else { self.dice.below(self.person.devices.len()) };
        self.visits.push(Visit { at, device, looks, basket, ending });
    }
}

/// Through what somebody looks at the shelves when choosing one product.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lens {
    Sale,
    Brand,
    Values,
    Novelty,
    Any,
}

impl Lens {
    fn draw(habits: &Habits, dice: &mut Dice) -> Self {
        let pulls =
            [(Self::Sale, habits.sale), (Self::Brand, habits.brand), (Self::Values, habits.values), (Self::Novelty, habits.novelty)];
        pulls.into_iter().find(|(_, pull)| dice.chance(*pull)).map_or(Self::Any, |(lens, _)| lens)
    }

    fn shows(self, good: &Good, person: &Person, day: i64) -> bool {
        match self {
            Self::Sale => good.is_on_sale(day),
            Self::Brand => good.product.brand == person.brand,
            Self::Values => good.product.is_sustainable(),
            Self::Novelty => good.is_new(day),
            Self::Any => true,
        }
    }
}
