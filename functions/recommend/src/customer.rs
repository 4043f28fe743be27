//! The living profile as `GET /v1/customers/{id}` shows it, and everything held as the export does.
//!
//! Segments are laid into it by [`crate::segments`]. Nothing here is made up to fill a field.

use rapport_core::{
    event::Purpose,
    money::Currency,
    profile::{Profile, Subject},
};
use serde_json::{Map, Value as Json, json};

/// How many recent events the view shows.
const RECENT_SHOWN: usize = 20;

/// The view of `profile`, which `aliases` other ids belong to and which was written `version` times.
#[must_use]
pub(crate) fn view(
    id: &str,
    profile: &Profile,
    (aliases, version): (usize, u64),
    currency: Currency,
    (persona, predictions): (Json, Json),
) -> Json {
    json!({
        "id": id,
        "aliases": aliases,
        "first_seen": profile.first_seen.to_string(),
        "last_seen": profile.last_seen.to_string(),
        "version": version,
        "history": history(profile, currency, RECENT_SHOWN),
        "traits": traits(profile),
        "segments": null,
        "consent": consent(profile),
        "persona": persona,
        "predictions": predictions,
    })
}

/// Sums, and the newest `limit` events one by one.
fn history(profile: &Profile, currency: Currency, limit: usize) -> Json {
    let history = profile.history(limit);
    let totals = &history.totals;
    let in_shop_currency = |sums: &[(Currency, i64)]| sums.iter().find(|(named, _)| *named == currency).map_or(0, |(_, minor)| *minor);
    let others: Map<String, Json> = totals
        .revenue_minor
        .iter()
        .filter(|(named, _)| *named != currency)
        .map(|(named, minor)| (named.to_string(), (*minor).into()))
        .collect();
    let recent = history.recent.iter().map(|recent| {
        let mut event = json!({ "at": recent.at.to_string(), "type": recent.kind });
        if let Some(item) = &recent.item {
            event["item"] = item.as_str().into();
        }
        if let Some(quantity) = recent.quantity {
            event["quantity"] = quantity.into();
        }
        event
    });
    json!({
        "events": totals.events,
        "orders": totals.orders,
        "refunds": totals.refunds,
        "revenue_minor": in_shop_currency(&totals.revenue_minor),
        "discount_minor": in_shop_currency(&totals.discount_minor),
        "currency": currency.code(),
        "other_currencies_minor": others,
        "first_order": totals.first_order.map(|at| at.to_string()),
        "last_order": totals.last_order.map(|at| at.to_string()),
        "recent": recent.collect::<Vec<_>>(),
    })
}

fn traits(profile: &Profile) -> Map<String, Json> {
    profile.traits.iter().map(|told| (told.name.to_string(), told.value.as_str().into())).collect()
}

/// Purpose → state, basis, time; a purpose that nothing was said about is `unset`.
#[must_use]
pub(crate) fn consent(profile: &Profile) -> Map<String, Json> {
    let purposes = [("analytics", Purpose::Analytics), ("personalization", Purpose::Personalization), ("marketing", Purpose::Marketing)];
    let told = purposes.map(|(name, purpose)| {
        let told = profile.consent_for(purpose).map_or_else(
            || json!({ "state": "unset" }),
            |told| json!({ "state": if told.value { "granted" } else { "denied" }, "basis": told.name.as_str(), "at": told.at.at.to_string() }),
        );
        (name.to_owned(), told)
    });
    told.into_iter().collect()
}

/// One subject's whole profile, for the export: the view's sums, every open event, every item kept.
#[must_use]
pub(crate) fn everything(subject: &Subject, profile: &Profile, currency: Currency) -> Json {
    let items = profile.whole().items;
    let items = items.iter().map(|totals| {
        json!({ "item": totals.item.as_str(), "purchases": totals.purchases, "quantity": totals.quantity, "views": totals.views, "last_at": totals.last_at.to_string() })
    });
    json!({
        "subject": subject.to_string(),
        "first_seen": profile.first_seen.to_string(),
        "last_seen": profile.last_seen.to_string(),
        "history": history(profile, currency, usize::MAX),
        "items": items.collect::<Vec<_>>(),
        "traits": traits(profile),
        "consent": consent(profile),
    })
}
