//! Orders, line by line, with their refunds, coupons and customer.

use super::{
    SOURCE, money, product_of_line,
    refund::{Refunds, rate},
    told, who,
};
use crate::{
    event::{Action, OrderLine, Product, Traffic},
    id::OrderId,
    money::Currency,
    source::{
        Delivery, Parsed, Shop, Unreadable,
        fields::{Object, count, currency, instant, object, objects, text},
        order_id,
        signed::{Signed, latest, unusable},
    },
    time::Timestamp,
};
use serde_json::Value;

/// Reads an order.
pub(super) fn parse(body: &Object, delivery: &Delivery<'_>, shop: &Shop<'_>) -> Result<Parsed, Unreadable> {
    Order::read(body, delivery, shop)?.parsed(body)
}

/// What all events of one statement share.
struct Order {
    id: OrderId,
    at: Timestamp,
    updated: Timestamp,
    latest: Timestamp,
    currency: Currency,
    signed: Signed,
}

impl Order {
    fn read(body: &Object, delivery: &Delivery<'_>, shop: &Shop<'_>) -> Result<Self, Unreadable> {
        let id = text(body, &["id"]).ok_or(Unreadable::Missing("id"))?;
        let latest = latest(delivery);
        let at = instant(body, &["processed_at", "created_at"])?.ok_or(Unreadable::Missing("created_at"))?.min(latest);
        let traffic = if body.get("test") == Some(&Value::Bool(true)) { Traffic::Internal } else { Traffic::Human };
        Ok(Self {
            id: order_id(&id).map_err(unusable("id"))?,
            at,
            updated: instant(body, &["updated_at"])?.unwrap_or(at).min(latest),
            latest,
            currency: currency(body, &["currency"], shop.currency)?,
            signed: Signed { source: SOURCE, who: who(body, shop.hash_key), traffic },
        })
    }

    fn parsed(&self, body: &Object) -> Result<Parsed, Unreadable> {
        let mut parsed = Parsed::default();
        for (line, id) in self.lines(body)? {
            parsed.events.push(self.signed.event(&format!("{}:{}:{id}", self.id, self.updated.0), self.at, Action::Ordered(line))?);
        }
        if is_void(body) {
            parsed.events.push(self.signed.nothing_back(&self.id, self.updated, self.at, self.currency)?);
        } else {
            let refunds = self.refunds(body);
            for refund in objects(body, &["refunds"]) {
                parsed.events.extend(refunds.read(refund)?);
            }
        }
        parsed.events.extend(self.signed.coupons(&self.id, body, "discount_codes", self.at)?);
        parsed.extend(self.customer(body)?);
        Ok(parsed)
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
        if is_void(body) {
            return Ok(vec![(OrderLine { cancelled: true, ..self.line(None, 0, 0, 0) }, "void".to_owned())]);
        }
        let mut lines = Vec::new();
        for item in objects(body, &["line_items"]) {
            let id = text(item, &["id"]).ok_or(Unreadable::Missing("line_items[].id"))?;
            lines.push((self.goods(item)?, id));
        }
        let shipping = self.sum(body, "shipping_lines", &["discounted_price", "price"])?;
        let included = body.get("taxes_included") == Some(&Value::Bool(true));
        let tax = if included { 0 } else { money(body, &["total_tax"], self.currency)?.unwrap_or(0) };
        let tip = money(body, &["total_tip_received"], self.currency)?.unwrap_or(0);
        let charges = [("shipping", shipping), ("tax", tax), ("tip", tip)].into_iter().filter(|(_, minor)| *minor != 0);
        lines.extend(charges.map(|(name, minor)| (self.line(None, 1, minor, 0), name.to_owned())));
        Ok(lines)
    }

    fn goods(&self, item: &Object) -> Result<OrderLine, Unreadable> {
        let quantity = count(item, &["quantity"], 1)?;
        let price = money(item, &["price"], self.currency)?.unwrap_or(0);
        let off = match self.sum(item, "discount_allocations", &["amount"])? {
            0 => money(item, &["total_discount"], self.currency)?.unwrap_or(0),
            allocated => allocated,
        };
        let gross = price
            .checked_mul(i64::from(quantity))
            .ok_or(Unreadable::Field { field: "price", problem: "the line costs more than can be counted".to_owned() })?;
        Ok(self.line(product_of_line(item, price, self.currency), quantity, gross.saturating_sub(off), off))
    }

    fn sum(&self, holder: &Object, list: &str, names: &[&'static str]) -> Result<i64, Unreadable> {
        objects(holder, &[list]).try_fold(0_i64, |sum, entry| Ok(sum.saturating_add(money(entry, names, self.currency)?.unwrap_or(0))))
    }

    fn refunds(&self, body: &Object) -> Refunds<'_> {
        Refunds {
            order: &self.id,
            at: self.at,
            latest: self.latest,
            version: self.updated,
            currency: self.currency,
            rate: object(body, "total_price_set").and_then(rate),
            tax_included: Some(body.get("taxes_included") == Some(&Value::Bool(true))),
            signed: &self.signed,
        }
    }

    /// What the order tells about its customer.
    fn customer(&self, body: &Object) -> Result<Parsed, Unreadable> {
        let Some(customer) = object(body, "customer") else { return Ok(Parsed::default()) };
        let mut told = told(customer, object(body, "billing_address").or_else(|| object(body, "shipping_address")));
        if let Some(locale) = text(body, &["customer_locale"]) {
            told.insert("language".to_owned(), Value::String(locale));
        }
        self.signed.person(&format!("{}:{}:customer", self.id, self.updated.0), &told, (self.at, self.updated))
    }
}

/// Whether the statement says that the order is no sale: cancelled, or never to be paid. What is `pending` or `authorized` is one: goods
/// are sent against bank transfers and cash on delivery before the money is there.
fn is_void(body: &Object) -> bool {
    let is_unpaid = text(body, &["financial_status"]).is_some_and(|status| matches!(status.as_str(), "voided" | "expired"));
    is_unpaid || body.get("cancelled_at").is_some_and(|at| !at.is_null())
}
