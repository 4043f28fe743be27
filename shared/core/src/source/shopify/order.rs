//! Shopify's order webhooks. Only the body is signed, so only the body is believed: what it is, is inferred from its shape.
//!
//! Ids derive from (order, `updated_at`, line), not from the delivery: Shopify delivers at least once, and `orders/create` and
//! `orders/paid` of one moment say the same. Refunds stand inside every later statement of their order and keep their ids.
//! `refunds/create` itself names nobody, and an `orders/updated` with the same refund in it always follows: it is read past.

use super::{
    ContactField, Delivery, Parsed, Shop, Unreadable,
    fields::{Object, count, currency, instant, minor, object, objects, text},
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
use compact_str::CompactString;
use serde_json::Value;

/// What a body is, by its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An order, whatever happened to it.
    Order,
    /// A refund by itself.
    Refund,
    /// Something else: a product, a customer, a cart …
    Other,
}

impl Kind {
    /// What `body` is.
    #[must_use]
    pub fn of(body: &Value) -> Self {
        let has = |name: &str| body.get(name).is_some();
        match () {
            () if has("refund_line_items") && has("order_id") => Self::Refund,
            () if has("line_items") && has("order_number") => Self::Order,
            () => Self::Other,
        }
    }
}

/// Whether the unsigned topic header fits a body of this kind. An absent header contradicts nothing.
#[must_use]
pub fn topic_agrees(topic: Option<&str>, kind: Kind) -> bool {
    let Some(topic) = topic else { return true };
    let told = match topic.split('/').next() {
        Some("orders") if topic != "orders/delete" => Kind::Order,
        Some("refunds") => Kind::Refund,
        _ => Kind::Other,
    };
    told == kind
}

/// Reads a delivery.
pub(super) fn parse(delivery: &Delivery<'_>, shop: &Shop<'_>) -> Result<Parsed, Unreadable> {
    let body: Value = serde_json::from_slice(delivery.body).map_err(|problem| Unreadable::NotJson(problem.to_string()))?;
    let kind = Kind::of(&body);
    let topic = delivery.header("x-shopify-topic");
    if !topic_agrees(topic, kind) {
        return Err(Unreadable::Contradiction(topic.unwrap_or_default().to_owned()));
    }
    match (kind, body.as_object()) {
        (Kind::Order, Some(body)) => Order::read(body, delivery, shop)?.parsed(body),
        (Kind::Refund, _) => Ok(Parsed::default()),
        _ => Err(Unreadable::NotTaken(topic.unwrap_or("such Shopify webhooks").to_owned())),
    }
}

/// What all events of one statement share.
struct Order {
    id: OrderId,
    at: Timestamp,
    updated: Timestamp,
    received: Timestamp,
    currency: Currency,
    who: Who,
    traffic: Traffic,
}

impl Order {
    fn read(body: &Object, delivery: &Delivery<'_>, shop: &Shop<'_>) -> Result<Self, Unreadable> {
        let id = text(body, &["id"]).ok_or(Unreadable::Missing("id"))?;
        let latest = delivery.received.plus_ms(5 * crate::time::MINUTE_MS);
        let at = instant(body, &["processed_at", "created_at"])?.ok_or(Unreadable::Missing("created_at"))?.min(latest);
        Ok(Self {
            id: order_id(&id).map_err(|problem| Unreadable::Field { field: "id", problem: problem.to_string() })?,
            at,
            updated: instant(body, &["updated_at"])?.unwrap_or(at).min(latest),
            received: delivery.received,
            currency: currency(body, &["currency"], shop.currency)?,
            who: who(body, shop.hash_key),
            traffic: if body.get("test") == Some(&Value::Bool(true)) { Traffic::Internal } else { Traffic::Human },
        })
    }

    fn parsed(&self, body: &Object) -> Result<Parsed, Unreadable> {
        let mut parsed = Parsed::default();
        for (line, id) in self.lines(body)? {
            let id = format!("shopify:{}:{}:{id}", self.id, self.updated.0);
            parsed.events.push(self.event(&id, self.at, Action::Ordered(line))?);
        }
        for refund in objects(body, &["refunds"]) {
            self.refund(refund, &mut parsed)?;
        }
        self.customer(body, &mut parsed)?;
        Ok(parsed)
    }

