//! What should this visitor see? Candidates → filters → blend → rules → diversity → discovery → reasons.
//!
//! [`recommend`] is a pure function of the shop, the request, the profiles that the visitor may be answered from, the time and a
//! seed: the same input gives the same bytes. Each stage is a file of its own:
//!
//! | Stage | Where | Decides |
//! |---|---|---|
//! | what they did | [`taste`] | recent items with weights, what was bought, what was waved away |
//! | what follows | [`next_look`] | the session's evidence, as `rapport evaluate` measures it |
//! | next purchases | [`next_purchase`] | what goes with the history, what is bought again |
//! | candidates | [`candidates`] | both, neighbours of recent items, complements of the cart, category and shop-wide favourites |
//! | filters and rules | [`selection`] | what may be shown at all; pins, boosts, bans |
//! | order | [`selection`] | score, then item id; repeats of one category count a little less |
//! | newcomers | [`newcomers`] | one slot in ten for what is new and suits |
//! | discovery | [`discovery`] | slots set aside before, drawn last from outside the habit, with their exact probability |
//! | reasons | [`reason`] | why each item is there, in words |
//!
//! How sources are weighed at a placement, and what scores mean there, comes with the model ([`crate::model::Placements`]). Nothing
//! allocates per candidate: a [`Scratch`] is reused from lookup to lookup.

pub mod candidates;
mod discovery;
mod newcomers;
pub mod next_look;
mod next_purchase;
mod places;
mod reason;
mod selection;
mod shelves;
mod shop;
mod taste;

pub use candidates::Scratch;
pub use reason::{Code, Why};
pub use shop::{Listed, Shop};

use crate::{
    filter::Filter,
    id::ItemId,
    model::{Model, Placement, Placements, Table, Weighing},
    profile::Profile,
    time::Timestamp,
};
use candidates::Source;
use compact_str::CompactString;
use discovery::Lottery;
use selection::{Choice, Gate};
use serde::{Deserialize, Serialize};
use taste::Taste;

/// The most items an answer has.
pub const MOST_ITEMS: usize = 100;
/// The smallest probability of a drawn item: a pool is never larger than its inverse.
pub const PROPENSITY_FLOOR: f32 = 0.02;

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    /// Where the answer will stand: `home`, `product`, `cart` … or the shop's own name.
    pub placement: CompactString,
    /// The product looked at.
    pub item: Option<ItemId>,
    /// What is in the cart.
    pub cart: Vec<ItemId>,
    /// Recent items, newest last.
    pub session: Vec<ItemId>,
    /// How many items, 1 to [`MOST_ITEMS`].
    pub limit: usize,
    /// Narrows to a category while that has items.
    pub category: Option<String>,
    /// Never these.
    pub exclude: Vec<ItemId>,
    /// Only what this means.
    pub filter: Option<Filter>,
    /// Share of slots outside the habit, 0 to 0.5; the shop's own when `None`.
    pub discovery: Option<f32>,
}

/// What an answer rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The visitor's history.
    Personal,
    /// What they did in this visit.
    Session,
    /// The product, cart or category at hand.
    Contextual,
    /// What the shop sells best.
    Popular,
    /// Something was missing that should have been there; the answer says what.
    Fallback,
}

/// How an item came to its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// By the visitor's own signals.
    Personal,
    /// By the product, cart or category at hand.
    Contextual,
    /// By what the shop sells best.
    Popular,
    /// By a rule.
    Merchandised,
    /// By chance, from outside the habit.
    Discovery,
}

/// One item of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Pick {
    /// Its place in the [`Shop`].
    pub item: u32,
    /// 0 to 1; greater is better. Once training could calibrate it, the chance that the item is the one dealt with next. Pinned and
    /// drawn items keep the score that was theirs before a rule or chance moved them.
    pub score: f32,
    /// How it came to its place.
    pub slot: Slot,
    /// The probability of that item at that position.
    pub propensity: f32,
    /// What speaks for it.
    pub why: Why,
}

/// A ranked answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What it rests on.
    pub strategy: Strategy,
    /// Best first.
    pub picks: Vec<Pick>,
}

