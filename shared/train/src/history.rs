//! What holds of everything that was told: the looks and purchases that models learn from.

use rapport_core::{
    catalog::Item,
    id::ItemId,
    money::Currency,
    time::{DAY_MS, Timestamp},
};
use std::collections::{BTreeMap, BTreeSet};

/// Two looks further apart belong to two visits, in milliseconds: half an hour, as web analytics has it.
const VISIT_GAP_MS: i64 = 30 * 60_000;

/// Somebody paid attention to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Who.
    pub person: u32,
    /// When.
    pub at: Timestamp,
    /// What.
    pub item: u32,
}

/// Somebody bought an item and kept at least one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buy {
    /// Who.
    pub person: u32,
    /// When.
    pub at: Timestamp,
    /// In which order.
    pub order: u32,
    /// What.
    pub item: u32,
    /// Pieces bought less pieces returned, at least 1.
    pub quantity: u32,
}

/// An item that chance put on somebody's list, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// Where it stood, from 0.
    pub position: u16,
    /// The probability of that item at that position, above 0 and below 1.
    pub propensity: f32,
    /// Whether it was clicked.
    pub clicked: bool,
}

/// What somebody paid on a day, in one currency, less what was paid back of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Who.
    pub person: u32,
    /// Days since 1970-01-01 UTC.
    pub day: i64,
    /// How much, in minor units.
    pub minor: i64,
    /// Of which currency.
    pub currency: Currency,
}

/// People's looks and purchases, by person, then time.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// By item number: what events told about it.
    pub items: Vec<Item>,
    /// By person number: whether it is somebody, or only an order of which nobody knows whose it is.
    pub known: Vec<bool>,
    /// By person, then time.
    pub looks: Vec<Look>,
    /// By person, then time.
    pub buys: Vec<Buy>,
    /// Who put something into the cart, and when; by person, then time.
    pub carts: Vec<(u32, Timestamp)>,
    /// What people paid, by person, then day.
    pub spent: Vec<Spent>,
    /// What was shown by chance, by place.
    pub draws: Vec<Draw>,
    /// SKUs that are no items, with the product that has each, by SKU.
    pub skus: Vec<(ItemId, ItemId)>,
    /// How many people were left out because they move as only machines do.
    pub robots: u64,
    /// How many distinct events there were.
    pub events: u64,
}

impl History {
    /// The looks and purchases before `cut`. Items keep their numbers.
    #[must_use]
    pub fn before(&self, cut: Timestamp) -> Self {
        Self {
            looks: self.looks.iter().filter(|look| look.at < cut).copied().collect(),
            buys: self.buys.iter().filter(|buy| buy.at < cut).copied().collect(),
            carts: self.carts.iter().filter(|(_, at)| *at < cut).copied().collect(),
            items: self.items.clone(),
            known: self.known.clone(),
            spent: self.spent.iter().filter(|spent| spent.day < day_of(cut)).copied().collect(),
            draws: Vec::new(),
            skus: self.skus.clone(),
            robots: self.robots,
            events: self.events,
        }
    }

    /// The same with everything in stock that was ever dealt with, and nothing else: what may be sold today says nothing about what could
    /// be bought then, and what nobody had dealt with may not have been there.
    #[must_use]
    pub(crate) fn all_in_stock(mut self) -> Self {
        self.items.iter_mut().for_each(|item| item.in_stock = false);
        for item in self.looks.iter().map(|look| look.item).chain(self.buys.iter().map(|buy| buy.item)) {
            if let Some(item) = self.items.get_mut(item as usize) {
                item.in_stock = true;
            }
        }
        self
    }

    /// Each visit's looks, oldest first.
    pub fn visits(&self) -> impl Iterator<Item = &[Look]> {
        self.looks.chunk_by(|a, b| a.person == b.person && b.at.since_ms(a.at) <= VISIT_GAP_MS)
    }

    /// Each person's purchases, oldest first.
    pub fn shoppers(&self) -> impl Iterator<Item = &[Buy]> {
        self.buys.chunk_by(|a, b| a.person == b.person)
    }

