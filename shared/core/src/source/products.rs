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
pub(super) fn product(mention: &Object, shop: Currency) -> Result<Product, Unreadable> {
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
pub(super) fn sku(mention: &Object, names: &[&str], item: &ItemId) -> Option<CompactString> {
    let sku = text(mention, names).filter(|sku| sku.len() <= LONGEST_SKU_BYTES && sku != item.as_str())?;
    ItemId::new(&sku).is_ok().then(|| sku.into())
}

/// The product's id alone.
pub(super) fn item(mention: &Object) -> Result<ItemId, Unreadable> {
    let id = text(mention, &IDS).ok_or(Unreadable::Missing("product_id"))?;
    ItemId::new(bare_gid(&id)).map_err(|problem| Unreadable::Field { field: "product_id", problem: problem.to_string() })
}

/// What an event is about: the product in its properties, or else all in its list, and what mentions each.
pub(super) fn mentioned(properties: &Object, shop: Currency) -> Result<Vec<(Product, &Object)>, Unreadable> {
    let shop = currency(properties, &["currency"], shop)?;
    // `id` among an event's own properties is the event's, not a product's.
    let own = IDS.iter().filter(|name| **name != "id").any(|name| properties.contains_key(*name));
    let listed = || objects(properties, &["products", "items"]);
    if own || listed().next().is_none() {
        return Ok(vec![(product(properties, shop)?, properties)]);
    }
    listed().map(|mention| Ok((product(mention, shop)?, mention))).collect()
}

/// The product that an event about one product is about: the first of them.
pub(super) fn of_event(properties: &Object, shop: Currency) -> Result<Product, Unreadable> {
    let first = mentioned(properties, shop)?.into_iter().next();
    first.map(|(product, _)| product).ok_or(Unreadable::Missing("product_id"))
}

/// GA4 spells levels `item_category`, `item_category2` …; here `/` parts them.
pub(super) fn category(mention: &Object) -> Option<CompactString> {
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
