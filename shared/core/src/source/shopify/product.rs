//! Products and their stock, for the catalog.

use super::money;
use crate::{
    catalog::{Item, MOST_TAGS, Telling, Variant},
    id::ItemId,
    money::Currency,
    source::{
        Delivery, Shop, Sink, Unreadable,
        fields::{Object, cut, instant, object, objects, scalar, short, text},
        json::Value,
        signed::unusable,
    },
};

/// Most variants of a product whose stock is kept; Shopify's own messages list 100.
const MOST_VARIANTS: usize = 250;

/// A product as it is now, under the id that orders and pixels know it by.
pub(super) fn read(body: Object<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let told = instant(body, &["updated_at"])?.ok_or(Unreadable::Missing("updated_at"))?;
    let published = instant(body, &["published_at"])?;
    let item = Item {
        title: owned(body, "title", 200),
        category: owned(body, "product_type", 200),
        brand: owned(body, "vendor", 100),
        image: object(body, "image").or_else(|| objects(body, &["images"]).next()).and_then(|image| owned(image, "src", 500)),
        // The body does not say under which domain the shop is found.
        url: text(body, &["handle"]).map(|handle| format!("/products/{}", cut(&handle, 255))),
        in_stock: published.is_some() && text(body, &["status"]).is_none_or(|status| status == "active"),
        tags: tags(body),
        published,
        ..Item::bare(item_id(body)?)
    };
    let item = item.with_skus(objects(body, &["variants"]).filter_map(|variant| text(variant, &["sku"])));
    let item = priced(item, body, shop.currency)?;
    let variants = objects(body, &["variants"]).filter_map(variant).take(MOST_VARIANTS).collect();
    sink.telling(Telling::Product { item: Box::new(item), variants, told });
    Ok(())
}

/// `inventory_levels/update`.
pub(super) fn level(body: Object<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let named = |name: &'static str| short(body, &[name], 64).ok_or(Unreadable::Missing(name));
    sink.telling(Telling::Level {
        variant: named("inventory_item_id")?,
        place: named("location_id")?,
        // Shopify writes null where a place does not keep the thing.
        available: body.get("available").and_then(Value::as_i64).unwrap_or(0),
        told: instant(body, &["updated_at"])?.ok_or(Unreadable::Missing("updated_at"))?,
    });
    Ok(())
}

/// `products/delete`. The body is a bare id, so the unsigned topic is all that says it is a product's: the worst it can do to
/// something else is nothing, and to a product to hide it until the next update.
pub(super) fn gone(body: Object<'_>, delivery: &Delivery<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    sink.telling(Telling::Gone { item: item_id(body)?, told: delivery.received });
    Ok(())
}

fn item_id(body: Object<'_>) -> Result<ItemId, Unreadable> {
    ItemId::new(&text(body, &["id"]).ok_or(Unreadable::Missing("id"))?).map_err(unusable("id"))
}

fn owned(body: Object<'_>, name: &str, longest: usize) -> Option<String> {
    short(body, &[name], longest).map(Into::into)
}

fn tags(body: Object<'_>) -> Vec<String> {
    let tag = |told: &str| Some(cut(told.trim(), 60).into_string()).filter(|tag| !tag.is_empty());
    match body.get("tags") {
        Some(Value::List(tags)) => tags.iter().filter_map(scalar).filter_map(|told| tag(&told)).take(MOST_TAGS).collect(),
        Some(Value::Text(tags)) => tags.split(',').filter_map(tag).take(MOST_TAGS).collect(),
        _ => Vec::new(),
    }
}

/// The price a product is listed from: its cheapest variant's, and what that one cost before.
fn priced(item: Item, body: Object<'_>, currency: Currency) -> Result<Item, Unreadable> {
    let mut cheapest: Option<(i64, Option<i64>)> = None;
    for variant in objects(body, &["variants"]) {
        let Some(price) = money(variant, &["price"], currency)?.filter(|price| *price >= 0) else { continue };
        if cheapest.is_none_or(|(known, _)| price < known) {
            cheapest = Some((price, money(variant, &["compare_at_price"], currency)?.filter(|before| *before > price)));
        }
    }
    let Some((price, before)) = cheapest else { return Ok(item) };
    Ok(Item { price_minor: Some(price), list_price_minor: before, currency: Some(currency), ..item })
}

/// How a variant's stock is counted; `None` for one without a name for its stock, which cannot be told of again.
fn variant(body: Object<'_>) -> Option<Variant> {
    let uncounted = body.get("inventory_management").is_some_and(Value::is_null) || body.get("inventory_quantity").is_none();
    Some(Variant {
        id: short(body, &["inventory_item_id", "id"], 64)?,
        always: uncounted || text(body, &["inventory_policy"]).as_deref() == Some("continue"),
        available: body.get("inventory_quantity").and_then(Value::as_i64).unwrap_or(0),
    })
}
