//! Which items occur together, row by row: the engine below visits, purchases and complements.
//!
//! Groups (visits, orders, shoppers) are walked once per item in them. Each item's row is counted by itself into reused scratch, so
//! memory stays at a few numbers per item however many pairs there are, and rows may be counted on any number of threads with the
//! same result.

use crate::history::{Buy, History};
use rapport_core::model::Neighbour;
use rayon::prelude::*;

/// Steps further apart within a visit say nothing about order.
const REACH: usize = 5;
/// A long group says less about each pair: it counts as one over its length to this power.
const LENGTH_EXPONENT: f32 = 0.8;

/// Lists of items with the person behind each, groups of one person side by side.
#[derive(Default)]
pub(crate) struct Groups {
    at: Vec<u32>,
    items: Vec<u32>,
    people: Vec<u32>,
    weights: Vec<f32>,
}

/// An item beside the row's own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pair {
    pub(crate) item: u32,
    /// In how many groups both occur.
    pub(crate) groups: u32,
    /// The same groups, each counted as one over its length to the power of 0.8.
    pub(crate) weighed: f32,
    /// How often it follows the row's item within reach, each time one over the distance.
    pub(crate) follows: f32,
    /// How many distinct people are behind those groups.
    pub(crate) supporters: u32,
}

impl Groups {
    /// Purchases as groups: each item once, the newest first to stay when there are more than `longest`.
    pub(crate) fn of_purchases<'a>(history: &History, groups: impl Iterator<Item = &'a [Buy]>, longest: usize) -> Self {
        let mut collected = Self::default();
        for buys in groups {
            let person = if history.is_known(buys[0].person) { buys[0].person } else { u32::MAX };
            let mut items: Vec<u32> = buys[buys.len().saturating_sub(longest)..].iter().map(|buy| buy.item).collect();
            items.sort_unstable();
            items.dedup();
            collected.push(person, items);
        }
        collected
    }

    /// Adds a group of `person`; [`u32::MAX`] stands for nobody, who supports nothing.
    pub(crate) fn push(&mut self, person: u32, items: impl IntoIterator<Item = u32>) {
        if self.at.is_empty() {
            self.at.push(0);
        }
        let before = self.items.len();
        self.items.extend(items);
        self.at.push(self.items.len() as u32);
        self.people.push(person);
        self.weights.push(((self.items.len() - before) as f32).powf(-LENGTH_EXPONENT));
    }

    pub(crate) fn len(&self) -> usize {
        self.people.len()
    }

    fn group(&self, group: usize) -> &[u32] {
        &self.items[self.at[group] as usize..self.at[group + 1] as usize]
    }

    /// In how many groups each of `count` items occurs.
    pub(crate) fn occurrences(&self, count: usize) -> Vec<u32> {
        let (mut seen, mut occurrences) = (vec![usize::MAX; count], vec![0; count]);
        for group in 0..self.len() {
            for item in self.group(group) {
                if std::mem::replace(&mut seen[*item as usize], group) != group {
                    occurrences[*item as usize] += 1;
                }
            }
        }
        occurrences
    }

    /// For each of `count` items, what `keep` makes of the items beside it (in order of first mention), the best `limit` of them.
    pub(crate) fn rows(&self, count: usize, limit: usize, keep: impl Fn(u32, &Pair) -> Option<f32> + Sync) -> Vec<Vec<Neighbour>> {
        let (starts, places) = self.postings(count);
        let row = |scratch: &mut Scratch, item: usize| {
            let postings = &places[starts[item] as usize..starts[item + 1] as usize];
            let pairs = scratch.count(self, item as u32, postings);
            let kept = pairs.iter().filter_map(|pair| {
                let weight = keep(item as u32, pair).filter(|weight| *weight > 0.0)?;
                Some(Neighbour { item: pair.item, weight, supporters: pair.supporters })
            });
            best(kept.collect(), limit)
        };
        (0..count).into_par_iter().map_init(|| Scratch::new(count), row).collect()
    }

    /// Those of `pairs` that one person alone stands behind, in the order given.
    pub(crate) fn of_one_person(&self, count: usize, mut pairs: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
        if pairs.is_empty() {
            return pairs;
        }
        let (starts, places) = self.postings(count);
        let postings = |item: u32| &places[starts[item as usize] as usize..starts[item as usize + 1] as usize];
        let is_of_one = |(a, b): &(u32, u32)| {
            let (rarer, other) = if postings(*a).len() <= postings(*b).len() { (*a, *b) } else { (*b, *a) };
            let with_both = postings(rarer).iter().filter(|(group, _)| self.group(*group as usize).contains(&other));
            let mut people = with_both.map(|(group, _)| self.people[*group as usize]).filter(|person| *person != u32::MAX);
            people.next().is_some_and(|first| people.all(|person| person == first))
        };
        let lone: Vec<bool> = pairs.par_iter().map(is_of_one).collect();
        let mut lone = lone.into_iter();
        pairs.retain(|_| lone.next().unwrap_or(false));
        pairs
    }

    /// For each item the groups it occurs in and where: starts, then (group, place) pairs.
    fn postings(&self, count: usize) -> (Vec<u32>, Vec<(u32, u32)>) {
        let mut starts = vec![0u32; count + 1];
        for item in &self.items {
            starts[*item as usize + 1] += 1;
        }
        for item in 0..count {
            starts[item + 1] += starts[item];
        }
        let (mut next, mut places) = (starts.clone(), vec![(0, 0); self.items.len()]);
        for group in 0..self.len() {
            for (place, item) in self.group(group).iter().enumerate() {
                places[next[*item as usize] as usize] = (group as u32, place as u32);
                next[*item as usize] += 1;
            }
        }
        (starts, places)
    }
}

