//! Products and their stock, for the catalog.

use crate::{
    catalog::{Item, MOST_TAGS, Telling},
    id::ItemId,
    source::{
        Delivery, Shop, Sink, Unreadable,
        fields::{Object, exact_minor, instant, objects, short, text},
        signed::unusable,
    },
};

/// A product as it is now, stock included.
pub(super) fn read(body: Object<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let is_variation = text(body, &["type"]).as_deref() == Some("variation") || text(body, &["parent_id"]).is_some_and(|id| id != "0");
    if is_variation {
        return Ok(());
    }
    let told = instant(body, &["date_modified_gmt", "date_modified"])?.ok_or(Unreadable::Missing("date_modified_gmt"))?;
    let price_minor = exact_minor(body, &["price"], shop.currency)?.filter(|price| *price >= 0);
    let before = exact_minor(body, &["regular_price"], shop.currency)?.filter(|before| price_minor.is_some_and(|price| *before > price));
    let status = text(body, &["status"]).unwrap_or_default();
    let is_shown = status == "publish" && text(body, &["catalog_visibility"]).as_deref() != Some("hidden");
    let item = Item {
        title: owned(body, "name", 200),
        category: objects(body, &["categories"]).next().and_then(|category| owned(category, "name", 200)),
        brand: objects(body, &["brands"]).next().and_then(|brand| owned(brand, "name", 100)),
        price_minor,
        list_price_minor: before,
        currency: price_minor.map(|_| shop.currency),
        image: objects(body, &["images"]).next().and_then(|image| owned(image, "src", 500)),
        url: owned(body, "permalink", 500),
        in_stock: is_shown && text(body, &["stock_status"]).as_deref() != Some("outofstock"),
        tags: objects(body, &["tags"]).filter_map(|tag| owned(tag, "name", 60)).take(MOST_TAGS).collect(),
        published: instant(body, &["date_created_gmt", "date_created"])?,
        ..Item::bare(item_id(body)?)
    };
    let item = item.with_skus(text(body, &["sku"]).into_iter());
    sink.telling(Telling::Product { item: Box::new(item), variants: Vec::new(), told });
    Ok(())
}

/// `product.deleted`, also when it only went to the trash: `product.restored` tells it whole again. The body is a bare id, so the
/// unsigned topic is all that says it is a product's: the worst it can do is to hide a product until its next update.
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
