//! From what senders say to canonical events. One file a sender; nothing behind this module knows that senders exist.
//!
//! [`read`] takes one delivery as it lay in the inbox and hands a [`Sink`] what it says, one by one: events for the log, contact data for the contacts table
//! (never for the log), what is said of products, whom to forget, and what could not be read with the reason. It never fails as a whole: one bad event leaves its batch-mates
//! alone. A new sender is one file here, one arm of [`Route`], one sample under `events/ingest/`, one snapshot.

mod bots;
mod consent;
pub mod csv;
mod erasure;
mod fields;
mod json;
mod klaviyo;
mod mailchimp;
mod messages;
mod products;
mod refused;
mod segment;
mod share;
mod shopify;
mod signed;
mod sink;
mod stripe;
mod track;
mod traits;
mod woocommerce;

pub use erasure::Erasure;
pub use json::{Json, json};
pub use share::share;
pub use shopify::{Kind as ShopifyKind, topic_agrees as shopify_topic_agrees};
pub use sink::Sink;
pub(crate) use traits::is_protected;

use crate::{
    catalog::Telling,
    event::{Authority, Event},
    id::{CustomerId, IdError, OrderId},
    money::Currency,
    profile::Position,
    time::Timestamp,
};
use compact_str::CompactString;
use std::{fmt, str::FromStr};

/// What the shop decides about all deliveries.
#[derive(Clone, Copy, Debug)]
pub struct Shop<'a> {
    /// The currency of amounts that name none.
    pub currency: Currency,
    /// What a browser that says nothing about consent has said.
    pub consent: ConsentMode,
    /// What personal ids are hashed with.
    pub hash_key: &'a str,
}

/// What an unset consent means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentMode {
    /// No, until they say yes: the EEA, the UK, Switzerland, and wherever nobody knows.
    OptIn,
    /// Yes, until they say no.
    OptOut,
}

impl fmt::Display for ConsentMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OptIn => "opt_in",
            Self::OptOut => "opt_out",
        })
    }
}

impl FromStr for ConsentMode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        match text {
            "opt_in" => Ok(Self::OptIn),
            "opt_out" => Ok(Self::OptOut),
            _ => Err(UnknownMode),
        }
    }
}

/// Not a consent mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("consent is `opt_in` or `opt_out`")]
pub struct UnknownMode;

/// One delivery, as it lay in the inbox.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// Which door it came through.
    pub route: &'a Route,
    /// When it was received.
    pub received: Timestamp,
    /// How much the sender is believed, from its key or signature.
    pub authority: Authority,
    /// The few headers that were kept, names in lower case.
    pub headers: &'a [(String, String)],
    /// The body, unpacked.
    pub body: &'a [u8],
}

impl<'a> Delivery<'a> {
    /// The header `name` (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The headers worth keeping with a delivery; everything else is dropped at the door.
pub const HEADERS_KEPT: [&str; 5] = ["user-agent", "sec-gpc", "x-shopify-topic", "x-wc-webhook-topic", "webhook-id"];

/// The header that the door itself puts on what came from one of the shop's own networks: the address decides there and goes no further.
pub const INSIDER: &str = "x-rapport-insider";

/// Which door a delivery came through. Its text form (`segment/track`, `beacon`, `shopify`, `webhook/NAME` …) travels in the inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// One of Segment's calls, or a batch of them.
    Segment(Call),
    /// What `navigator.sendBeacon` sends: a batch.
    Beacon,
    /// Shopify's webhooks.
    Shopify,
    /// WooCommerce's webhooks.
    Woocommerce,
    /// Stripe's webhooks.
    Stripe,
    /// Klaviyo's system webhooks.
    Klaviyo,
    /// Mailchimp's audience webhooks.
    Mailchimp,
    /// A Standard Webhook, by the name the shop gave the sender; its body is a batch of our events.
    Webhook(CompactString),
}

/// Segment's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Something was done.
    Track,
    /// Somebody said who they are.
    Identify,
    /// A page was seen.
    Page,
    /// A screen of an app was seen.
    Screen,
    /// Somebody belongs to a group.
    Group,
    /// Two ids are one.
    Alias,
    /// Several of these.
    Batch,
}

impl Call {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Track, "track"),
        (Self::Identify, "identify"),
        (Self::Page, "page"),
        (Self::Screen, "screen"),
        (Self::Group, "group"),
        (Self::Alias, "alias"),
        (Self::Batch, "batch"),
    ];

    /// The call named `track`, or by its first letter.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name || (name.len() == 1 && known.starts_with(name))).map(|(call, _)| *call)
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Identify => "identify",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Group => "group",
            Self::Alias => "alias",
            Self::Batch => "batch",
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment(call) => write!(f, "segment/{}", call.name()),
            Self::Beacon => f.write_str("beacon"),
            Self::Shopify => f.write_str("shopify"),
            Self::Woocommerce => f.write_str("woocommerce"),
            Self::Stripe => f.write_str("stripe"),
            Self::Klaviyo => f.write_str("klaviyo"),
            Self::Mailchimp => f.write_str("mailchimp"),
            Self::Webhook(name) => write!(f, "webhook/{name}"),
        }
    }
}

