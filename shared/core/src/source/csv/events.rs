//! Rows that are something a visitor did.

use super::{
    Reason,
    format::Field,
    intake::{Intake, Row, label},
    lines::quantity_of,
    value::quantity,
};
use crate::{
    event::{Action, OrderLine, Product},
    id::OrderId,
    time::Timestamp,
};

/// Takes a view, a cart or a purchase; a file without a column for it has views only.
pub(super) fn take(row: Row<'_>, intake: &mut Intake<'_>) -> Result<(), Reason> {
    let at = intake.at(row)?;
    let who = intake.who(row)?;
    let currency = intake.currency(row)?;
    let price_minor = row.some(Field::UnitPrice).map(|text| intake.habits.money(text, currency)).transpose()?;
    if price_minor.is_some_and(|price| price < 0) {
        return Err(Reason::NegativePrice);
    }
    let quantity = row.some(Field::Quantity).map_or(Ok(1), |text| quantity(text, intake.habits)).map(quantity_of)?;
    let product = Product {
        title: label(row.get(Field::Title)),
        category: label(row.get(Field::Category)),
        brand: label(row.get(Field::Brand)),
        price_minor,
        currency: price_minor.map(|_| currency),
        ..Product::bare(intake.typed_item_id(row.need(Field::Item)?)?)
    };
    let order = row.some(Field::OrderName).map(|text| intake.order_id(text)).transpose()?;
    let kind = row.get(Field::Event).to_ascii_lowercase();
    let id = intake.row_id(row.record)?;
    let action = match kind.as_str() {
        "" | "view" | "viewed" | "click" | "clicks" | "product_viewed" | "view_item" => Action::Viewed(product),
        "addtocart" | "add_to_cart" | "cart" | "carts" | "product_added" => Action::CartAdded { product, quantity: quantity.max(1) },
        "remove_from_cart" | "product_removed" => Action::CartRemoved { product, quantity: quantity.max(1) },
        "wishlist" | "add_to_wishlist" => Action::Wishlisted(product),
        "transaction" | "purchase" | "order" | "orders" | "buy" => {
            let order = order.or_else(|| OrderId::new(id.as_str()).ok()).ok_or(Reason::Id)?;
            let paid_minor = price_minor.unwrap_or(0).saturating_mul(i64::from(quantity));
            let line = OrderLine {
                order,
                version: Timestamp(0),
                product: Some(product),
                quantity,
                paid_minor,
                discount_minor: 0,
                currency,
                cancelled: false,
            };
            Action::Ordered(line)
        }
        _ => return Err(Reason::Kind),
    };
    intake.event(id, at, who, action);
    Ok(())
}
