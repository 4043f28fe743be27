//! Deliveries that hold messages in Segment's form: its own routes, the beacon, and Standard Webhooks.

use super::{Call, Delivery, Parsed, Route, Shop, Unreadable, fields::Object, segment};
use serde_json::Value;

/// Reads a delivery: one message, a list of them, or `{"batch": [...]}`.
pub(super) fn parse(delivery: &Delivery<'_>, shop: &Shop<'_>) -> Parsed {
    let body = match serde_json::from_slice::<Value>(delivery.body) {
        Ok(body) => body,
        Err(problem) => return Parsed::rejected(Unreadable::NotJson(problem.to_string()), delivery.body),
    };
    let call = match delivery.route {
        Route::Segment(call) if *call != Call::Batch => Some(*call),
        _ => None,
    };
    let (envelope, messages) = match unpack(body) {
        Ok(unpacked) => unpacked,
        Err(problem) => return Parsed::rejected(problem, delivery.body),
    };
    let mut parsed = Parsed::default();
    for message in messages {
        parsed.extend(one(&message, call, &envelope, delivery, shop));
    }
    parsed
}

fn one(message: &Value, call: Option<Call>, envelope: &Object, delivery: &Delivery<'_>, shop: &Shop<'_>) -> Parsed {
    let read = message
        .as_object()
        .ok_or(Unreadable::Shape("a message to be an object"))
        .and_then(|message| segment::message(message, call, envelope, delivery, shop));
    read.unwrap_or_else(|problem| Parsed::rejected(problem, alone(message, envelope).to_string().as_bytes()))
}

/// A delivery of this message alone: sent again it must mean what it meant among its batch-mates, consent and clock among it.
fn alone(message: &Value, envelope: &Object) -> Value {
    if envelope.is_empty() {
        return message.clone();
    }
    let mut delivery = envelope.clone();
    delivery.insert("batch".to_owned(), Value::Array(vec![message.clone()]));
    Value::Object(delivery)
}

/// What surrounds the messages (`sentAt`, `context`), and the messages.
fn unpack(body: Value) -> Result<(Object, Vec<Value>), Unreadable> {
    match body {
        Value::Array(messages) => Ok((Object::new(), messages)),
        Value::Object(mut envelope) => match envelope.remove("batch") {
            Some(Value::Array(messages)) => Ok((envelope, messages)),
            Some(_) => Err(Unreadable::Shape("`batch` to be a list of messages")),
            None => Ok((Object::new(), vec![Value::Object(envelope)])),
        },
        _ => Err(Unreadable::Shape("a message, a list of messages, or {\"batch\": [...]}")),
    }
}
