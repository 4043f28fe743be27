//! Which product a stock-keeping unit belongs to. Webhooks name products by id, and a line of an order names the SKU beside it; a file
//! often knows the SKU alone. Both are one item, and only whoever reads everything can tell.
//!
//! What is told follows from the set of events and the catalog, in whichever order they were read: the catalog's word goes before an
//! event's, a newer event's before an older one's, and of two products that say the same of one SKU the smaller id has it. A claim of a
//! browser's ties nothing. An id that is itself a product's is never taken for a SKU, though a file may have meant one: where products
//! are numbered as SKUs are, the two cannot be told apart.

use compact_str::CompactString;
use rapport_core::{
    catalog::{Item, SKUS},
    event::{Event, Product},
    id::ItemId,
    profile::Position,
};
use std::collections::{BTreeMap, BTreeSet};

/// How good a word is: whether it is the catalog's, and when it was said.
type Word = (bool, Position);

/// SKUs and the products they belong to.
#[derive(Debug, Default)]
pub(crate) struct Skus {
    products: BTreeMap<CompactString, (Word, ItemId)>,
    /// Products that have SKUs of their own, and so are none.
    named: BTreeSet<ItemId>,
}

impl Skus {
    /// Hears what a trusted sender's event says of `product`.
    pub(crate) fn hear(&mut self, event: &Event, product: &Product, at: Position) {
        if let (Some(sku), true) = (&product.sku, event.authority.is_trusted()) {
            self.tie(sku, &product.item, (false, at));
        }
    }

    /// Hears what the shop's own catalog says.
    pub(crate) fn hear_catalog(&mut self, catalog: &[Item]) {
        for item in catalog {
            let skus = item.attributes.get(SKUS).and_then(|skus| skus.as_array());
            for sku in skus.into_iter().flatten().filter_map(|sku| sku.as_str()) {
                self.tie(&CompactString::from(sku), &item.id, (true, Position::LOWEST));
            }
        }
    }

    fn tie(&mut self, sku: &CompactString, product: &ItemId, word: Word) {
        self.named.insert(product.clone());
        match self.products.get_mut(sku) {
            Some((known, item)) => {
                if *known < word || (*known == word && product < item) {
                    (*known, *item) = (word, product.clone());
                }
            }
            None => drop(self.products.insert(sku.clone(), (word, product.clone()))),
        }
    }

    /// Every name that is a SKU and no product's id, with the product that has it, by name. People type codes of files in either case,
    /// and so imports write them in capitals.
    pub(crate) fn names(&self) -> Vec<(ItemId, ItemId)> {
        let spelt = |sku: &CompactString| [sku.as_str(), &sku.to_ascii_uppercase()].map(|name| ItemId::new(name).ok());
        let names = self.products.iter().flat_map(|(sku, (_, product))| spelt(sku).map(|name| Some((name?, product.clone()))));
        let names: BTreeMap<ItemId, ItemId> = names.flatten().filter(|(name, _)| !self.named.contains(name)).collect();
        names.into_iter().collect()
    }
}
