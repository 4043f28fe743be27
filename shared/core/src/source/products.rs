//! Products as events mention them, in Segment's words and in GA4's.

use super::{
    Unreadable,
    fields::{Object, currency, minor, objects, short, text},
};
use crate::{event::Product, id::ItemId, money::Currency};
use compact_str::CompactString;

/// Names of a product's id, the one that all the shop's systems share first.
const IDS: [&str; 7] = ["product_id", "productId", "item_id", "sku", "variant_id", "id", "item"];

/// The longest SKU taken, in bytes; Shopify's end there.
const LONGEST_SKU_BYTES: usize = 255;

/// The product that `mention` is about.
pub(super) fn product(mention: Object<'_>, shop: Currency) -> Result<Product, Unreadable> {
    let item = item(mention)?;
    let currency = currency(mention, &["currency"], shop)?;
    let price_minor = minor(mention, &["price", "item_price"], currency)?;
    Ok(Product {
        sku: sku(mention, &["sku"], &item),
        item,
        title: short(mention, &["name", "item_name", "title"], 200),
        category: category(mention),
        brand: short(mention, &["brand", "item_brand", "vendor"], 100),
        currency: price_minor.map(|_| currency),
        price_minor,
    })
}

/// The stock-keeping unit under the first of `names`, where it is another name of `item` and not the same one.
pub(super) fn sku(mention: Object<'_>, names: &[&str], item: &ItemId) -> Option<CompactString> {
    let sku = text(mention, names).filter(|sku| sku.len() <= LONGEST_SKU_BYTES && sku != item.as_str())?;
    ItemId::new(&sku).is_ok().then(|| sku.into())
}

/// The product's id alone.
pub(super) fn item(mention: Object<'_>) -> Result<ItemId, Unreadable> {
    let id = text(mention, &IDS).ok_or(Unreadable::Missing("product_id"))?;
    ItemId::new(bare_gid(&id)).map_err(|problem| Unreadable::Field { field: "product_id", problem: problem.to_string() })
}

/// What mentions the products that an event is about: its properties, or else all in its list.
pub(super) fn mentioned(properties: Object<'_>) -> impl Iterator<Item = Object<'_>> {
    // `id` among an event's own properties is the event's, not a product's.
    let own = IDS.iter().filter(|name| **name != "id").any(|name| properties.contains_key(name));
    let listed = || objects(properties, &["products", "items"]);
    let own = own || listed().next().is_none();
    std::iter::once(properties).filter(move |_| own).chain(listed().filter(move |_| !own))
}

/// The product that an event about one product is about: the first of them.
pub(super) fn of_event(properties: Object<'_>, shop: Currency) -> Result<Product, Unreadable> {
    let currency = currency(properties, &["currency"], shop)?;
    mentioned(properties).next().map_or(Err(Unreadable::Missing("product_id")), |first| product(first, currency))
}

/// GA4 spells levels `item_category`, `item_category2` …; here `/` parts them.
pub(super) fn category(mention: Object<'_>) -> Option<CompactString> {
    short(mention, &["category", "product_type"], 200).or_else(|| {
        let levels = ["item_category", "item_category2", "item_category3", "item_category4", "item_category5"];
        let levels: Vec<CompactString> = levels.into_iter().map_while(|level| short(mention, &[level], 60)).collect();
        (!levels.is_empty()).then(|| levels.join("/").into())
    })
}

/// Shopify's pixels write `gid://shopify/Product/632910392` where its webhooks write the number.
fn bare_gid(id: &str) -> &str {
    id.strip_prefix("gid://").and_then(|gid| gid.rsplit('/').next()).unwrap_or(id)
}
