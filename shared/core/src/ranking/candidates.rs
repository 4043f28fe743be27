//! Who stands for election: each source counts on its own scale, is brought to a maximum of one, and is then weighed as training
//! found best for the placement.

use super::{
    Ask, Shop,
    next_look::Looks,
    next_purchase::NextPurchases,
    places::{Entered, Places},
    reason::{Again, Code},
    selection::Gate,
    taste::Taste,
};
use crate::model::{Blend, Model, Table};

/// How many favourites take part.
const FAVOURITES: usize = 60;
/// Customers buy an item again if so many of its buyers do.
const HABIT_SHARE: f32 = 0.1;

/// Where candidates come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// What goes with all they bought.
    History,
    /// What they buy again and again.
    Habit,
    /// What follows a session of the item, recent items and the cart.
    NextLook,
    /// What is bought after the item, the cart and recent items.
    After,
    /// Neighbours of the item, the cart and recent items.
    Near(Table),
    /// The favourites of the category at hand.
    Category,
    /// The shop's own choice.
    StaffPicks,
    /// What is in season.
    Season,
    /// The shop's favourites.
    Favourites,
}

/// The sources with their weights, in the order in which they speak: those that only fill up come last.
const fn sources(blend: &Blend, own: f32) -> [(Source, f32); 10] {
    [
        (Source::History, blend.history),
        (Source::Habit, blend.habit * own),
        (Source::NextLook, blend.next_look),
        (Source::After, blend.after),
        (Source::Near(Table::Together), blend.together),
        (Source::Near(Table::Content), blend.content),
        (Source::StaffPicks, blend.staff_picks),
        (Source::Category, blend.category),
        (Source::Season, blend.season),
        (Source::Favourites, blend.favourites),
    ]
}

/// An item with what speaks for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) item: u32,
    pub(super) score: f32,
    pub(super) code: Code,
    /// The item that gave the strongest reason, or an [`Again`].
    pub(super) evidence: u32,
    /// How strong that reason is.
    strongest: f32,
}

impl Candidate {
    /// Adds to the score; the strongest single reason is kept.
    fn hear(&mut self, score: f32, code: Code, evidence: u32) {
        self.score += score;
        if score > self.strongest {
            (self.strongest, self.code, self.evidence) = (score, code, evidence);
        }
    }
}

/// Room for the candidates of one lookup at a time; kept, so that a warm lookup allocates nothing for them.
#[derive(Debug, Default)]
pub struct Scratch {
    looks: Looks,
    source: Pile,
    pub(super) blend: Pile,
}

/// A sparse vector over the shop's items.
#[derive(Debug, Default)]
pub(super) struct Pile {
    places: Places,
    pub(super) candidates: Vec<Candidate>,
}

impl Scratch {
    pub(super) fn gather(&mut self, shop: &Shop, ask: &Ask, taste: &Taste, gate: &Gate<'_>, blend: &Blend) {
        let own = NextPurchases::new(shop, gate.now()).map_or(0.0, |scorer| scorer.own());
        self.gather_from(shop, ask, taste, gate, &sources(blend, own));
    }

    pub(super) fn gather_from(&mut self, shop: &Shop, ask: &Ask, taste: &Taste, gate: &Gate<'_>, sources: &[(Source, f32)]) {
        self.blend.begin(shop.len());
        let mut is_led = false;
        for (source, weight) in sources {
            // Favourites fill up behind what the visitor's own doings say; they do not reorder it.
            let is_filling = match source {
                Source::Favourites | Source::Season => true,
                Source::Category => ask.category.is_none(),
                _ => false,
            };
            if *weight <= 0.0 || is_led && is_filling {
                continue;
            }
            self.source.begin(shop.len());
            self.source.collect(*source, shop, ask, taste, gate, &mut self.looks);
            is_led |= *source == Source::NextLook && !self.source.candidates.is_empty();
            self.blend.mix(&self.source, *weight);
        }
        for candidate in &mut self.blend.candidates {
            candidate.score *= gate.factor(candidate.item);
            // Any blend to 0..1, in the same order.
            candidate.score /= 1.0 + candidate.score;
        }
    }

    /// What speaks for the item; how well it sells, where nothing else does.
    pub(super) fn score_or_favour(&self, shop: &Shop, item: u32) -> f32 {
        self.blend.get(item).map_or_else(|| shop.favour(item), |candidate| candidate.score)
    }
}

impl Pile {
    fn begin(&mut self, items: usize) {
        self.places.clear(self.candidates.iter().map(|candidate| candidate.item));
        self.places.fit(items);
        self.candidates.clear();
    }

    fn get(&self, item: u32) -> Option<&Candidate> {
        self.places.get(item).and_then(|place| self.candidates.get(place))
    }

    /// Adds to an item's score; the strongest single reason is kept.
    fn add(&mut self, item: u32, score: f32, code: Code, evidence: u32) {
        match self.places.enter(item, self.candidates.len()) {
            Some(Entered::New) => self.append(item, score, code, evidence),
            Some(Entered::Known(place)) => {
                let Some(known) = self.candidates.get_mut(place) else { return };
                known.hear(score, code, evidence);
            }
            None => {}
        }
    }

    /// The same for an item that the source names once, which [`Pile::add`] need not find again.
    fn append(&mut self, item: u32, score: f32, code: Code, evidence: u32) {
        self.candidates.push(Candidate { item, score, code, evidence, strongest: score });
    }

    /// Adds a source, brought to a maximum of `weight`.
    fn mix(&mut self, source: &Self, weight: f32) {
        let most = source.candidates.iter().map(|candidate| candidate.score).fold(0.0, f32::max);
        if most <= 0.0 {
            return;
        }
        let scale = weight / most;
        for candidate in source.candidates.iter().filter(|candidate| candidate.score > 0.0) {
            self.add(candidate.item, candidate.score * scale, candidate.code, candidate.evidence);
        }
    }

