//! What may be shown, what the rules say about it, and in which order the rest stands.

use super::{Ask, Pick, Scratch, Shop, Slot, candidates::Candidate, candidates::is_habit, reason::Code, taste::Taste};
use crate::{
    model::Calibration,
    rules::{Effect, Rule},
    time::Timestamp,
};
use fixedbitset::FixedBitSet;
use std::collections::BinaryHeap;

/// What each earlier item of the same category takes from an item's score, from the third on.
const SAMENESS: f32 = 0.94;
/// How many times the limit is looked at for variety.
const DEPTH: usize = 3;

/// The doorkeeper of one lookup.
pub(super) struct Gate<'a> {
    shop: &'a Shop,
    ask: &'a Ask,
    now: Timestamp,
    /// Rules that apply here and now, with their places in the document.
    rules: Vec<(u32, &'a Rule)>,
    /// Rules that move scores: the items they mean, and the factor.
    weights: Vec<(&'a FixedBitSet, f32)>,
    /// What may be shown, as far as no filter must be asked: in stock, not banned, not asked about, not in the cart, not excluded or
    /// dismissed, not bought without being a habit. `None` lets everything in.
    open: Option<FixedBitSet>,
    /// The same within the category asked for.
    near: Option<FixedBitSet>,
}

/// An item with its place earned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    pub(super) item: u32,
    pub(super) score: f32,
    pub(super) code: Code,
    pub(super) evidence: u32,
    pub(super) propensity: f32,
}

impl<'a> Gate<'a> {
    pub(super) fn new(shop: &'a Shop, ask: &'a Ask, taste: &Taste, now: Timestamp) -> Self {
        let is_habit = |item: u32| shop.model().is_some_and(|model| is_habit(model, item));
        // Their own coming back tells more than what others do.
        let once = taste.bought.iter().filter(|bought| bought.times < 2 && !is_habit(bought.item)).map(|bought| bought.item);
        let excluded = ask.exclude.iter().filter_map(|id| shop.index_of(id));
        let barred =
            taste.item.into_iter().chain(taste.cart.iter().copied()).chain(taste.dismissed.iter().copied()).chain(once).chain(excluded);
        let mut gate = Self::for_all(shop, ask, now);
        let mut open = shop.in_stock().clone();
        for item in barred {
            open.set(item as usize, false);
        }
        for (place, _) in gate.rules.iter().filter(|(_, rule)| rule.effect == Effect::Ban) {
            open.difference_with(shop.meant(*place));
        }
        gate.near = ask.category.as_deref().map(|category| {
            let mut near = FixedBitSet::with_capacity(shop.len());
            near.extend(shop.favourites_in(category).iter().map(|item| *item as usize));
            near.intersect_with(&open);
            near
        });
        gate.open = Some(open);
        gate
    }

    /// Lets everything in; rules still weigh.
    pub(super) fn for_all(shop: &'a Shop, ask: &'a Ask, now: Timestamp) -> Self {
        let here = shop.rules().rules.iter().zip(0..).filter(|(rule, _)| rule.applies(&ask.placement, now));
        let rules: Vec<(u32, &Rule)> = here.map(|(rule, place)| (place, rule)).collect();
        let weight = |(place, rule): &(u32, &Rule)| match rule.effect {
            Effect::Boost { by } => Some((shop.meant(*place), by)),
            Effect::Bury { by } => Some((shop.meant(*place), 1.0 / by)),
            _ => None,
        };
        Self { weights: rules.iter().filter_map(weight).collect(), shop, ask, now, rules, open: None, near: None }
    }

    pub(super) const fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether the item may be shown, and is in the category asked for.
    pub(super) fn admits(&self, item: u32) -> bool {
        self.near.as_ref().or(self.open.as_ref()).is_none_or(|open| open.contains(item as usize) && self.passes_filter(item))
    }

    /// Whether the item may be shown, be it in another category.
    pub(super) fn tolerates(&self, item: u32) -> bool {
        self.open.as_ref().is_none_or(|open| open.contains(item as usize) && self.passes_filter(item))
    }

    fn passes_filter(&self, item: u32) -> bool {
        self.ask.filter.as_ref().is_none_or(|filter| self.shop.item(item).is_some_and(|item| filter.matches(&item)))
    }

    /// What boosts and buries make of the item's score.
    pub(super) fn factor(&self, item: u32) -> f32 {
        self.weights.iter().filter(|(meant, _)| meant.contains(item as usize)).map(|(_, factor)| factor).product()
    }

    /// (rule, item) of the shop's own choice: items by name, and the favourites among the described.
    pub(super) fn staff_picks(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        const PICKS_A_RULE: usize = 20;
        self.rules.iter().filter(|(_, rule)| rule.effect == Effect::StaffPick).flat_map(move |(place, _)| {
            let meant = self.shop.meant(*place);
            let picks = self.shop.favourites().iter().copied().filter(|item| meant.contains(*item as usize) && self.admits(*item));
            picks.take(PICKS_A_RULE).map(move |item| (*place, item))
        })
    }

