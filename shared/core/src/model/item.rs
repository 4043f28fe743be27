//! The catalog as the model was trained with it, column by column.

use super::{
    ModelError,
    tensor::{Indices, Tensor, Tensors, Texts, Whole, check},
};
use crate::{catalog::Item, id::ItemId, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap};

/// What has no column: few items have any, and only rules and filters ask for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Extras {
    /// Labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Anything else that rules and filters may ask for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, serde_json::Value>,
}

/// A column of few distinct texts.
#[derive(Clone, Debug)]
struct Words {
    of_item: Indices,
    words: Texts,
}

impl Words {
    fn parse(tensors: &Tensors, name: &str, count: usize) -> Result<Self, ModelError> {
        if !tensors.has(name) {
            return Ok(Self { of_item: Indices::Narrow(Tensor::none()), words: Texts::parse_column(tensors, "", 0)? });
        }
        let words = Texts::parse(tensors, &format!("{name}_words"), None)?;
        check(name, words.is_sorted(), "has words that are not sorted")?;
        Ok(Self { of_item: Indices::parse_words(tensors, name, count, words.len())?, words })
    }

    fn get(&self, item: u32) -> Option<&str> {
        self.of_item.word(item).map(|word| self.words.get(word))
    }
}

/// A column of addresses: what they all begin with, and what comes after it.
#[derive(Clone, Debug)]
struct Addresses {
    start: String,
    rest: Texts,
}

impl Addresses {
    fn parse(tensors: &Tensors, name: &str, count: usize) -> Result<Self, ModelError> {
        let start = Texts::parse_column(tensors, &format!("{name}_start"), 1)?;
        Ok(Self { start: start.get(0).to_owned(), rest: Texts::parse_column(tensors, name, count)? })
    }

    fn get(&self, item: u32) -> Option<Cow<'_, str>> {
        let rest = told(self.rest.get(item))?;
        Some(if self.start.is_empty() { Cow::Borrowed(rest) } else { Cow::Owned([&self.start, rest].concat()) })
    }
}

/// All items' attributes.
#[derive(Clone, Debug)]
pub(super) struct Items {
    ids: Texts,
    skus: Texts,
    of_sku: Tensor<u32>,
    titles: Texts,
    images: Addresses,
    urls: Addresses,
    rest: Texts,
    category: Words,
    brand: Words,
    currency: Words,
    price_minor: Whole,
    list_price_minor: Whole,
    published: Whole,
    in_stock: Tensor<u8>,
}

impl Items {
    pub(super) fn parse(tensors: &Tensors) -> Result<Self, ModelError> {
        let ids = Texts::parse(tensors, "id", None)?;
        check("id_text", ids.is_sorted(), "has ids that are not sorted")?;
        let count = ids.len();
        let (skus, of_sku) = skus(tensors, count)?;
        Ok(Self {
            skus,
            of_sku,
            titles: Texts::parse_column(tensors, "title", count)?,
            images: Addresses::parse(tensors, "image", count)?,
            urls: Addresses::parse(tensors, "url", count)?,
            rest: Texts::parse_column(tensors, "rest", count)?,
            category: Words::parse(tensors, "category", count)?,
            brand: Words::parse(tensors, "brand", count)?,
            currency: Words::parse(tensors, "currency", count)?,
            price_minor: Whole::parse(tensors, "price_minor", count)?,
            list_price_minor: Whole::parse(tensors, "list_price_minor", count)?,
            published: Whole::parse(tensors, "published", count)?,
            in_stock: tensors.numbers("in_stock", Some(count))?,
            ids,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn find(&self, id: &str) -> Option<u32> {
        self.ids.find(id).or_else(|| self.with_sku(id))
    }

    pub(super) fn with_sku(&self, sku: &str) -> Option<u32> {
        self.of_sku.at(self.skus.find(sku)?)
    }

    pub(super) fn is_named(&self, index: u32, id: &str) -> bool {
        self.ids.is(index, id)
    }

    pub(super) fn view(&self, index: u32) -> Option<ItemView<'_>> {
        ((index as usize) < self.len()).then_some(ItemView { items: self, index })
    }
}

/// SKUs and the items that have them; older artifacts, and those of shops that name nothing twice, have none.
fn skus(tensors: &Tensors, count: usize) -> Result<(Texts, Tensor<u32>), ModelError> {
    if !tensors.has("sku_at") {
        return Ok((Texts::parse_column(tensors, "", 0)?, Tensor::none()));
    }
    let skus = Texts::parse(tensors, "sku", None)?;
    check("sku_text", skus.is_sorted(), "has SKUs that are not sorted")?;
    let of_sku = tensors.numbers::<u32>("sku_items", Some(skus.len()))?;
    check("sku_items", of_sku.iter().all(|item| (*item as usize) < count), "names an item that does not exist")?;
    Ok((skus, of_sku))
}

/// One item's attributes, read in place. What was never told is `None`.
#[derive(Clone, Copy, Debug)]
pub struct ItemView<'a> {
    items: &'a Items,
    index: u32,
}

impl<'a> ItemView<'a> {
    /// Its index in the model.
    #[must_use]
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// The product's id.
    #[must_use]
    pub fn id(&self) -> &'a str {
        self.items.ids.get(self.index)
    }

