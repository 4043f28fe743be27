//! Customers' records. What they consented to is not in them: WooCommerce leaves that to plugins.

use super::SOURCE;
use crate::{
    auth::personal::{self, Named},
    event::{Traffic, Who},
    source::{
        Delivery, Parsed, Shop, Unreadable,
        fields::{Object, instant, object, text},
        signed::{Signed, latest, unusable},
        traits,
    },
};

/// A customer's record: traits and contact data, the account's own before those of the billing address.
pub(super) fn parse(body: &Object, delivery: &Delivery<'_>, shop: &Shop<'_>) -> Result<Parsed, Unreadable> {
    let id = text(body, &["id"]).ok_or(Unreadable::Missing("id"))?;
    let updated = instant(body, &["date_modified_gmt", "date_modified", "date_created_gmt", "date_created"])?
        .ok_or(Unreadable::Missing("date_modified_gmt"))?
        .min(latest(delivery));
    let mut told = object(body, "billing").cloned().unwrap_or_default();
    let own = ["email", "first_name", "last_name"].into_iter().filter(|name| text(body, &[name]).is_some());
    for name in own {
        told.insert(name.to_owned(), body.get(name).cloned().unwrap_or_default());
    }
    if let Some(since) = body.get("date_created_gmt") {
        told.insert("created_at".to_owned(), since.clone());
    }
    let customer = personal::customer(shop.hash_key, &id).map_err(unusable("id"))?;
    // An account has no number but that of its billing address.
    let also = Named { customer: None, email: traits::email(body), phone: traits::phone(&told) };
    let who = Who { customer: Some(customer), ..also.hidden(shop.hash_key) };
    Signed { source: SOURCE, who, traffic: Traffic::Human }.person(&format!("customer:{id}:{}", updated.0), &told, (updated, updated))
}
