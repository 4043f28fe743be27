//! Customers' records. What they consented to is not in them: WooCommerce leaves that to plugins.

use super::SOURCE;
use crate::{
    auth::personal::{self, Named},
    event::{Traffic, Who},
    source::{
        Delivery, Json, Shop, Sink, Unreadable,
        fields::{Object, instant, object, text},
        signed::{Signed, latest, unusable},
        traits,
    },
};

/// A customer's record: traits and contact data, the account's own before those of the billing address.
pub(super) fn read(body: Object<'_>, delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let id = text(body, &["id"]).ok_or(Unreadable::Missing("id"))?;
    let updated = instant(body, &["date_modified_gmt", "date_modified", "date_created_gmt", "date_created"])?
        .ok_or(Unreadable::Missing("date_modified_gmt"))?
        .min(latest(delivery));
    let billing = object(body, "billing").unwrap_or_default();
    let own = ["email", "first_name", "last_name"].into_iter().filter(|name| text(body, &[name]).is_some());
    // Of two entries with one name the later holds.
    let own = own
        .chain(["date_created_gmt"])
        .filter_map(|name| Some((if name == "date_created_gmt" { "created_at" } else { name }, body.get(name)?)));
    let told = Json::object(billing.entries().chain(own).filter(|(_, value)| value.is_scalar()));
    let told = told.as_object().unwrap_or_default();
    let customer = personal::customer(shop.hash_key, &id).map_err(unusable("id"))?;
    // An account has no number but that of its billing address.
    let also = Named { customer: None, email: traits::email(body), phone: traits::phone(told) };
    let who = Who { customer: Some(customer), ..also.hidden(shop.hash_key) };
    let signed = Signed { source: SOURCE, who, traffic: Traffic::Human };
    signed.person(&format!("customer:{id}:{}", updated.0), told, (updated, updated), sink)
}
