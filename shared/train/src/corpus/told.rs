//! What events told about an item, each field by its best teller.

use compact_str::CompactString;
use rapport_core::{catalog::Item, event::Product, id::ItemId, money::Currency, profile::Position};

/// How far a telling is believed: trusted senders first, then the newer.
pub(super) type Rank = (bool, Position);

/// What events told about an item, each field by its best teller.
#[derive(Debug)]
pub(super) struct Told {
    id: ItemId,
    title: Option<(Rank, CompactString)>,
    category: Option<(Rank, CompactString)>,
    brand: Option<(Rank, CompactString)>,
    price: Option<(Rank, (i64, Option<Currency>))>,
}

impl Told {
    pub(super) const fn of(id: ItemId) -> Self {
        Self { id, title: None, category: None, brand: None, price: None }
    }

    pub(super) fn hear(&mut self, product: &Product, rank: Rank) {
        keep_best(&mut self.title, rank, product.title.as_ref());
        keep_best(&mut self.category, rank, product.category.as_ref());
        keep_best(&mut self.brand, rank, product.brand.as_ref());
        keep_best(&mut self.price, rank, product.price_minor.map(|price| (price, product.currency)).as_ref());
    }

    /// Adds what was told of the same item under another name.
    pub(super) fn join(&mut self, other: Self) {
        let Self { title, category, brand, price, .. } = other;
        join_best(&mut self.title, title);
        join_best(&mut self.category, category);
        join_best(&mut self.brand, brand);
        join_best(&mut self.price, price);
    }

    /// The id that it was told under.
    pub(super) const fn id(&self) -> &ItemId {
        &self.id
    }

    pub(super) fn into_item(self) -> Item {
        let text = |told: Option<(Rank, CompactString)>| told.map(|(_, text)| text.into_string());
        let (price_minor, currency) = self.price.map_or((None, None), |(_, (price, currency))| (Some(price), currency));
        Item {
            title: text(self.title),
            category: text(self.category),
            brand: text(self.brand),
            price_minor,
            currency,
            ..Item::bare(self.id)
        }
    }
}

fn join_best<T>(known: &mut Option<(Rank, T)>, other: Option<(Rank, T)>) {
    if let Some((rank, told)) = other
        && known.as_ref().is_none_or(|(best, _)| *best < rank)
    {
        *known = Some((rank, told));
    }
}

fn keep_best<T: Clone>(known: &mut Option<(Rank, T)>, rank: Rank, told: Option<&T>) {
    if let Some(told) = told
        && known.as_ref().is_none_or(|(best, _)| *best < rank)
    {
        *known = Some((rank, told.clone()));
    }
}
