//! Exports with a row an item, in which only an order's first row tells about the order: Shopify's, and WooCommerce's in their wake.
//!
//! The rows of an order are collected until the next order begins, because what was taken off the whole order has to be shared out
//! over its lines.
//!
//! An export has no versions, but it is a statement all the same, and a later export of the order is a later one: its version is the
//! newest date in its rows, and then what the rows say, so that of two exports that differ one holds as a whole, and of two alike both are
//! one. Rows of an order that stand apart share the version of the first of them: nothing that one file says outdates the rest of it.

use super::{
    Doubt, Reason,
    format::{Field, Format},
    intake::{Intake, Row, label},
    lines::{part_id, quantity_of},
    value::quantity,
};
use crate::{
    digest::short_hash,
    event::{Action, OrderLine, Product, Refund, Who},
    id::{EventId, ItemId, OrderId},
    money::Currency,
    source::share,
    time::Timestamp,
};
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// The order whose rows are coming.
#[derive(Default)]
pub(super) struct Orders {
    open: Option<Order>,
    /// An order that was refused, and why: only its first row says that it was never paid.
    refused: Option<(String, Reason)>,
    /// By the hash of an order's id: the version of its statement in this file.
    versions: HashMap<u64, Timestamp, FixedState>,
}

/// What an order's first row says, and the lines so far.
struct Order {
    name: String,
    id: OrderId,
    first: EventId,
    at: Timestamp,
    who: Who,
    currency: Currency,
    cancelled: bool,
    discount_minor: i64,
    shipping_minor: i64,
    tax_minor: i64,
    total_minor: Option<i64>,
    refunded_minor: i64,
    /// The newest date in its rows.
    changed: Timestamp,
    lines: Vec<Line>,
}

struct Line {
    id: EventId,
    product: Option<Product>,
    quantity: u32,
    gross_minor: i64,
    off_minor: i64,
}

impl Line {
    /// What it cost after what was taken off.
    const fn cost_minor(&self) -> i64 {
        self.gross_minor.saturating_sub(self.off_minor)
    }
}

impl Orders {
    /// Takes a row. What it says leaves when its order is complete.
    pub(super) fn take(&mut self, row: Row<'_>, intake: &mut Intake<'_>) -> Result<(), Reason> {
        let name = row.some(Field::OrderName).map_or_else(|| row.need(Field::Order), Ok)?;
        if self.open.as_ref().is_none_or(|order| order.name != name) {
            self.close(intake);
        }
        if let Some((_, reason)) = self.refused.as_ref().filter(|(refused, _)| refused == name) {
            return Err(*reason);
        }
        let mut order = match self.open.take() {
            Some(order) => order,
            None => Order::begin(name, row, intake).inspect_err(|reason| self.refused = Some((name.to_owned(), *reason)))?,
        };
        let line = order.line(row, intake);
        order.changed = order.changed.max(intake.changed(row));
        // A first row whose line is damaged still says what only first rows say.
        let taken = line.map(|line| order.lines.push(line));
        self.open = Some(order);
        taken
    }

    /// Lets the order at hand go.
    pub(super) fn close(&mut self, intake: &mut Intake<'_>) {
        if let Some(order) = self.open.take().filter(|order| !order.lines.is_empty()) {
            let version = *self.versions.entry(short_hash(order.id.as_str().as_bytes())).or_insert_with(|| order.version());
            order.leave(version, intake);
        }
    }
}

/// The item of a line. Shops that keep no SKUs still know what they sold by its name.
fn item(row: Row<'_>, intake: &mut Intake<'_>) -> Result<Option<ItemId>, Reason> {
    let told = [(Field::Item, None), (Field::Sku, Some(Doubt::SkuAlone)), (Field::Title, Some(Doubt::TitleAlone))];
    // WooCommerce writes 0 for a product that is gone.
    let told = told.into_iter().find_map(|(field, doubt)| Some((row.some(field).filter(|code| *code != "0")?, doubt)));
    let Some((code, doubt)) = told else { return Ok(None) };
    doubt.into_iter().for_each(|doubt| intake.doubt(doubt));
    intake.item_id(code).map(Some)
}

impl Order {
    fn begin(name: &str, row: Row<'_>, intake: &mut Intake<'_>) -> Result<Self, Reason> {
        let status = row.get(Field::Status).to_ascii_lowercase();
        let status = status.trim_start_matches("wc-");
        // To Shopify `pending` is a sale whose money is on its way.
        let is_unpaid = status == "pending" && row.columns.format == Format::WoocommerceOrders;
        if is_unpaid || matches!(status, "voided" | "expired" | "failed" | "pending payment" | "checkout-draft" | "draft") {
            return Err(Reason::Unpaid);
        }
        let at = intake.at(row)?;
        let who = intake.who(row)?;
        let currency = intake.currency(row)?;
        let id = intake.order_id(row.some(Field::Order).unwrap_or(name))?;
        if row.columns.place(Field::Order).is_none() {
            intake.doubt(Doubt::NumberAlone);
        }
        let order = Self {
            name: name.to_owned(),
            first: intake.derived_id(&format!("{}\x1f{id}", row.columns.format.name()))?,
            id,
            at,
            cancelled: row.some(Field::CancelledAt).is_some() || matches!(status, "cancelled" | "canceled"),
            discount_minor: intake.amount(row, Field::OrderDiscount, currency)?.saturating_abs(),
            shipping_minor: intake.amount(row, Field::Shipping, currency)?,
            tax_minor: intake.amount(row, Field::Tax, currency)?,
            total_minor: row.some(Field::Total).map(|text| intake.habits.money(text, currency)).transpose()?,
            refunded_minor: intake.amount(row, Field::Refunded, currency)?.saturating_abs(),
            who,
            currency,
            changed: at,
            lines: Vec::new(),
        };
        intake.contacts(row, &order.who, at);
        Ok(order)
    }

