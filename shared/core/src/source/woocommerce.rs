//! WooCommerce's webhooks. As with Shopify only the body is signed; delivery ids collide, so ids derive from what the body says, what it
//! is from its shape, and a topic header that says something else is refused.
//!
//! Read past, with nothing kept: coupons, deleted ones too (orders tell which were used) and variations (their product tells the price and the stock).
//! Not taken: deletions of orders and customers. Their bodies are a bare id, and the header that says whose is not signed: a recorded
//! deletion of order 12 must not erase customer 12. `DELETE /v1/customers/{id}` erases; an order that is void is cancelled first.

mod customer;
mod order;
mod product;

use super::{Delivery, Json, Shop, Sink, Unreadable, json, sink::whole};

/// Where it all comes from.
const SOURCE: &str = "woocommerce";

/// What a body is, by its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Order,
    Product,
    Customer,
    Coupon,
    /// Nothing but an id: something is deleted, and only the topic says what.
    BareId,
    Other,
}

impl Kind {
    fn of(body: &Json) -> Self {
        let Some(body) = body.as_object() else { return Self::Other };
        let all = |names: &[&str]| names.iter().all(|name| body.contains_key(name));
        match () {
            () if all(&["line_items", "status"]) => Self::Order,
            () if all(&["stock_status", "name"]) => Self::Product,
            () if all(&["discount_type", "code"]) => Self::Coupon,
            () if all(&["email", "is_paying_customer"]) || all(&["email", "username", "role"]) => Self::Customer,
            () if body.contains_key("id") && body.entries().len() == 1 => Self::BareId,
            () => Self::Other,
        }
    }

    /// What `topic` stands over.
    fn told_by(topic: &str) -> Self {
        match topic.split_once('.').unwrap_or((topic, "")) {
            ("order" | "product" | "customer" | "coupon", "deleted") => Self::BareId,
            ("order", _) => Self::Order,
            ("product", _) => Self::Product,
            ("customer", _) => Self::Customer,
            ("coupon", _) => Self::Coupon,
            _ => Self::Other,
        }
    }
}

/// Reads a delivery.
pub(super) fn read(delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let body = json(delivery.body)?;
    let (kind, topic) = (Kind::of(&body), delivery.header("x-wc-webhook-topic"));
    if let Some(topic) = topic.filter(|topic| Kind::told_by(topic) != kind) {
        return Err(Unreadable::Contradiction(topic.to_owned()));
    }
    let not_taken = || Unreadable::NotTaken(topic.unwrap_or("such WooCommerce webhooks").to_owned());
    let Some(body) = body.as_object() else { return Err(not_taken()) };
    whole(sink, |sink| match kind {
        Kind::Order => order::read(body, delivery, shop, sink),
        Kind::Product => product::read(body, shop, sink),
        Kind::Customer => customer::read(body, delivery, shop, sink),
        Kind::Coupon => Ok(()),
        Kind::BareId if topic == Some("coupon.deleted") => Ok(()),
        Kind::BareId if topic == Some("product.deleted") => product::gone(body, delivery, sink),
        Kind::BareId | Kind::Other => Err(not_taken()),
    })
}