/// The strongest `limit`, by weight, then item.
pub(crate) fn best(mut row: Vec<Neighbour>, limit: usize) -> Vec<Neighbour> {
    let stronger = |a: &Neighbour, b: &Neighbour| b.weight.total_cmp(&a.weight).then(a.item.cmp(&b.item));
    if row.len() > limit && limit > 0 {
        row.select_nth_unstable_by(limit - 1, stronger);
    }
    row.truncate(limit);
    row.sort_unstable_by(stronger);
    row
}

/// Counters for one row, cleared by walking what was touched.
struct Scratch {
    cells: Vec<Cell>,
    touched: Vec<Pair>,
}

#[derive(Clone, Copy)]
struct Cell {
    slot: u32,
    group: u32,
    person: u32,
}

const UNTOUCHED: Cell = Cell { slot: u32::MAX, group: u32::MAX, person: u32::MAX };

impl Scratch {
    fn new(count: usize) -> Self {
        Self { cells: vec![UNTOUCHED; count], touched: Vec::new() }
    }

    fn count(&mut self, groups: &Groups, item: u32, postings: &[(u32, u32)]) -> &[Pair] {
        for pair in self.touched.drain(..) {
            self.cells[pair.item as usize] = UNTOUCHED;
        }
        for (group, place) in postings.iter().copied() {
            let person = groups.people[group as usize];
            let weight = groups.weights[group as usize];
            for (other_place, other) in groups.group(group as usize).iter().enumerate() {
                if *other != item {
                    self.meet(*other, group, person, weight, (place as usize, other_place));
                }
            }
        }
        &self.touched
    }

    fn meet(&mut self, other: u32, group: u32, person: u32, weight: f32, (place, other_place): (usize, usize)) {
        let cell = &mut self.cells[other as usize];
        if cell.slot == u32::MAX {
            cell.slot = self.touched.len() as u32;
            self.touched.push(Pair { item: other, groups: 0, weighed: 0.0, follows: 0.0, supporters: 0 });
        }
        let pair = &mut self.touched[cell.slot as usize];
        if std::mem::replace(&mut cell.group, group) != group {
            pair.groups += 1;
            pair.weighed += weight;
        }
        // Groups of one person stand side by side, so a change of person is a new supporter; nobody's never is.
        if person != u32::MAX && std::mem::replace(&mut cell.person, person) != person {
            pair.supporters += 1;
        }
        if other_place > place && other_place - place <= REACH {
            pair.follows += 1.0 / (other_place - place) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// The obvious way: every group, every two items of it.
    fn oracle(groups: &[(u32, Vec<u32>)], a: u32, b: u32) -> Pair {
        let both: Vec<&(u32, Vec<u32>)> = groups.iter().filter(|(_, items)| items.contains(&a) && items.contains(&b)).collect();
        let mut follows = 0.0;
        for (_, items) in &both {
            for (i, j) in (0..items.len()).flat_map(|i| (i + 1..items.len()).map(move |j| (i, j))) {
                follows += if items[i] == a && items[j] == b && j - i <= REACH { 1.0 / (j - i) as f32 } else { 0.0 };
            }
        }
        let supporters = both.iter().map(|(person, _)| *person).filter(|person| *person != u32::MAX).collect::<BTreeSet<_>>();
        let weighed = both.iter().map(|(_, items)| (items.len() as f32).powf(-LENGTH_EXPONENT)).sum();
        Pair { item: b, groups: both.len() as u32, weighed, follows, supporters: supporters.len() as u32 }
    }

    proptest! {
        #[test]
        fn rows_are_what_counting_pairs_gives(mut groups in prop::collection::vec((0u32..4, prop::collection::vec(0u32..6, 0..9)), 0..12)) {
            groups.sort_by_key(|(person, _)| *person);
            for (person, _) in groups.iter_mut().filter(|(person, _)| *person == 3) {
                *person = u32::MAX;
            }
            let mut counted = Groups::default();
            for (person, items) in &groups {
                counted.push(*person, items.iter().copied());
            }
            let (starts, places) = counted.postings(6);
            let mut scratch = Scratch::new(6);
            for item in 0..6u32 {
                let pairs = scratch.count(&counted, item, &places[starts[item as usize] as usize..starts[item as usize + 1] as usize]);
                for pair in pairs {
                    let expected = oracle(&groups, item, pair.item);
                    prop_assert!((pair.follows - expected.follows).abs() < 1e-4);
                    prop_assert!((pair.weighed - expected.weighed).abs() < 1e-4);
                    prop_assert_eq!((pair.groups, pair.supporters), (expected.groups, expected.supporters));
                }
                let others: Vec<(u32, u32)> = (0..6).filter(|other| *other != item).map(|other| (item, other)).collect();
                let lone: Vec<(u32, u32)> = others.iter().copied().filter(|(a, b)| oracle(&groups, *a, *b).supporters == 1).collect();
                prop_assert_eq!(counted.of_one_person(6, others), lone);
                let related = (0..6).filter(|other| *other != item && oracle(&groups, item, *other).groups > 0).count();
                prop_assert_eq!(pairs.len(), related);
            }
        }
    }
}
