//! Lists as a visitor would see them, by the scorers of lookups; what is missing is filled up by trend.

use rapport_core::{
    model::Model,
    ranking::next_look::{Looks, session_of},
};

/// Makes lists from one model.
pub(crate) struct Lists<'a> {
    model: &'a Model,
    looks: Looks,
}

impl<'a> Lists<'a> {
    pub(crate) fn new(model: &'a Model) -> Self {
        Self { model, looks: Looks::default() }
    }

    /// What comes next after `looks` (oldest first), the item being looked at left out.
    pub(crate) fn next_look(&mut self, looks: &[u32], limit: usize) -> Vec<u32> {
        let found = self.looks.best(self.model, &session_of(looks), limit);
        let mut list: Vec<u32> = found.iter().map(|found| found.item).collect();
        let current = looks.last().copied();
        let missing = popular(self.model, |item| Some(item) != current && !list.contains(&item)).take(limit - list.len());
        let missing: Vec<u32> = missing.collect();
        list.extend(missing);
        list
    }
}

/// The trending items that are `allowed`, then the others by number.
pub(crate) fn popular(model: &Model, allowed: impl Fn(u32) -> bool) -> impl Iterator<Item = u32> {
    let trending = model.popular().iter().copied();
    let others = (0..model.len() as u32).filter(|item| !model.popular().contains(item));
    trending.chain(others).filter(move |item| allowed(*item))
}
