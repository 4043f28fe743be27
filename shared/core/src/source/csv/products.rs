//! Rows that are a product each, or a variant of one.

use super::{
    Doubt, Found, Reason,
    format::{Field, Format},
    intake::{Intake, Row},
};
use crate::catalog::Item;

/// What the rows of a product share, which Shopify writes only in the first of them.
#[derive(Default)]
pub(super) struct Products {
    handle: String,
    shared: Shared,
}

#[derive(Clone, Default)]
struct Shared {
    title: Option<String>,
    category: Option<String>,
    brand: Option<String>,
    image: Option<String>,
    tags: Vec<String>,
    on_sale: bool,
}

impl Products {
    /// Takes a product; `false` for rows that hold nothing but another picture of it.
    pub(super) fn take(&mut self, row: Row<'_>, intake: &mut Intake<'_>) -> Result<bool, Reason> {
        let shopify = row.columns.format == Format::ShopifyProducts;
        let shared = if shopify { self.shared(row)? } else { Shared::of(row) };
        let has_variant = row.some(Field::Item).or(row.some(Field::UnitPrice)).is_some();
        if shopify && !has_variant {
            return Ok(false);
        }
        let id = match row.some(Field::Item).or(row.some(Field::Handle)) {
            Some(code) if shopify => {
                intake.doubt(if row.some(Field::Item).is_some() { Doubt::SkuAlone } else { Doubt::TitleAlone });
                intake.item_id(code)?
            }
            Some(code) => intake.typed_item_id(code)?,
            None => return Err(Reason::Empty),
        };
        let currency = intake.currency(row)?;
        let price = |field| row.some(field).map(|text| intake.habits.money(text, currency)).transpose();
        let (price_minor, list_price_minor) = (price(Field::UnitPrice)?, price(Field::ListPrice)?);
        if price_minor.or(list_price_minor).is_some_and(|price| price < 0) {
            return Err(Reason::NegativePrice);
        }
        let in_stock = shared.on_sale && row.some(Field::Stock).is_none_or(|stock| is_in_stock(stock, intake));
        let published = row.some(Field::Published).and_then(|text| intake.habits.time(text).ok()?.at(intake.options.zone.as_ref()).ok());
        let item = Item {
            title: shared.title,
            category: shared.category,
            brand: shared.brand,
            price_minor,
            list_price_minor,
            currency: price_minor.or(list_price_minor).map(|_| currency),
            image: shared.image,
            url: owned(row.get(Field::Url)),
            in_stock,
            tags: shared.tags,
            published,
            ..Item::bare(id)
        };
        *intake.report.kinds.entry("item").or_default() += 1;
        (intake.sink)(Found::Item(item));
        Ok(true)
    }

    fn shared(&mut self, row: Row<'_>) -> Result<Shared, Reason> {
        let handle = row.need(Field::Handle)?;
        if self.handle != handle {
            handle.clone_into(&mut self.handle);
            self.shared = Shared::of(row);
        }
        Ok(self.shared.clone())
    }
}

impl Shared {
    fn of(row: Row<'_>) -> Self {
        Self {
            title: owned(row.get(Field::Title)),
            category: owned(row.get(Field::Category)).map(|category| category.replace(" > ", "/")),
            brand: owned(row.get(Field::Brand)),
            image: owned(row.get(Field::Image)),
            tags: row.get(Field::Tags).split([',', ';']).filter_map(|tag| owned(tag.trim())).collect(),
            on_sale: !matches!(row.get(Field::Status).to_ascii_lowercase().as_str(), "draft" | "archived"),
        }
    }
}

/// `0`, `-3`, `no` and `outofstock` mean that there is none.
fn is_in_stock(text: &str, intake: &Intake<'_>) -> bool {
    match intake.habits.number(text) {
        Some(count) => count > 0.0,
        None => !matches!(text.to_ascii_lowercase().as_str(), "no" | "false" | "outofstock" | "out of stock"),
    }
}

fn owned(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
