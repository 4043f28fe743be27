//! Who stands for election: each source counts on its own scale, is brought to a maximum of one, and is then weighed by placement.

use super::{Ask, Shop, next_look::Looks, next_purchase::NextPurchases, reason::Code, selection::Gate, taste::Taste};
use crate::model::{Model, Table};

/// How many favourites take part.
const FAVOURITES: usize = 60;
/// Customers buy an item again if so many of its buyers do.
const HABIT_SHARE: f32 = 0.1;

/// Where candidates come from, and with what weight in the blend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Source {
    /// What follows a session of the item, recent items and the cart.
    NextLook(f32),
    /// Neighbours of the item, the cart and recent items.
    Near(Table, f32),
    /// What goes with all they bought.
    History(f32),
    /// What they buy again and again.
    Habit(f32),
    /// Both, as training weighed them: what will this customer buy?
    NextPurchase(f32),
    /// The favourites of the category at hand.
    Category(f32),
    /// The shop's favourites.
    Favourites(f32),
    /// The shop's own choice.
    StaffPicks(f32),
}

/// The blend of a placement. Fixed, until a learned one is no worse anywhere.
fn blend(placement: &str, taste: &Taste) -> [Source; 9] {
    use Source::{Category, Favourites, Habit, History, Near, NextLook, NextPurchase, StaffPicks};
    use Table::{Basket, Content, Together};
    match placement {
        "product" => [
            NextLook(1.0),
            Near(Basket, 0.6),
            Near(Together, 0.5),
            Near(Content, 0.2),
            History(0.1),
            Habit(0.1),
            Category(0.1),
            StaffPicks(0.05),
            Favourites(0.05),
        ],
        "cart" => [
            NextLook(0.3),
            Near(Together, 1.0),
            Near(Basket, 0.8),
            Near(Content, 0.0),
            History(0.2),
            Habit(0.4),
            Category(0.05),
            StaffPicks(0.1),
            Favourites(0.1),
        ],
        "category" | "search" => [
            NextLook(0.8),
            Near(Basket, 0.5),
            Near(Content, 0.2),
            Near(Together, 0.0),
            History(0.2),
            Habit(0.4),
            Category(0.6),
            StaffPicks(0.2),
            Favourites(0.1),
        ],
        // A known customer is answered by what they will buy next; favourites only fill up.
        _ if !taste.bought.is_empty() => [
            NextPurchase(1.0),
            NextLook(0.8),
            Near(Basket, 0.4),
            Near(Together, 0.2),
            Near(Content, 0.2),
            Category(0.1),
            StaffPicks(0.2),
            History(0.0),
            Favourites(0.0),
        ],
        _ => [
            NextLook(0.8),
            Near(Basket, 0.8),
            Near(Together, 0.2),
            Near(Content, 0.2),
            History(0.0),
            Habit(0.0),
            Category(0.2),
            StaffPicks(0.2),
            Favourites(0.2),
        ],
    }
}

/// An item with what speaks for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) item: u32,
    pub(super) score: f32,
    pub(super) code: Code,
    /// The item that gave the strongest reason, or how often it was bought.
    pub(super) evidence: u32,
    /// How strong that reason is.
    strongest: f32,
}

/// Room for the candidates of one lookup at a time; kept, so that a warm lookup allocates nothing for them.
#[derive(Debug, Default)]
pub struct Scratch {
    looks: Looks,
    source: Pile,
    pub(super) blend: Pile,
}

/// A sparse vector over the shop's items that is emptied in no time.
#[derive(Debug, Default)]
pub(super) struct Pile {
    /// For each item: the round it was last added in, and its place among the candidates.
    places: Vec<(u32, u32)>,
    round: u32,
    pub(super) candidates: Vec<Candidate>,
}

impl Scratch {
    pub(super) fn gather(&mut self, shop: &Shop, ask: &Ask, taste: &Taste, gate: &Gate<'_>) {
        self.gather_from(shop, ask, taste, gate, &blend(&ask.placement, taste));
    }

