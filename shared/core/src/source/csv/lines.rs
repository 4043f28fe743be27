//! Rows that are an order line each, or a payment each.

use super::{
    Doubt, Mend, Reason,
    format::{Field, Format},
    intake::{Intake, Row, label},
    value::quantity,
};
use crate::{
    event::{Action, OrderLine, Product, Refund},
    id::{EventId, OrderId},
    money::Currency,
    time::Timestamp,
};

/// A line that was read but not yet weighed.
struct Line {
    id: EventId,
    order: OrderId,
    quantity: i64,
    /// What the line came to, in minor units; negative for what went back.
    amount_minor: i64,
    price_minor: i64,
    discount_minor: i64,
    currency: Currency,
}

/// Takes an order line: goods sold, goods come back, or a charge.
pub(super) fn take(row: Row<'_>, intake: &mut Intake<'_>) -> Result<(), Reason> {
    let at = intake.at(row)?;
    let who = intake.who(row)?;
    let line = read(row, intake)?;
    if line.price_minor == 0 && line.amount_minor == 0 && who.is_nobody() {
        return Err(Reason::StockNote);
    }
    let product = product(row, intake, &line)?;
    intake.contacts(row, &who, at);
    intake.country(row, &who, at);
    intake.card(row, &who, at)?;
    let back = line.quantity < 0 || line.amount_minor < 0;
    let credit = intake.habits.credit_notes && is_credit_note(line.order.as_str());
    if credit && !back {
        intake.mend(Mend::CreditSign);
    }
    let action = if back || credit { line.refund(product) } else { line.order(product) };
    intake.event(action.0, at, who, action.1);
    Ok(())
}

/// Takes a payment: money without goods, some of it perhaps paid back.
pub(super) fn take_payment(row: Row<'_>, intake: &mut Intake<'_>) -> Result<(), Reason> {
    let paid = matches!(
        row.get(Field::Status).to_ascii_lowercase().as_str(),
        "paid" | "succeeded" | "refunded" | "partially refunded" | "complete"
    );
    if !paid {
        return Err(Reason::Unpaid);
    }
    let at = intake.at(row)?;
    let mut who = intake.who(row)?;
    if who.email.is_some() {
        // The payment provider's id of a customer is not the shop's.
        who.customer = None;
    }
    let currency = intake.currency(row)?;
    let amount_minor = intake.habits.money(row.need(Field::Total)?, currency)?;
    let refunded_minor = intake.amount(row, Field::Refunded, currency)?;
    if amount_minor < 0 || refunded_minor < 0 {
        return Err(Reason::NegativePrice);
    }
    let charge = intake.order_id(row.need(Field::Order)?)?;
    // As webhooks name it: by the shop's own number, the invoice, the payment.
    let known_as = [Field::OrderName, Field::PaymentInvoice, Field::Payment].into_iter().find_map(|field| row.some(field));
    let order = known_as.map_or_else(|| Ok(charge.clone()), |name| intake.order_id(name))?;
    if known_as.is_none() {
        intake.doubt(Doubt::ChargeAlone);
    }
    // By the charge alone, not by the row: a later export of the payment, when some of it was paid back, is the same payment.
    let id = intake.derived_id(&format!("{}\x1f{charge}", row.columns.format.name()))?;
    intake.contacts(row, &who, at);
    if refunded_minor > 0 {
        let version = refunded_since(row, intake, refunded_minor);
        let back = Refund {
            order: Some(order.clone()),
            reference: Some(charge),
            product: None,
            quantity: 0,
            amount_minor: refunded_minor,
            currency,
            version,
            cancelled: false,
        };
        intake.event(part_id(&id, &format!("refund{}", version.0))?, at, who.clone(), Action::Refunded(back));
    }
    let line = OrderLine {
        order,
        version: Timestamp(0),
        product: None,
        quantity: 1,
        paid_minor: amount_minor,
        discount_minor: 0,
        currency,
        cancelled: false,
    };
    intake.event(id, at, who, Action::Ordered(line));
    Ok(())
}

/// The version of what a payment's row says was paid back: the second before its date, for the provider's own word of that second knows
/// more; without a date the amount, which only grows, below every time.
fn refunded_since(row: Row<'_>, intake: &Intake<'_>, refunded_minor: i64) -> Timestamp {
    match intake.changed(row) {
        Timestamp::EARLIEST => Timestamp(refunded_minor.min(Timestamp::EARLIEST.0 - 1)),
        changed => Timestamp((changed.0.div_euclid(1000) - 1) * 1000),
    }
}

/// The id of a further event that a row gives.
pub(super) fn part_id(id: &EventId, part: &str) -> Result<EventId, Reason> {
    EventId::new(&format!("{id}.{part}")).map_err(|_| Reason::Id)
}