    /// (position from 0, rule, item), by position.
    fn pins(&self) -> Vec<(usize, u32, u32)> {
        let mut pins = Vec::new();
        for (place, rule) in &self.rules {
            let Effect::Pin { position } = rule.effect else { continue };
            // Those named stand in the order named; the described follow, best sold first.
            let named: Vec<u32> = rule.items.iter().filter_map(|id| self.shop.index_of(id)).collect();
            let meant = self.shop.meant(*place);
            let described = self.shop.favourites().iter().filter(|item| rule.filter.is_some() && meant.contains(**item as usize));
            let described = described.filter(|item| !named.contains(item));
            let first = usize::from(position).saturating_sub(1);
            let items = named.iter().chain(described).filter(|item| self.tolerates(**item)).take(10).enumerate();
            pins.extend(items.map(|(offset, item)| (first + offset, *place, *item)));
        }
        pins.sort_unstable();
        pins
    }
}

/// The best `limit` items: candidates in order, then favourites, with pins where they belong.
pub(super) fn choose(shop: &Shop, gate: &Gate<'_>, scratch: &Scratch, limit: usize) -> Vec<Choice> {
    let pins = gate.pins();
    let mut chosen = best(shop, scratch, limit);
    widen(shop, gate, limit, &mut chosen);
    for (position, rule, item) in pins.into_iter().filter(|(position, ..)| *position < limit) {
        let score =
            chosen.iter().find(|choice| choice.item == item).map_or_else(|| scratch.score_or_favour(shop, item), |choice| choice.score);
        chosen.retain(|choice| choice.item != item);
        chosen.insert(position.min(chosen.len()), Choice { item, score, code: Code::Pinned, evidence: rule, propensity: 1.0 });
    }
    chosen.truncate(limit);
    chosen
}

/// The best candidates, at most `limit`; each further one of a category counts a little less.
pub(super) fn best(shop: &Shop, scratch: &Scratch, limit: usize) -> Vec<Choice> {
    let candidates = &scratch.blend.candidates;
    let depth = (limit * DEPTH).min(candidates.len());
    // Score and id as one number: scores are never below zero, and then their bits are in the order of their values.
    let mut best: BinaryHeap<(u64, usize)> = BinaryHeap::with_capacity(depth);
    for (place, candidate) in candidates.iter().enumerate() {
        let by_score = u64::from(!candidate.score.to_bits()) << u32::BITS;
        // Most are out by their score alone, and an id's rank is a walk to memory.
        if best.len() == depth && best.peek().is_none_or(|(worst, _)| by_score > *worst) {
            continue;
        }
        let next = (by_score | u64::from(shop.rank_of_id(candidate.item)), place);
        if best.len() < depth {
            best.push(next);
        } else if let Some(mut worst) = best.peek_mut().filter(|worst| next < **worst) {
            *worst = next;
        }
    }
    let best: Vec<&Candidate> = best.into_sorted_vec().into_iter().filter_map(|(_, place)| candidates.get(place)).collect();
    diversify(shop, &best, limit)
}

/// Greedy, and stable: of equals the earlier stays ahead. Penalties only grow, so the scores given never rise.
fn diversify(shop: &Shop, candidates: &[&Candidate], limit: usize) -> Vec<Choice> {
    let category = |candidate: &Candidate| shop.shelves().of(candidate.item);
    let mut rest: Vec<(f32, &Candidate)> = candidates.iter().map(|candidate| (candidate.score, *candidate)).collect();
    let mut chosen: Vec<Choice> = Vec::with_capacity(limit);
    let mut seen: Vec<(u32, u32)> = Vec::new();
    while chosen.len() < limit {
        let Some((place, _)) = rest.iter().enumerate().reduce(|best, next| if next.1.0 > best.1.0 { next } else { best }) else { break };
        let (score, candidate) = rest.remove(place);
        chosen.push(Choice { item: candidate.item, score, code: candidate.code, evidence: candidate.evidence, propensity: 1.0 });
        let Some(own) = category(candidate) else { continue };
        let count = match seen.iter_mut().find(|(number, _)| *number == own) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                seen.push((own, 1));
                1
            }
        };
        if count >= 2 {
            for (score, _) in rest.iter_mut().filter(|(_, other)| category(other) == Some(own)) {
                *score *= SAMENESS;
            }
        }
    }
    chosen
}

/// Fills up with favourites: of the category first, then of the whole shop.
fn widen(shop: &Shop, gate: &Gate<'_>, limit: usize, chosen: &mut Vec<Choice>) {
    let least = chosen.last().map_or(1.0, |choice| choice.score);
    let own = gate.ask.category.as_deref().map(|category| shop.favourites_in(category)).unwrap_or_default();
    let favourites =
        own.iter().map(|item| (Code::PopularInCategory, *item)).chain(shop.favourites().iter().map(|item| (Code::Popular, *item)));
    for (code, item) in favourites {
        if chosen.len() >= limit {
            break;
        }
        if gate.tolerates(item) && chosen.iter().all(|choice| choice.item != item) {
            chosen.push(Choice { item, score: shop.favour(item).min(least), code, evidence: item, propensity: 1.0 });
        }
    }
}

impl Choice {
    /// The same with what its score says of chances.
    pub(super) fn calibrated(self, calibration: Calibration) -> Self {
        Self { score: calibration.of(self.score), ..self }
    }

    pub(super) fn into_pick(self, shop: &Shop, ask: &Ask, taste: &Taste) -> Pick {
        let is_at_hand = taste.item == Some(self.evidence) || taste.cart.contains(&self.evidence);
        let slot: Slot = self.code.slot(is_at_hand);
        Pick {
            item: self.item,
            score: self.score,
            slot,
            propensity: self.propensity,
            why: self.code.tell(shop, ask, self.item, self.evidence),
        }
    }
}
