//! Shopify's webhooks. Only the body is signed, so only the body is believed: what it is, is inferred from its shape, and a topic
//! header that says something else is refused.
//!
//! Ids derive from what the body says, never from the delivery: Shopify delivers at least once, anybody could change the headers of
//! a recording, and `orders/create` and `orders/paid` of one moment say the same. Refunds stand inside every later statement of their
//! order; `refunds/create` tells one by itself, and both together count once.
//!
//! What is absent: a device id out of a cart's attributes. A browser writes those, and one that wrote another's would read their
//! history.

mod basket;
mod customer;
mod kind;
mod order;
mod privacy;
mod product;
mod refund;

pub use kind::{Kind, topic_agrees};

use super::{
    Delivery, Parsed, Shop, Unreadable,
    fields::{Object, exact_minor, object, short, text},
    json, products,
};
use crate::{
    auth::personal::Named,
    event::{Product, Who},
    id::ItemId,
    money::Currency,
};
use serde_json::Value;

/// Where it all comes from.
const SOURCE: &str = "shopify";

/// Reads a delivery.
pub(super) fn parse(delivery: &Delivery<'_>, shop: &Shop<'_>) -> Result<Parsed, Unreadable> {
    let body = json(delivery.body)?;
    let kind = Kind::of(&body);
    let topic = delivery.header("x-shopify-topic");
    if !topic_agrees(topic, kind) {
        return Err(Unreadable::Contradiction(topic.unwrap_or_default().to_owned()));
    }
    let not_taken = || Unreadable::NotTaken(topic.unwrap_or("such Shopify webhooks").to_owned());
    let Some(body) = body.as_object() else { return Err(not_taken()) };
    match kind {
        Kind::Order => order::parse(body, delivery, shop),
        Kind::Refund => refund::alone(body, delivery, shop),
        Kind::Checkout => basket::checkout(body, delivery, shop),
        Kind::Cart => basket::cart(body, delivery, shop),
        Kind::Customer => customer::parse(body, delivery, shop),
        Kind::Consent => customer::consent_alone(body, delivery, shop),
        Kind::Merge => customer::merge(body, delivery, shop),
        Kind::CustomerGone => privacy::gone(body, delivery, shop),
        Kind::Product => product::parse(body, shop),
        Kind::Level => product::level(body),
        Kind::BareId if topic == Some("products/delete") => product::gone(body, delivery),
        Kind::DataRequest => privacy::data_request(body, delivery, shop),
        Kind::CustomerRedact => privacy::redact(body, delivery, shop),
        Kind::ShopRedact => Err(Unreadable::ShopRedaction),
        Kind::BareId | Kind::Other => Err(not_taken()),
    }
}

/// An amount in the shop's currency: `price_set.shop_money.amount` where there is one, else `price`.
fn money(holder: &Object, names: &[&'static str], currency: Currency) -> Result<Option<i64>, Unreadable> {
    for name in names {
        let shop_money = object(holder, &format!("{name}_set")).and_then(|set| object(set, "shop_money"));
        let amount = match shop_money {
            Some(money) => exact_minor(money, &["amount"], currency)?,
            None => exact_minor(holder, &[name], currency)?,
        };
        if amount.is_some() {
            return Ok(amount);
        }
    }
    Ok(None)
}

/// The product of a line. A line without product, variant and SKU is a charge: a deposit, a manual entry.
fn product_of_line(line: &Object, price_minor: i64, currency: Currency) -> Option<Product> {
    let item = ItemId::new(&text(line, &["product_id", "sku", "variant_id"])?).ok()?;
    Some(Product {
        sku: products::sku(line, &["sku"], &item),
        item,
        title: short(line, &["title", "name"], 200),
        category: short(line, &["product_type"], 200),
        brand: short(line, &["vendor"], 100),
        price_minor: Some(price_minor),
        currency: Some(currency),
    })
}

/// The customer of an order or a checkout; guests by the address or the number they gave.
fn who(body: &Object, hash_key: &str) -> Who {
    let customer = object(body, "customer");
    let own = |name: &str| text(customer?, &[name]);
    let email = text(body, &["email", "contact_email"]).or_else(|| own("email"));
    let phone = text(body, &["phone"]).or_else(|| own("phone"));
    Named { customer: own("id"), email, phone }.hidden(hash_key)
}

/// A customer's record as [`super::traits`] reads it: contact data and the address, nothing else. Free text, tags and totals are the shop's
/// business, not contact data.
fn told(customer: &Object, address: Option<&Object>) -> Object {
    let mut told = customer.clone();
    told.retain(|name, _| matches!(name.as_str(), "email" | "phone" | "first_name" | "last_name"));
    if let Some(address) = address {
        let parts = ["address1", "city", "zip", "country_code", "province_code"]
            .into_iter()
            .filter_map(|name| Some((if name == "province_code" { "region" } else { name }.to_owned(), address.get(name)?.clone())));
        told.insert("address".to_owned(), Value::Object(parts.collect()));
    }
    told
}
