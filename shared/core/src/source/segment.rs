//! One message in the form of [Segment's specification](https://segment.com/docs/connections/spec/).
//!
//! What a browser says is a claim: its `userId`, its e-mail address, phone number and contact data are left unread, so nothing downstream can
//! mistake them for knowledge.

use super::{
    Call, ConsentMode, ContactField, Delivery, INSIDER, Route, Shop, Sink, Unreadable, bots,
    consent::Said,
    fields::{Object, cut, instant, object, short, text},
    json::Without,
    track, traits,
};
use crate::{
    auth::personal::{self, Named},
    digest::{ContentHasher, content_hash, short_hash},
    event::{Action, Authority, Consent, Event, Purpose, Traffic, Who},
    id::EventId,
    profile::Position,
    time::{MINUTE_MS, Timestamp},
};
use compact_str::{CompactString, format_compact};

/// Event time never lies later than this after receipt.
const AHEAD_MS: i64 = 5 * MINUTE_MS;
/// Clocks that agree within this are left alone, so that a message sent twice keeps its time although it travelled differently.
const SKEW_TOLERATED_MS: i64 = 30_000;
/// Longer message ids are hashed, to leave room for what is put around them.
const LONGEST_MESSAGE_ID: usize = 200;

/// A message with everything that its events share.
pub(super) struct Message<'a> {
    /// The currency of amounts that name none.
    pub(super) shop: Shop<'a>,
    /// When it happened.
    pub(super) at: Timestamp,
    /// Its id, unique among what senders of its authority send.
    pub(super) id: CompactString,
    /// How much its sender is believed.
    pub(super) authority: Authority,
    source: CompactString,
    who: Who,
    traffic: Traffic,
}

/// Where what was done is told.
pub(super) type Tell<'a> = dyn FnMut(Action) -> Result<(), Unreadable> + 'a;

/// Reads `message`, which came in `envelope`. `call` is what the route says it is; in a batch the message's own `type` does.
pub(super) fn message(
    message: Object<'_>,
    call: Option<Call>,
    envelope: Object<'_>,
    (delivery, shop): (&Delivery<'_>, &Shop<'_>),
    sink: &mut dyn Sink,
) -> Result<(), Unreadable> {
    let call = call.map_or_else(|| call_of(message), Ok)?;
    if text(message, &["userId", "anonymousId", "previousId"]).is_none() {
        return Err(Unreadable::Missing("userId or anonymousId"));
    }
    let context = object(message, "context").or_else(|| object(envelope, "context"));
    let properties = object(message, "properties");
    let browser = delivery.authority == Authority::Browser;
    let is_consent = call == Call::Track && track::is_consent_update(message);
    let said = Said::read(context, properties.filter(|_| is_consent), browser && delivery.header("sec-gpc") == Some("1"));
    let who = who(message, delivery.authority, shop.hash_key);

    let template = Message {
        shop: *shop,
        at: time(message, envelope, delivery.received)?,
        id: id(message, delivery),
        authority: delivery.authority,
        source: source(delivery.route),
        who: who.clone(),
        traffic: bots::traffic(context, browser && delivery.header(INSIDER).is_some(), delivery.header("user-agent").filter(|_| browser)),
    };
    template.contacts(message, call, sink);
    let may_know = may_know_who(&said, browser, shop.consent);
    let mut number = 0;
    let mut tell = |who: Who, action: Action| {
        sink.event(template.event(number, who, action)?);
        number += 1;
        Ok(())
    };
    template.actions(message, call, &mut |action| {
        // An order is kept under the declared basis `contract`, and to withdraw one must be known; anything else without a yes is
        // nobody's.
        let known =
            may_know || matches!(&action, Action::Ordered(_) | Action::Refunded(_) | Action::Consented(Consent { granted: false, .. }));
        tell(if known { who.clone() } else { Who::default() }, action)
    })?;
    // A browser repeats its consent in every message; only those that begin a visit or change it are worth an event.
    if is_consent || !browser || matches!(call, Call::Identify | Call::Page | Call::Screen) {
        for consent in said.all() {
            // To withdraw, one must be known; to have never agreed, one must not.
            if is_consent || may_know {
                tell(who.clone(), Action::Consented(consent))?;
            }
        }
    }
    Ok(())
}

fn call_of(message: Object<'_>) -> Result<Call, Unreadable> {
    let name = text(message, &["type", "action"]).ok_or(Unreadable::Missing("type"))?;
    match Call::named(&name) {
        Some(Call::Batch) | None => Err(Unreadable::Field {
            field: "type",
            problem: format!("`{}` is none of track, identify, page, screen, group, alias", cut(&name, 40)),
        }),
        Some(call) => Ok(call),
    }
}

/// The page's path without its query, in which shops put all sorts of things; else its name.
fn page_name(message: Object<'_>) -> CompactString {
    let properties = object(message, "properties");
    let page = object(message, "context").and_then(|context| object(context, "page"));
    let path = properties
        .and_then(|all| short(all, &["path"], 200))
        .or_else(|| short(message, &["name"], 200))
        .or_else(|| page.and_then(|page| short(page, &["path"], 200)));
    path.map(|path| path.split(['?', '#']).next().unwrap_or_default().into()).unwrap_or_default()
}