    /// Collects what `source` has to offer and the doorkeeper admits. He is asked once an item, not once a pair.
    fn collect(&mut self, source: Source, shop: &Shop, ask: &Ask, taste: &Taste, gate: &Gate<'_>, looks: &mut Looks) {
        match source {
            Source::History => self.history(shop, taste, gate),
            Source::Habit => self.habits(shop, taste, gate),
            Source::NextLook => self.next_look(looks, shop, taste, gate),
            Source::After => self.after(shop, taste, gate),
            Source::Near(table) => self.near(shop, table, taste, gate),
            Source::Category => {
                let at_hand = taste.item.or_else(|| taste.recent.first().map(|(item, _)| *item));
                let own = || at_hand.and_then(|item| shop.shelves().of(item)).map(|shelf| shop.shelves().favourites_at(shelf));
                let favourites = ask.category.as_deref().map(|category| shop.favourites_in(category)).or_else(own);
                self.line_up(favourites.unwrap_or_default(), Code::PopularInCategory, gate);
            }
            Source::StaffPicks => {
                for (rule, item) in gate.staff_picks() {
                    self.add(item, 1.0, Code::StaffPick, rule);
                }
            }
            Source::Season => self.line_up(shop.model().map(Model::seasonal).unwrap_or_default(), Code::Seasonal, gate),
            Source::Favourites => self.line_up(shop.favourites(), Code::Popular, gate),
        }
    }

    /// What goes with all that was bought. Where that says little, as a short history or a young shop does, it is what most people buy.
    fn history(&mut self, shop: &Shop, taste: &Taste, gate: &Gate<'_>) {
        let Some(scorer) = NextPurchases::new(shop, gate.now()) else { return };
        // Where the rows begin is read for all of them before any is walked: memory is waited for once.
        let rows: Vec<_> = taste.bought.iter().map(|bought| (bought.item, scorer.after(bought))).collect();
        for (evidence, row) in rows {
            row.for_each(|(item, weight)| self.add(item, weight, Code::AlsoBought, evidence));
        }
        if !taste.bought.is_empty() {
            let favourites = shop.favourites().iter().filter(|item| gate.admits(**item)).take(FAVOURITES);
            favourites.for_each(|item| self.add(*item, 0.0, Code::Popular, *item));
        }
        for candidate in &mut self.candidates {
            candidate.hear(scorer.anyway(candidate.item), Code::Popular, candidate.item);
            let is_shown = candidate.score > 0.0 && gate.admits(candidate.item);
            candidate.score = if is_shown { scorer.fitting(candidate.item, candidate.score) } else { 0.0 };
        }
    }

    /// What they buy again and again.
    fn habits(&mut self, shop: &Shop, taste: &Taste, gate: &Gate<'_>) {
        let Some(scorer) = NextPurchases::new(shop, gate.now()) else { return };
        for bought in taste.bought.iter().filter(|bought| gate.admits(bought.item)) {
            let again = Again { times: bought.times, is_due: scorer.is_due(bought) };
            self.append(bought.item, scorer.again(bought), Code::BuyAgain, again.into());
        }
    }

    /// The evaluated ranking of what follows, but for what may not be shown.
    fn next_look(&mut self, looks: &mut Looks, shop: &Shop, taste: &Taste, gate: &Gate<'_>) {
        let Some(model) = shop.model() else { return };
        for found in looks.score(model, &taste.session()) {
            // Whether what was bought comes again is for habits to say.
            let is_bought = found.evidence == found.item && taste.bought.iter().any(|bought| bought.item == found.item);
            if !is_bought && gate.admits(found.item) {
                self.append(found.item, found.score, Code::ViewedTogether, found.evidence);
            }
        }
    }

    fn near(&mut self, shop: &Shop, table: Table, taste: &Taste, gate: &Gate<'_>) {
        let Some(model) = shop.model() else { return };
        let (of_cart, of_recent) = match table {
            Table::Session => (0.5, 0.6),
            Table::Together => (1.0, 0.6),
            Table::Content => (0.2, 0.4),
        };
        for (item, weight) in taste.spoken(of_cart, of_recent) {
            let told = model.neighbours(table, item).filter(|near| table == Table::Content || near.is_shared);
            told.for_each(|near| self.add(near.item, weight * near.weight, Code::of(table), item));
        }
        self.keep_admitted(gate);
    }

    fn after(&mut self, shop: &Shop, taste: &Taste, gate: &Gate<'_>) {
        let Some(model) = shop.model() else { return };
        for (item, weight) in taste.spoken(1.0, 0.6) {
            model.bought_after(item).for_each(|(other, word)| self.add(other, weight * word, Code::AlsoBought, item));
        }
        self.keep_admitted(gate);
    }

    fn keep_admitted(&mut self, gate: &Gate<'_>) {
        for candidate in self.candidates.iter_mut().filter(|candidate| !gate.admits(candidate.item)) {
            candidate.score = 0.0;
        }
    }

    /// The first favourites that may be shown, each a little behind the one before it.
    fn line_up(&mut self, favourites: &[u32], code: Code, gate: &Gate<'_>) {
        for (place, item) in favourites.iter().filter(|item| gate.admits(**item)).take(FAVOURITES).enumerate() {
            self.append(*item, 1.0 / (2.0 + place as f32), code, *item);
        }
    }
}

/// Whether buyers of the item come back for it.
pub(super) fn is_habit(model: &Model, item: u32) -> bool {
    model.repeat(item).share >= HABIT_SHARE
}