/// Whether an invoice's number has the form of a credit note's: `C489449`.
pub(super) fn is_credit_note(order: &str) -> bool {
    order.strip_prefix(['C', 'c']).is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
}

fn read(row: Row<'_>, intake: &mut Intake<'_>) -> Result<Line, Reason> {
    let currency = intake.currency(row)?;
    let quantity = row.some(Field::Quantity).map_or(Ok(1), |text| quantity(text, intake.habits))?;
    if quantity == 0 {
        return Err(Reason::NoQuantity);
    }
    let number = |field| row.some(field).map(|text| intake.habits.amount(text, currency).ok_or(Reason::Amount)).transpose();
    let (unit, total) = (number(Field::UnitPrice)?, number(Field::Total)?);
    let minor = |amount: f64| currency.minor(amount).map_err(|_| Reason::Amount);
    let (price, amount) = match (unit, total) {
        (Some(unit), _) if unit < 0.0 => return Err(Reason::NegativePrice),
        (Some(unit), Some(total)) => (unit, total),
        (Some(unit), None) => (unit, unit * quantity as f64),
        (None, Some(total)) => ((total / quantity as f64).abs(), total),
        (None, None) => return Err(Reason::Empty),
    };
    let (price_minor, amount_minor) = (minor(price)?, minor(amount)?);
    let discount_minor = intake.amount(row, Field::Discount, currency)?.abs();
    let order = match row.columns.format {
        Format::Purchases => None,
        _ => Some(intake.order_id(row.need(Field::Order)?)?),
    };
    let id = intake.row_id(row.record)?;
    // A file without orders has one in each row.
    let order = order.map_or_else(|| OrderId::new(id.as_str()).map_err(|_| Reason::Id), Ok)?;
    Ok(Line { id, order, quantity, amount_minor, price_minor, discount_minor, currency })
}

fn product(row: Row<'_>, intake: &mut Intake<'_>, line: &Line) -> Result<Option<Product>, Reason> {
    let Some(code) = row.some(Field::Item).filter(|code| !is_charge(code)) else { return Ok(None) };
    let item = intake.typed_item_id(code)?;
    Ok(Some(Product {
        sku: row.some(Field::Sku).filter(|sku| *sku != item.as_str()).and_then(label),
        item,
        title: label(row.get(Field::Title)),
        category: label(row.get(Field::Category)),
        brand: label(row.get(Field::Brand)),
        price_minor: Some(line.price_minor),
        currency: Some(line.currency),
    }))
}

impl Line {
    fn order(self, product: Option<Product>) -> (EventId, Action) {
        let Self { id, order, quantity, amount_minor, discount_minor, currency, .. } = self;
        let quantity = quantity_of(quantity);
        (
            id,
            Action::Ordered(OrderLine {
                order,
                version: Timestamp(0),
                product,
                quantity,
                paid_minor: amount_minor,
                discount_minor,
                currency,
                cancelled: false,
            }),
        )
    }

    fn refund(self, product: Option<Product>) -> (EventId, Action) {
        let Self { id, order, quantity, amount_minor, currency, .. } = self;
        let amount_minor = amount_minor.saturating_abs();
        (
            id,
            Action::Refunded(Refund {
                order: None,
                reference: Some(order),
                product,
                quantity: quantity_of(quantity),
                amount_minor,
                currency,
                version: Timestamp(0),
                cancelled: false,
            }),
        )
    }
}

/// The size of a quantity that [`quantity`] let pass.
pub(super) fn quantity_of(quantity: i64) -> u32 {
    u32::try_from(quantity.unsigned_abs()).unwrap_or(u32::MAX)
}

/// Whether a code on an order line stands for money rather than goods. These are the codes that tills and ledgers print: postage,
/// carriage, manual entries, discounts, samples, bank and marketplace fees, charity, vouchers, tests.
fn is_charge(code: &str) -> bool {
    const CODES: [&str; 22] = [
        "POST",
        "POSTAGE",
        "SHIPPING",
        "DOT",
        "C2",
        "C3",
        "M",
        "MANUAL",
        "D",
        "DISCOUNT",
        "S",
        "B",
        "CRUK",
        "PADS",
        "BANK CHARGES",
        "AMAZONFEE",
        "ADJUST",
        "ADJUST2",
        "FEE",
        "TAX",
        "TIP",
        "DONATION",
    ];
    const PREFIXES: [&str; 3] = ["TEST", "GIFT_", "GIFT VOUCHER"];
    let starts = |prefix: &&str| code.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    CODES.iter().any(|known| known.eq_ignore_ascii_case(code)) || PREFIXES.iter().any(starts)
}
