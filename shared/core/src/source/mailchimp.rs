//! Mailchimp's [audience webhooks](https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/): who subscribed, who
//! unsubscribed, whose address was cleaned out after a complaint. They come as forms and are not signed. Its
//! [Transactional webhooks](https://mailchimp.com/developer/transactional/docs/webhooks/) come to the same address: see [`transactional`].
//!
//! Read past, with nothing kept: `profile` and `upemail` (an address is no customer, and two addresses cannot be tied without one),
//! `campaign` (about nobody), and `cleaned` for a mailbox that is gone: nobody said no. Opens and clicks of campaigns are in no webhook.

mod transactional;

use super::{
    Delivery, Parsed, Shop, Unreadable,
    signed::{Signed, body_name, latest},
};
use crate::{
    auth::personal,
    event::{Traffic, Who},
    id::ContactHash,
    time::Timestamp,
};
use std::collections::BTreeMap;

/// Where it all comes from.
const SOURCE: &str = "mailchimp";

/// Reads a delivery.
pub(super) fn parse(delivery: &Delivery<'_>, shop: &Shop<'_>) -> Result<Parsed, Unreadable> {
    let form: BTreeMap<String, String> = form_urlencoded::parse(delivery.body).into_owned().collect();
    let said = |name: &str| form.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    if let Some(events) = said(transactional::FIELD) {
        return transactional::parse(events, delivery, shop);
    }
    let kind = said("type").ok_or(Unreadable::Missing("type"))?;
    let granted = match (kind, said("data[reason]")) {
        ("subscribe", _) => true,
        ("unsubscribe", _) | ("cleaned", Some("abuse")) => false,
        ("profile" | "upemail" | "campaign" | "cleaned", _) => return Ok(Parsed::default()),
        _ => return Err(Unreadable::NotTaken(format!("Mailchimp's `{}` webhooks", super::fields::cut(kind, 40)))),
    };
    let email = address("data[email]", said("data[email]"), shop)?;
    let at = match said("fired_at") {
        Some(text) => Timestamp::parse(text).map_err(|problem| Unreadable::Field { field: "fired_at", problem: problem.to_string() })?,
        None => delivery.received,
    };
    let signed = Signed { source: SOURCE, who: Who { email: Some(email), ..Who::default() }, traffic: Traffic::Human };
    let events = signed.subscription(&body_name(delivery), at.min(latest(delivery)), granted)?;
    Ok(Parsed { events, ..Parsed::default() })
}

/// Whose mailbox it is about.
fn address(field: &'static str, said: Option<&str>, shop: &Shop<'_>) -> Result<ContactHash, Unreadable> {
    let address = said.ok_or(Unreadable::Missing(field))?;
    personal::email(shop.hash_key, address).ok_or(Unreadable::Field { field, problem: "is no e-mail address".to_owned() })
}
