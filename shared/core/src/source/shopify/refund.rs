//! What was given back. Every statement of an order tells its refunds anew, as it does its lines, and the newest holds; an order that is
//! void has none.
//!
//! A refund by itself is the same refund under version zero, so that what any statement of its order says of it holds. It names nobody:
//! it counts for items at once, and for the customer with the order's next statement.

use super::{SOURCE, money, product_of_line};
use crate::{
    event::{Action, Event, Product, Refund, Traffic, Who},
    id::OrderId,
    money::Currency,
    source::{
        Delivery, Shop, Sink, Unreadable,
        fields::{Object, count, currency, exact_minor, has_list, instant, object, objects, scalar, text},
        order_id,
        signed::{Signed, latest, unusable},
    },
    time::Timestamp,
};

/// Reads a refund that is told by itself.
pub(super) fn alone(body: Object<'_>, delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let order = text(body, &["order_id"]).ok_or(Unreadable::Missing("order_id"))?;
    let order = order_id(&order).map_err(unusable("order_id"))?;
    let shop_money = sets(body).find_map(|set| object(set, "shop_money"));
    let refunds = Refunds {
        order: &order,
        at: delivery.received,
        latest: latest(delivery),
        version: Timestamp(0),
        currency: shop_money.map_or(Ok(shop.currency), |money| currency(money, &["currency_code"], shop.currency))?,
        rate: None,
        tax_included: None,
        signed: &Signed { source: SOURCE, who: Who::default(), traffic: Traffic::Human },
    };
    refunds.tell(body, sink)
}

