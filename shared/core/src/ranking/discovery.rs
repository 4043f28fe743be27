//! Slots outside the habit: drawn at random from a pool, so that the shop learns what it would never have shown otherwise.
//!
//! The pool is fixed before the first draw and drawn from without replacement, uniformly. Each of its `m` items then stands at each
//! of the slots with probability exactly `1/m`, whatever was drawn for the other slots; that is the propensity logged.

use super::{PROPENSITY_FLOOR, Shop, reason::Code, selection::Choice, selection::Gate, taste::Taste};

/// Replaces `share` of the slots, evenly spaced and never the first, by items drawn with `seed`.
pub(super) fn mix_in(shop: &Shop, gate: &Gate<'_>, taste: &Taste, share: f32, seed: u64, limit: usize, chosen: &mut [Choice]) {
    let slots = (share.clamp(0.0, 0.5) * limit.min(chosen.len()) as f32).round() as usize;
    if slots == 0 {
        return;
    }
    let mut pool = pool(shop, gate, taste, chosen);
    let propensity = 1.0 / pool.len().max(1) as f32;
    let slots = slots.min(pool.len());
    let mut dice = SplitMix(seed);
    for slot in 1..=slots {
        let position = slot * chosen.len() / slots - 1;
        let Some(choice) = chosen.get_mut(position).filter(|choice| choice.code != Code::Pinned) else { continue };
        let drawn = pool.swap_remove(dice.below(pool.len()));
        *choice = Choice { item: drawn, score: shop.favour(drawn), code: Code::Discovery, evidence: drawn, propensity };
    }
}

/// Favourites of categories that the visitor has not dealt with; of any, where there are too few of those.
fn pool(shop: &Shop, gate: &Gate<'_>, taste: &Taste, chosen: &[Choice]) -> Vec<u32> {
    let largest = (1.0 / PROPENSITY_FLOOR).round() as usize;
    let category = |item: u32| shop.item(item).and_then(|item| item.category.as_deref());
    let dealt_with = taste.recent.iter().map(|(item, _)| *item).chain(taste.bought.iter().map(|bought| bought.item)).chain(taste.item);
    let habits: Vec<&str> = dealt_with.filter_map(category).collect();
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

/// Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014. Small, fast, and the same on every machine.
struct SplitMix(u64);

impl SplitMix {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is at least 1; the bias is under 2^-57 for pools of 50.
    const fn below(&mut self, bound: usize) -> usize {
        ((self.next() as u128 * bound as u128) >> 64) as usize
    }
}
