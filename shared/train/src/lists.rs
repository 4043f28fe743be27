//! The plain way from a model to a ranked list, by which training measures itself.
//!
//! A visit: by core's `next_look`, the scorer of lookups. A customer: the decayed frequency of the own purchases, the basket neighbours of what was bought, and the trend where both are silent.

use rapport_core::{
    model::{Model, Table},
    ranking::next_look::{Looks, session_of},
};

/// Scores by item, reused from list to list.
pub(crate) struct Scorer<'a> {
    model: &'a Model,
    scores: Vec<f32>,
    touched: Vec<u32>,
    /// All items by trend, for filling up.
    trending: Vec<u32>,
    looks: Looks,
}

impl<'a> Scorer<'a> {
    pub(crate) fn new(model: &'a Model) -> Self {
        let mut trending: Vec<u32> = (0..model.len() as u32).collect();
        trending.sort_by(|a, b| model.trending(*b).total_cmp(&model.trending(*a)).then(a.cmp(b)));
        Self { model, scores: vec![0.0; model.len()], touched: Vec::new(), trending, looks: Looks::default() }
    }

    /// What comes next after `looks` (oldest first), the item being looked at left out: as lookups rank, filled up by trend.
    pub(crate) fn next_look(&mut self, looks: &[u32], limit: usize) -> Vec<u32> {
        let found = self.looks.best(self.model, &session_of(looks), limit);
        let mut list: Vec<u32> = found.iter().map(|found| found.item).collect();
        let current = looks.last().copied();
        let missing = self.trending.iter().copied().filter(|item| Some(*item) != current && !list.contains(item));
        let missing: Vec<u32> = missing.take(limit - list.len()).collect();
        list.extend(missing);
        list
    }

    /// What a customer buys next. `bought`: items with their decayed frequency; they are left out where `only_new`.
    pub(crate) fn next_purchase(&mut self, bought: &[(u32, f32)], only_new: bool, limit: usize) -> Vec<u32> {
        for (item, frequency) in bought {
            self.add_neighbours(Table::Basket, *item, frequency.sqrt());
        }
        // Neighbours order what is new; the own frequency orders what is not, and stands above.
        let most = self.touched.iter().map(|item| self.scores[*item as usize]).fold(f32::MIN_POSITIVE, f32::max);
        for (item, frequency) in bought {
            self.add(*item, if only_new { 0.0 } else { most * 2.0 * frequency });
        }
        let mut own: Vec<u32> = bought.iter().map(|(item, _)| *item).collect();
        own.sort_unstable();
        self.take(limit, |item| !only_new || own.binary_search(&item).is_err())
    }

    /// What everybody gets.
    pub(crate) fn popular(&self, limit: usize, allowed: impl Fn(u32) -> bool) -> Vec<u32> {
        self.trending.iter().copied().filter(|item| allowed(*item)).take(limit).collect()
    }

    fn add_neighbours(&mut self, table: Table, item: u32, weight: f32) {
        let model = self.model;
        for near in model.neighbours(table, item) {
            self.add(near.item, weight * near.weight);
        }
    }

    fn add(&mut self, item: u32, score: f32) {
        let Some(sum) = self.scores.get_mut(item as usize) else { return };
        if *sum == 0.0 {
            self.touched.push(item);
        }
        *sum += score;
    }

    /// The best by score, then index, filled up by trend; clears the scores.
    fn take(&mut self, limit: usize, allowed: impl Fn(u32) -> bool) -> Vec<u32> {
        let mut ranked: Vec<(u32, f32)> = Vec::with_capacity(self.touched.len());
        for item in self.touched.drain(..) {
            let score = std::mem::take(&mut self.scores[item as usize]);
            if score > 0.0 && allowed(item) {
                ranked.push((item, score));
            }
        }
        ranked.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut list: Vec<u32> = ranked.into_iter().map(|(item, _)| item).take(limit).collect();
        if list.len() < limit {
            let more = self.popular(limit + list.len(), &allowed);
            let missing: Vec<u32> = more.into_iter().filter(|item| !list.contains(item)).collect();
            list.extend(missing);
            list.truncate(limit);
        }
        list
    }
}
