//! What the shop's own platform tells about its products, delivery by delivery, and what that makes of an item.
//!
//! Deliveries come late, twice and in any order. So every telling carries the platform's own time of it, and the newer one holds: a
//! product's description as a whole, its stock variant by variant and place by place. What never comes from a platform (a margin
//! that the shop's backend put there) stays.

use super::Item;
use crate::{id::ItemId, time::Timestamp};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One thing that a verified platform said about what it sells.
#[derive(Clone, Debug, PartialEq)]
pub enum Telling {
    /// A product as it is.
    Product {
        /// What it says of it. `in_stock` is whether it is on sale at all; for a product with variants they decide the rest.
        item: Box<Item>,
        /// What can be bought of it; none where the platform counts whole products.
        variants: Vec<Variant>,
        /// Since when it is so.
        told: Timestamp,
    },
    /// A product that is sold no more.
    Gone {
        /// Which.
        item: ItemId,
        /// Since when.
        told: Timestamp,
    },
    /// How many of a variant there are at one place.
    Level {
        /// The platform's id of the stocked thing.
        variant: CompactString,
        /// The platform's id of the place.
        place: CompactString,
        /// How many; below zero where more was sold than there was.
        available: i64,
        /// Since when.
        told: Timestamp,
    },
}

/// One variant of a product, as its stock is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// The platform's id of the stocked thing, by which [`Telling::Level`] speaks of it.
    pub id: CompactString,
    /// Whether it can be bought however many there are: nobody counts it, or it may be sold ahead.
    pub always: bool,
    /// How many there are in all places together.
    pub available: i64,
}

/// What is remembered of the tellings about one item, beside the item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shelf {
    /// When the newest description was told.
    told: Timestamp,
    /// Whether it is on sale at all.
    on_sale: bool,
    /// Stock by variant.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    variants: BTreeMap<CompactString, Stock>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Stock {
    always: bool,
    /// How many the newest description said there are, and when.
    available: i64,
    told: Timestamp,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    places: BTreeMap<CompactString, (i64, Timestamp)>,
}

impl Shelf {
    /// Takes one telling in, about `item`; `false` when nothing newer was said and nothing changed.
    pub fn hear(&mut self, item: &mut Item, telling: &Telling) -> bool {
        match telling {
            Telling::Product { item: said, variants, told } => self.product(item, said, variants, *told),
            Telling::Gone { told, .. } => {
                let newer = *told > self.told;
                if newer {
                    (self.told, self.on_sale) = (*told, false);
                    item.in_stock = false;
                }
                newer
            }
            Telling::Level { variant, place, available, told } => self.level(item, variant, place, *available, *told),
        }
    }

    fn product(&mut self, item: &mut Item, said: &Item, variants: &[Variant], told: Timestamp) -> bool {
        // A change of stock alone does not always move a platform's clock, so what is told of the same moment is read again.
        if told < self.told {
            return false;
        }
        let known = (self.clone(), item.clone());
        (self.told, self.on_sale) = (told, said.in_stock);
        let mut before = std::mem::take(&mut self.variants);
        for variant in variants {
            let mut stock = before.remove(&variant.id).unwrap_or_default();
            (stock.always, stock.available, stock.told) = (variant.always, variant.available, told);
            self.variants.insert(variant.id.clone(), stock);
        }
        merge(item, said);
        item.in_stock = self.in_stock();
        known != (self.clone(), item.clone())
    }

    /// A level counts for the place it names; the variant then has what its known places have together. A shop with several places
    /// is exact once each was told, or with the description that the platform sends after every sale.
    fn level(&mut self, item: &mut Item, variant: &str, place: &CompactString, available: i64, told: Timestamp) -> bool {
        let Some(stock) = self.variants.get_mut(variant) else { return false };
        if stock.places.get(place).is_some_and(|(_, known)| told <= *known) {
            return false;
        }
        stock.places.insert(place.clone(), (available, told));
        item.in_stock = self.in_stock();
        true
    }

    fn in_stock(&self) -> bool {
        let any = self.variants.is_empty() || self.variants.values().any(|stock| stock.always || stock.available() > 0);
        self.on_sale && any
    }
}

impl Stock {
    /// What the places have together, once one of them was told of after the description.
    fn available(&self) -> i64 {
        if self.places.values().any(|(_, at)| *at > self.told) {
            self.places.values().fold(0, |sum, (available, _)| sum.saturating_add(*available))
        } else {
            self.available
        }
    }
}

