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
    Delivery, Json, Shop, Sink, Unreadable,
    fields::{Object, exact_minor, object, short, text},
    json,
    json::Value,
    products,
    sink::whole,
};
use crate::{
    auth::personal::Named,
    event::{Product, Who},
    id::ItemId,
    money::Currency,
};

/// Where it all comes from.
const SOURCE: &str = "shopify";

/// Reads a delivery.
pub(super) fn read(delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let body = json(delivery.body)?;
    let kind = Kind::of(&body);
    let topic = delivery.header("x-shopify-topic");
    if !topic_agrees(topic, kind) {
        return Err(Unreadable::Contradiction(topic.unwrap_or_default().to_owned()));
    }
    let not_taken = || Unreadable::NotTaken(topic.unwrap_or("such Shopify webhooks").to_owned());
    let Some(body) = body.as_object() else { return Err(not_taken()) };
    whole(sink, |sink| match kind {
        Kind::Order => order::read(body, delivery, shop, sink),
        Kind::Refund => refund::alone(body, delivery, shop, sink),
        Kind::Checkout => basket::checkout(body, delivery, shop, sink),
        Kind::Cart => basket::cart(body, delivery, shop, sink),
        Kind::Customer => customer::read(body, delivery, shop, sink),
        Kind::Consent => customer::consent_alone(body, delivery, shop, sink),
        Kind::Merge => customer::merge(body, delivery, shop, sink),
        Kind::CustomerGone => privacy::gone(body, delivery, shop, sink),
        Kind::Product => product::read(body, shop, sink),
        Kind::Level => product::level(body, sink),
        Kind::BareId if topic == Some("products/delete") => product::gone(body, delivery, sink),
        Kind::DataRequest => privacy::data_request(body, delivery, shop, sink),
        Kind::CustomerRedact => privacy::redact(body, delivery, shop, sink),
        Kind::ShopRedact => Err(Unreadable::ShopRedaction),
        Kind::BareId | Kind::Other => Err(not_taken()),
    })
}

/// An amount in the shop's currency: `price_set.shop_money.amount` where there is one, else `price`.
fn money(holder: Object<'_>, names: &[&'static str], currency: Currency) -> Result<Option<i64>, Unreadable> {
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
fn product_of_line(line: Object<'_>, price_minor: i64, currency: Currency) -> Option<Product> {
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
fn who(body: Object<'_>, hash_key: &str) -> Who {
    let customer = object(body, "customer");
    let own = |name: &str| text(customer?, &[name]);
    let email = text(body, &["email", "contact_email"]).or_else(|| own("email"));
    let phone = text(body, &["phone"]).or_else(|| own("phone"));
    Named { customer: own("id"), email, phone }.hidden(hash_key)
}

/// What a customer's record names them by.
fn named(customer: Object<'_>) -> Named {
    let [customer, email, phone] = ["id", "email", "phone"].map(|name| text(customer, &[name]));
    Named { customer, email, phone }
}

/// A customer's record as [`super::traits`] reads it: contact data and the address, nothing else. Free text, tags and totals are the shop's
/// business, not contact data. `also` is what else was said of them.
fn told(customer: Object<'_>, address: Option<Object<'_>>, also: (&str, Option<Value<'_>>)) -> Json {
    fn some<'a>(of: Object<'a>, name: &str) -> Option<Value<'a>> {
        of.get(name).filter(|value| value.is_scalar())
    }
    let address = address.map(|address| {
        let parts =
            [("address1", "address1"), ("city", "city"), ("zip", "zip"), ("country_code", "country_code"), ("region", "province_code")];
        Json::object(parts.into_iter().filter_map(|(name, theirs)| Some((name, some(address, theirs)?))))
    });
    let own = ["email", "phone", "first_name", "last_name"].into_iter().map(|name| (name, some(customer, name)));
    let address = ("address", address.as_ref().map(Json::value));
    Json::object(own.chain([address, also]).filter_map(|(name, value)| Some((name, value?))))
}
