//! What is looked at next: the session table, and the newest visits.
//!
//! Three estimates of the next item, each brought to a sum of one by row, then mixed into one row an item (interpolation: Jelinek
//! and Mercer 1980), so that a lookup pays for one:
//!
//! - `C_ij / n_j^0.05`: the visits with both, each over its length^0.8, since a long visit says less about each pair;
//! - `D_ij`: the times j follows i within five steps, each one over the distance (sequential rules: Ludewig and Jannach 2018);
//! - `(C C)_ij`: two steps of a random walk over C (Cooper et al. 2014), which finds what no single visit shows.
//!
//! Then `((recent_j + 1) / (0.05 n_j + 1))^0.3` lifts what the newest twentieth of the visits looks at.
//!
//! Looks are shown to strangers, purchases of one customer alone are not: where the only person who looked at two items in one visit
//! also bought both, the pair says what they bought, and stands neither in the table nor among the newest visits.

use crate::{
    history::{History, Look},
    pairs::{Groups, Pair, best},
};
use rapport_core::model::{Neighbour, RecentVisits};
use rayon::prelude::*;
use serde::Serialize;

/// What may be turned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Params {
    pub(crate) other_exponent: f32,
    /// Entries kept for an item, and while walking.
    pub(crate) kept: usize,
    pub(crate) walked: usize,
    pub(crate) freshness: f32,
    /// The newest share of the visits that tells what is fresh.
    pub(crate) fresh_share: f32,
    /// Of a visit, at most so many newest looks; of a person, at most so many newest visits: nobody clicks the whole shop together.
    pub(crate) longest_visit: usize,
    pub(crate) visits_a_person: usize,
    /// Of how many newest visits an item is found in.
    pub(crate) visits_an_item: usize,
    pub(crate) rarity_exponent: f32,
}

pub(crate) const DEFAULT: Params = Params {
    other_exponent: 0.05,
    kept: 30,
    walked: 60,
    freshness: 0.3,
    fresh_share: 0.05,
    longest_visit: 50,
    visits_a_person: 100,
    visits_an_item: 12,
    rarity_exponent: 0.15,
};

/// Shares of the three estimates in the table's rows; their sum is one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mix {
    /// Of `C`, the visits with both.
    pub together: f32,
    /// Of `D`, what follows.
    pub follows: f32,
    /// Of `C C`, two steps.
    pub two_steps: f32,
}

impl Mix {
    /// Picked by hand on RetailRocket's and bol.com's sessions; what `train` learns there lies near.
    pub const DEFAULT: Self = Self { together: 0.05, follows: 0.25, two_steps: 0.7 };
}

/// What visits teach.
pub(crate) struct Visits {
    together: Vec<Vec<Neighbour>>,
    follows: Vec<Vec<Neighbour>>,
    fresh: Vec<f32>,
    telltale: Telltale,
    pub(crate) recent: RecentVisits,
    /// How many visits there were with two items or more.
    pub(crate) count: u64,
    params: Params,
}

impl Visits {
    /// Counts all visits with two items or more.
    pub(crate) fn of(history: &History, params: &Params) -> Self {
        let count = history.items.len();
        let visits: Vec<&[Look]> = history.visits().filter(|visit| visit.len() > 1).collect();
        let mut groups = Groups::default();
        let mut taken: Vec<&[Look]> = Vec::with_capacity(visits.len());
        for of_person in visits.chunk_by(|a, b| a[0].person == b[0].person) {
            for visit in &of_person[of_person.len().saturating_sub(params.visits_a_person)..] {
                let newest = &visit[visit.len().saturating_sub(params.longest_visit)..];
                groups.push(newest[0].person, newest.iter().map(|look| look.item));
                taken.push(newest);
            }
        }
        let telltale = Telltale::of(history, &groups, &taken);
        // By time; of those that begin together, by person, so that the order is total.
        taken.par_sort_by_key(|visit| (visit[0].at, visit[0].person));
        let n = groups.occurrences(count);
        let power = |exponent: f32| n.iter().map(|n| (*n as f32).max(1.0).powf(exponent)).collect::<Vec<f32>>();
        let other = power(params.other_exponent);
        let rows = |weight: &(dyn Fn(&Pair) -> f32 + Sync)| {
            let may_tell = |item: u32, pair: &Pair| pair.supporters != 1 || !telltale.has(item, pair.item);
            shares(groups.rows(count, params.walked, |item, pair| may_tell(item, pair).then(|| weight(pair))))
        };
        Self {
            together: rows(&|pair| pair.weighed / other[pair.item as usize]),
            follows: rows(&|pair| pair.follows),
            fresh: freshness(&taken, &n, params),
            recent: recent(&taken, &telltale, params, power(-params.rarity_exponent)),
            telltale,
            count: visits.len() as u64,
            params: *params,
        }
    }

