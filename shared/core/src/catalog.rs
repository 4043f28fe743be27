//! What the shop sells.

use crate::{id::ItemId, money::Currency, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// When it first went on sale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
}

const fn yes() -> bool {
    true
}
