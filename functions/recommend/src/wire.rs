//! Requests and responses as they travel. Field names and shapes are a promise: `/v1` only ever adds.

use rapport_core::{
    catalog::Listing,
    filter::Filter,
    id::ItemId,
    ranking::{Answer, Ask, Listed, MOST_ITEMS, Pick, Shop, Slot, Strategy, Why},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The most ids that a list of a request may hold.
pub const MOST_IDS: usize = 500;

/// What a storefront asks, as JSON or as a query string (lists then parted by commas).
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Lookup {
    /// `home`, `product`, `cart`, `search`, `category`, `email`, or the shop's own name.
    pub placement: Option<String>,
    /// Who, by the shop's own id. Believed with a secret key, or when a customer token says the same.
    pub customer: Option<String>,
    /// Which device.
    pub anonymous_id: Option<String>,
    /// The product looked at.
    pub item: Option<String>,
    /// What is in the cart.
    pub cart: Vec<String>,
    /// Recent items, newest last. A request that brings its session is answered without reading a profile.
    pub session: Vec<String>,
    /// 1 to 100, 10 when absent.
    pub limit: Option<usize>,
    /// Narrows to a category while that has items.
    pub category: Option<String>,
    /// Never these.
    pub exclude: Vec<String>,
    /// Only items that this means, for example `price_minor < 3000 and in_stock`.
    pub filter: Option<String>,
    /// Share of slots outside the habit, 0 to 0.5.
    pub discovery: Option<f32>,
    /// Passed on to rules and words.
    pub locale: Option<String>,
    /// Passed on to rules and words.
    pub currency: Option<String>,
    /// Passed on to rules and words.
    pub context: BTreeMap<String, Json>,
    /// The key, where no header can carry it.
    pub key: Option<String>,
    /// A customer token.
    pub token: Option<String>,
    /// The caller's own items, for `POST /v1/rank`.
    pub items: Vec<String>,
}

/// What is wrong with a request: the field, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Which field.
    pub field: &'static str,
    /// How to mend it.
    pub message: String,
}

impl Lookup {
    /// Reads a query string. Unknown parameters are ignored: shops append their own.
    #[must_use]
    pub fn from_query(query: &str) -> Self {
        let mut lookup = Self::default();
        for (name, value) in pairs(query) {
            let list = || value.split(',').filter(|id| !id.trim().is_empty()).map(str::to_owned).collect::<Vec<_>>();
            match name.as_str() {
                "placement" => lookup.placement = Some(value),
                "customer" => lookup.customer = Some(value),
                "anonymous_id" => lookup.anonymous_id = Some(value),
                "item" => lookup.item = Some(value),
                "cart" => lookup.cart = list(),
                "session" => lookup.session = list(),
                // Not a number is as good as out of range: both are told.
                "limit" => lookup.limit = Some(value.parse().unwrap_or(usize::MAX)),
                "category" => lookup.category = Some(value),
                "exclude" => lookup.exclude = list(),
                "filter" => lookup.filter = Some(value),
                "discovery" => lookup.discovery = Some(value.parse().unwrap_or(f32::NAN)),
                "k" => lookup.key = Some(value),
                _ => {}
            }
        }
        lookup
    }

    /// What the ranking is asked. Ids that cannot be ids are unknown items, which is no error.
    ///
    /// # Errors
    /// [`Flaw`] names the field that is out of bounds.
    pub fn ask(&self) -> Result<Ask, Flaw> {
        let flaw = |field, message: &str| Err(Flaw { field, message: message.to_owned() });
        let limit = self.limit.unwrap_or(10);
        if !(1..=MOST_ITEMS).contains(&limit) {
            return flaw("limit", "must be a whole number between 1 and 100");
        }
        if self.discovery.is_some_and(|share| !(0.0..=0.5).contains(&share)) {
            return flaw("discovery", "must be a number between 0 and 0.5");
        }
        for (field, list) in [("cart", &self.cart), ("session", &self.session), ("exclude", &self.exclude), ("items", &self.items)] {
            if list.len() > MOST_IDS {
                return flaw(field, "holds more than 500 ids");
            }
        }
        let filter = self.filter.as_deref().filter(|text| !text.trim().is_empty()).map(Filter::parse).transpose();
        Ok(Ask {
            placement: self.placement.as_deref().unwrap_or("home").chars().take(100).collect::<String>().into(),
            item: self.item.as_deref().and_then(|id| ItemId::new(id).ok()),
            cart: ids(&self.cart),
            session: ids(&self.session),
            limit,
            category: self.category.clone().filter(|category| !category.is_empty()),
            exclude: ids(&self.exclude),
            filter: filter.map_err(|error| Flaw { field: "filter", message: error.to_string() })?,
            discovery: self.discovery,
        })
    }

