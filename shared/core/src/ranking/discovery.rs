//! Slots outside the habit: drawn at random from a pool, so that the shop learns what it would never have shown otherwise.
//!
//! The pool is fixed before the first draw and drawn from without replacement, uniformly. Each of its `m` items then stands at each
//! of the slots with probability exactly `1/m`, whatever was drawn for the other slots; that is the propensity logged.

use super::{PROPENSITY_FLOOR, Shop, reason::Code, selection::Choice, selection::Gate, taste::Taste};
use crate::random::SplitMix;

/// Replaces `share` of the slots, evenly spaced and never the first, by items drawn with `seed`.
pub(super) fn mix_in(shop: &Shop, gate: &Gate<'_>, taste: &Taste, share: f32, seed: u64, limit: usize, chosen: &mut [Choice]) {
    let slots = (share.clamp(0.0, 0.5) * limit.min(chosen.len()) as f32).round() as usize;
    if slots == 0 {
        return;
    }
    let mut pool = pool(shop, gate, taste, chosen);
    let propensity = 1.0 / pool.len().max(1) as f32;
    let slots = slots.min(pool.len());
    let mut dice = SplitMix::new(seed);
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
