//! What the shop sells.

mod shelf;

pub use shelf::{Shelf, Telling, Variant};

use crate::{
    id::{IdError, ItemId},
    money::Currency,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

/// The most tags an item may have.
pub const MOST_TAGS: usize = 50;
/// The most bytes an item may take as JSON: a batch of 500 fits in one request.
pub const LARGEST_ITEM_BYTES: usize = 8 * 1024;

/// The attribute under which platforms' messages tell the SKUs of a product's variants: a list of texts.
pub const SKUS: &str = "skus";
/// The most SKUs kept of a product, and the longest in bytes.
const MOST_SKUS: usize = 100;
const LONGEST_SKU_BYTES: usize = 60;

/// Tags of what is made with care, letters and digits alone.
const CAREFUL_TAGS: [&str; 20] = [
    "organic",
    "bio",
    "biologique",
    "sustainable",
    "sustainability",
    "fairtrade",
    "fair",
    "ethical",
    "ecofriendly",
    "eco",
    "recycled",
    "recyclable",
    "upcycled",
    "plasticfree",
    "zerowaste",
    "crueltyfree",
    "carbonneutral",
    "climateneutral",
    "compostable",
    "nachhaltig",
];

/// Why an item of a batch was not taken. Its neighbours are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// Not the shape of an item.
    #[error("{0}")]
    Shape(String),
    /// An id nothing can be called.
    #[error("`id`: {0}")]
    Id(#[from] IdError),
    /// A price below zero.
    #[error("`{0}` is below zero")]
    Price(&'static str),
    /// A price that no currency belongs to.
    #[error("there is a price but no `currency`; give its ISO 4217 code, for example EUR")]
    Currency,
    /// More than [`MOST_TAGS`].
    #[error("there are more than 50 `tags`")]
    Tags,
    /// More than [`LARGEST_ITEM_BYTES`].
    #[error("the item is larger than 8 KB; keep long descriptions in the shop")]
    Large,
}

/// One product, in the shape of `PUT /v1/catalog/items`. Everything but the id may be unknown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The product's id.
    pub id: ItemId,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its category; `/` parts levels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Who makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// Its price now, in minor units of `currency`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_minor: Option<i64>,
    /// Its price without any discount, in minor units of `currency`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_price_minor: Option<i64>,
    /// The currency of the prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Address of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Address of the product page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whether it can be bought now.
    #[serde(default = "yes")]
    pub in_stock: bool,
    /// Labels: `organic`, `staff_pick` …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// When it first went on sale: RFC 3339 or a bare date on the wire.
    #[serde(default, with = "crate::time::written_out", skip_serializing_if = "Option::is_none")]
    pub published: Option<Timestamp>,
    /// Anything else that rules and filters may ask for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, serde_json::Value>,
}

impl Item {
    /// An item of which nothing but the id is known.
    #[must_use]
    pub const fn bare(id: ItemId) -> Self {
        Self {
            id,
            title: None,
            category: None,
            brand: None,
            price_minor: None,
            list_price_minor: None,
            currency: None,
            image: None,
            url: None,
            in_stock: true,
            tags: Vec::new(),
            published: None,
            attributes: BTreeMap::new(),
        }
    }

    /// The same with the SKUs of its variants among the attributes, but such as are its id.
    #[must_use]
    pub fn with_skus(mut self, skus: impl Iterator<Item = String>) -> Self {
        let named: BTreeSet<String> = skus.filter(|sku| sku.len() <= LONGEST_SKU_BYTES && sku != self.id.as_str()).collect();
        if !named.is_empty() {
            self.attributes.insert(SKUS.to_owned(), named.into_iter().take(MOST_SKUS).collect());
        }
        self
    }

    /// Whether it is made with care for people or nature, by its tags: `organic`, `fair-trade`, `Plastic Free`, `bio` …
    #[must_use]
    pub fn is_careful(&self) -> bool {
        let plain = |tag: &String| tag.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect::<String>();
        self.tags.iter().map(plain).any(|tag| CAREFUL_TAGS.contains(&tag.as_str()))
    }

    /// Reads one item of a batch and checks what its types alone do not.
    ///
    /// # Errors
    /// [`ItemError`], in words for whoever sent it.
    pub fn read(json: &str) -> Result<Self, ItemError> {
        if json.len() > LARGEST_ITEM_BYTES {
            return Err(ItemError::Large);
        }
        let mut item: Self = serde_json::from_str(json).map_err(|error| ItemError::Shape(error.to_string()))?;
        item.id = ItemId::new(item.id.as_str())?;
        let prices = [("price_minor", item.price_minor), ("list_price_minor", item.list_price_minor)];
        if let Some((name, _)) = prices.iter().find(|(_, price)| price.is_some_and(|minor| minor < 0)) {
            return Err(ItemError::Price(name));
        }
        if item.currency.is_none() && prices.iter().any(|(_, price)| price.is_some()) {
            return Err(ItemError::Currency);
        }
        if item.tags.len() > MOST_TAGS {
            return Err(ItemError::Tags);
        }
        Ok(item)
    }
}

/// One product as the shop lists it, wherever it lies: in the catalog's table ([`Item`]) or in a model's artifact. What was never told
/// is `None`.
pub trait Listing {
    /// The product's id.
    fn id(&self) -> &str;
    /// What it is called.
    fn title(&self) -> Option<&str>;
    /// Its category; `/` parts levels.
    fn category(&self) -> Option<&str>;
    /// Who makes it.
    fn brand(&self) -> Option<&str>;
    /// Its price now, in minor units.
    fn price_minor(&self) -> Option<i64>;
    /// Its price without any discount, in minor units.
    fn list_price_minor(&self) -> Option<i64>;
    /// The ISO 4217 code of the prices' currency.
    fn currency(&self) -> Option<&str>;
    /// Address of a picture.
    fn image(&self) -> Option<Cow<'_, str>>;
    /// Address of the product page.
    fn url(&self) -> Option<Cow<'_, str>>;
    /// Whether it can be bought now.
    fn in_stock(&self) -> bool;
    /// When it first went on sale.
    fn published(&self) -> Option<Timestamp>;
    /// Labels.
    fn tags(&self) -> &[String];
    /// Anything else that rules and filters may ask for, by its name.
    fn attribute(&self, name: &str) -> Option<&serde_json::Value>;

    /// Whether it is in `category` or in a level below it.
    fn is_in(&self, category: &str) -> bool {
        self.category().is_some_and(|own| lies_in(own, category))
    }
}

/// Whether a category is `category` or a level below it.
#[must_use]
pub fn lies_in(own: &str, category: &str) -> bool {
    own.strip_prefix(category).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Listing for Item {
    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    fn category(&self) -> Option<&str> {
        self.category.as_deref()
    }

    fn brand(&self) -> Option<&str> {
        self.brand.as_deref()
    }

    fn price_minor(&self) -> Option<i64> {
        self.price_minor
    }

    fn list_price_minor(&self) -> Option<i64> {
        self.list_price_minor
    }

    fn currency(&self) -> Option<&str> {
        self.currency.as_ref().map(Currency::code)
    }

    fn image(&self) -> Option<Cow<'_, str>> {
        self.image.as_deref().map(Cow::Borrowed)
    }

    fn url(&self) -> Option<Cow<'_, str>> {
        self.url.as_deref().map(Cow::Borrowed)
    }

    fn in_stock(&self) -> bool {
        self.in_stock
    }

    fn published(&self) -> Option<Timestamp> {
        self.published
    }

    fn tags(&self) -> &[String] {
        &self.tags
    }

    fn attribute(&self, name: &str) -> Option<&serde_json::Value> {
        self.attributes.get(name)
    }
}

const fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_on_the_wire_is_a_date() {
        for (written, expected) in [("2026-01-03", "2026-01-03T00:00:00Z"), ("2026-01-03T10:00:00+01:00", "2026-01-03T09:00:00Z")] {
            let item = Item::read(&format!(r#"{{"id":"tin","published":"{written}"}}"#)).expect("an item");
            let again = serde_json::to_value(&item).expect("JSON");
            assert_eq!(again["published"], expected);
            assert_eq!(serde_json::from_value::<Item>(again).expect("its own JSON"), item);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (json, says) in [
            (r#"{"title":"no id"}"#, "missing field `id`"),
            (r#"{"id":" "}"#, "empty"),
            (r#"{"id":"a","price_minor":-1,"currency":"EUR"}"#, "below zero"),
            (r#"{"id":"a","price_minor":100}"#, "currency"),
            (r#"{"id":"a","price_minor":1.5,"currency":"EUR"}"#, "invalid type"),
            (r#"{"id":"a","published":"soon"}"#, "is not a time"),
        ] {
            let error = Item::read(json).expect_err(json).to_string();
            assert!(error.contains(says), "{json} said {error:?}");
        }
    }

    #[test]
    fn categories_have_levels() {
        let item = Item { category: Some("Baking/Tins".into()), ..Item::bare(ItemId::new("tin").expect("an id")) };
        assert!(item.is_in("Baking") && item.is_in("Baking/Tins"));
        assert!(!item.is_in("Bak") && !item.is_in("Baking/Tins/Round"));
    }
}