/// A route this release does not know: written by a newer one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no route that this release knows")]
pub struct UnknownRoute(String);

impl FromStr for Route {
    type Err = UnknownRoute;

    fn from_str(text: &str) -> Result<Self, UnknownRoute> {
        let known = match text.split_once('/') {
            Some(("segment", call)) => Call::named(call).map(Self::Segment),
            Some(("webhook", name)) if !name.is_empty() => Some(Self::Webhook(name.into())),
            None => match text {
                "beacon" => Some(Self::Beacon),
                "shopify" => Some(Self::Shopify),
                "woocommerce" => Some(Self::Woocommerce),
                "stripe" => Some(Self::Stripe),
                "klaviyo" => Some(Self::Klaviyo),
                "mailchimp" => Some(Self::Mailchimp),
                _ => None,
            },
            _ => None,
        };
        known.ok_or_else(|| UnknownRoute(text.to_owned()))
    }
}

/// What a delivery came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// For the log.
    pub events: Vec<Event>,
    /// For the contacts table.
    pub contacts: Vec<ContactField>,
    /// For the catalog.
    pub tellings: Vec<Telling>,
    /// Who is to be forgotten.
    pub erasures: Vec<Erasure>,
    /// For `rejected/`.
    pub rejects: Vec<Reject>,
}

impl Parsed {
    /// Adds what another delivery came to.
    pub fn extend(&mut self, other: Self) {
        self.events.extend(other.events);
        self.contacts.extend(other.contacts);
        self.tellings.extend(other.tellings);
        self.erasures.extend(other.erasures);
        self.rejects.extend(other.rejects);
    }
}

/// One field of contact data that a trusted sender told. Of two tellings the one at the newer position holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactField {
    /// Whose.
    pub customer: CustomerId,
    /// `email`, `phone`, `first_name` … or `trait:NAME` for free text.
    pub field: CompactString,
    /// As it was told, cut at 500 characters.
    pub value: String,
    /// When it was told, and by which event.
    pub at: Position,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// What is wrong with it and how to mend it.
    pub reason: String,
    /// As it was sent.
    pub raw: Vec<u8>,
}

impl Reject {
    fn new(reason: &Unreadable, raw: impl Into<Vec<u8>>) -> Self {
        Self { reason: reason.to_string(), raw: raw.into() }
    }
}

/// Why one event cannot be read. For people: it says what to send instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The body is no JSON at all.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// JSON, but of another shape.
    #[error("expected {0}")]
    Shape(&'static str),
    /// Something that must be there is not.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A value that cannot be used.
    #[error("`{field}`: {problem}")]
    Field {
        /// Which.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Something that Rapport does not take in.
    #[error("{0} are not taken in by this release; the record is kept, to be sent again after an update")]
    NotTaken(String),
    /// A header says one thing, the signed body another.
    #[error("the topic header says `{0}`, but the body is something else; only the body is signed")]
    Contradiction(String),
    /// Shopify, 48 hours after an app was taken out of a shop.
    #[error(
        "Shopify asks to forget the whole shop; all of it lies in your own AWS account, so it is yours to decide: delete the stack and its bucket, or keep them"
    )]
    ShopRedaction,
}

/// Turns one delivery into events. Beside what `sink` keeps, never more than eight bytes for each of the body's are held, and what a
/// hundred events take.
pub fn read(delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) {
    let read = match delivery.route {
        Route::Segment(_) | Route::Beacon | Route::Webhook(_) => messages::read(delivery, shop, sink),
        Route::Shopify => shopify::read(delivery, shop, sink),
        Route::Woocommerce => woocommerce::read(delivery, shop, sink),
        Route::Stripe => stripe::read(delivery, shop, sink),
        Route::Klaviyo => klaviyo::read(delivery, shop, sink),
        Route::Mailchimp => mailchimp::read(delivery, shop, sink),
    };
    if let Err(reason) = read {
        sink.reject(Reject::new(&reason, delivery.body));
    }
}

/// All that [`read`] hands on.
#[must_use]
pub fn parse(delivery: &Delivery<'_>, shop: &Shop<'_>) -> Parsed {
    let mut parsed = Parsed::default();
    read(delivery, shop, &mut parsed);
    parsed
}

/// The id of an order, one and the same whoever tells it: Shopify's pixel says `gid://shopify/Order/1001`, its admin `#1001`.
///
/// # Errors
/// [`IdError`] when nothing is left of it.
pub fn order_id(text: &str) -> Result<OrderId, IdError> {
    let text = text.trim();
    let text = text.strip_prefix("gid://").and_then(|gid| gid.rsplit('/').next()).unwrap_or(text);
    OrderId::new(text.trim_start_matches('#'))
}

#[cfg(test)]
mod tests;
