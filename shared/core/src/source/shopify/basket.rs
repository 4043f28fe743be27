//! What is about to be bought: carts and checkouts.
//!
//! Both are told whole at every change. So an event's id is made of what was put in and how many, and its time is when the cart or
//! checkout began: told again it is the very same event, and ten more of something is one more.

use super::{SOURCE, money, named, product_of_line, who};
use crate::{
    event::{Action, Traffic, Who},
    money::Currency,
    source::{
        Delivery, Shop, Sink, Unreadable,
        fields::{Object, count, currency, instant, object, objects, text},
        signed::{Signed, latest},
    },
    time::Timestamp,
};

/// A checkout: it was begun, with these goods. Whoever did not finish it has no order that follows.
pub(super) fn checkout(body: Object<'_>, delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let token = text(body, &["token"]).ok_or(Unreadable::Missing("token"))?;
    let signed = Signed { source: SOURCE, who: person(body, shop.hash_key), traffic: Traffic::Human };
    let at = begun(body, delivery)?;
    lines(body, &signed, (&format!("checkout:{token}"), at), currency(body, &["currency"], shop.currency)?, sink)?;
    sink.event(signed.event(&format!("checkout:{token}"), at, Action::CheckoutStarted)?);
    Ok(())
}

/// A cart. It names nobody, so its goods count for themselves alone.
pub(super) fn cart(body: Object<'_>, delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let token = text(body, &["token"]).ok_or(Unreadable::Missing("token"))?;
    let signed = Signed { source: SOURCE, who: Who::default(), traffic: Traffic::Human };
    lines(body, &signed, (&format!("cart:{token}"), begun(body, delivery)?), currency(body, &["currency"], shop.currency)?, sink)
}

/// Anybody can type any address and any number into a checkout, and nobody has paid yet: where the customer is known, what was typed is
/// not tied to them; only the customer record's own is.
fn person(body: Object<'_>, hash_key: &str) -> Who {
    match object(body, "customer") {
        Some(customer) if text(customer, &["id"]).is_some() => named(customer).hidden(hash_key),
        _ => who(body, hash_key),
    }
}

fn begun(body: Object<'_>, delivery: &Delivery<'_>) -> Result<Timestamp, Unreadable> {
    Ok(instant(body, &["created_at", "updated_at"])?.unwrap_or(delivery.received).min(latest(delivery)))
}

fn lines(
    body: Object<'_>,
    signed: &Signed,
    (name, at): (&str, Timestamp),
    currency: Currency,
    sink: &mut dyn Sink,
) -> Result<(), Unreadable> {
    for line in objects(body, &["line_items"]) {
        let quantity = count(line, &["quantity"], 1)?;
        let price = money(line, &["price"], currency)?.unwrap_or(0);
        let (Some(product), 1..) = (product_of_line(line, price, currency), quantity) else { continue };
        let key = text(line, &["variant_id", "product_id", "sku"]).unwrap_or_default();
        sink.event(signed.event(&format!("{name}:{key}:{quantity}"), at, Action::CartAdded { product, quantity })?);
    }
    Ok(())
}
