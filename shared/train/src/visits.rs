//! What is looked at next: the session table, and the newest visits.
//!
//! Three estimates of the next item, each brought to a sum of one by row, then mixed into one row an item (interpolation: Jelinek
//! and Mercer 1980), so that a lookup pays for one:
//!
//! - `C_ij / n_j^0.2`: the visits with both, each over the root of its length, since a long visit says less about each pair;
//! - `D_ij`: the times j follows i within five steps, each one over the distance (sequential rules: Ludewig and Jannach 2018);
//! - `(C C)_ij`: two steps of a random walk over C (Cooper et al. 2014), which finds what no single visit shows.
//!
//! Then `((recent_j + 1) / (0.05 n_j + 1))^0.15` lifts what the newest twentieth of the visits looks at.

use crate::{
    history::{History, Look},
    pairs::{Groups, best},
};
use rapport_core::model::{Neighbour, RecentVisits};
use rayon::prelude::*;

/// What may be turned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Params {
    pub(crate) together: f32,
    pub(crate) follows: f32,
    pub(crate) two_steps: f32,
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
    together: 0.05,
    follows: 0.25,
    two_steps: 0.7,
    other_exponent: 0.2,
    kept: 40,
    walked: 100,
    freshness: 0.15,
    fresh_share: 0.05,
    longest_visit: 50,
    visits_a_person: 100,
    visits_an_item: 25,
    rarity_exponent: 0.3,
};

/// What visits teach.
pub(crate) struct Visits {
    pub(crate) table: Vec<Vec<Neighbour>>,
    pub(crate) recent: RecentVisits,
    /// How many visits there were with two items or more.
    pub(crate) count: u64,
}

/// Learns from all visits with two items or more.
pub(crate) fn fit(history: &History, params: &Params) -> Visits {
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
    // By time; of those that begin together, by person, so that the order is total.
    taken.sort_by_key(|visit| (visit[0].at, visit[0].person));
    let n = groups.occurrences(count);
    let fresh = freshness(&taken, &n, params);
    let power = |exponent: f32| n.iter().map(|n| (*n as f32).max(1.0).powf(exponent)).collect::<Vec<f32>>();
    let other = power(params.other_exponent);
    let together = shares(groups.rows(count, params.walked, |_, pair| Some(pair.weighed / other[pair.item as usize])));
    let follows = shares(groups.rows(count, params.walked, |_, pair| Some(pair.follows)));
    let table = (0..count).into_par_iter().map_init(
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
            for step in &together[item] {
                add(step, params.together * step.weight);
                let onward = together[step.item as usize].iter().filter(|next| next.item as usize != item);
                onward.for_each(|next| add(next, params.two_steps * step.weight * next.weight));
            }
            follows[item].iter().for_each(|near| add(near, params.follows * near.weight));
            for near in &mut touched {
                near.weight = std::mem::take(&mut sums[near.item as usize]) * fresh[near.item as usize];
            }
            let mut row = best(touched, params.kept);
            for near in &mut row {
                near.supporters = together[item].iter().find(|known| known.item == near.item).map_or(0, |known| known.supporters);
            }
            row
        },
    );
    let recent = recent(&taken, params, power(-params.rarity_exponent));
    Visits { table: shares(table.collect()), recent, count: visits.len() as u64 }
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

/// The visits that are among the newest of some item of theirs, each item once.
fn recent(by_time: &[&[Look]], params: &Params, rarity: Vec<f32>) -> RecentVisits {
    let mut found = vec![0usize; rarity.len()];
    let mut visits: Vec<Vec<u32>> = Vec::new();
    for visit in by_time.iter().rev() {
        let mut items: Vec<u32> = Vec::with_capacity(visit.len());
        for look in *visit {
            if !items.contains(&look.item) {
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
