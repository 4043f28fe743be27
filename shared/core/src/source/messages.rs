//! Deliveries that hold messages in Segment's form: its own routes, the beacon, and Standard Webhooks.

use super::{Call, Delivery, Parsed, Reject, Route, Shop, Unreadable, fields::Object, json, segment};
use serde_json::Value;

/// Messages of one delivery that are refused one by one.
const MOST_ALONE: usize = 20;
/// A refused message of so many bytes, with what surrounds it, is always kept by itself while they are few.
const ALONE_BYTES: usize = 4 * 1024;

/// Reads a delivery: one message, a list of them, or `{"batch": [...]}`.
pub(super) fn parse(delivery: &Delivery<'_>, shop: &Shop<'_>) -> Parsed {
    let body = match json(delivery.body) {
        Ok(body) => body,
        Err(problem) => return Parsed::rejected(problem, delivery.body),
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
    let mut refused = Refused { envelope: &envelope, left_bytes: delivery.body.len(), rest: Vec::new(), because: None };
    for message in messages {
        let object = message.as_object().ok_or(Unreadable::Shape("a message to be an object"));
        match object.and_then(|object| segment::message(object, call, &envelope, delivery, shop)) {
            Ok(read) => parsed.extend(read),
            Err(problem) => parsed.rejects.extend(refused.reject(message, problem, parsed.rejects.len())),
        }
    }
    parsed.rejects.extend(refused.rest());
    parsed
}

/// The messages of a delivery that cannot be read. Each is kept by itself, with what surrounded it, as long as they are few and all that
/// together no larger than the delivery was; the rest is kept together. So a body of countless tiny mistakes does not become countless
/// records, nor a large envelope a copy for each.
struct Refused<'a> {
    envelope: &'a Object,
    left_bytes: usize,
    rest: Vec<Value>,
    because: Option<Unreadable>,
}

impl Refused<'_> {
    fn reject(&mut self, message: Value, problem: Unreadable, so_far: usize) -> Option<Reject> {
        if so_far < MOST_ALONE && self.rest.is_empty() {
            let raw = together(vec![message.clone()], self.envelope);
            if raw.len() <= self.left_bytes.max(ALONE_BYTES) {
                self.left_bytes = self.left_bytes.saturating_sub(raw.len());
                return Some(Reject { reason: problem.to_string(), raw });
            }
        }
        self.rest.push(message);
        self.because.get_or_insert(problem);
        None
    }

    fn rest(self) -> Option<Reject> {
        let because = self.because?;
        let reason = match self.rest.len() {
            1 => because.to_string(),
            many => format!("{many} messages of one delivery cannot be read; of the first: {because}"),
        };
        Some(Reject { reason, raw: together(self.rest, self.envelope) })
    }
}

/// A delivery of these messages: sent again they must mean what they meant among their batch-mates, consent and clock among it.
fn together(mut messages: Vec<Value>, envelope: &Object) -> Vec<u8> {
    if envelope.is_empty() && messages.len() == 1 {
        return messages.remove(0).to_string().into_bytes();
    }
    let mut delivery = envelope.clone();
    delivery.insert("batch".to_owned(), Value::Array(messages));
    Value::Object(delivery).to_string().into_bytes()
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
