//! WooCommerce's order webhooks. As with Shopify only the body is signed; delivery ids collide, so ids derive from what it says.

use super::{
    ContactField, Delivery, Parsed, Shop, Unreadable,
    fields::{Object, count, currency, instant, minor, object, objects, short, text},
    order_id, traits,
};
use crate::{
    auth::personal,
    event::{Action, Authority, Event, OrderLine, Product, Refund, Traffic, Who},
    id::{EventId, ItemId, OrderId},
    money::Currency,
    profile::Position,
    time::Timestamp,
};
use serde_json::Value;

/// Statuses of an order that is void.
const VOID: [&str; 3] = ["cancelled", "failed", "trash"];
/// Statuses of what is not an order yet.
const DRAFT: [&str; 2] = ["checkout-draft", "auto-draft"];

/// Reads a delivery.
pub(super) fn parse(delivery: &Delivery<'_>, shop: &Shop<'_>) -> Result<Parsed, Unreadable> {
    let body: Value = serde_json::from_slice(delivery.body).map_err(|problem| Unreadable::NotJson(problem.to_string()))?;
    let topic = delivery.header("x-wc-webhook-topic");
    let is_order = body.get("line_items").is_some() && body.get("status").is_some();
    let Some(body) = body.as_object().filter(|_| is_order) else {
        return Err(Unreadable::NotTaken(topic.unwrap_or("such WooCommerce webhooks").to_owned()));
    };
    if topic.is_some_and(|topic| !topic.starts_with("order.")) {
        return Err(Unreadable::Contradiction(topic.unwrap_or_default().to_owned()));
    }
    let status = text(body, &["status"]).unwrap_or_default();
    if DRAFT.contains(&status.as_str()) {
        return Ok(Parsed::default());
    }
    Order::read(body, delivery, shop)?.parsed(body, VOID.contains(&status.as_str()))
}

/// What all events of one statement share.
struct Order {
    id: OrderId,
    at: Timestamp,
    updated: Timestamp,
    currency: Currency,
    who: Who,
}

impl Order {
    fn read(body: &Object, delivery: &Delivery<'_>, shop: &Shop<'_>) -> Result<Self, Unreadable> {
        let id = text(body, &["id"]).ok_or(Unreadable::Missing("id"))?;
        let latest = delivery.received.plus_ms(5 * crate::time::MINUTE_MS);
        let at = instant(body, &["date_created_gmt", "date_created"])?.ok_or(Unreadable::Missing("date_created_gmt"))?.min(latest);
        Ok(Self {
            id: order_id(&id).map_err(|problem| Unreadable::Field { field: "id", problem: problem.to_string() })?,
            at,
            updated: instant(body, &["date_modified_gmt", "date_modified"])?.unwrap_or(at).min(latest),
            currency: currency(body, &["currency"], shop.currency)?,
            who: who(body, shop.hash_key),
        })
    }

    fn parsed(&self, body: &Object, void: bool) -> Result<Parsed, Unreadable> {
        let mut parsed = Parsed::default();
        if void {
            let line = OrderLine { cancelled: true, ..self.line(None, 0, 0, 0) };
            parsed.events.push(self.event("void", Action::Ordered(line))?);
        } else {
            self.goods(body, &mut parsed)?;
            self.charges(body, &mut parsed)?;
        }
        self.refunds(body, &mut parsed)?;
        self.customer(body, &mut parsed)?;
        Ok(parsed)
    }

    fn event(&self, part: &str, action: Action) -> Result<Event, Unreadable> {
        self.event_with(&format!("woocommerce:{}:{}:{part}", self.id, self.updated.0), action)
    }

    fn event_with(&self, id: &str, action: Action) -> Result<Event, Unreadable> {
        let id = EventId::new(id).map_err(|problem| Unreadable::Field { field: "id", problem: problem.to_string() })?;
        Ok(Event {
            id,
            at: self.at,
            authority: Authority::Webhook,
            source: "woocommerce".into(),
            who: self.who.clone(),
            traffic: Traffic::Human,
            action,
        })
    }

    fn line(&self, product: Option<Product>, quantity: u32, paid_minor: i64, discount_minor: i64) -> OrderLine {
        OrderLine {
            order: self.id.clone(),
            version: self.updated,
            product,
            quantity,
            paid_minor,
            discount_minor,
            currency: self.currency,
            cancelled: false,
        }
    }