    /// The caller's own items.
    #[must_use]
    pub fn own_items(&self) -> Vec<ItemId> {
        ids(&self.items)
    }
}

fn ids(texts: &[String]) -> Vec<ItemId> {
    texts.iter().filter_map(|text| ItemId::new(text).ok()).collect()
}

/// The names and values of a query string, percent-decoded.
pub fn pairs(query: &str) -> impl Iterator<Item = (String, String)> + '_ {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name, true), decoded(value, true))
    })
}

/// Percent-decoding; in queries `+` is a space, in paths it is itself. What is no UTF-8 becomes replacement characters.
#[must_use]
pub fn decoded(text: &str, is_query: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        // `from_str_radix` alone would read `+1` as a number.
        let digits = after.get(..2).filter(|digits| byte == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let hex = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match hex {
            Some(value) => {
                bytes.push(value);
                rest = after.get(2..).unwrap_or_default();
            }
            None if byte == b'+' && is_query => bytes.push(b' '),
            None => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Why an answer is less than it could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// Nothing was trained yet.
    NoModel,
    /// The profile could not be read in time.
    ProfileUnavailable,
}

/// An answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Recommendations<'a> {
    /// Names this answer in `Recommendation Shown` and `Recommendation Clicked`.
    pub recommendation_id: String,
    /// As asked.
    pub placement: String,
    /// `personal`, `session`, `contextual`, `popular` or `fallback`.
    #[schemars(with = "String")]
    pub strategy: Strategy,
    /// What was missing; absent when nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Fallback>,
    /// The model's name; null before the first training.
    pub model: Option<String>,
    /// The experiment's variant; null without one.
    pub variant: Option<String>,
    /// Best first.
    pub items: Vec<Recommended<'a>>,
}

/// One item of an answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Recommended<'a> {
    /// The product's id.
    pub id: String,
    /// 0 to 1: the chance that it is the one dealt with next, as far as the shop's newest past could tell.
    pub score: f32,
    /// `personal`, `contextual`, `popular`, `merchandised` or `discovery`.
    #[schemars(with = "String")]
    pub slot: Slot,
    /// The probability of that item at that position.
    pub propensity: f32,
    /// `{code, evidence, text}`.
    #[schemars(with = "BTreeMap<String, Json>")]
    pub why: &'a Why,
    /// What a card shows: title, price_minor, list_price_minor, currency, image, url, category, brand.
    #[schemars(with = "BTreeMap<String, Json>")]
    pub attributes: Card<'a>,
}

/// What a shopper sees of an item, written from where it lies. What was never told is absent.
#[derive(Clone, Debug)]
pub struct Card<'a>(Listed<'a>);

impl Serialize for Card<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fn told<M: SerializeMap>(map: &mut M, name: &'static str, value: Option<impl Serialize>) -> Result<(), M::Error> {
            value.map_or(Ok(()), |value| map.serialize_entry(name, &value))
        }
        let Self(item) = self;
        let mut map = serializer.serialize_map(None)?;
        told(&mut map, "brand", item.brand())?;
        told(&mut map, "category", item.category())?;
        told(&mut map, "currency", item.currency())?;
        told(&mut map, "image", item.image())?;
        told(&mut map, "list_price_minor", item.list_price_minor())?;
        told(&mut map, "price_minor", item.price_minor())?;
        told(&mut map, "title", item.title())?;
        told(&mut map, "url", item.url())?;
        map.end()
    }
}

/// Related items, for nobody in particular.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Related<'a> {
    /// The item asked about.
    pub item: String,
    /// The model's name; null before the first training.
    pub model: Option<String>,
    /// Strongest first; empty where nothing is known.
    pub items: Vec<Recommended<'a>>,
}

/// The caller's items, in order.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Ranked {
    /// The model's name; null before the first training.
    pub model: Option<String>,
    /// What was missing; absent when nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Fallback>,
    /// Best first, each id once.
    pub items: Vec<RankedItem>,
}

/// One of the caller's items.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RankedItem {
    /// Its id.
    pub id: String,
    /// 0 to 1; 0 for an item that the shop does not know.
    pub score: f32,
}

impl<'a> Recommendations<'a> {
    /// `answer` in words.
    #[must_use]
    pub fn new(recommendation_id: String, ask: &Ask, shop: &'a Shop, answer: &'a Answer, fallback: Option<Fallback>) -> Self {
        Self {
            recommendation_id,
            placement: ask.placement.to_string(),
            strategy: if fallback.is_some() { Strategy::Fallback } else { answer.strategy },
            fallback,
            model: model_of(shop),
            variant: None,
            items: recommended(shop, &answer.picks),
        }
    }
}

/// The name of the shop's model.
#[must_use]
pub fn model_of(shop: &Shop) -> Option<String> {
    shop.model().map(|model| model.id().to_owned())
}

