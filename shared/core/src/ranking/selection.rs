//! What may be shown, what the rules say about it, and in which order the rest stands.

use super::{Ask, Pick, Scratch, Shop, Slot, candidates::Candidate, candidates::is_habit, reason::Code, taste::Taste};
use crate::{
    catalog::Item,
    rules::{Effect, Rule},
    time::Timestamp,
};

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
    /// Asked about, in the cart, excluded, dismissed, bought without being a habit; sorted.
    barred: Vec<u32>,
    /// Whether out of stock, bans and filters count, too.
    is_strict: bool,
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
        let mut barred: Vec<u32> = taste
            .item
            .into_iter()
            .chain(taste.cart.iter().copied())
            .chain(taste.dismissed.iter().copied())
            .chain(once)
            .chain(excluded)
            .collect();
        barred.sort_unstable();
        Self { barred, is_strict: true, ..Self::open(shop, ask, now) }
    }

    /// Lets everything in; rules still weigh.
    pub(super) fn open(shop: &'a Shop, ask: &'a Ask, now: Timestamp) -> Self {
        let rules = shop
            .rules()
            .rules
            .iter()
            .zip(0..)
            .filter(|(rule, _)| rule.applies(&ask.placement, now))
            .map(|(rule, place)| (place, rule))
            .collect();
        Self { shop, ask, now, rules, barred: Vec::new(), is_strict: false }
    }

    pub(super) const fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether the item may be shown, and is in the category asked for.
    pub(super) fn admits(&self, item: u32) -> bool {
        !self.is_strict
            || self.tolerates(item) && self.ask.category.as_deref().is_none_or(|category| self.means(item, |full| full.is_in(category)))
    }

    /// Whether the item may be shown, be it in another category. Most lookups name no filter and no ban, and then no item is touched.
    pub(super) fn tolerates(&self, item: u32) -> bool {
        self.shop.is_in_stock(item)
            && self.barred.binary_search(&item).is_err()
            && self.ask.filter.as_ref().is_none_or(|filter| self.means(item, |full| filter.matches(full)))
            && !self.rules.iter().any(|(_, rule)| rule.effect == Effect::Ban && self.means(item, |full| rule.means(full)))
    }

    fn means(&self, item: u32, is_so: impl Fn(&Item) -> bool) -> bool {
        self.shop.item(item).is_some_and(is_so)
    }

    /// What boosts and buries make of the item's score.
    pub(super) fn factor(&self, item: u32) -> f32 {
        let Some(full) = self.shop.item(item) else { return 1.0 };
        self.rules.iter().fold(1.0, |factor, (_, rule)| match rule.effect {
            Effect::Boost { by } if rule.means(full) => factor * by,
            Effect::Bury { by } if rule.means(full) => factor / by,
            _ => factor,
        })
    }

    /// (rule, item) of the shop's own choice: items by name, and the favourites among the described.
    pub(super) fn staff_picks(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        const PICKS_A_RULE: usize = 20;
        self.rules.iter().filter(|(_, rule)| rule.effect == Effect::StaffPick).flat_map(move |(place, rule)| {
            let means = |item: &u32| self.shop.item(*item).is_some_and(|full| rule.means(full));
            let picks = self.shop.favourites().iter().copied().filter(means).filter(|item| self.admits(*item));
            picks.take(PICKS_A_RULE).map(move |item| (*place, item))
        })
    }

    /// (position from 0, rule, item), by position.
    fn pins(&self) -> Vec<(usize, u32, u32)> {
        let mut pins = Vec::new();
        for (place, rule) in &self.rules {
            let Effect::Pin { position } = rule.effect else { continue };
            let named = rule.items.iter().filter_map(|id| self.shop.index_of(id));
            let described = self.shop.favourites().iter().copied().filter(|item| {
                rule.filter.is_some()
                    && self.shop.item(*item).is_some_and(|full| rule.filter.as_ref().is_some_and(|filter| filter.matches(full)))
            });
            let first = usize::from(position).saturating_sub(1);
            let items = named.chain(described).filter(|item| self.tolerates(*item)).take(10).enumerate();
            pins.extend(items.map(|(offset, item)| (first + offset, *place, item)));
        }
        pins.sort_unstable();
        pins
    }
}

/// The best `limit` items: candidates in order, then favourites, with pins where they belong.
pub(super) fn choose(shop: &Shop, gate: &Gate<'_>, scratch: &mut Scratch, limit: usize) -> Vec<Choice> {
    let pins = gate.pins();
    let mut chosen = best(shop, gate, scratch, limit);
    widen(shop, gate, limit, &mut chosen);
    for (position, rule, item) in pins.into_iter().filter(|(position, ..)| *position < limit) {
        let score = chosen.iter().find(|choice| choice.item == item).map_or_else(|| shop.favour(item), |choice| choice.score);
        chosen.retain(|choice| choice.item != item);
        chosen.insert(position.min(chosen.len()), Choice { item, score, code: Code::Pinned, evidence: rule, propensity: 1.0 });
    }
    chosen.truncate(limit);
    chosen
}

/// The best candidates, at most `limit`; each further one of a category counts a little less.
pub(super) fn best(shop: &Shop, gate: &Gate<'_>, scratch: &mut Scratch, limit: usize) -> Vec<Choice> {
    let candidates = &mut scratch.blend.candidates;
    candidates.retain(|candidate| gate.admits(candidate.item));
    let order = |a: &Candidate, b: &Candidate| {
        let id = |candidate: &Candidate| shop.item(candidate.item).map(|item| &item.id);
        b.score.total_cmp(&a.score).then_with(|| id(a).cmp(&id(b)))
    };
    let depth = (limit * DEPTH).min(candidates.len());
    if depth > 0 && depth < candidates.len() {
        candidates.select_nth_unstable_by(depth - 1, order);
        candidates.truncate(depth);
    }
    candidates.sort_unstable_by(order);
    diversify(shop, candidates, limit)
}

/// Greedy, and stable: of equals the earlier stays ahead. Penalties only grow, so the scores given never rise.
fn diversify(shop: &Shop, candidates: &[Candidate], limit: usize) -> Vec<Choice> {
    let category = |candidate: &Candidate| shop.item(candidate.item).and_then(|item| item.category.as_deref());
    let mut rest: Vec<(f32, &Candidate)> = candidates.iter().map(|candidate| (candidate.score, candidate)).collect();
    let mut chosen: Vec<Choice> = Vec::with_capacity(limit);
    let mut seen: Vec<(&str, u32)> = Vec::new();
    while chosen.len() < limit {
        let Some((place, _)) = rest.iter().enumerate().reduce(|best, next| if next.1.0 > best.1.0 { next } else { best }) else { break };
        let (score, candidate) = rest.remove(place);
        chosen.push(Choice { item: candidate.item, score, code: candidate.code, evidence: candidate.evidence, propensity: 1.0 });
        let Some(own) = category(candidate) else { continue };
        let count = match seen.iter_mut().find(|(name, _)| *name == own) {
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
    pub(super) fn into_pick(self, shop: &Shop, ask: &Ask) -> Pick {
        let at_hand = |item: u32| shop.item(item).is_some_and(|full| ask.item.as_ref() == Some(&full.id) || ask.cart.contains(&full.id));
        let slot: Slot = self.code.slot(at_hand(self.evidence));
        Pick {
            item: self.item,
            score: self.score,
            slot,
            propensity: self.propensity,
            why: self.code.tell(shop, ask, self.item, self.evidence),
        }
    }
}
