//! Orders, line by line, with their charges, refunds, coupons and customer.

use super::SOURCE;
use crate::{
    auth::personal::Named,
    event::{Action, Event, OrderLine, Product, Refund, Traffic, Who},
    id::{ItemId, OrderId},
    money::Currency,
    source::{
        Delivery, Shop, Sink, Unreadable,
        fields::{Object, count, currency, exact_minor, instant, object, objects, short, text},
        order_id, products,
        signed::{Signed, latest, unusable},
        traits,
    },
    time::Timestamp,
};

/// Statuses of an order that is no sale: void, or not paid yet. Once it is paid, a later statement brings it in. `on-hold` is one:
/// that is how WooCommerce waits for bank transfers and cheques.
const VOID: [&str; 5] = ["cancelled", "failed", "trash", "pending", "checkout-draft"];
/// Of these, such as an order has before it was ever paid.
const UNPAID: [&str; 3] = ["failed", "pending", "checkout-draft"];
/// The status of what nobody ordered: the form of a shopkeeper who has not saved it yet.
const BLANK: &str = "auto-draft";

/// Reads an order, restored ones too.
pub(super) fn read(body: Object<'_>, delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let status = text(body, &["status"]).unwrap_or_default();
    if status == BLANK {
        return Ok(());
    }
    Order::read(body, delivery, shop)?.tell(body, VOID.contains(&status.as_str()), sink)
}

/// What all events of one statement share.
struct Order {
    id: OrderId,
    at: Timestamp,
    updated: Timestamp,
    currency: Currency,
    signed: Signed,
}

impl Order {
    fn read(body: Object<'_>, delivery: &Delivery<'_>, shop: &Shop<'_>) -> Result<Self, Unreadable> {
        let id = text(body, &["id"]).ok_or(Unreadable::Missing("id"))?;
        let latest = latest(delivery);
        let at = instant(body, &["date_created_gmt", "date_created"])?.ok_or(Unreadable::Missing("date_created_gmt"))?.min(latest);
        Ok(Self {
            id: order_id(&id).map_err(unusable("id"))?,
            at,
            updated: instant(body, &["date_modified_gmt", "date_modified"])?.unwrap_or(at).min(latest),
            currency: currency(body, &["currency"], shop.currency)?,
            signed: Signed { source: SOURCE, who: who(body, shop.hash_key), traffic: Traffic::Human },
        })
    }

    fn tell(&self, body: Object<'_>, void: bool, sink: &mut dyn Sink) -> Result<(), Unreadable> {
        if void {
            let line = OrderLine { cancelled: true, ..self.line(None, 0, 0, 0) };
            sink.event(self.event("void", Action::Ordered(line))?);
        } else {
            self.goods(body, sink)?;
            self.charges(body, sink)?;
        }
        // Every order begins unpaid: of those nobody can have given anything back.
        let listed = objects(body, &["refunds"]).next().is_some();
        if void && (listed || !UNPAID.contains(&text(body, &["status"]).unwrap_or_default().as_str())) {
            sink.event(self.signed.nothing_back(&self.id, self.updated, self.at, self.currency)?);
        } else if !void {
            self.refunds(body, sink)?;
        }
        self.signed.coupons(&self.id, body, "coupon_lines", self.at, sink)?;
        self.customer(body, sink)
    }

    fn event(&self, part: &str, action: Action) -> Result<Event, Unreadable> {
        self.signed.event(&format!("{}:{}:{part}", self.id, self.updated.0), self.at, action)
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
            let quantity = count(item, &["quantity"], 1)?;
            // `subtotal` is before coupons, `total` after; both for all pieces, without tax.
            let paid = exact_minor(item, &["total"], self.currency)?.unwrap_or(0);
            let listed = exact_minor(item, &["subtotal"], self.currency)?.unwrap_or(paid);
            let line = self.line(self.product(item, listed / i64::from(quantity.max(1))), quantity, paid, (listed - paid).max(0));
            sink.event(self.event(&id, Action::Ordered(line))?);
        }
        Ok(())
    }

    /// A line whose product is gone has `product_id` 0; its SKU may still be known.
    fn product(&self, item: Object<'_>, price_minor: i64) -> Option<Product> {
        let id = text(item, &["product_id"]).filter(|id| id != "0").or_else(|| text(item, &["sku"]))?;
        let id = ItemId::new(&id).ok()?;
        Some(Product {
            sku: products::sku(item, &["sku"], &id),
            item: id,
            title: short(item, &["parent_name"], 200).or_else(|| short(item, &["name"], 200)),
            category: None,
            brand: None,
            price_minor: Some(price_minor),
            currency: Some(self.currency),
        })
    }

    fn charges(&self, body: Object<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
        let fees = objects(body, &["fee_lines"])
            .map(|fee| Ok(exact_minor(fee, &["total"], self.currency)?.unwrap_or(0)))
            .sum::<Result<i64, Unreadable>>()?;
        let shipping = exact_minor(body, &["shipping_total"], self.currency)?.unwrap_or(0);
        let tax = exact_minor(body, &["total_tax"], self.currency)?.unwrap_or(0);
        for (name, charge) in [("shipping", shipping), ("fees", fees), ("tax", tax)] {
            if charge != 0 {
                sink.event(self.event(name, Action::Ordered(self.line(None, 1, charge, 0)))?);
            }
        }
        Ok(())
    }

    /// Orders list their refunds as sums alone: what came back is not said. They bear the order's time, for they have none. Every
    /// statement tells them anew: an order that is void has none, and one that comes back has them again.
    fn refunds(&self, body: Object<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
        for refund in objects(body, &["refunds"]) {
            let id = text(refund, &["id"]).ok_or(Unreadable::Missing("refunds[].id"))?;
            let reference = OrderId::new(&id).map_err(unusable("refunds[].id"))?;
            let amount_minor = exact_minor(refund, &["total", "amount"], self.currency)?.unwrap_or(0).abs();
            let back = Refund {
                order: Some(self.id.clone()),
                reference: Some(reference),
                product: None,
                quantity: 0,
                amount_minor,
                currency: self.currency,
                version: self.updated,
                cancelled: false,
            };
            sink.event(self.signed.event(&format!("refund:{id}:{}", self.updated.0), self.at, Action::Refunded(back))?);
        }
        Ok(())
    }

    /// What the order tells about its customer.
    fn customer(&self, body: Object<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
        let Some(billing) = object(body, "billing") else { return Ok(()) };
        self.signed.person(&format!("{}:{}:customer", self.id, self.updated.0), billing, (self.at, self.updated), sink)
    }
}

/// Guests have `customer_id` 0, which stands for nobody.
fn who(body: Object<'_>, hash_key: &str) -> Who {
    let billing = object(body, "billing");
    let (email, phone) = (billing.and_then(traits::email), billing.and_then(traits::phone));
    Named { customer: text(body, &["customer_id"]), email, phone }.hidden(hash_key)
}