    /// What it is called.
    #[must_use]
    pub fn title(&self) -> Option<&'a str> {
        told(self.items.titles.get(self.index))
    }

    /// Its category; `/` parts levels.
    #[must_use]
    pub fn category(&self) -> Option<&'a str> {
        self.items.category.get(self.index)
    }

    /// Who makes it.
    #[must_use]
    pub fn brand(&self) -> Option<&'a str> {
        self.items.brand.get(self.index)
    }

    /// Its price, in minor units.
    #[must_use]
    pub fn price_minor(&self) -> Option<i64> {
        self.items.price_minor.at(self.index)
    }

    /// Its price without any discount, in minor units.
    #[must_use]
    pub fn list_price_minor(&self) -> Option<i64> {
        self.items.list_price_minor.at(self.index)
    }

    /// The ISO 4217 code of the prices' currency.
    #[must_use]
    pub fn currency(&self) -> Option<&'a str> {
        self.items.currency.get(self.index)
    }

    /// Address of a picture.
    #[must_use]
    pub fn image(&self) -> Option<Cow<'a, str>> {
        self.items.images.get(self.index)
    }

    /// Address of the product page.
    #[must_use]
    pub fn url(&self) -> Option<Cow<'a, str>> {
        self.items.urls.get(self.index)
    }

    /// Whether it could be bought when the model was trained.
    #[must_use]
    pub fn in_stock(&self) -> bool {
        self.items.in_stock.at(self.index).is_none_or(|flag| flag != 0)
    }

    /// When it first went on sale.
    #[must_use]
    pub fn published(&self) -> Option<Timestamp> {
        self.items.published.at(self.index).map(Timestamp)
    }

    /// What has no column. Read from JSON on every call.
    #[must_use]
    pub fn extras(&self) -> Extras {
        told(self.items.rest.get(self.index)).and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
    }

    /// The whole item, copied out. `None` only if the artifact's writer let in an id that is none.
    #[must_use]
    pub fn to_item(&self) -> Option<Item> {
        let Extras { tags, attributes } = self.extras();
        Some(Item {
            id: ItemId::new(self.id()).ok()?,
            title: self.title().map(str::to_owned),
            category: self.category().map(str::to_owned),
            brand: self.brand().map(str::to_owned),
            price_minor: self.price_minor(),
            list_price_minor: self.list_price_minor(),
            currency: self.currency().and_then(|code| code.parse().ok()),
            image: self.image().map(Cow::into_owned),
            url: self.url().map(Cow::into_owned),
            in_stock: self.in_stock(),
            tags,
            published: self.published(),
            attributes,
        })
    }
}

/// Whether and how fast an item is bought again.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Repeat {
    /// Of the customers who bought it, the share that did again on a later day; 0 to 1, shrunk towards the shop's own.
    pub share: f32,
    /// The median days between such purchases, shrunk towards those of its category and of the shop; 0 where nobody bought anything again.
    pub median_days: f32,
}

fn told(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
