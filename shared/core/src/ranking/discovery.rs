//! Slots outside the habit: drawn at random from a pool, so that the shop learns what it would never have shown otherwise.
//!
//! Which slots are drawn is settled before anything is, everything else is settled before the first draw, and nothing looks at what
//! was drawn: what stands in the other slots stands there whatever the seed. The pool is fixed by then, too, and drawn from without
//! replacement, uniformly: each of its `m` items stands at each of the slots with probability exactly `1/m`, whatever was drawn for
//! the other slots; that is the propensity logged.

use super::{PROPENSITY_FLOOR, Scratch, Shop, reason::Code, selection::Choice, selection::Gate, taste::Taste};
use crate::random::SplitMix;

/// Where chance will decide, and between which items.
pub(super) struct Lottery {
    /// From 0, ascending; never the first of an answer, and none that is pinned.
    positions: Vec<usize>,
    pool: Vec<u32>,
}

impl Lottery {
    /// Sets `share` of the slots of an answer aside, evenly spaced and never the first, at most every other one. So many items may still
    /// be `taken` into the answer, and there will be enough others for every slot.
    pub(super) fn over(shop: &Shop, gate: &Gate<'_>, taste: &Taste, share: f32, taken: usize, chosen: &[Choice]) -> Self {
        let slots = ((share.clamp(0.0, 0.5) * chosen.len() as f32).round() as usize).min(chosen.len() / 2);
        if slots == 0 {
            return Self { positions: Vec::new(), pool: Vec::new() };
        }
        let pool = pool(shop, gate, taste, chosen);
        let slots = slots.min(pool.len().saturating_sub(taken));
        let positions = (1..=slots).map(|slot| slot * chosen.len() / slots - 1).filter(|place| chosen[*place].code != Code::Pinned);
        Self { positions: positions.collect(), pool }
    }

    /// Whether chance decides what stands there.
    pub(super) fn is_over(&self, position: usize) -> bool {
        self.positions.binary_search(&position).is_ok()
    }

    /// Draws for every slot set aside with `seed`, now that all others are settled.
    pub(super) fn draw(mut self, shop: &Shop, scratch: &Scratch, seed: u64, chosen: &mut [Choice]) {
        self.pool.retain(|item| chosen.iter().all(|choice| choice.item != *item));
        let propensity = 1.0 / self.pool.len().max(1) as f32;
        let mut dice = SplitMix::new(seed);
        for position in self.positions {
            let item = self.pool.swap_remove(dice.below(self.pool.len()));
            let score = scratch.score_or_favour(shop, item);
            chosen[position] = Choice { item, score, code: Code::Discovery, evidence: item, propensity };
        }
    }
}

/// Favourites of categories that the visitor has not dealt with; of any, where there are too few of those.
fn pool(shop: &Shop, gate: &Gate<'_>, taste: &Taste, chosen: &[Choice]) -> Vec<u32> {
    let largest = (1.0 / PROPENSITY_FLOOR).round() as usize;
    let category = |item: u32| shop.shelves().of(item);
    let dealt_with = taste.recent.iter().map(|(item, _)| *item).chain(taste.bought.iter().map(|bought| bought.item)).chain(taste.item);
    let habits: Vec<u32> = dealt_with.filter_map(category).collect();
    let free = |item: &u32| gate.admits(*item) && chosen.iter().all(|choice| choice.item != *item);
    let outside: Vec<u32> = shop
        .favourites()
        .iter()
        .copied()
        .filter(|item| category(*item).is_none_or(|own| !habits.contains(&own)))
        .filter(free)
        .take(largest)
        .collect();
    if outside.len() >= largest / 5 { outside } else { shop.favourites().iter().copied().filter(free).take(largest).collect() }
}
