//! Stripe's events, for shops whose till it is: a checkout that was paid, an invoice that was paid, money given back. Everything is
//! inside the signed body, its type too.
//!
//! Read past, with nothing kept: `refund.*` (they name nobody; `charge.refunded` says the same and does), and sessions whose invoice
//! tells the same money line by line. Stripe's id of a customer is not the shop's, so who paid is known by the `customer_id` that the
//! shop put into the metadata, else by the address they gave, else by Stripe's id.
//!
//! What is absent: a shop whose orders come from Shopify or WooCommerce already. It must not connect Stripe too, or every order
//! counts twice: the two number them apart.

use super::{
    Delivery, Json, Shop, Sink, Unreadable,
    fields::{Object, count, currency, instant, object, objects, scalar, short, text},
    json,
    json::Value,
    order_id,
    signed::{Signed, latest, unusable},
    sink::whole,
};
use crate::{
    auth::personal::{self, Named},
    event::{Action, OrderLine, Product, Refund, Traffic, Who},
    id::{ItemId, OrderId},
    money::Currency,
    time::Timestamp,
};

/// Larger than any amount, and small enough to be written as a double.
const LARGEST_AMOUNT: i64 = 9_000_000_000_000_000;

/// Reads a delivery.
pub(super) fn read(delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let body = json(delivery.body)?;
    let event = body.as_object().ok_or(Unreadable::Shape("an event of Stripe's"))?;
    let kind = text(event, &["type"]).ok_or(Unreadable::Missing("type"))?;
    let data = object(event, "data").ok_or(Unreadable::Missing("data"))?;
    let about = object(data, "object").ok_or(Unreadable::Missing("data.object"))?;
    let told = Told {
        version: instant(event, &["created"])?.ok_or(Unreadable::Missing("created"))?.min(latest(delivery)),
        currency: currency(about, &["currency"], shop.currency)?,
        signed: Signed {
            source: "stripe",
            who: who(about, shop.hash_key),
            traffic: if matches!(event.get("livemode"), Some(Value::Bool(false))) { Traffic::Internal } else { Traffic::Human },
        },
    };
    whole(sink, |sink| match kind.as_str() {
        "checkout.session.completed" | "checkout.session.async_payment_succeeded" => told.session(about, sink),
        "invoice.paid" => told.invoice(about, sink),
        "charge.refunded" => told.refund(about, sink),
        kind if kind.starts_with("refund.") || kind == "charge.refund.updated" => Ok(()),
        kind => Err(Unreadable::NotTaken(format!("Stripe's `{}` events", super::fields::cut(kind, 60)))),
    })
}

/// What all events of one delivery share.
struct Told {
    /// When Stripe said so.
    version: Timestamp,
    currency: Currency,
    signed: Signed,
}

impl Told {
    /// A session is told as sums: what was in it stands in the invoice, or with the shop.
    fn session(&self, session: Object<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
        if text(session, &["payment_status"]).as_deref() == Some("unpaid") {
            return Ok(());
        }
        let id = text(session, &["id"]).ok_or(Unreadable::Missing("id"))?;
        self.person(&id, session, sink)?;
        let order = order_of(session, &["payment_intent", "id"])?;
        let is_setup = text(session, &["mode"]).as_deref() == Some("setup");
        if is_setup || session.get("invoice").is_some_and(|invoice| !invoice.is_null()) {
            return Ok(());
        }
        let details = object(session, "total_details");
        let part = |name: &'static str| details.map_or(Ok(0), |details| self.amount(details, name));
        let (off, shipping, tax) = (part("amount_discount")?, part("amount_shipping")?, part("amount_tax")?);
        let goods = self.amount(session, "amount_total")?.saturating_sub(shipping).saturating_sub(tax);
        for (name, paid, off) in [("goods", goods, off), ("shipping", shipping, 0), ("tax", tax, 0)] {
            if paid != 0 || name == "goods" {
                self.push(sink, &format!("{order}:{}:{name}", self.version.0), self.line(&order, None, (1, paid, off)))?;
            }
        }
        Ok(())
    }

    /// An invoice, line by line; tax that the prices do not include is a charge.
    fn invoice(&self, invoice: Object<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
        let id = text(invoice, &["id"]).ok_or(Unreadable::Missing("id"))?;
        self.person(&id, invoice, sink)?;
        let order = order_of(invoice, &["id"])?;
        let lines = object(invoice, "lines");
        let mut goods = 0_i64;
        for (index, line) in lines.into_iter().flat_map(|lines| objects(lines, &["data"])).enumerate() {
            let quantity = count(line, &["quantity"], 1)?.max(1);
            let listed = self.amount(line, "amount")?;
            let off =
                objects(line, &["discount_amounts"]).try_fold(0_i64, |sum, off| Ok(sum.saturating_add(self.amount(off, "amount")?)))?;
            let paid = listed.saturating_sub(off);
            goods = goods.saturating_add(paid);
            let product = product(line, listed / i64::from(quantity), self.currency);
            self.push(sink, &format!("{order}:{}:{index}", self.version.0), self.line(&order, product, (quantity, paid, off)))?;
        }
        // Whatever else was paid: tax, postage, what was carried over.
        let rest = self.amount(invoice, "total")?.saturating_sub(goods);
        if rest != 0 {
            self.push(sink, &format!("{order}:{}:rest", self.version.0), self.line(&order, None, (1, rest, 0)))?;
        }
        Ok(())
    }

