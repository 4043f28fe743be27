//! What became of single messages, as Mailchimp Transactional (Mandrill) tells it: a form with one field, `mandrill_events`, in which a JSON
//! list stands. An empty list is how it asks whether somebody is at home.
//!
//! Read past, with nothing kept: what happened to a message on its way (sent, deferred, bounced: a mailbox that is gone said no no), and
//! changes of Mandrill's own lists, which say again what was said. That a message arrived is kept: opens are a share of those.

use super::{SOURCE, address};
use crate::{
    auth::personal,
    digest::short_hash,
    event::{Action, EmailAct, Event, Traffic, Who},
    source::{
        Delivery, Parsed, Shop, Unreadable,
        fields::{Object, instant, object, text},
        json,
        signed::{Signed, latest},
    },
};
use serde_json::Value;

/// The form's field.
pub(super) const FIELD: &str = "mandrill_events";

/// Reads the list; a bad event leaves its mates alone.
pub(super) fn parse(events: &str, delivery: &Delivery<'_>, shop: &Shop<'_>) -> Result<Parsed, Unreadable> {
    let list = json(events.as_bytes())?;
    let list = list.as_array().ok_or(Unreadable::Shape("`mandrill_events` to be a list of events"))?;
    let mut parsed = Parsed::default();
    for one in list {
        match one.as_object().ok_or(Unreadable::Shape("an event to be an object")).and_then(|one| event(one, delivery, shop)) {
            Ok(events) => parsed.events.extend(events),
            Err(problem) => parsed.extend(Parsed::rejected(problem, alone(one).as_bytes())),
        }
    }
    Ok(parsed)
}

/// A delivery of this event alone, to be sent again.
fn alone(event: &Value) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair(FIELD, &Value::Array(vec![event.clone()]).to_string()).finish()
}

fn event(one: &Object, delivery: &Delivery<'_>, shop: &Shop<'_>) -> Result<Vec<Event>, Unreadable> {
    let kind = text(one, &["event", "type"]).ok_or(Unreadable::Missing("event"))?;
    let act = match kind.as_str() {
        "delivered" => EmailAct::Delivered,
        "open" => EmailAct::Opened,
        "click" => EmailAct::Clicked,
        // Who calls it spam wants no more of it.
        "unsub" | "spam" => EmailAct::Unsubscribed,
        _ => return Ok(Vec::new()),
    };
    let message = object(one, "msg").ok_or(Unreadable::Missing("msg"))?;
    let email = address("msg.email", text(message, &["email"]).as_deref(), shop)?;
    let at = instant(one, &["ts"])?.ok_or(Unreadable::Missing("ts"))?;
    let id = text(one, &["_id"]).or_else(|| text(message, &["_id"])).ok_or(Unreadable::Missing("_id"))?;
    // A message may be opened often, and two links in it followed within a second; an event has no id of its own.
    let link = text(one, &["url"]).map(|url| format!(":{:x}", short_hash(url.as_bytes()))).unwrap_or_default();
    let id = format!("{kind}:{id}:{}{link}", at.epoch_secs());
    // The metadata is the shop's own.
    let customer = object(message, "metadata").and_then(|metadata| text(metadata, &["customer_id", "customerId", "user_id"]));
    let customer = customer.and_then(|id| personal::customer(shop.hash_key, &id).ok());
    let signed = Signed { source: SOURCE, who: Who { customer, email: Some(email), ..Who::default() }, traffic: Traffic::Human };
    let at = at.min(latest(delivery));
    match act {
        EmailAct::Delivered | EmailAct::Opened | EmailAct::Clicked => Ok(vec![signed.event(&id, at, Action::Email(act))?]),
        EmailAct::Subscribed | EmailAct::Unsubscribed => signed.subscription(&id, at, act == EmailAct::Subscribed),
    }
}
