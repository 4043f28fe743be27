//! What was given back. Every statement of an order tells its refunds anew, as it does its lines: an order that is void has none.

use super::{money, product_of_line};
use crate::{
    event::{Action, Event, Product, Refund},
    id::OrderId,
    money::Currency,
    source::{
        Unreadable,
        fields::{Object, count, instant, minor, object, objects, text},
        signed::{Signed, unusable},
    },
    time::Timestamp,
};

/// What the refunds of one statement share.
pub(super) struct Refunds<'a> {
    pub(super) order: &'a OrderId,
    /// When a refund happened that does not say so, and the latest that any can have.
    pub(super) at: Timestamp,
    pub(super) latest: Timestamp,
    /// The statement's `updated_at`.
    pub(super) version: Timestamp,
    /// Whether the statement voids the order.
    pub(super) cancelled: bool,
    pub(super) currency: Currency,
    pub(super) signed: &'a Signed,
}

/// A refund by its number, at its time.
struct Named {
    name: String,
    reference: OrderId,
    at: Timestamp,
}

impl Refunds<'_> {
    /// A refund: goods line by line, then whatever else was paid back (shipping, goodwill), so that all adds up to the transactions.
    pub(super) fn read(&self, refund: &Object) -> Result<Vec<Event>, Unreadable> {
        let name = text(refund, &["id"]).ok_or(Unreadable::Missing("refunds[].id"))?;
        let reference = OrderId::new(&name).map_err(unusable("refunds[].id"))?;
        let at = instant(refund, &["processed_at", "created_at"])?.unwrap_or(self.at).min(self.latest);
        let named = Named { name, reference, at };
        if self.cancelled {
            return Ok(vec![self.event(&named, "void", None, (0, 0))?]);
        }
        let mut events = Vec::new();
        let mut goods = 0;
        for line in objects(refund, &["refund_line_items"]) {
            let Some(item) = object(line, "line_item") else { continue };
            let id = text(line, &["id", "line_item_id"]).unwrap_or_default();
            let amount = money(line, &["subtotal"], self.currency)?.unwrap_or(0).abs();
            goods = i64::saturating_add(goods, amount);
            let product = product_of_line(item, money(item, &["price"], self.currency)?.unwrap_or(0), self.currency);
            events.push(self.event(&named, &id, product, (count(line, &["quantity"], 1)?, amount))?);
        }
        let rest = self.paid_back(refund)?.saturating_sub(goods);
        if rest > 0 {
            events.push(self.event(&named, "money", None, (0, rest))?);
        }
        Ok(events)
    }

    fn event(&self, refund: &Named, part: &str, product: Option<Product>, (quantity, amount_minor): (u32, i64)) -> Result<Event, Unreadable> {
        let id = format!("refund:{}:{part}:{}", refund.name, self.version.0);
        let back = Refund {
            order: Some(self.order.clone()),
            reference: Some(refund.reference.clone()),
            product,
            quantity,
            amount_minor,
            currency: self.currency,
            version: self.version,
            cancelled: self.cancelled,
        };
        self.signed.event(&id, refund.at, Action::Refunded(back))
    }

    /// What the transactions paid back in all.
    fn paid_back(&self, refund: &Object) -> Result<i64, Unreadable> {
        let paid = objects(refund, &["transactions"])
            .filter(|paid| matches!(text(paid, &["kind"]).as_deref(), Some("refund")))
            .filter(|paid| text(paid, &["status"]).as_deref() != Some("failure"));
        paid.map(|paid| Ok(minor(paid, &["amount"], self.currency)?.unwrap_or(0))).sum()
    }
}