    /// Each order's purchases.
    pub fn orders(&self) -> impl Iterator<Item = &[Buy]> {
        self.buys.chunk_by(|a, b| a.person == b.person && a.order == b.order)
    }

    /// Whether `person` is somebody: only they can stand behind a pair.
    #[must_use]
    pub fn is_known(&self, person: u32) -> bool {
        self.known.get(person as usize).copied().unwrap_or(false)
    }

    /// How many distinct people looked or bought.
    #[must_use]
    pub fn people(&self) -> u64 {
        let mut active = vec![false; self.known.len()];
        for person in self.looks.iter().map(|look| look.person).chain(self.buys.iter().map(|buy| buy.person)) {
            if let Some(active) = active.get_mut(person as usize) {
                *active = self.is_known(person);
            }
        }
        active.into_iter().filter(|active| *active).count() as u64
    }

    /// When the newest look or purchase happened.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.looks.iter().map(|look| look.at).chain(self.buys.iter().map(|buy| buy.at)).max()
    }

    /// When the oldest did.
    #[must_use]
    pub fn oldest(&self) -> Option<Timestamp> {
        self.looks.iter().map(|look| look.at).chain(self.buys.iter().map(|buy| buy.at)).min()
    }

    /// Puts the shop's own catalog over what events told: its items win whole, and those never dealt with join at the end. What it says
    /// of a product by its SKUs alone, as files do, goes to the product, which is in stock where any of them is.
    #[must_use]
    pub fn with_catalog(mut self, catalog: Vec<Item>) -> Self {
        let (by_sku, own): (Vec<Item>, Vec<Item>) = catalog.into_iter().partition(|item| self.product_of(&item.id).is_some());
        let listed: BTreeSet<ItemId> = own.iter().map(|item| item.id.clone()).collect();
        let mut of_product: BTreeMap<ItemId, Item> = BTreeMap::new();
        for item in by_sku {
            let Some(product) = self.product_of(&item.id).filter(|product| !listed.contains(*product)).cloned() else { continue };
            let in_stock = item.in_stock;
            of_product.entry(product.clone()).or_insert(Item { id: product, ..item }).in_stock |= in_stock;
        }
        let mut place: Vec<(ItemId, usize)> = self.items.iter().enumerate().map(|(place, item)| (item.id.clone(), place)).collect();
        place.sort_unstable();
        for item in own.into_iter().chain(of_product.into_values()) {
            match place.binary_search_by(|(id, _)| id.cmp(&item.id)) {
                Ok(found) => self.items[place[found].1] = item,
                Err(free) => {
                    place.insert(free, (item.id.clone(), self.items.len()));
                    self.items.push(item);
                }
            }
        }
        self
    }

    fn product_of(&self, sku: &ItemId) -> Option<&ItemId> {
        let found = self.skus.binary_search_by(|(name, _)| name.cmp(sku)).ok()?;
        self.skus.get(found).map(|(_, product)| product)
    }

    /// Leaves out the items that are but another name of a product: nothing is told under them any more.
    pub(crate) fn without_names(mut self, skus: Vec<(ItemId, ItemId)>) -> Self {
        self.skus = skus;
        let stays: Vec<bool> = self.items.iter().map(|item| self.product_of(&item.id).is_none()).collect();
        if stays.iter().all(|stays| *stays) {
            return self;
        }
        let number: Vec<u32> = stays
            .iter()
            .scan(0, |next, stays| {
                let number = *next;
                *next += u32::from(*stays);
                Some(number)
            })
            .collect();
        self.looks.iter_mut().for_each(|look| look.item = number[look.item as usize]);
        self.buys.iter_mut().for_each(|buy| buy.item = number[buy.item as usize]);
        let mut stays = stays.into_iter();
        self.items.retain(|_| stays.next().unwrap_or(true));
        self
    }
}

/// The UTC day of an instant, counted from 1970.
pub(crate) const fn day_of(at: Timestamp) -> i64 {
    at.0.div_euclid(DAY_MS)
}
