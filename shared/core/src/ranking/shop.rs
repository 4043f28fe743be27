//! Everything about the shop that a lookup needs, in one place and in one numbering.

use crate::{catalog::Item, id::ItemId, model::Model, rules::Rules};
use foldhash::fast::FixedState;
use std::{cmp::Ordering, collections::HashMap};

/// The model, the catalog as it is now, and the rules. Built off the request's path whenever one of the three changes.
///
/// Items of the model come first, in the model's order, so that its indices are ours; what came to the catalog since stands behind.
#[derive(Debug)]
pub struct Shop {
    model: Option<Model>,
    items: Vec<Item>,
    index: HashMap<ItemId, u32, FixedState>,
    /// By item. Beside the items, because every candidate is asked for it and an item is several cache lines away.
    in_stock: Vec<bool>,
    /// Everything in stock, best sold first.
    favourites: Vec<u32>,
    /// The same by category, every level of it.
    by_category: HashMap<String, Vec<u32>, FixedState>,
    /// The place among all favourites, as a score below anything that a signal speaks for.
    favour: Vec<f32>,
    rules: Rules,
}

impl Shop {
    /// Lays `changes` (newest last) over the model's catalog.
    #[must_use]
    pub fn new(model: Option<Model>, changes: impl IntoIterator<Item = Item>, rules: Rules) -> Self {
        let known = model.as_ref().map_or(0, Model::len) as u32;
        let mut items = Vec::with_capacity(known as usize);
        // An id that no longer reads as one leaves a gap that is never in stock: indices must stay the model's.
        items.extend((0..known).filter_map(|index| model.as_ref()?.item(index)?.to_item()));
        let model = model.filter(|_| items.len() == known as usize);
        let mut index: HashMap<ItemId, u32, FixedState> = items.iter().zip(0..).map(|(item, place)| (item.id.clone(), place)).collect();
        for item in changes {
            let next = items.len() as u32;
            match *index.entry(item.id.clone()).or_insert(next) {
                place if place == next => items.push(item),
                place => items[place as usize] = item,
            }
        }
        let in_stock = items.iter().map(|item| item.in_stock).collect();
        let (favourites, by_category, favour) = (Vec::new(), HashMap::default(), Vec::new());
        let mut shop = Self { model, items, index, in_stock, favourites, by_category, favour, rules };
        shop.sort_favourites();
        shop
    }

    fn sort_favourites(&mut self) {
        let mut order: Vec<u32> = (0..self.items.len() as u32).collect();
        order.sort_by(|a, b| self.compare_favour(*a, *b));
        self.favour = vec![0.0; order.len()];
        let count = order.len() as f32;
        for (place, item) in order.iter().enumerate() {
            self.favour[*item as usize] = 0.05 * (1.0 - place as f32 / count);
        }
        order.retain(|item| self.items[*item as usize].in_stock);
        for item in &order {
            let Some(category) = &self.items[*item as usize].category else { continue };
            for (at, _) in category.match_indices('/').chain([(category.len(), "")]) {
                self.by_category.entry(category[..at].to_owned()).or_default().push(*item);
            }
        }
        self.favourites = order;
    }

    /// Trending, then popular, then new, then by id: a total order, also for a shop that has sold nothing yet.
    fn compare_favour(&self, a: u32, b: u32) -> Ordering {
        let told = |item: u32| self.model.as_ref().map_or((0.0, 0.0), |model| (model.trending(item), model.popularity(item)));
        let ((trending_a, popular_a), (trending_b, popular_b)) = (told(a), told(b));
        let (one, other) = (&self.items[a as usize], &self.items[b as usize]);
        trending_b
            .total_cmp(&trending_a)
            .then(popular_b.total_cmp(&popular_a))
            .then(other.published.cmp(&one.published))
            .then_with(|| one.id.cmp(&other.id))
    }

    /// What training learned; `None` before the first training.
    #[must_use]
    pub const fn model(&self) -> Option<&Model> {
        self.model.as_ref()
    }

    /// The merchandising rules.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The catalog as it is now.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The item at a place; `None` beyond the last.
    #[must_use]
    pub fn item(&self, index: u32) -> Option<&Item> {
        self.items.get(index as usize)
    }

    /// Whether the item at a place can be bought; what is unknown cannot.
    #[must_use]
    pub fn is_in_stock(&self, index: u32) -> bool {
        self.in_stock.get(index as usize).copied().unwrap_or(false)
    }

    /// The place of an item.
    #[must_use]
    pub fn index_of(&self, id: &ItemId) -> Option<u32> {
        self.index.get(id).copied()
    }

    /// Everything in stock, best sold first.
    #[must_use]
    pub fn favourites(&self) -> &[u32] {
        &self.favourites
    }

    /// Everything in stock in a category and below, best sold first; nothing for an unknown one.
    #[must_use]
    pub fn favourites_in(&self, category: &str) -> &[u32] {
        self.by_category.get(category).map(Vec::as_slice).unwrap_or_default()
    }

    /// How well the item sells, 0 to 0.05: what it scores when nothing else speaks for it.
    pub(super) fn favour(&self, index: u32) -> f32 {
        self.favour.get(index as usize).copied().unwrap_or(0.0)
    }
}