/// What `said` says over what was known; what it is silent about stays. A price is said whole, or an old discount would never end.
fn merge(item: &mut Item, said: &Item) {
    let keep = |known: &mut Option<String>, said: &Option<String>| {
        if said.is_some() {
            known.clone_from(said);
        }
    };
    keep(&mut item.title, &said.title);
    keep(&mut item.category, &said.category);
    keep(&mut item.brand, &said.brand);
    keep(&mut item.image, &said.image);
    keep(&mut item.url, &said.url);
    item.published = said.published.or(item.published);
    if said.price_minor.is_some() {
        (item.price_minor, item.list_price_minor, item.currency) = (said.price_minor, said.list_price_minor, said.currency);
    }
    item.tags.clone_from(&said.tags);
    item.attributes.extend(said.attributes.clone());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use proptest::prelude::*;

    fn loaf() -> Item {
        Item::bare(ItemId::new("loaf").expect("an id"))
    }

    fn product(title: &str, available: &[i64], told: i64) -> Telling {
        let variants = available.iter().enumerate();
        let variants = variants.map(|(index, available)| Variant { id: format!("v{index}").into(), always: false, available: *available });
        let item = Item { title: Some(title.to_owned()), price_minor: Some(told), currency: Some(Currency::EUR), ..loaf() };
        Telling::Product { item: Box::new(item), variants: variants.collect(), told: Timestamp(told) }
    }

    fn level(variant: &str, place: &str, available: i64, told: i64) -> Telling {
        Telling::Level { variant: variant.into(), place: place.into(), available, told: Timestamp(told) }
    }

    fn heard(tellings: &[Telling]) -> (Item, Shelf) {
        let (mut item, mut shelf) = (loaf(), Shelf::default());
        for telling in tellings {
            shelf.hear(&mut item, telling);
        }
        (item, shelf)
    }

    #[test]
    fn stock_follows_what_is_told_last() {
        let gone = Telling::Gone { item: loaf().id, told: Timestamp(9) };
        for (tellings, in_stock) in [
            (vec![product("a", &[], 1)], true),
            (vec![product("a", &[0, 3], 1)], true),
            (vec![product("a", &[0, 0], 1)], false),
            (vec![product("a", &[5], 1), level("v0", "shop", 0, 2)], false),
            (vec![product("a", &[0], 1), level("v0", "shop", 4, 2)], true),
            (vec![product("a", &[0], 1), level("v0", "shop", -1, 2), level("v0", "store", 2, 3)], true),
            (vec![product("a", &[5], 3), level("v0", "shop", 0, 2)], true),
            (vec![product("a", &[5], 1), level("v9", "shop", 0, 2)], true),
            (vec![product("a", &[5], 1), gone.clone()], false),
            (vec![gone.clone(), product("late", &[5], 8)], false),
            (vec![gone, product("restored", &[5], 10)], true),
        ] {
            assert_eq!(heard(&tellings).0.in_stock, in_stock, "{tellings:?}");
        }
    }

    #[test]
    fn what_a_platform_does_not_know_stays() {
        let (mut item, mut shelf) = (loaf(), Shelf::default());
        item.attributes.insert("margin".into(), 0.4.into());
        item.category = Some("Bread".into());
        item.list_price_minor = Some(900);
        assert!(shelf.hear(&mut item, &product("Loaf", &[1], 7)));
        assert_eq!((item.title.as_deref(), item.category.as_deref()), (Some("Loaf"), Some("Bread")));
        assert_eq!((item.price_minor, item.list_price_minor), (Some(7), None), "the discount ended");
        assert!(item.attributes.contains_key("margin"));
        assert!(!shelf.hear(&mut item, &product("Loaf", &[1], 7)), "told twice changes nothing");
    }

    proptest! {
        /// Descriptions alone: whatever the order and however often, the newest holds.
        #[test]
        fn the_newest_description_wins_in_any_order(order in Just(vec![1_i64, 2, 3, 4, 4, 2]).prop_shuffle()) {
            let tellings: Vec<Telling> = order.iter().map(|told| product(&told.to_string(), &[*told % 2], *told)).collect();
            let (item, _) = heard(&tellings);
            prop_assert_eq!((item.title.as_deref(), item.price_minor, item.in_stock), (Some("4"), Some(4), false));
        }

        /// Levels in any order after the description they belong to.
        #[test]
        fn the_newest_level_of_each_place_counts(order in Just(vec![0_usize, 1, 2, 3, 3]).prop_shuffle()) {
            let levels = [level("v0", "shop", 5, 2), level("v0", "shop", 0, 4), level("v0", "store", 3, 3), level("v0", "store", 0, 5)];
            let mut tellings = vec![product("a", &[9], 1)];
            tellings.extend(order.iter().map(|index| levels[*index].clone()));
            prop_assert!(!heard(&tellings).0.in_stock);
        }
    }
}
