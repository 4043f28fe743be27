//! Orders, line by line, with their refunds, coupons and customer.

use super::{
    SOURCE, money, product_of_line,
    refund::{Refunds, rate},
    told, who,
};
use crate::{
    event::{Action, Event, OrderLine, Product, Traffic},
    id::OrderId,
    money::Currency,
    source::{
        Delivery, Shop, Sink, Unreadable,
        fields::{Object, count, currency, instant, object, objects, text},
        json::Value,
        order_id,
        signed::{Signed, latest, unusable},
    },
    time::Timestamp,
};

/// Reads an order.
pub(super) fn read(body: Object<'_>, delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    Order::read(body, delivery, shop)?.tell(body, sink)
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
    fn read(body: Object<'_>, delivery: &Delivery<'_>, shop: &Shop<'_>) -> Result<Self, Unreadable> {
        let id = text(body, &["id"]).ok_or(Unreadable::Missing("id"))?;
        let latest = latest(delivery);
        let at = instant(body, &["processed_at", "created_at"])?.ok_or(Unreadable::Missing("created_at"))?.min(latest);
        let traffic = if is_true(body, "test") { Traffic::Internal } else { Traffic::Human };
        Ok(Self {
            id: order_id(&id).map_err(unusable("id"))?,
            at,
            updated: instant(body, &["updated_at"])?.unwrap_or(at).min(latest),
            latest,
            currency: currency(body, &["currency"], shop.currency)?,
            signed: Signed { source: SOURCE, who: who(body, shop.hash_key), traffic },
        })
    }

    /// The lines of the statement and its charges, what was given back, the coupons, the customer. A cancelled order has one line, which
    /// voids it.
    fn tell(&self, body: Object<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
        if is_void(body) {
            sink.event(self.event("void", OrderLine { cancelled: true, ..self.line(None, 0, 0, 0) })?);
            sink.event(self.signed.nothing_back(&self.id, self.updated, self.at, self.currency)?);
        } else {
            self.goods(body, sink)?;
            self.charges(body, sink)?;
            let refunds = self.refunds(body);
            objects(body, &["refunds"]).try_for_each(|refund| refunds.tell(refund, sink))?;
        }
        self.signed.coupons(&self.id, body, "discount_codes", self.at, sink)?;
        self.customer(body, sink)
    }

    /// A line of this statement, which `part` tells from its others.
    fn event(&self, part: &str, line: OrderLine) -> Result<Event, Unreadable> {
        self.signed.event(&format!("{}:{}:{part}", self.id, self.updated.0), self.at, Action::Ordered(line))
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

    fn goods(&self, body: Object<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
        for item in objects(body, &["line_items"]) {
            let id = text(item, &["id"]).ok_or(Unreadable::Missing("line_items[].id"))?;
            sink.event(self.event(&id, self.line_of(item)?)?);
        }
        Ok(())
    }

    fn charges(&self, body: Object<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
        let shipping = self.sum(body, "shipping_lines", &["discounted_price", "price"])?;
        let included = is_true(body, "taxes_included");
        let tax = if included { 0 } else { money(body, &["total_tax"], self.currency)?.unwrap_or(0) };
        let tip = money(body, &["total_tip_received"], self.currency)?.unwrap_or(0);
        for (name, minor) in [("shipping", shipping), ("tax", tax), ("tip", tip)].into_iter().filter(|(_, minor)| *minor != 0) {
            sink.event(self.event(name, self.line(None, 1, minor, 0))?);
        }
        Ok(())
    }

    fn line_of(&self, item: Object<'_>) -> Result<OrderLine, Unreadable> {
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

    fn sum(&self, holder: Object<'_>, list: &str, names: &[&'static str]) -> Result<i64, Unreadable> {
        objects(holder, &[list]).try_fold(0_i64, |sum, entry| Ok(sum.saturating_add(money(entry, names, self.currency)?.unwrap_or(0))))
    }

    fn refunds(&self, body: Object<'_>) -> Refunds<'_> {
        Refunds {
            order: &self.id,
            at: self.at,
            latest: self.latest,
            version: self.updated,
            currency: self.currency,
            rate: object(body, "total_price_set").and_then(rate),
            tax_included: Some(is_true(body, "taxes_included")),
            signed: &self.signed,
        }
    }

    /// What the order tells about its customer.
    fn customer(&self, body: Object<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
        let Some(customer) = object(body, "customer") else { return Ok(()) };
        let address = object(body, "billing_address").or_else(|| object(body, "shipping_address"));
        let told = told(customer, address, ("language", body.get("customer_locale").filter(|locale| locale.is_scalar())));
        let told = told.as_object().unwrap_or_default();
        self.signed.person(&format!("{}:{}:customer", self.id, self.updated.0), told, (self.at, self.updated), sink)
    }
}

fn is_true(body: Object<'_>, name: &str) -> bool {
    body.get(name).is_some_and(Value::is_true)
}

/// Whether the statement says that the order is no sale: cancelled, or never to be paid. What is `pending` or `authorized` is one: goods
/// are sent against bank transfers and cash on delivery before the money is there.
fn is_void(body: Object<'_>) -> bool {
    let is_unpaid = text(body, &["financial_status"]).is_some_and(|status| matches!(status.as_str(), "voided" | "expired"));
    is_unpaid || body.get("cancelled_at").is_some_and(|at| !at.is_null())
}