/// What the refunds of one statement share.
pub(super) struct Refunds<'a> {
    pub(super) order: &'a OrderId,
    /// When a refund happened that does not say so, and the latest that any can have.
    pub(super) at: Timestamp,
    pub(super) latest: Timestamp,
    /// The statement's `updated_at`.
    pub(super) version: Timestamp,
    /// The shop's currency.
    pub(super) currency: Currency,
    /// What one of the currency that was paid in is worth in the shop's, where the order says so.
    pub(super) rate: Option<f64>,
    /// Whether the prices contain the tax, where that is known.
    pub(super) tax_included: Option<bool>,
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
    pub(super) fn tell(&self, refund: Object<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
        let name = text(refund, &["id"]).ok_or(Unreadable::Missing("refunds[].id"))?;
        let reference = OrderId::new(&name).map_err(unusable("refunds[].id"))?;
        let at = instant(refund, &["processed_at", "created_at"])?.unwrap_or(self.at).min(self.latest);
        let named = Named { name, reference, at };
        let mut goods = 0;
        for line in objects(refund, &["refund_line_items"]) {
            let Some(item) = object(line, "line_item") else { continue };
            let id = text(line, &["id", "line_item_id"]).unwrap_or_default();
            let amount = money(line, &["subtotal"], self.currency)?.unwrap_or(0).abs();
            goods = i64::saturating_add(goods, amount);
            let product = product_of_line(item, money(item, &["price"], self.currency)?.unwrap_or(0), self.currency);
            sink.event(self.event(&named, &id, product, (count(line, &["quantity"], 1)?, amount))?);
        }
        let rest = self.paid_back(refund)?.saturating_sub(goods);
        if rest > 0 {
            sink.event(self.event(&named, "money", None, (0, rest))?);
        }
        Ok(())
    }

    fn event(
        &self,
        refund: &Named,
        part: &str,
        product: Option<Product>,
        (quantity, amount_minor): (u32, i64),
    ) -> Result<Event, Unreadable> {
        let id = match self.version.0 {
            0 => format!("refund:{}:{part}", refund.name),
            version => format!("refund:{}:{part}:{version}", refund.name),
        };
        let back = Refund {
            order: Some(self.order.clone()),
            reference: Some(refund.reference.clone()),
            product,
            quantity,
            amount_minor,
            currency: self.currency,
            version: self.version,
            cancelled: false,
        };
        self.signed.event(&id, refund.at, Action::Refunded(back))
    }

    /// What the transactions paid back in all, in the shop's currency; they themselves are told in the one that was paid in.
    fn paid_back(&self, refund: Object<'_>) -> Result<i64, Unreadable> {
        let mut sum = 0_i64;
        for paid in transactions(refund) {
            match self.in_shop_currency(paid)? {
                Some(minor) => sum = sum.saturating_add(minor),
                None => return self.paid_back_abroad(refund),
            }
        }
        Ok(sum)
    }

    /// A transaction's amount, unless it is told in another currency alone.
    fn in_shop_currency(&self, paid: Object<'_>) -> Result<Option<i64>, Unreadable> {
        let is_told = object(paid, "amount_set").is_some_and(|set| object(set, "shop_money").is_some());
        let theirs = currency(paid, &["currency"], self.currency)?;
        if is_told || theirs == self.currency { Ok(Some(money(paid, &["amount"], self.currency)?.unwrap_or(0))) } else { Ok(None) }
    }

    /// The same where some transaction is in another currency: by what Shopify worked out itself, else by the order's rate.
    fn paid_back_abroad(&self, refund: Object<'_>) -> Result<i64, Unreadable> {
        if let Some(minor) = self.worked_out(refund)? {
            return Ok(minor);
        }
        let rate = self.rate.or_else(|| sets(refund).find_map(rate)).ok_or(Unreadable::Field {
            field: "transactions[].currency",
            problem: format!("is not {}, and nothing says at what rate; send the order's next update, which does", self.currency),
        })?;
        let mut sum = 0_i64;
        for paid in transactions(refund) {
            let minor = match self.in_shop_currency(paid)? {
                Some(minor) => minor,
                None => self.converted(paid, rate)?,
            };
            sum = sum.saturating_add(minor);
        }
        Ok(sum)
    }

    fn converted(&self, paid: Object<'_>, rate: f64) -> Result<i64, Unreadable> {
        let theirs = currency(paid, &["currency"], self.currency)?;
        let major = exact_minor(paid, &["amount"], theirs)?.unwrap_or(0) as f64 / 10f64.powi(theirs.decimals() as i32);
        self.currency.minor(major * rate).map_err(|problem| Unreadable::Field { field: "amount", problem: problem.to_string() })
    }

    /// Goods and their tax less adjustments, which are below zero for what was paid back beside the goods. `None` where a part is not told
    /// in the shop's currency.
    fn worked_out(&self, refund: Object<'_>) -> Result<Option<i64>, Unreadable> {
        let is_told = |holder: Object<'_>, name: &str| object(holder, name).is_some_and(|set| object(set, "shop_money").is_some());
        let mut sum = 0_i64;
        for line in objects(refund, &["refund_line_items"]) {
            let tax = money(line, &["total_tax"], self.currency)?.unwrap_or(0);
            if !is_told(line, "subtotal_set") || (tax != 0 && (self.tax_included.is_none() || !is_told(line, "total_tax_set"))) {
                return Ok(None);
            }
            sum = sum.saturating_add(money(line, &["subtotal"], self.currency)?.unwrap_or(0));
            sum = sum.saturating_add(if self.tax_included == Some(false) { tax } else { 0 });
        }
        if !has_list(refund, "order_adjustments") {
            return Ok(None);
        }
        for adjustment in objects(refund, &["order_adjustments"]) {
            if !is_told(adjustment, "amount_set") {
                return Ok(None);
            }
            let [amount, tax] = [["amount"], ["tax_amount"]].map(|name| money(adjustment, &name, self.currency));
            sum = sum.saturating_sub(amount?.unwrap_or(0)).saturating_sub(tax?.unwrap_or(0));
        }
        Ok(Some(sum))
    }
}

/// The transactions that paid something back.
fn transactions(refund: Object<'_>) -> impl Iterator<Item = Object<'_>> {
    objects(refund, &["transactions"])
        .filter(|paid| matches!(text(*paid, &["kind"]).as_deref(), Some("refund")))
        .filter(|paid| text(*paid, &["status"]).as_deref() != Some("failure"))
}

/// What one in the currency paid in is worth in the shop's, by an amount that is told in both.
pub(super) fn rate(set: Object<'_>) -> Option<f64> {
    let amount = |name: &str| scalar(object(set, name)?.get("amount")?)?.parse::<f64>().ok().filter(|amount| *amount > 0.0);
    Some(amount("shop_money")? / amount("presentment_money")?).filter(|rate| rate.is_finite())
}

/// The amounts of a refund that are told in two currencies.
fn sets(refund: Object<'_>) -> impl Iterator<Item = Object<'_>> {
    let in_list = |list: &'static str, set: &'static str| objects(refund, &[list]).filter_map(move |entry| object(entry, set));
    in_list("transactions", "amount_set")
        .chain(in_list("refund_line_items", "subtotal_set"))
        .chain(in_list("order_adjustments", "amount_set"))
}