/// Answers `ask` for whoever the `profiles` are about: a customer, the device they sit at, both, or nobody.
///
/// There are fewer items than asked for only when the shop has no more that may be shown.
#[must_use]
pub fn recommend(shop: &Shop, ask: &Ask, profiles: &[&Profile], now: Timestamp, seed: u64, scratch: &mut Scratch) -> Answer {
    let taste = Taste::of(shop, ask, profiles, now);
    let gate = Gate::new(shop, ask, &taste, now);
    let Weighing { blend, calibration } = weighing(shop, ask, &taste);
    scratch.gather(shop, ask, &taste, &gate, &blend);
    let limit = ask.limit.clamp(1, MOST_ITEMS);
    let mut chosen = selection::choose(shop, &gate, scratch, limit);
    let (new, share) = (newcomers::slots(shop, limit), ask.discovery.or(shop.rules().discovery).unwrap_or(0.0));
    let lottery = Lottery::over(shop, &gate, &taste, share, new, &chosen);
    newcomers::mix_in(shop, ask, &gate, &taste, new, &lottery, &mut chosen);
    lottery.draw(shop, scratch, seed, &mut chosen);
    let pick = |choice: Choice| choice.calibrated(calibration).into_pick(shop, ask, &taste);
    let picks = chosen.into_iter().map(pick).collect();
    Answer { strategy: taste.strategy(), picks }
}

fn weighing(shop: &Shop, ask: &Ask, taste: &Taste) -> Weighing {
    let placements = shop.model().map_or(Placements::DEFAULT, |model: &Model| model.meta().placements);
    *placements.get(Placement::of(&ask.placement, !taste.bought.is_empty()))
}

/// Puts the caller's own `items` in order: (item, score), best first. All are kept; those the shop does not know come last.
#[must_use]
pub fn rank(shop: &Shop, ask: &Ask, profiles: &[&Profile], items: &[ItemId], now: Timestamp, scratch: &mut Scratch) -> Vec<(ItemId, f32)> {
    let taste = Taste::of(shop, ask, profiles, now);
    let gate = Gate::for_all(shop, ask, now);
    let Weighing { blend, calibration } = weighing(shop, ask, &taste);
    scratch.gather(shop, ask, &taste, &gate, &blend);
    let known = |item: u32| calibration.of(scratch.score_or_favour(shop, item));
    let score = |id: &ItemId| shop.index_of(id).map_or(0.0, known);
    let mut ranked: Vec<(ItemId, f32)> = items.iter().map(|id| (id.clone(), score(id))).collect();
    ranked.sort_by(|(a, one), (b, other)| other.total_cmp(one).then_with(|| a.cmp(b)));
    ranked.dedup_by(|(a, _), (b, _)| a == b);
    ranked
}

/// How two items can be related for a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Looked at in the same visits, or alike.
    Similar,
    /// Complements: bought in the same order more often than chance explains.
    Together,
}

/// What is related to `item`, for nobody in particular. Empty for an unknown item; never padded with favourites, so that a page can
/// leave the shelf out.
#[must_use]
pub fn related(shop: &Shop, item: &ItemId, relation: Relation, limit: usize, now: Timestamp, scratch: &mut Scratch) -> Vec<Pick> {
    let ask = Ask { placement: "product".into(), item: Some(item.clone()), limit, ..Ask::default() };
    let taste = Taste::of(shop, &ask, &[], now);
    let gate = Gate::new(shop, &ask, &taste, now);
    let sources: &[(Source, f32)] = match relation {
        Relation::Similar => &[(Source::Near(Table::Session), 1.0), (Source::Near(Table::Content), 0.4)],
        Relation::Together => &[(Source::Near(Table::Together), 1.0)],
    };
    scratch.gather_from(shop, &ask, &taste, &gate, sources);
    let chosen = selection::best(shop, scratch, limit.clamp(1, MOST_ITEMS));
    chosen.into_iter().map(|choice| choice.into_pick(shop, &ask, &taste)).collect()
}

#[cfg(test)]
mod tests;