/// `picks` with what a card shows.
#[must_use]
pub fn recommended<'a>(shop: &'a Shop, picks: &'a [Pick]) -> Vec<Recommended<'a>> {
    let told = |pick: &'a Pick| {
        let item = shop.item(pick.item)?;
        let (score, slot, propensity) = (rounded(pick.score), pick.slot, pick.propensity);
        Some(Recommended { id: item.id().to_owned(), score, slot, propensity, why: &pick.why, attributes: Card(item) })
    };
    picks.iter().filter_map(told).collect()
}

/// Four digits: nobody acts on the fifth, and it doubles the bytes.
#[must_use]
pub fn rounded(score: f32) -> f32 {
    (score * 10_000.0).round() / 10_000.0
}

/// `PUT /v1/catalog/items`: what became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Taken {
    /// How many items were written; lookups see them within a minute.
    pub accepted: usize,
    /// What was not, and why.
    pub rejected: Vec<Rejected>,
}

/// An item that was not taken.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Rejected {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// Its id, where it has one.
    pub id: Option<String>,
    /// How to mend it.
    pub message: String,
}

/// `PUT /v1/customers/{id}/consent`: purposes that are told, each granted or denied.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct SetConsent {
    /// `analytics`, `personalization`, `marketing` → true or false.
    #[schemars(with = "BTreeMap<String, bool>")]
    pub purposes: BTreeMap<rapport_core::event::Purpose, bool>,
    /// `consent` when absent; or `contract`, `legitimate_interest`.
    #[serde(default)]
    pub basis: Option<String>,
}

/// `POST /v1/customers/{id}/merge` and `/unmerge`: exactly one of them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherId {
    /// A customer id; it becomes the alias, and the customer in the path keeps everything.
    #[serde(default)]
    pub customer: Option<String>,
    /// A device: the browser's `anonymous_id`.
    #[serde(default)]
    pub device: Option<String>,
    /// An e-mail address, in plain. Its keyed hash is all that is kept.
    #[serde(default)]
    pub email: Option<String>,
    /// A phone number with its country, likewise: `+49 151 2345 6789`.
    #[serde(default)]
    pub phone: Option<String>,
}

/// `PUT /v1/segments/{name}`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DefineSegment {
    /// Who belongs to it: `orders >= 1 and days_since_order > 30`; docs/segments.md has the words.
    pub rule: String,
    /// What people call it.
    #[serde(default)]
    pub title: String,
    /// What it is good for.
    #[serde(default)]
    pub description: String,
    /// Whether anybody belongs to it; true when absent.
    #[serde(default = "active")]
    pub active: bool,
}

const fn active() -> bool {
    true
}

/// `POST /v1/segments/preview`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewRule {
    /// The rule to try.
    pub rule: String,
    /// How many customers to show, at most 100; 10 when absent.
    #[serde(default)]
    pub limit: Option<usize>,
}

/// `DELETE /v1/customers/{id}`: where to see what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Receipt {
    /// For `GET /v1/erasures/{receipt}`.
    pub receipt: String,
    /// When it was asked for; everything timed at or before is dropped.
    pub erased_at: String,
}

/// `GET /v1/erasures/{receipt}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Erasure {
    /// The receipt.
    pub receipt: String,
    /// When it was asked for.
    pub erased_at: String,
    /// Store → `done`, or `expires DATE`.
    pub stores: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_lookups() {
        let lookup = Lookup::from_query("k=wk_1&placement=product&item=a%2Fb+c&cart=x,,y&limit=3&filter=price_minor%20%3C%203000&utm=1");
        assert_eq!(lookup.key.as_deref(), Some("wk_1"));
        let ask = lookup.ask().expect("a fine request");
        assert_eq!((ask.item.map(|id| id.to_string()).as_deref(), ask.cart.len(), ask.limit), (Some("a/b c"), 2, 3));
        assert_eq!(ask.filter.map(|filter| filter.to_string()).as_deref(), Some("price_minor < 3000"));
    }

    #[test]
    fn flaws_name_their_field() {
        for (query, field) in [
            ("limit=0", "limit"),
            ("limit=ten", "limit"),
            ("discovery=0.9", "discovery"),
            ("discovery=x", "discovery"),
            ("filter=price <", "filter"),
        ] {
            assert_eq!(Lookup::from_query(query).ask().expect_err(query).field, field);
        }
    }

    #[test]
    fn broken_escapes_are_taken_as_they_are() {
        for (text, expected) in
            [("%", "%"), ("%2", "%2"), ("%zz", "%zz"), ("100%25", "100%"), ("caf%C3%A9", "café"), ("%FF", "\u{fffd}"), ("%+1", "% 1")]
        {
            assert_eq!(decoded(text, true), expected, "{text}");
        }
    }
}