    fn event(&self, id: &str, at: Timestamp, action: Action) -> Result<Event, Unreadable> {
        let id = EventId::new(id).map_err(|problem| Unreadable::Field { field: "id", problem: problem.to_string() })?;
        Ok(Event { id, at, authority: Authority::Webhook, source: "shopify".into(), who: self.who.clone(), traffic: self.traffic, action })
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

    /// The lines of the statement and what tells them apart; a cancelled order has one, which voids it.
    fn lines(&self, body: &Object) -> Result<Vec<(OrderLine, String)>, Unreadable> {
        if body.get("cancelled_at").is_some_and(|at| !at.is_null()) {
            return Ok(vec![(OrderLine { cancelled: true, ..self.line(None, 0, 0, 0) }, "void".to_owned())]);
        }
        let mut lines = Vec::new();
        for item in objects(body, &["line_items"]) {
            let id = text(item, &["id"]).ok_or(Unreadable::Missing("line_items[].id"))?;
            lines.push((self.goods(item)?, id));
        }
        let shipping = self.sum(body, "shipping_lines", &["discounted_price", "price"])?;
        let included = body.get("taxes_included") == Some(&Value::Bool(true));
        let tax = if included { 0 } else { self.money(body, &["total_tax"])?.unwrap_or(0) };
        let tip = self.money(body, &["total_tip_received"])?.unwrap_or(0);
        let charges = [("shipping", shipping), ("tax", tax), ("tip", tip)].into_iter().filter(|(_, minor)| *minor != 0);
        lines.extend(charges.map(|(name, minor)| (self.line(None, 1, minor, 0), name.to_owned())));
        Ok(lines)
    }

    fn goods(&self, item: &Object) -> Result<OrderLine, Unreadable> {
        let quantity = count(item, &["quantity"], 1)?;
        let price = self.money(item, &["price"])?.unwrap_or(0);
        let off = match self.sum(item, "discount_allocations", &["amount"])? {
            0 => self.money(item, &["total_discount"])?.unwrap_or(0),
            allocated => allocated,
        };
        let gross = price
            .checked_mul(i64::from(quantity))
            .ok_or(Unreadable::Field { field: "price", problem: "the line costs more than can be counted".to_owned() })?;
        Ok(self.line(self.product(item, price), quantity, gross - off, off))
    }

    /// A line without product, variant and SKU is a charge: a deposit, a manual entry.
    fn product(&self, item: &Object, price_minor: i64) -> Option<Product> {
        let id = text(item, &["product_id", "sku", "variant_id"])?;
        let text = |name: &str, longest| super::fields::short(item, &[name], longest);
        Some(Product {
            item: ItemId::new(&id).ok()?,
            title: text("title", 200).or_else(|| text("name", 200)),
            category: text("product_type", 200),
            brand: text("vendor", 100),
            price_minor: Some(price_minor),
            currency: Some(self.currency),
        })
    }

    /// An amount in the shop's currency: `price_set.shop_money.amount` where there is one, else `price`.
    fn money(&self, holder: &Object, names: &[&'static str]) -> Result<Option<i64>, Unreadable> {
        for name in names {
            let shop_money = object(holder, &format!("{name}_set")).and_then(|set| object(set, "shop_money"));
            let amount = match shop_money {
                Some(money) => minor(money, &["amount"], self.currency)?,
                None => minor(holder, &[name], self.currency)?,
            };
            if amount.is_some() {
                return Ok(amount);
            }
        }
        Ok(None)
    }

    fn sum(&self, holder: &Object, list: &str, names: &[&'static str]) -> Result<i64, Unreadable> {
        objects(holder, &[list]).try_fold(0_i64, |sum, entry| Ok(sum.saturating_add(self.money(entry, names)?.unwrap_or(0))))
    }

    /// A refund: goods line by line, then whatever else was paid back (shipping, goodwill), so that all adds up to the transactions.
    fn refund(&self, refund: &Object, parsed: &mut Parsed) -> Result<(), Unreadable> {
        let reference = text(refund, &["id"]).ok_or(Unreadable::Missing("refunds[].id"))?;
        let credit =
            OrderId::new(&reference).map_err(|problem| Unreadable::Field { field: "refunds[].id", problem: problem.to_string() })?;
        let at =
            instant(refund, &["processed_at", "created_at"])?.unwrap_or(self.at).min(self.received.plus_ms(5 * crate::time::MINUTE_MS));
        let mut goods = 0;
        let mut push = |id: &str, product, quantity, amount_minor| {
            let back = Refund {
                order: Some(self.id.clone()),
                reference: Some(credit.clone()),
                product,
                quantity,
                amount_minor,
                currency: self.currency,
            };
            self.event(&format!("shopify:refund:{reference}:{id}"), at, Action::Refunded(back)).map(|event| parsed.events.push(event))
        };
        for line in objects(refund, &["refund_line_items"]) {
            let Some(item) = object(line, "line_item") else { continue };
            let id = text(line, &["id", "line_item_id"]).unwrap_or_default();
            let amount = self.money(line, &["subtotal"])?.unwrap_or(0).abs();
            goods += amount;
            push(&id, self.product(item, self.money(item, &["price"])?.unwrap_or(0)), count(line, &["quantity"], 1)?, amount)?;
        }
        let paid_back = objects(refund, &["transactions"])
            .filter(|paid| matches!(text(paid, &["kind"]).as_deref(), Some("refund")))
            .filter(|paid| text(paid, &["status"]).as_deref() != Some("failure"));
        let rest =
            paid_back.map(|paid| Ok(minor(paid, &["amount"], self.currency)?.unwrap_or(0))).sum::<Result<i64, Unreadable>>()? - goods;
        if rest > 0 {
            push("money", None, 0, rest)?;
        }
        Ok(())
    }

    /// What the order tells about its customer.
    fn customer(&self, body: &Object, parsed: &mut Parsed) -> Result<(), Unreadable> {
        let (Some(customer), Some(told)) = (&self.who.customer, object(body, "customer")) else { return Ok(()) };
        let mut told = told.clone();
        // Free text, tags and totals of the customer object are the shop's business, not contact data.
        told.retain(|name, _| matches!(name.as_str(), "email" | "phone" | "first_name" | "last_name"));
        if let Some(address) = object(body, "billing_address").or_else(|| object(body, "shipping_address")) {
            let parts = ["address1", "city", "zip", "country_code", "province_code"]
                .into_iter()
                .filter_map(|name| Some((name.to_owned(), address.get(name)?.clone())));
            told.insert(
                "address".to_owned(),
                Value::Object(
                    parts.map(|(name, value)| (if name == "province_code" { "region".to_owned() } else { name }, value)).collect(),
                ),
            );
        }
        if let Some(locale) = text(body, &["customer_locale"]) {
            told.insert("language".to_owned(), Value::String(locale));
        }
        let told = traits::read(&told);
        let id = format!("shopify:{}:{}:customer", self.id, self.updated.0);
        let event = self.event(&id, self.at, Action::Identified { traits: told.traits })?;
        let contacts = told.contacts.into_iter().filter(|(field, _): &(CompactString, String)| !field.starts_with("trait:"));
        let at = Position { at: self.updated, id: Position::of(&event).id };
        parsed.contacts.extend(contacts.map(|(field, value)| ContactField { customer: customer.clone(), field, value, at }));
        parsed.events.push(event);
        Ok(())
    }
}

fn who(body: &Object, hash_key: &str) -> Who {
    let customer = object(body, "customer");
    let address = text(body, &["email", "contact_email"]).or_else(|| text(customer?, &["email"]));
    Who {
        customer: customer.and_then(|customer| text(customer, &["id"])).and_then(|id| personal::customer(hash_key, &id).ok()),
        device: None,
        email: address.and_then(|address| personal::email(hash_key, &address)),
    }
}
