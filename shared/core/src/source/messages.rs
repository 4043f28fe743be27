//! Deliveries that hold messages in Segment's form: its own routes, the beacon, and Standard Webhooks.

use super::{
    Call, Delivery, Json, Route, Shop, Sink, Unreadable,
    fields::Object,
    json,
    json::{List, Value},
    refused::Refused,
    segment,
    sink::whole,
};

/// Reads a delivery: one message, a list of them, or `{"batch": [...]}`.
pub(super) fn read(delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let body = json(delivery.body)?;
    let call = match delivery.route {
        Route::Segment(call) if *call != Call::Batch => Some(*call),
        _ => None,
    };
    let (envelope, messages) = match body.value() {
        Value::List(messages) => (Object::default(), Some(messages)),
        Value::Object(envelope) => match envelope.get(BATCH) {
            Some(Value::List(messages)) => (envelope, Some(messages)),
            Some(_) => return Err(Unreadable::Shape("`batch` to be a list of messages")),
            None => (Object::default(), None),
        },
        _ => return Err(Unreadable::Shape("a message, a list of messages, or {\"batch\": [...]}")),
    };
    let mut refused = Refused::of(delivery);
    let alone = std::iter::once(body.value()).filter(|_| messages.is_none());
    for message in messages.into_iter().flat_map(List::iter).chain(alone) {
        let object = message.as_object().ok_or(Unreadable::Shape("a message to be an object"));
        let read = object.and_then(|object| whole(sink, |sink| segment::message(object, call, envelope, (delivery, shop), sink)));
        if let Err(problem) = read {
            refused.refuse(problem, || by_itself(message, envelope), sink);
        }
    }
    refused.rest(sink);
    Ok(())
}

/// Where a delivery of several has its messages.
const BATCH: &str = "batch";

/// A delivery of this message alone: sent again it must mean what it meant among its batch-mates, consent and clock among it.
fn by_itself(message: Value<'_>, envelope: Object<'_>) -> String {
    let around = envelope.entries().filter(|(name, _)| *name != BATCH);
    if around.clone().next().is_none() {
        return message.to_string();
    }
    let around = Json::object(around).value().to_string();
    format!("{},\"{BATCH}\":[{message}]}}", around.trim_end_matches('}'))
}