    pub(super) fn gather_from(&mut self, shop: &Shop, ask: &Ask, taste: &Taste, gate: &Gate<'_>, sources: &[Source]) {
        self.blend.begin(shop.items().len());
        let mut is_led = false;
        for source in sources {
            // Two voices, each brought to the same maximum before the second is weighed against the first.
            let own = shop.model().map_or(0.0, |model| NextPurchases::new(model, gate.now()).own());
            let (first, second) = match *source {
                Source::NextPurchase(weight) => (Source::History(weight), Some(Source::Habit(weight * own))),
                other => (other, None),
            };
            for voice in std::iter::once(first).chain(second) {
                self.source.begin(shop.items().len());
                let weight = match (voice, shop.model()) {
                    (Source::NextLook(weight), Some(model)) => {
                        self.source.next_look(&mut self.looks, model, taste, gate);
                        is_led = !self.source.candidates.is_empty();
                        weight
                    }
                    // Favourites fill up behind what the visitor's own doings say; they do not reorder it.
                    (Source::Favourites(_), _) if is_led => continue,
                    (Source::Category(_), _) if is_led && ask.category.is_none() => continue,
                    _ => self.source.collect(voice, shop, ask, taste, gate),
                };
                self.blend.mix(&self.source, weight);
            }
        }
        for candidate in &mut self.blend.candidates {
            candidate.score *= gate.factor(candidate.item);
            // Any blend to 0..1, in the same order.
            candidate.score /= 1.0 + candidate.score;
        }
    }

    pub(super) fn score_of(&self, item: u32) -> Option<f32> {
        self.blend.get(item).map(|candidate| candidate.score)
    }
}

impl Pile {
    fn begin(&mut self, items: usize) {
        self.candidates.clear();
        self.round = self.round.wrapping_add(1);
        if self.round == 0 || self.places.len() != items {
            self.places.clear();
            self.places.resize(items, (0, 0));
            self.round = 1;
        }
    }

    fn get(&self, item: u32) -> Option<&Candidate> {
        let (round, place) = *self.places.get(item as usize)?;
        if round == self.round { self.candidates.get(place as usize) } else { None }
    }

    /// Adds to an item's score; the strongest single reason is kept.
    fn add(&mut self, item: u32, score: f32, code: Code, evidence: u32) {
        let Some((round, place)) = self.places.get_mut(item as usize) else { return };
        if *round != self.round {
            *round = self.round;
            *place = self.candidates.len() as u32;
            self.candidates.push(Candidate { item, score, code, evidence, strongest: score });
            return;
        }
        let Some(known) = self.candidates.get_mut(*place as usize) else { return };
        known.score += score;
        if score > known.strongest {
            (known.strongest, known.code, known.evidence) = (score, code, evidence);
        }
    }

    /// Adds a source, brought to a maximum of `weight`.
    fn mix(&mut self, source: &Self, weight: f32) {
        let most = source.candidates.iter().map(|candidate| candidate.score).fold(0.0, f32::max);
        if most <= 0.0 || weight <= 0.0 {
            return;
        }
        for candidate in source.candidates.iter().filter(|candidate| candidate.score > 0.0) {
            self.add(candidate.item, candidate.score * weight / most, candidate.code, candidate.evidence);
        }
    }