    /// The same with rows of so many entries.
    pub(crate) const fn keeping(mut self, kept: usize) -> Self {
        self.params.kept = kept;
        self
    }

    /// One row an item: the estimates in the shares of `mix`, the strongest kept, brought to a sum of one.
    pub(crate) fn table(&self, mix: &Mix) -> Vec<Vec<Neighbour>> {
        self.rows(mix, self.params.kept)
    }

    /// The same with four times the entries.
    pub(crate) fn longer_table(&self, mix: &Mix) -> Vec<Vec<Neighbour>> {
        self.rows(mix, 4 * self.params.kept)
    }

    fn rows(&self, mix: &Mix, kept: usize) -> Vec<Vec<Neighbour>> {
        let count = self.together.len();
        let rows = (0..count).into_par_iter().map_init(
            || vec![0.0f32; count],
            |sums, item| {
                let mut touched: Vec<Neighbour> = Vec::new();
                let mut add = |near: &Neighbour, weight: f32| {
                    let sum = &mut sums[near.item as usize];
                    if *sum == 0.0 {
                        touched.push(Neighbour { supporters: 0, ..*near });
                    }
                    *sum += weight;
                };
                for step in &self.together[item] {
                    add(step, mix.together * step.weight);
                    let onward = self.together[step.item as usize].iter().filter(|next| next.item as usize != item);
                    onward.for_each(|next| add(next, mix.two_steps * step.weight * next.weight));
                }
                self.follows[item].iter().for_each(|near| add(near, mix.follows * near.weight));
                for near in &mut touched {
                    near.weight = std::mem::take(&mut sums[near.item as usize]) * self.fresh[near.item as usize];
                }
                // Two steps may lead where one must not.
                if self.telltale.is_about(item as u32) {
                    touched.retain(|near| !self.telltale.has(item as u32, near.item));
                }
                let mut row = best(touched, kept);
                for near in &mut row {
                    near.supporters = self.together[item].iter().find(|known| known.item == near.item).map_or(0, |known| known.supporters);
                }
                row
            },
        );
        shares(rows.collect())
    }

    /// How many entries a table of such rows has at most, and the table of likeness in place of rows that are missing, `alike` an item.
    pub(crate) fn entries(&self, kept: usize, alike: usize) -> usize {
        let is_known = |(together, follows): (&Vec<Neighbour>, &Vec<Neighbour>)| !together.is_empty() || !follows.is_empty();
        self.together.iter().zip(&self.follows).map(|rows| if is_known(rows) { kept } else { alike }).sum()
    }

    /// The estimates, asked pair by pair.
    pub(crate) fn chances(&self) -> Chances<'_> {
        let by_item = |rows: &[Vec<Neighbour>]| -> Vec<Vec<(u32, f32)>> { rows.par_iter().map(|row| sorted(row)).collect() };
        Chances { together: by_item(&self.together), follows: by_item(&self.follows), fresh: &self.fresh }
    }
}

/// Pairs of items that would tell strangers what one customer alone bought: nobody else looked at both in one visit.
#[derive(Default)]
struct Telltale {
    /// In both directions, ascending.
    pairs: Vec<(u32, u32)>,
}

impl Telltale {
    /// `groups` and `taken` are the same visits.
    fn of(history: &History, groups: &Groups, taken: &[&[Look]]) -> Self {
        let mut bought: Vec<(u32, u32)> = history.buys.iter().map(|buy| (buy.person, buy.item)).collect();
        bought.dedup();
        bought.par_sort_unstable();
        bought.dedup();
        let within = |visit: &&[Look]| {
            let person = visit[0].person;
            let from = bought.partition_point(|(buyer, _)| *buyer < person);
            let own = bought[from..].chunk_by(|a, b| a.0 == b.0).next().filter(|own| own.len() > 1 && own[0].0 == person);
            let is_own = |item: u32| own.is_some_and(|own| own.binary_search(&(person, item)).is_ok());
            let mut items: Vec<u32> = visit.iter().map(|look| look.item).filter(|item| is_own(*item)).collect();
            items.sort_unstable();
            items.dedup();
            let pairs = |place: usize| items[place + 1..].iter().map(|other| (items[place], *other)).collect::<Vec<(u32, u32)>>();
            (0..items.len()).flat_map(pairs).collect::<Vec<(u32, u32)>>()
        };
        if bought.is_empty() {
            return Self::default();
        }
        let mut pairs: Vec<(u32, u32)> = taken.par_iter().flat_map_iter(within).collect();
        pairs.par_sort_unstable();
        pairs.dedup();
        let mut pairs = groups.of_one_person(history.items.len(), pairs);
        pairs.extend(pairs.clone().into_iter().map(|(a, b)| (b, a)));
        pairs.par_sort_unstable();
        Self { pairs }
    }

