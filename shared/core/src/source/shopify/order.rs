//! Orders, line by line, with their refunds, coupons and customer.

use super::{SOURCE, money, product_of_line, told, who};
use crate::{
    event::{Action, OrderLine, Product, Refund, Traffic},
    id::OrderId,
    money::Currency,
    source::{
        Delivery, Parsed, Shop, Unreadable,
        fields::{Object, count, currency, instant, minor, object, objects, text},
        order_id,
        signed::{Signed, latest, unusable},
    },
    time::{MINUTE_MS, Timestamp},
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
    received: Timestamp,
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
            received: delivery.received,
            currency: currency(body, &["currency"], shop.currency)?,
            signed: Signed { source: SOURCE, who: who(body, shop.hash_key), traffic },
        })
    }

    fn parsed(&self, body: &Object) -> Result<Parsed, Unreadable> {
        let mut parsed = Parsed::default();
        for (line, id) in self.lines(body)? {
            parsed.events.push(self.signed.event(&format!("{}:{}:{id}", self.id, self.updated.0), self.at, Action::Ordered(line))?);
        }
        for refund in objects(body, &["refunds"]) {
            self.refund(refund, &mut parsed)?;
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

    /// A refund: goods line by line, then whatever else was paid back (shipping, goodwill), so that all adds up to the transactions.
    fn refund(&self, refund: &Object, parsed: &mut Parsed) -> Result<(), Unreadable> {
        let reference = text(refund, &["id"]).ok_or(Unreadable::Missing("refunds[].id"))?;
        let credit = OrderId::new(&reference).map_err(unusable("refunds[].id"))?;
        let at = instant(refund, &["processed_at", "created_at"])?.unwrap_or(self.at).min(self.received.plus_ms(5 * MINUTE_MS));
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
            self.signed.event(&format!("refund:{reference}:{id}"), at, Action::Refunded(back)).map(|event| parsed.events.push(event))
        };
        for line in objects(refund, &["refund_line_items"]) {
            let Some(item) = object(line, "line_item") else { continue };
            let id = text(line, &["id", "line_item_id"]).unwrap_or_default();
            let amount = money(line, &["subtotal"], self.currency)?.unwrap_or(0).abs();
            goods = i64::saturating_add(goods, amount);
            let product = product_of_line(item, money(item, &["price"], self.currency)?.unwrap_or(0), self.currency);
            push(&id, product, count(line, &["quantity"], 1)?, amount)?;
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
    fn customer(&self, body: &Object) -> Result<Parsed, Unreadable> {
        let Some(customer) = object(body, "customer") else { return Ok(Parsed::default()) };
        let mut told = told(customer, object(body, "billing_address").or_else(|| object(body, "shipping_address")));
        if let Some(locale) = text(body, &["customer_locale"]) {
            told.insert("language".to_owned(), Value::String(locale));
        }
        self.signed.person(&format!("{}:{}:customer", self.id, self.updated.0), &told, (self.at, self.updated))
    }
}
