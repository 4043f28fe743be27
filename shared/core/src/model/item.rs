//! The catalog as the model was trained with it, column by column.

use super::{
    ModelError,
    tensor::{Tensor, Tensors, Texts, check},
};
use crate::{catalog::Item, id::ItemId, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Stands for "unknown" in a column of dictionary indices.
pub(super) const NO_WORD: u32 = u32::MAX;
/// Stands for "unknown" in a column of prices or times.
pub(super) const NO_NUMBER: i64 = i64::MIN;

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
    of_item: Tensor<u32>,
    words: Texts,
}

impl Words {
    fn parse(tensors: &Tensors, name: &str, count: usize) -> Result<Self, ModelError> {
        let words = Texts::parse(tensors, &format!("{name}_words"), None)?;
        check(name, words.is_sorted(), "has words that are not sorted")?;
        let of_item = tensors.numbers::<u32>(name, Some(count))?;
        check(name, of_item.iter().all(|word| *word == NO_WORD || (*word as usize) < words.len()), "names a word that does not exist")?;
        Ok(Self { of_item, words })
    }

    fn get(&self, item: u32) -> Option<&str> {
        self.of_item.at(item).filter(|word| *word != NO_WORD).map(|word| self.words.get(word))
    }
}

/// All items' attributes.
#[derive(Clone, Debug)]
pub(super) struct Items {
    ids: Texts,
    titles: Texts,
    images: Texts,
    urls: Texts,
    rest: Texts,
    category: Words,
    brand: Words,
    currency: Words,
    price_minor: Tensor<i64>,
    list_price_minor: Tensor<i64>,
    published: Tensor<i64>,
    in_stock: Tensor<u8>,
}

impl Items {
    pub(super) fn parse(tensors: &Tensors) -> Result<Self, ModelError> {
        let ids = Texts::parse(tensors, "id", None)?;
        check("id_text", ids.is_sorted(), "has ids that are not sorted")?;
        let count = ids.len();
        Ok(Self {
            titles: Texts::parse(tensors, "title", Some(count))?,
            images: Texts::parse(tensors, "image", Some(count))?,
            urls: Texts::parse(tensors, "url", Some(count))?,
            rest: Texts::parse(tensors, "rest", Some(count))?,
            category: Words::parse(tensors, "category", count)?,
            brand: Words::parse(tensors, "brand", count)?,
            currency: Words::parse(tensors, "currency", count)?,
            price_minor: tensors.numbers("price_minor", Some(count))?,
            list_price_minor: tensors.numbers("list_price_minor", Some(count))?,
            published: tensors.numbers("published", Some(count))?,
            in_stock: tensors.numbers("in_stock", Some(count))?,
            ids,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn find(&self, id: &str) -> Option<u32> {
        self.ids.find(id)
    }

    pub(super) fn is_named(&self, index: u32, id: &str) -> bool {
        self.ids.is(index, id)
    }

    pub(super) fn view(&self, index: u32) -> Option<ItemView<'_>> {
        ((index as usize) < self.len()).then_some(ItemView { items: self, index })
    }
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
        number(&self.items.price_minor, self.index)
    }

    /// Its price without any discount, in minor units.
    #[must_use]
    pub fn list_price_minor(&self) -> Option<i64> {
        number(&self.items.list_price_minor, self.index)
    }

    /// The ISO 4217 code of the prices' currency.
    #[must_use]
    pub fn currency(&self) -> Option<&'a str> {
        self.items.currency.get(self.index)
    }

    /// Address of a picture.
    #[must_use]
    pub fn image(&self) -> Option<&'a str> {
        told(self.items.images.get(self.index))
    }

    /// Address of the product page.
    #[must_use]
    pub fn url(&self) -> Option<&'a str> {
        told(self.items.urls.get(self.index))
    }

    /// Whether it could be bought when the model was trained.
    #[must_use]
    pub fn in_stock(&self) -> bool {
        self.items.in_stock.at(self.index).is_none_or(|flag| flag != 0)
    }

    /// When it first went on sale.
    #[must_use]
    pub fn published(&self) -> Option<Timestamp> {
        number(&self.items.published, self.index).map(Timestamp)
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
            image: self.image().map(str::to_owned),
            url: self.url().map(str::to_owned),
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
    /// The median days between such purchases; 0 where nobody did.
    pub median_days: f32,
}

fn told(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn number(column: &Tensor<i64>, index: u32) -> Option<i64> {
    column.at(index).filter(|number| *number != NO_NUMBER)
}
