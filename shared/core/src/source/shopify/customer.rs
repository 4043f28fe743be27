//! Customers' records, and what they consented to.

use super::{SOURCE, told};
use crate::{
    auth::personal::{self, Named},
    event::{Action, Traffic, Who},
    source::{
        Delivery, Shop, Sink, Unreadable,
        fields::{Object, flag, instant, object, objects, text},
        json::Value,
        signed::{Signed, latest, marketing, unusable},
    },
    time::Timestamp,
};

/// The channels that Shopify keeps a consent for.
const CHANNELS: [&str; 2] = ["email_marketing_consent", "sms_marketing_consent"];

/// A customer's record: traits, contact data, consent. Address and number are tied to the customer unless Shopify knows that
/// nobody verified them: it says so of the address, and of the account that has both.
pub(super) fn read(body: Object<'_>, delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let id = text(body, &["id"]).ok_or(Unreadable::Missing("id"))?;
    let updated = instant(body, &["updated_at", "created_at"])?.ok_or(Unreadable::Missing("updated_at"))?.min(latest(delivery));
    let verified = flag(body, &["verified_email"]) != Some(false);
    let [email, phone] = ["email", "phone"].map(|name| text(body, &[name]).filter(|_| verified));
    let signed = signed(&id, Named { email, phone, ..Named::default() }, shop)?;
    let address = object(body, "default_address").or_else(|| objects(body, &["addresses"]).next());
    let told = told(body, address, ("created_at", body.get("created_at")));
    signed.person(&format!("customer:{id}:{}", updated.0), told.as_object().unwrap_or_default(), (updated, updated), sink)?;
    consent_of(&id, body, updated, shop, sink)
}

/// One channel's consent, told by itself.
pub(super) fn consent_alone(body: Object<'_>, delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let id = text(body, &["customer_id"]).ok_or(Unreadable::Missing("customer_id"))?;
    consent_of(&id, body, delivery.received, shop, sink)
}

/// `customers/merge`: of two customers one is kept, and what the other did is theirs. The body names no time, so it holds from when it was
/// first received; who an id belongs to is decided by the earliest word.
pub(super) fn merge(body: Object<'_>, delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    match text(body, &["status"]).map(|status| status.to_ascii_lowercase()).as_deref() {
        Some("completed") => {}
        Some("failed" | "requested" | "in_progress") => return Ok(()),
        _ => {
            return Err(Unreadable::Field {
                field: "status",
                problem: "says neither that they were merged nor that they were not".to_owned(),
            });
        }
    }
    let named = |name: &'static str| {
        let gid = text(body, &[name]).ok_or(Unreadable::Missing(name))?;
        Ok::<_, Unreadable>(gid.rsplit('/').next().unwrap_or_default().to_owned())
    };
    let (kept, gone) = (named("admin_graphql_api_customer_kept_id")?, named("admin_graphql_api_customer_deleted_id")?);
    let gone = personal::customer(shop.hash_key, &gone).map_err(unusable("admin_graphql_api_customer_deleted_id"))?;
    let merged = Action::Aliased { previous: gone.as_str().into() };
    sink.event(signed(&kept, Named::default(), shop)?.event(&format!("merge:{kept}:{gone}"), delivery.received, merged)?);
    Ok(())
}

/// About the customer `id`, and what else is told of them.
fn signed(id: &str, also: Named, shop: &Shop<'_>) -> Result<Signed, Unreadable> {
    let customer =
        personal::customer(shop.hash_key, id).map_err(|problem| Unreadable::Field { field: "id", problem: problem.to_string() })?;
    let who = Who { customer: Some(customer), ..also.hidden(shop.hash_key) };
    Ok(Signed { source: SOURCE, who, traffic: Traffic::Human })
}

/// What was said about marketing, by the customer's id alone: one answer is one event, in whichever record it is told. Rapport keeps one
/// answer a person, so where the channels disagree the no is told and the yes is not. `not_subscribed` and `pending` say nothing.
fn consent_of(id: &str, body: Object<'_>, otherwise: Timestamp, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let signed = signed(id, Named::default(), shop)?;
    let mut answers: Vec<(bool, &str, Timestamp)> = Vec::new();
    for channel in CHANNELS {
        let Some(said) = object(body, channel) else { continue };
        let granted = match said.get("state").and_then(Value::as_str).map(str::to_ascii_lowercase).as_deref() {
            Some("subscribed") => true,
            Some("unsubscribed" | "redacted") => false,
            _ => continue,
        };
        answers.push((granted, channel, instant(said, &["consent_updated_at"])?.unwrap_or(otherwise).min(otherwise)));
    }
    let denied = answers.iter().any(|(granted, ..)| !granted);
    for (granted, channel, at) in answers.into_iter().filter(|(granted, ..)| !(denied && *granted)) {
        sink.event(signed.event(&format!("consent:{id}:{channel}:{}", at.0), at, marketing(granted))?);
    }
    Ok(())
}