    fn goods(&self, body: &Object, parsed: &mut Parsed) -> Result<(), Unreadable> {
        for item in objects(body, &["line_items"]) {
            let id = text(item, &["id"]).ok_or(Unreadable::Missing("line_items[].id"))?;
            let quantity = count(item, &["quantity"], 1)?;
            // `subtotal` is before coupons, `total` after; both for all pieces, without tax.
            let paid = minor(item, &["total"], self.currency)?.unwrap_or(0);
            let listed = minor(item, &["subtotal"], self.currency)?.unwrap_or(paid);
            let line = self.line(self.product(item, listed / i64::from(quantity.max(1))), quantity, paid, (listed - paid).max(0));
            parsed.events.push(self.event(&id, Action::Ordered(line))?);
        }
        Ok(())
    }

    /// A line whose product is gone has `product_id` 0; its SKU may still be known.
    fn product(&self, item: &Object, price_minor: i64) -> Option<Product> {
        let id = text(item, &["product_id"]).filter(|id| id != "0").or_else(|| text(item, &["sku"]))?;
        Some(Product {
            item: ItemId::new(&id).ok()?,
            title: short(item, &["parent_name"], 200).or_else(|| short(item, &["name"], 200)),
            category: None,
            brand: None,
            price_minor: Some(price_minor),
            currency: Some(self.currency),
        })
    }

    fn charges(&self, body: &Object, parsed: &mut Parsed) -> Result<(), Unreadable> {
        let fees = objects(body, &["fee_lines"])
            .map(|fee| Ok(minor(fee, &["total"], self.currency)?.unwrap_or(0)))
            .sum::<Result<i64, Unreadable>>()?;
        let shipping = minor(body, &["shipping_total"], self.currency)?.unwrap_or(0);
        let tax = minor(body, &["total_tax"], self.currency)?.unwrap_or(0);
        for (name, charge) in [("shipping", shipping), ("fees", fees), ("tax", tax)] {
            if charge != 0 {
                parsed.events.push(self.event(name, Action::Ordered(self.line(None, 1, charge, 0)))?);
            }
        }
        Ok(())
    }

    /// Orders list their refunds as sums alone: what came back is not said. They bear the order's time, for they have none.
    fn refunds(&self, body: &Object, parsed: &mut Parsed) -> Result<(), Unreadable> {
        for refund in objects(body, &["refunds"]) {
            let id = text(refund, &["id"]).ok_or(Unreadable::Missing("refunds[].id"))?;
            let reference =
                OrderId::new(&id).map_err(|problem| Unreadable::Field { field: "refunds[].id", problem: problem.to_string() })?;
            let amount_minor = minor(refund, &["total", "amount"], self.currency)?.unwrap_or(0).abs();
            let back = Refund {
                order: Some(self.id.clone()),
                reference: Some(reference),
                product: None,
                quantity: 0,
                amount_minor,
                currency: self.currency,
            };
            parsed.events.push(self.event_with(&format!("woocommerce:refund:{id}"), Action::Refunded(back))?);
        }
        Ok(())
    }

    /// What the order tells about its customer.
    fn customer(&self, body: &Object, parsed: &mut Parsed) -> Result<(), Unreadable> {
        let (Some(customer), Some(billing)) = (&self.who.customer, object(body, "billing")) else { return Ok(()) };
        let told = traits::read(billing);
        let event = self.event("customer", Action::Identified { traits: told.traits })?;
        let contacts = told.contacts.into_iter().filter(|(field, _)| !field.starts_with("trait:"));
        let at = Position { at: self.updated, id: Position::of(&event).id };
        parsed.contacts.extend(contacts.map(|(field, value)| ContactField { customer: customer.clone(), field, value, at }));
        parsed.events.push(event);
        Ok(())
    }
}

/// Guests have `customer_id` 0, which stands for nobody.
fn who(body: &Object, hash_key: &str) -> Who {
    let address = object(body, "billing").and_then(traits::email);
    Who {
        customer: text(body, &["customer_id"]).and_then(|id| personal::customer(hash_key, &id).ok()),
        device: None,
        email: address.and_then(|address| personal::email(hash_key, &address)),
    }
}