    /// A charge says how much of it was given back in all: the newest such word holds, whatever was told before it or got lost.
    fn refund(&self, charge: Object<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
        let id = text(charge, &["id"]).ok_or(Unreadable::Missing("id"))?;
        let back = Refund {
            order: Some(order_of(charge, &["invoice", "payment_intent", "id"])?),
            reference: Some(OrderId::new(&id).map_err(unusable("id"))?),
            product: None,
            quantity: 0,
            amount_minor: self.amount(charge, "amount_refunded")?,
            currency: self.currency,
            version: self.version,
            cancelled: false,
        };
        sink.event(self.signed.event(&format!("refund:{id}:{}", self.version.0), self.version, Action::Refunded(back))?);
        Ok(())
    }

    fn push(&self, sink: &mut dyn Sink, id: &str, line: OrderLine) -> Result<(), Unreadable> {
        sink.event(self.signed.event(id, self.version, Action::Ordered(line))?);
        Ok(())
    }

    fn line(&self, order: &OrderId, product: Option<Product>, (quantity, paid_minor, discount_minor): (u32, i64, i64)) -> OrderLine {
        OrderLine {
            order: order.clone(),
            version: self.version,
            product,
            quantity,
            paid_minor,
            discount_minor,
            currency: self.currency,
            cancelled: false,
        }
    }

    /// What the payer told about themselves.
    fn person(&self, id: &str, about: Object<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
        let details = object(about, "customer_details");
        let address = details.and_then(|details| object(details, "address")).or_else(|| object(about, "customer_address"));
        let address = address.map(|address| Json::object(address.entries().filter(|(_, value)| value.is_scalar())));
        let told = [("email", "customer_email"), ("name", "customer_name"), ("phone", "customer_phone")]
            .into_iter()
            .filter_map(|(name, other)| Some((name, details.and_then(|details| said(details, name)).or_else(|| said(about, other))?)))
            .chain(address.as_ref().map(|address| ("address", address.value())));
        let told = Json::object(told);
        let told = told.as_object().unwrap_or_default();
        self.signed.person(&format!("{id}:{}:customer", self.version.0), told, (self.version, self.version), sink)
    }

    /// An amount in our minor units; 0 where there is none. Stripe's own are ISO 4217's but for a few currencies.
    fn amount(&self, holder: Object<'_>, name: &'static str) -> Result<i64, Unreadable> {
        let Some(amount) = holder.get(name).filter(|amount| !amount.is_null()) else { return Ok(0) };
        let amount = amount.as_i64().filter(|amount| (-LARGEST_AMOUNT..=LARGEST_AMOUNT).contains(amount));
        let amount = amount.ok_or(Unreadable::Field { field: name, problem: "is no amount in minor units".to_owned() })?;
        let (theirs, ours) = (decimals(&self.currency), self.currency.decimals());
        let scaled = match ours.checked_sub(theirs) {
            Some(more) => amount.checked_mul(10_i64.pow(more)),
            None => Some(amount / 10_i64.pow(theirs.saturating_sub(ours))),
        };
        scaled.ok_or(Unreadable::Field { field: name, problem: "is more than can be counted".to_owned() })
    }
}

/// What stands under `name`, if it says something.
fn said<'a>(holder: Object<'a>, name: &str) -> Option<Value<'a>> {
    holder.get(name).filter(|value| scalar(*value).is_some())
}

/// How many decimals Stripe's integers have: <https://docs.stripe.com/currencies#zero-decimal>. It writes kronur and Ugandan
/// shillings, which have none, with two, and ariary, which have two, with none.
fn decimals(currency: &Currency) -> u32 {
    match currency.code() {
        "ISK" | "UGX" => 2,
        "MGA" => 0,
        _ => currency.decimals(),
    }
}

/// The shop's own number where it put one into the metadata, else the first of `names`.
fn order_of(about: Object<'_>, names: &[&str]) -> Result<OrderId, Unreadable> {
    let own = object(about, "metadata").and_then(|metadata| text(metadata, &["order_id", "orderId", "order_number"]));
    let id = own.or_else(|| names.iter().find_map(|name| reference(about, name))).ok_or(Unreadable::Missing("id"))?;
    order_id(&id).map_err(unusable("metadata.order_id"))
}

/// An id, or the id of what stands there unfolded.
fn reference(about: Object<'_>, name: &str) -> Option<String> {
    text(about, &[name]).or_else(|| text(object(about, name)?, &["id"]))
}

fn who(about: Object<'_>, hash_key: &str) -> Who {
    let own = object(about, "metadata").and_then(|metadata| text(metadata, &["customer_id", "customerId", "user_id"]));
    let inside = |name: &str| ["customer_details", "billing_details"].iter().find_map(|holder| text(object(about, holder)?, &[name]));
    let email = inside("email").or_else(|| text(about, &["customer_email", "receipt_email"]));
    let phone = inside("phone").or_else(|| text(about, &["customer_phone"]));
    let told = Named { customer: own, email, phone };
    let is_known = told.customer.is_some() || told.email.as_deref().is_some_and(personal::is_email);
    let customer = if is_known { told.customer } else { reference(about, "customer") };
    Named { customer, ..told }.hidden(hash_key)
}

/// The product of an invoice's line, in this year's shape of it or in older ones.
fn product(line: Object<'_>, price_minor: i64, currency: Currency) -> Option<Product> {
    let priced = object(line, "pricing").and_then(|pricing| object(pricing, "price_details"));
    let id = priced
        .and_then(|details| reference(details, "product"))
        .or_else(|| reference(object(line, "price")?, "product"))
        .or_else(|| reference(object(line, "plan")?, "product"))?;
    let title = short(line, &["description"], 200);
    Some(Product {
        item: ItemId::new(&id).ok()?,
        sku: None,
        title,
        category: None,
        brand: None,
        price_minor: Some(price_minor),
        currency: Some(currency),
    })
}