    fn line(&self, row: Row<'_>, intake: &mut Intake<'_>) -> Result<Line, Reason> {
        let quantity = quantity(row.need(Field::Quantity)?, intake.habits)?;
        if quantity <= 0 {
            return Err(Reason::NoQuantity);
        }
        let price_minor = intake.habits.money(row.need(Field::UnitPrice)?, self.currency)?;
        if price_minor < 0 {
            return Err(Reason::NegativePrice);
        }
        let product = item(row, intake)?.map(|item| Product {
            sku: row.some(Field::Sku).filter(|sku| *sku != item.as_str()).and_then(label),
            title: label(row.get(Field::Title)),
            category: label(row.get(Field::Category)),
            brand: label(row.get(Field::Brand)),
            price_minor: Some(price_minor),
            currency: Some(self.currency),
            ..Product::bare(item)
        });
        let off_minor = intake.amount(row, Field::Discount, self.currency)?.saturating_abs();
        let gross_minor = price_minor.checked_mul(quantity).ok_or(Reason::Amount)?;
        Ok(Line { id: intake.row_id(row.record)?, product, quantity: quantity_of(quantity), gross_minor, off_minor })
    }

    /// The version of the statement that its rows are: the second before its newest date, for the platform's own word of that second knows
    /// more, and within it what the rows say, in whichever order they stand.
    fn version(&self) -> Timestamp {
        let said = self.lines.iter().fold(0_u64, |said, line| said.wrapping_add(short_hash(line.id.as_str().as_bytes())));
        let ms = i64::try_from(said % 1000).unwrap_or_default();
        Timestamp((self.changed.0.div_euclid(1000) - 1) * 1000 + ms)
    }

    /// Shares out the discount, adds postage, tax and refund, and lets everything go.
    fn leave(mut self, version: Timestamp, intake: &mut Intake<'_>) {
        let sum = |minors: Vec<i64>| minors.into_iter().fold(0, i64::saturating_add);
        let known = sum(self.lines.iter().map(|line| line.off_minor).collect());
        let costs: Vec<i64> = self.lines.iter().map(Line::cost_minor).collect();
        let off = self.discount_minor.saturating_sub(known).clamp(0, sum(costs.clone()).max(0));
        for (line, part) in self.lines.iter_mut().zip(share(off, costs.iter().copied())) {
            line.off_minor = line.off_minor.saturating_add(part);
        }
        let goods = sum(self.lines.iter().map(Line::cost_minor).collect());
        // Whether prices contain the tax is only to be seen from the total.
        let tax = self.total_minor.map_or(self.tax_minor, |total| {
            total.saturating_sub(goods).saturating_sub(self.shipping_minor).clamp(0, self.tax_minor.max(0))
        });
        let lines = std::mem::take(&mut self.lines);
        let mut ordered = |id: EventId, product: Option<Product>, quantity: u32, paid_minor: i64, discount_minor: i64| {
            let (order, currency, cancelled) = (self.id.clone(), self.currency, self.cancelled);
            let line = OrderLine { order, version, product, quantity, paid_minor, discount_minor, currency, cancelled };
            intake.event(id, self.at, self.who.clone(), Action::Ordered(line));
        };
        // A row that two exports share is a line of two statements.
        let stated = |id: &EventId, part: &str| part_id(id, &format!("v{}{part}", version.0));
        for line in lines {
            let paid = line.cost_minor();
            if let Ok(id) = stated(&line.id, "") {
                ordered(id, line.product, line.quantity, paid, line.off_minor);
            }
        }
        for (part, minor) in [(".shipping", self.shipping_minor), (".tax", tax)] {
            if let (true, Ok(id)) = (minor > 0, stated(&self.first, part)) {
                ordered(id, None, 1, minor, 0);
            }
        }
        if let (true, Ok(id)) = (self.refunded_minor > 0, stated(&self.first, ".refund")) {
            let reference = OrderId::new(&format!("{}-refund", self.id)).ok();
            // What was given back for an order that is void was never earned.
            let (amount_minor, cancelled) = (if self.cancelled { 0 } else { self.refunded_minor }, self.cancelled);
            let (order, currency) = (Some(self.id), self.currency);
            let back = Refund { order, reference, product: None, quantity: 0, amount_minor, currency, version, cancelled };
            intake.event(id, self.at, self.who, Action::Refunded(back));
        }
    }
}
