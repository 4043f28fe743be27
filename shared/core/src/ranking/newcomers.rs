//! Items that hardly anybody had the chance to deal with: one slot in ten goes to the one that suits the visitor best.
//!
//! What people do cannot speak for an item that is new, and what cannot be seen is never dealt with. So a new item is measured by what
//! is written about it: it suits who deals with items of its category, or with items that it is like.

use super::{Ask, Shop, discovery::Lottery, reason::Code, selection::Choice, selection::Gate, taste::Taste};
use crate::model::Table;
use std::cmp::Reverse;

/// One slot in so many, rounded to the nearest.
const ONE_IN: usize = 10;
/// What being in the category of something counts beside being exactly like it.
const SAME_SHELF: f32 = 0.3;
/// Of a category the newest so many are looked at: all suit alike, and each costs the lookup.
const OF_A_SHELF: usize = 8;
/// What the cart, and recent items, count beside the item at hand.
const SPOKEN: (f32, f32) = (0.5, 0.8);
/// What an earlier purchase counts, and how many of the newest are heard.
const BOUGHT: f32 = 0.3;
const BOUGHT_HEARD: usize = 20;

/// A new item, how well it suits, and what it suits best; itself where the category asked for is all that speaks for it.
struct Newcomer {
    item: u32,
    suits: f32,
    evidence: u32,
    strongest: f32,
}

/// How many slots of an answer of `limit` items are theirs.
pub(super) fn slots(shop: &Shop, limit: usize) -> usize {
    if shop.has_newcomers() { (limit + ONE_IN / 2) / ONE_IN } else { 0 }
}

/// Gives the last of the slots that are neither pinned nor left to chance to the new items that suit best, unless enough of them are
/// there already. What stands where chance will decide is as good as gone.
pub(super) fn mix_in(shop: &Shop, ask: &Ask, gate: &Gate<'_>, taste: &Taste, slots: usize, lottery: &Lottery, chosen: &mut [Choice]) {
    let stays = |(place, choice): (usize, &Choice)| (!lottery.is_over(place)).then_some(choice.item);
    let staying: Vec<u32> = chosen.iter().enumerate().filter_map(stays).collect();
    let slots = slots.saturating_sub(staying.iter().filter(|item| shop.is_newcomer(**item)).count());
    if slots == 0 {
        return;
    }
    let mut suiting = suiting(shop, ask, gate, taste);
    suiting.retain(|newcomer| !staying.contains(&newcomer.item));
    suiting.truncate(slots);
    let is_free =
        |(place, choice): &(usize, &mut Choice)| !lottery.is_over(*place) && choice.code != Code::Pinned && !shop.is_newcomer(choice.item);
    let mut free: Vec<&mut Choice> = chosen.iter_mut().enumerate().filter(is_free).map(|(_, choice)| choice).collect();
    let last = free.len().saturating_sub(suiting.len());
    let mut bound = 1.0f32;
    for (choice, newcomer) in free.drain(last..).zip(suiting) {
        // Nothing that was earned stands behind something that counts less.
        bound = bound.min(choice.score).min(shop.favour(newcomer.item));
        *choice = Choice { item: newcomer.item, score: bound, code: Code::New, evidence: newcomer.evidence, propensity: 1.0 };
    }
}

/// What suits, best first.
fn suiting(shop: &Shop, ask: &Ask, gate: &Gate<'_>, taste: &Taste) -> Vec<Newcomer> {
    let mut found: Vec<Newcomer> = Vec::new();
    let mut add = |item: u32, suits: f32, evidence: u32| match found.iter_mut().find(|known| known.item == item) {
        Some(known) => {
            known.suits += suits;
            if suits > known.strongest {
                (known.strongest, known.evidence) = (suits, evidence);
            }
        }
        None if gate.admits(item) => found.push(Newcomer { item, suits, evidence, strongest: suits }),
        None => {}
    };
    let mut bought: Vec<_> = taste.bought.iter().collect();
    bought.sort_unstable_by_key(|bought| (Reverse(bought.last_at), bought.item));
    let bought = bought.into_iter().take(BOUGHT_HEARD).map(|bought| (bought.item, BOUGHT));
    for (item, weight) in taste.spoken(SPOKEN.0, SPOKEN.1).chain(bought) {
        for newcomer in shop.shelves().of(item).map(|shelf| shop.shelves().newest_at(shelf)).unwrap_or_default().iter().take(OF_A_SHELF) {
            add(*newcomer, weight * SAME_SHELF, item);
        }
        let alike = shop.model().into_iter().flat_map(|model| model.neighbours(Table::Content, item));
        alike.filter(|near| shop.is_newcomer(near.item)).for_each(|near| add(near.item, weight * near.weight, item));
    }
    let asked = ask.category.as_deref().map(|category| shop.shelves().newest(category)).unwrap_or_default();
    asked.iter().take(OF_A_SHELF).for_each(|newcomer| add(*newcomer, SAME_SHELF, *newcomer));
    found.sort_unstable_by(|a, b| b.suits.total_cmp(&a.suits).then_with(|| shop.rank_of_id(a.item).cmp(&shop.rank_of_id(b.item))));
    found
}