    /// Collects what `source` has to offer; gives its weight.
    fn collect(&mut self, source: Source, shop: &Shop, ask: &Ask, taste: &Taste, gate: &Gate<'_>) -> f32 {
        match (source, shop.model()) {
            (Source::Near(table, weight), Some(model)) => {
                self.near(model, table, taste, gate);
                weight
            }
            (Source::History(weight) | Source::Habit(weight), _) if weight <= 0.0 => 0.0,
            (Source::History(weight), Some(model)) => {
                self.history(NextPurchases::new(model, gate.now()), taste, gate);
                weight
            }
            (Source::Habit(weight), Some(model)) => {
                let scorer = NextPurchases::new(model, gate.now());
                for bought in taste.bought.iter().filter(|bought| gate.admits(bought.item)) {
                    self.add(bought.item, scorer.again(bought), Code::BuyAgain, bought.times);
                }
                weight
            }
            (Source::Category(weight), _) => {
                let own = || {
                    taste.item.or_else(|| taste.recent.first().map(|(item, _)| *item)).and_then(|item| shop.item(item)?.category.as_deref())
                };
                let favourites = ask.category.as_deref().or_else(own).map(|category| shop.favourites_in(category)).unwrap_or_default();
                self.line_up(favourites, Code::PopularInCategory, gate);
                weight
            }
            (Source::Favourites(weight), _) => {
                self.line_up(shop.favourites(), Code::Popular, gate);
                weight
            }
            (Source::StaffPicks(weight), _) => {
                for (rule, item) in gate.staff_picks() {
                    self.add(item, 1.0, Code::StaffPick, rule);
                }
                weight
            }
            (Source::Near(..) | Source::History(_) | Source::Habit(_), None) | (Source::NextLook(_) | Source::NextPurchase(_), _) => 0.0,
        }
    }

    /// What goes with all that was bought. The doorkeeper is asked once an item, not once a pair.
    fn history(&mut self, scorer: NextPurchases<'_>, taste: &Taste, gate: &Gate<'_>) {
        for bought in &taste.bought {
            for (item, weight) in scorer.after(bought) {
                self.add(item, weight, Code::AlsoBought, bought.item);
            }
        }
        for candidate in &mut self.candidates {
            let is_shown = candidate.score > 0.0 && gate.admits(candidate.item);
            candidate.score = if is_shown { scorer.fitting(candidate.item, candidate.score) } else { 0.0 };
        }
    }

    /// The evaluated ranking of what follows, but for what may not be shown.
    fn next_look(&mut self, looks: &mut Looks, model: &Model, taste: &Taste, gate: &Gate<'_>) {
        for found in looks.score(model, &taste.session()) {
            // Whether what was bought comes again is for habits to say.
            let is_bought = found.evidence == found.item && taste.bought.iter().any(|bought| bought.item == found.item);
            if !is_bought && gate.admits(found.item) {
                self.add(found.item, found.score, Code::ViewedTogether, found.evidence);
            }
        }
    }

    fn near(&mut self, model: &Model, table: Table, taste: &Taste, gate: &Gate<'_>) {
        let (of_item, of_cart, of_recent) = match table {
            Table::Session => (1.0, 0.5, 0.6),
            Table::Basket => (1.0, 1.0, 0.6),
            Table::Together => (1.0, 1.0, 0.0),
            Table::Content => (1.0, 0.2, 0.4),
        };
        // Someone on a product page is asked about that product, whatever came before.
        let of_recent = if taste.item.is_some() { of_recent * 0.5 } else { of_recent };
        let spoken = taste.item.iter().map(|item| (*item, of_item)).chain(taste.cart.iter().map(|item| (*item, of_cart)));
        let recent = taste.recent.iter().map(|(item, weight)| (*item, weight * of_recent));
        for (item, weight) in spoken.chain(recent).filter(|(_, weight)| *weight > 0.0) {
            for neighbour in model.neighbours(table, item) {
                let is_safe = table == Table::Content || neighbour.is_shared;
                if is_safe && gate.admits(neighbour.item) {
                    self.add(neighbour.item, weight * neighbour.weight, Code::of(table), item);
                }
            }
        }
    }

    /// The first favourites that may be shown, each a little behind the one before it.
    fn line_up(&mut self, favourites: &[u32], code: Code, gate: &Gate<'_>) {
        for (place, item) in favourites.iter().filter(|item| gate.admits(**item)).take(FAVOURITES).enumerate() {
            self.add(*item, 1.0 / (2.0 + place as f32), code, *item);
        }
    }
}

/// Whether buyers of the item come back for it.
pub(super) fn is_habit(model: &Model, item: u32) -> bool {
    model.repeat(item).share >= HABIT_SHARE
}
