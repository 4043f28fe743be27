//! Mailchimp's [audience webhooks](https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/): who subscribed, who
//! unsubscribed, whose address was cleaned out after a complaint. They come as forms and are not signed. Its
//! [Transactional webhooks](https://mailchimp.com/developer/transactional/docs/webhooks/) come to the same address: see [`transactional`].
//!
//! Read past, with nothing kept: `profile` and `upemail` (an address is no customer, and two addresses cannot be tied without one),
//! `campaign` (about nobody), and `cleaned` for a mailbox that is gone: nobody said no. Opens and clicks of campaigns are in no webhook.

mod transactional;

use super::{
    Delivery, Shop, Sink, Unreadable,
    signed::{Signed, body_name, latest},
};
use crate::{
    auth::personal,
    event::{EmailAct, Traffic, Who},
    id::ContactHash,
    time::Timestamp,
};
use std::borrow::Cow;

/// Where it all comes from.
const SOURCE: &str = "mailchimp";

/// Reads a delivery.
pub(super) fn read(delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let said = |name: &str| said(delivery.body, name);
    if let Some(events) = said(transactional::FIELD) {
        return transactional::read(&events, delivery, shop, sink);
    }
    let kind = said("type").ok_or(Unreadable::Missing("type"))?;
    let act = match (kind.trim(), said("data[reason]").as_deref().map(str::trim)) {
        ("subscribe", _) => EmailAct::Subscribed,
        ("unsubscribe", _) | ("cleaned", Some("abuse")) => EmailAct::Unsubscribed,
        ("profile" | "upemail" | "campaign" | "cleaned", _) => return Ok(()),
        _ => return Err(Unreadable::NotTaken(format!("Mailchimp's `{}` webhooks", super::fields::cut(kind.trim(), 40)))),
    };
    let email = address("data[email]", said("data[email]").as_deref().map(str::trim), shop)?;
    let at = match said("fired_at") {
        Some(text) => {
            Timestamp::parse(text.trim()).map_err(|problem| Unreadable::Field { field: "fired_at", problem: problem.to_string() })?
        }
        None => delivery.received,
    };
    let signed = Signed { source: SOURCE, who: Who { email: Some(email), ..Who::default() }, traffic: Traffic::Human };
    signed.email(&body_name(delivery), at.min(latest(delivery)), act, sink)
}

/// What the form says under `name`, if it is not blank; of two fields with one name the later holds.
fn said<'a>(form: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    let (_, text) = form_urlencoded::parse(form).filter(|(known, _)| known == name).last()?;
    if text.trim().is_empty() { None } else { Some(text) }
}

/// Whose mailbox it is about.
fn address(field: &'static str, said: Option<&str>, shop: &Shop<'_>) -> Result<ContactHash, Unreadable> {
    let address = said.ok_or(Unreadable::Missing(field))?;
    personal::email(shop.hash_key, address).ok_or(Unreadable::Field { field, problem: "is no e-mail address".to_owned() })
}
