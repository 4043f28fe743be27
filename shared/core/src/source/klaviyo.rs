//! Klaviyo's [system webhooks](https://developers.klaviyo.com/en/docs/working_with_system_webhooks): what people did with its
//! e-mails. A delivery holds several events; one bad one leaves its mates alone.
//!
//! Read past, with nothing kept: everything that the shop itself told Klaviyo (orders, views; Rapport has them first-hand), and what
//! happened to a message without the person doing anything (received, bounced, dropped).

use super::{
    Delivery, Shop, Sink, Unreadable,
    fields::{Object, instant, object, objects, text},
    json,
    json::Value,
    refused::Refused,
    signed::{Signed, latest},
    sink::whole,
};
use crate::{
    auth::personal::Named,
    event::{EmailAct, Traffic, Who},
};

/// Reads a delivery.
pub(super) fn read(delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let body = json(delivery.body)?;
    let happened = body.as_object().and_then(|body| body.get("data")).and_then(Value::as_list);
    let mut refused = Refused::of(delivery);
    for one in happened.ok_or(Unreadable::Shape("`data` to be a list of events"))?.iter() {
        let read = one
            .as_object()
            .ok_or(Unreadable::Shape("an event to be an object"))
            .and_then(|one| whole(sink, |sink| event(one, delivery, shop, sink)));
        if let Err(problem) = read {
            refused.refuse(problem, || format!("{{\"data\":[{one}]}}"), sink);
        }
    }
    refused.rest(sink);
    Ok(())
}

fn event(one: Object<'_>, delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let topic = text(one, &["topic"]).ok_or(Unreadable::Missing("topic"))?;
    let Some(act) = act(&topic) else { return Ok(()) };
    let payload = object(one, "payload").ok_or(Unreadable::Missing("payload"))?;
    let data = object(payload, "data").ok_or(Unreadable::Missing("payload.data"))?;
    let id = text(one, &["external_id"]).or_else(|| text(data, &["id"])).ok_or(Unreadable::Missing("external_id"))?;
    let attributes = object(data, "attributes").ok_or(Unreadable::Missing("payload.data.attributes"))?;
    let at = instant(attributes, &["datetime", "timestamp"])?.ok_or(Unreadable::Missing("datetime"))?.min(latest(delivery));
    let who = who(payload, attributes, shop.hash_key);
    if who.is_nobody() {
        return Err(Unreadable::Missing("the profile's e-mail address, phone number or external_id"));
    }
    let signed = Signed { source: "klaviyo", who, traffic: Traffic::Human };
    signed.email(&id, at, act, sink)
}

/// What a topic says was done. Who calls it spam wants no more of it.
fn act(topic: &str) -> Option<EmailAct> {
    match topic.strip_prefix("event:klaviyo.")? {
        "received_email" => Some(EmailAct::Delivered),
        "opened_email" => Some(EmailAct::Opened),
        "clicked_email" => Some(EmailAct::Clicked),
        "subscribed_to_email_marketing" | "subscribed_to_list" => Some(EmailAct::Subscribed),
        "unsubscribed_from_email_marketing" | "unsubscribed" | "marked_email_as_spam" => Some(EmailAct::Unsubscribed),
        _ => None,
    }
}

/// The profile, where the shop has it included, names the shop's own id of the customer and their number; the event alone has the address
/// it went to.
fn who(payload: Object<'_>, attributes: Object<'_>, hash_key: &str) -> Who {
    let profile = objects(payload, &["included"])
        .find(|included| text(*included, &["type"]).as_deref() == Some("profile"))
        .and_then(|profile| object(profile, "attributes"));
    let told = object(attributes, "event_properties");
    let [customer, email, phone] = ["external_id", "email", "phone_number"].map(|name| text(profile?, &[name]));
    let email = email.or_else(|| text(told?, &["email_address", "Recipient Email Address", "email", "$email"]));
    Named { customer, email, phone }.hidden(hash_key)
}
