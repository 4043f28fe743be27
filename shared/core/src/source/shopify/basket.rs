//! What is about to be bought: carts and checkouts.
//!
//! Both are told whole at every change. So an event's id is made of what was put in and how many, and its time is when the cart or
//! checkout began: told again it is the very same event, and ten more of something is one more.

use super::{SOURCE, money, product_of_line, who};
use crate::{
    event::{Action, Traffic, Who},
    money::Currency,
    source::{
        Delivery, Parsed, Shop, Unreadable,
        fields::{Object, count, currency, instant, object, objects, text},
        signed::{Signed, latest},
    },
    time::Timestamp,
};

/// A checkout: it was begun, with these goods. Whoever did not finish it has no order that follows.
pub(super) fn checkout(body: &Object, delivery: &Delivery<'_>, shop: &Shop<'_>) -> Result<Parsed, Unreadable> {
    let token = text(body, &["token"]).ok_or(Unreadable::Missing("token"))?;
    let signed = Signed { source: SOURCE, who: person(body, shop.hash_key), traffic: Traffic::Human };
    let at = begun(body, delivery)?;
    let mut parsed = lines(body, &signed, &format!("checkout:{token}"), at, currency(body, &["currency"], shop.currency)?)?;
    parsed.events.push(signed.event(&format!("checkout:{token}"), at, Action::CheckoutStarted)?);
    Ok(parsed)
}

/// A cart. It names nobody, so its goods count for themselves alone.
pub(super) fn cart(body: &Object, delivery: &Delivery<'_>, shop: &Shop<'_>) -> Result<Parsed, Unreadable> {
    let token = text(body, &["token"]).ok_or(Unreadable::Missing("token"))?;
    let signed = Signed { source: SOURCE, who: Who::default(), traffic: Traffic::Human };
    lines(body, &signed, &format!("cart:{token}"), begun(body, delivery)?, currency(body, &["currency"], shop.currency)?)
}

/// Anybody can type any address and any number into a checkout, and nobody has paid yet: where the customer is known, what was typed is
/// not tied to them; only the customer record's own is.
fn person(body: &Object, hash_key: &str) -> Who {
    let mut named = body.clone();
    let customer = object(body, "customer");
    if customer.is_some_and(|customer| text(customer, &["id"]).is_some()) {
        for typed in ["email", "contact_email", "phone"] {
            named.remove(typed);
        }
    }
    who(&named, hash_key)
}

fn begun(body: &Object, delivery: &Delivery<'_>) -> Result<Timestamp, Unreadable> {
    Ok(instant(body, &["created_at", "updated_at"])?.unwrap_or(delivery.received).min(latest(delivery)))
}

fn lines(body: &Object, signed: &Signed, name: &str, at: Timestamp, currency: Currency) -> Result<Parsed, Unreadable> {
    let mut parsed = Parsed::default();
    for line in objects(body, &["line_items"]) {
        let quantity = count(line, &["quantity"], 1)?;
        let price = money(line, &["price"], currency)?.unwrap_or(0);
        let (Some(product), 1..) = (product_of_line(line, price, currency), quantity) else { continue };
        let key = text(line, &["variant_id", "product_id", "sku"]).unwrap_or_default();
        parsed.events.push(signed.event(&format!("{name}:{key}:{quantity}"), at, Action::CartAdded { product, quantity })?);
    }
    Ok(parsed)
}