impl Message<'_> {
    /// Tells what the message says was done.
    fn actions(&self, message: Object<'_>, call: Call, tell: &mut Tell<'_>) -> Result<(), Unreadable> {
        let action = match call {
            Call::Track | Call::Batch => return track::actions(self, message, tell),
            Call::Identify => {
                Action::Identified { traits: traits::of_message(message).map(|told| traits::read(told).traits).unwrap_or_default() }
            }
            Call::Page | Call::Screen => Action::Page { name: page_name(message) },
            Call::Group => Action::Custom { name: "group".into() },
            Call::Alias => {
                let previous = text(message, &["previousId", "previous_id"]).ok_or(Unreadable::Missing("previousId"))?;
                match personal::hidden(self.shop.hash_key, &previous) {
                    Some(previous) => Action::Aliased { previous: cut(&previous, crate::id::LONGEST_ID_BYTES) },
                    None => return Ok(()),
                }
            }
        };
        tell(action)
    }

    /// The `number`th event of the message.
    fn event(&self, number: usize, who: Who, action: Action) -> Result<Event, Unreadable> {
        let id = if number == 0 { self.id.clone() } else { format_compact!("{}/{number}", self.id) };
        Ok(Event {
            id: EventId::new(&id).map_err(|problem| Unreadable::Field { field: "messageId", problem: problem.to_string() })?,
            at: self.at,
            authority: self.authority,
            source: self.source.clone(),
            who,
            traffic: self.traffic,
            action,
        })
    }

    /// Contact data in an `identify`, which a browser cannot change.
    fn contacts(&self, message: Object<'_>, call: Call, sink: &mut dyn Sink) {
        let (true, Call::Identify, Some(customer), Some(told)) =
            (self.authority.is_trusted(), call, &self.who.customer, traits::of_message(message))
        else {
            return;
        };
        let at = Position { at: self.at, id: short_hash(self.id.as_bytes()) };
        for (field, value) in traits::read(told).contacts {
            sink.contact(ContactField { customer: customer.clone(), field, value, at });
        }
    }
}

/// Whom the message names. Ids that stand for nobody name nobody; a browser names no customer.
fn who(message: Object<'_>, authority: Authority, hash_key: &str) -> Who {
    let device = text(message, &["anonymousId", "anonymous_id"]).and_then(|id| personal::device(hash_key, &id).ok());
    if !authority.is_trusted() {
        return Who { device, ..Who::default() };
    }
    let customer = text(message, &["userId", "user_id"]);
    let told = |read: fn(Object<'_>) -> Option<String>| {
        traits::of_message(message).and_then(read).or_else(|| object(message, "properties").and_then(read))
    };
    let email = told(traits::email).or_else(|| customer.clone().filter(|id| personal::is_email(id)));
    // Without a `+` an id may be a customer number.
    let phone = told(traits::phone).or_else(|| customer.clone().filter(|id| personal::is_phone(id)));
    Who { device, ..Named { customer, email, phone }.hidden(hash_key) }
}

/// Whether the person may be recognised. Silence is read as the shop decided, but only from browsers: a backend that sends a customer's
/// events has asked them.
fn may_know_who(said: &Said, browser: bool, mode: ConsentMode) -> bool {
    said.about(Purpose::Analytics).unwrap_or(!browser || mode == ConsentMode::OptOut)
}

/// When it happened by our clock: `timestamp`, moved by as much as the sender's clock was off when it sent. History that is sent late
/// keeps its time, for its `sentAt` is right.
fn time(message: Object<'_>, envelope: Object<'_>, received: Timestamp) -> Result<Timestamp, Unreadable> {
    let told = instant(message, &["timestamp", "originalTimestamp"])?;
    let sent = instant(message, &["sentAt"])?.or(instant(envelope, &["sentAt"])?);
    let at = match (told, sent) {
        (Some(told), Some(sent)) if received.since_ms(sent).abs() > SKEW_TOLERATED_MS => told.plus_ms(received.since_ms(sent)),
        (Some(told), _) => told,
        (None, _) => received,
    };
    let at = at.min(received.plus_ms(AHEAD_MS));
    if at < Timestamp::EARLIEST {
        return Err(Unreadable::Field { field: "timestamp", problem: "before 1990: the sender's clock is broken".to_owned() });
    }
    Ok(at)
}

/// The message's own id, or a hash of what it says. Senders of different authority cannot shadow each other's messages, nor can two tills
/// that both number theirs from 1.
fn id(message: Object<'_>, delivery: &Delivery<'_>) -> CompactString {
    let sender = match (delivery.authority, delivery.route) {
        (_, Route::Webhook(name)) => format_compact!("w:{name}"),
        (Authority::Browser, _) => "b".into(),
        (Authority::Import, _) => "i".into(),
        (Authority::Backend, _) => "s".into(),
        (Authority::Webhook, _) => "w".into(),
    };
    match text(message, &["messageId", "message_id"]) {
        Some(id) if id.len() <= LONGEST_MESSAGE_ID && !id.chars().any(char::is_control) => format_compact!("{sender}:{id}"),
        Some(id) => format_compact!("{sender}:{}", content_hash(id.as_bytes())),
        None => {
            // A retry differs in when it was sent and in nothing else.
            let mut said = ContentHasher::default();
            // Nothing on a tape keeps it from being JSON, and a hash takes all that is written to it.
            let _ = serde_json::to_writer(&mut said, &Without(message, "sentAt"));
            format_compact!("{sender}:{}", said.finish())
        }
    }
}

fn source(route: &Route) -> CompactString {
    match route {
        Route::Segment(_) => "segment".into(),
        Route::Webhook(name) => format_compact!("webhook:{name}"),
        Route::Beacon | Route::Shopify | Route::Woocommerce | Route::Stripe | Route::Klaviyo | Route::Mailchimp => {
            format_compact!("{route}")
        }
    }
}
