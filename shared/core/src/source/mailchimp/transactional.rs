//! What became of single messages, as Mailchimp Transactional (Mandrill) tells it: a form with one field, `mandrill_events`, in which a JSON
//! list stands. An empty list is how it asks whether somebody is at home.
//!
//! Read past, with nothing kept: what happened to a message on its way (sent, deferred, bounced: a mailbox that is gone said no no), and
//! changes of Mandrill's own lists, which say again what was said. That a message arrived is kept: opens are a share of those.

use super::{SOURCE, address};
use crate::{
    auth::personal,
    digest::short_hash,
    event::{EmailAct, Traffic, Who},
    source::{
        Delivery, Shop, Sink, Unreadable,
        fields::{Object, instant, object, text},
        json,
        json::Value,
        refused::Refused,
        signed::{Signed, latest},
        sink::whole,
    },
};

/// The form's field.
pub(super) const FIELD: &str = "mandrill_events";

/// Reads the list; a bad event leaves its mates alone.
pub(super) fn read(events: &str, delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let events = json(events.as_bytes())?;
    let list = events.value().as_list().ok_or(Unreadable::Shape("`mandrill_events` to be a list of events"))?;
    let mut refused = Refused::of(delivery);
    for one in list.iter() {
        let read = one
            .as_object()
            .ok_or(Unreadable::Shape("an event to be an object"))
            .and_then(|one| whole(sink, |sink| event(one, delivery, shop, sink)));
        if let Err(problem) = read {
            refused.refuse(problem, || alone(one), sink);
        }
    }
    refused.rest(sink);
    Ok(())
}

/// A delivery of this event alone, to be sent again.
fn alone(event: Value<'_>) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair(FIELD, &format!("[{event}]")).finish()
}

fn event(one: Object<'_>, delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let kind = text(one, &["event", "type"]).ok_or(Unreadable::Missing("event"))?;
    let act = match kind.as_str() {
        "delivered" => EmailAct::Delivered,
        "open" => EmailAct::Opened,
        "click" => EmailAct::Clicked,
        // Who calls it spam wants no more of it.
        "unsub" | "spam" => EmailAct::Unsubscribed,
        _ => return Ok(()),
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
    signed.email(&id, at.min(latest(delivery)), act, sink)
}