    fn is_about(&self, item: u32) -> bool {
        let from = self.pairs.partition_point(|(own, _)| *own < item);
        self.pairs.get(from).is_some_and(|(own, _)| *own == item)
    }

    fn has(&self, item: u32, other: u32) -> bool {
        self.pairs.binary_search(&(item, other)).is_ok()
    }
}

fn sorted(row: &[Neighbour]) -> Vec<(u32, f32)> {
    let mut row: Vec<(u32, f32)> = row.iter().map(|near| (near.item, near.weight)).collect();
    row.sort_unstable_by_key(|(item, _)| *item);
    row
}

/// What each estimate says of one item after another.
pub(crate) struct Chances<'a> {
    together: Vec<Vec<(u32, f32)>>,
    follows: Vec<Vec<(u32, f32)>>,
    fresh: &'a [f32],
}

impl Chances<'_> {
    /// Of `next` after `item`: together, follows, two steps.
    pub(crate) fn of(&self, item: u32, next: u32) -> [f32; 3] {
        let find = |rows: &[Vec<(u32, f32)>], item: u32| {
            let row = rows.get(item as usize).map(Vec::as_slice).unwrap_or_default();
            row.binary_search_by_key(&next, |(known, _)| *known).map_or(0.0, |place| row[place].1)
        };
        let steps = self.together.get(item as usize).map(Vec::as_slice).unwrap_or_default();
        let two_steps: f32 = steps.iter().map(|(step, weight)| weight * find(&self.together, *step)).sum();
        let fresh = self.fresh.get(next as usize).copied().unwrap_or(1.0);
        [find(&self.together, item), find(&self.follows, item), two_steps].map(|chance| chance * fresh)
    }
}

/// Rows brought to a sum of one.
fn shares(mut rows: Vec<Vec<Neighbour>>) -> Vec<Vec<Neighbour>> {
    for row in &mut rows {
        let sum: f32 = row.iter().map(|near| near.weight).sum();
        row.iter_mut().for_each(|near| near.weight /= sum);
    }
    rows
}

/// How much more the newest visits deal with an item than all do, by item; 1 for the usual.
fn freshness(by_time: &[&[Look]], n: &[u32], params: &Params) -> Vec<f32> {
    let newest = (by_time.len() as f32 * params.fresh_share).ceil() as usize;
    let mut groups = Groups::default();
    for visit in &by_time[by_time.len() - newest.min(by_time.len())..] {
        groups.push(u32::MAX, visit.iter().map(|look| look.item));
    }
    let recent = groups.occurrences(n.len());
    let lift = |(recent, all): (&u32, &u32)| (*recent as f32 + 1.0) / (*all as f32 * params.fresh_share + 1.0);
    recent.iter().zip(n).map(lift).map(|lift| lift.powf(params.freshness)).collect()
}

/// As many visits as two bytes can number, or three an item where that is more: short visits would otherwise make an artifact larger
/// than long ones do.
fn most_visits(items: usize) -> usize {
    (3 * items).max(usize::from(u16::MAX) + 1)
}

/// The visits that are among the newest of some item of theirs, each item once; the newest [`most_visits`] of them. Of a pair that tells
/// too much the visit keeps the first.
fn recent(by_time: &[&[Look]], telltale: &Telltale, params: &Params, rarity: Vec<f32>) -> RecentVisits {
    let mut found = vec![0usize; rarity.len()];
    let mut visits: Vec<Vec<u32>> = Vec::new();
    let most = most_visits(rarity.len());
    for visit in by_time.iter().rev() {
        if visits.len() == most {
            break;
        }
        let mut items: Vec<u32> = Vec::with_capacity(visit.len());
        for look in *visit {
            if items.iter().all(|known| *known != look.item && !telltale.has(*known, look.item)) {
                items.push(look.item);
            }
        }
        if items.len() > 1 && items.iter().any(|item| found[*item as usize] < params.visits_an_item) {
            items.iter().for_each(|item| found[*item as usize] += 1);
            visits.push(items);
        }
    }
    visits.reverse();
    RecentVisits { visits, an_item: params.visits_an_item, rarity }
}

#[cfg(test)]
mod tests;
