//! The canonical event: the one thing that is stored for ever. Everything else in the house is derived from a set of these.
//!
//! Sources (Segment, Shopify, CSV …) differ in how they say things; they are translated into this type once, in `ingest`, and
//! nothing behind it knows that sources exist. An order is told line by line: every line of every statement of an order is an event
//! of its own, which keeps a profile's window, the archive's columns and the dedupe rule the same for all kinds.
//!
//! What is absent, on purpose: e-mail addresses, phone numbers, names, IP addresses. They never enter the log.

mod codec;

pub use codec::{DecodeError, SCHEMA, decode_line, decode_lines, encode_line};

use crate::{
    id::{ContactHash, CustomerId, DeviceId, EventId, ItemId, OrderId},
    money::Currency,
    profile::Alias,
    time::Timestamp,
};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Something that happened, once, at a time, perhaps to somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Two deliveries with this id are one event.
    pub id: EventId,
    /// When it happened, never later than five minutes after it was received.
    #[serde(rename = "at")]
    pub at: Timestamp,
    /// Who vouches for it.
    #[serde(rename = "by")]
    pub authority: Authority,
    /// Where it came from, for the data audit: `segment`, `beacon`, `shopify`, `woocommerce`, `webhook:<name>`, `import:<format>`.
    #[serde(rename = "src")]
    pub source: CompactString,
    /// Whom it is about.
    #[serde(default, skip_serializing_if = "Who::is_nobody")]
    pub who: Who,
    /// Whether a person did it.
    #[serde(default, skip_serializing_if = "Traffic::is_human")]
    pub traffic: Traffic,
    /// What happened.
    #[serde(rename = "do")]
    pub action: Action,
}

/// How much a sender is believed. Ordered: where two tell the same order at the same time, the greater wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authority {
    /// A browser with the public write key. What it says is a claim: it merges nobody, grants nothing, earns no revenue.
    Browser,
    /// A file the shopkeeper imported.
    Import,
    /// The shop's backend, with a secret key or a valid customer token.
    Backend,
    /// A platform whose signature was verified.
    Webhook,
}

impl Authority {
    /// Whether it may identify customers, merge, grant consent and count as revenue.
    #[must_use]
    pub const fn is_trusted(self) -> bool {
        !matches!(self, Self::Browser)
    }
}

/// Whom an event names. A `customer` is only ever set on trusted authority.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The shop's own customer id.
    #[serde(default, rename = "c", skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// The browser or app.
    #[serde(default, rename = "d", skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// A keyed hash of the e-mail address the sender vouched for.
    #[serde(default, rename = "e", skip_serializing_if = "Option::is_none")]
    pub email: Option<ContactHash>,
    /// A keyed hash of the phone number the sender vouched for.
    #[serde(default, rename = "p", skip_serializing_if = "Option::is_none")]
    pub phone: Option<ContactHash>,
}

impl Who {
    /// Whether it names nobody at all: such events count for items, never for people.
    #[must_use]
    pub const fn is_nobody(&self) -> bool {
        self.customer.is_none() && self.device.is_none() && self.email.is_none() && self.phone.is_none()
    }
}

/// Who was at the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Traffic {
    /// A person, as far as anyone can tell.
    #[default]
    Human,
    /// A crawler or a script: kept in the log, out of profiles' scores and out of training.
    Bot,
    /// The shop's own staff or tests: likewise.
    Internal,
}

impl Traffic {
    /// Whether it counts for learning.
    #[must_use]
    pub const fn is_human(&self) -> bool {
        matches!(self, Self::Human)
    }
}

/// A product as an event mentions it: the id, and what the event happens to tell about it. `train` fills gaps in the catalog
/// from these, so a shop without a product feed has titles and prices from its first order on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Which product.
    #[serde(rename = "i")]
    pub item: ItemId,
    /// Its stock-keeping unit, where the sender gives one beside the id: files often know nothing else, and so the two are tied.
    #[serde(default, rename = "s", skip_serializing_if = "Option::is_none")]
    pub sku: Option<CompactString>,
    /// What it is called.
    #[serde(default, rename = "n", skip_serializing_if = "Option::is_none")]
    pub title: Option<CompactString>,
    /// Which category it is in; `/` parts levels.
    #[serde(default, rename = "k", skip_serializing_if = "Option::is_none")]
    pub category: Option<CompactString>,
    /// Who makes it.
    #[serde(default, rename = "b", skip_serializing_if = "Option::is_none")]
    pub brand: Option<CompactString>,
    /// Price of one, in minor units, as asked or paid.
    #[serde(default, rename = "p", skip_serializing_if = "Option::is_none")]
    pub price_minor: Option<i64>,
    /// The currency of `price_minor`.
    #[serde(default, rename = "cur", skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
}

impl Product {
    /// A mention that tells nothing but the id.
    #[must_use]
    pub const fn bare(item: ItemId) -> Self {
        Self { item, sku: None, title: None, category: None, brand: None, price_minor: None, currency: None }
    }
}

/// What happened. A closed list: a `match` over it shows every place that a new kind touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Looked at a product, or clicked through to it.
    Viewed(Product),
    /// Looked at a list of products.
    Listed {
        /// The category or list shown.
        category: Option<CompactString>,
    },
    /// Searched the shop.
    Searched {
        /// The words, cut at 100 characters.
        query: CompactString,
    },
    /// Put something in the cart.
    CartAdded {
        /// What.
        product: Product,
        /// How many, at least 1.
        quantity: u32,
    },
    /// Took something out of the cart.
    CartRemoved {
        /// What.
        product: Product,
        /// How many, at least 1.
        quantity: u32,
    },
    /// Looked at the cart or began to check out.
    CheckoutStarted,
    /// Saved something for later.
    Wishlisted(Product),
    /// Reviewed something.
    Reviewed {
        /// What.
        product: Product,
        /// One to five stars, where given.
        stars: Option<u8>,
    },
    /// One line of one statement of an order.
    Ordered(OrderLine),
    /// Money given back.
    Refunded(Refund),
    /// Told something about themselves; the sender vouches that device, e-mail, phone and customer in `who` are one.
    Identified {
        /// Allow-listed traits: country, language, birthday month … never contact data.
        traits: Vec<(CompactString, CompactString)>,
    },
    /// The sender says that `previous` and the customer in `who` are one.
    Aliased {
        /// The id used before: a customer id or a device id.
        previous: CompactString,
    },
    /// The shop ruled whether `alias` and the customer in `who` are one. It outweighs what senders say in passing.
    Ruled {
        /// The other id, of any kind.
        #[serde(with = "crate::profile::key")]
        alias: Alias,
        /// Whether they are one.
        is_one: bool,
    },
    /// Looked at a page that is no product.
    Page {
        /// The path or the page's name.
        name: CompactString,
    },
    /// Saw a recommendation.
    Shown(Exposure),
    /// Clicked a recommendation.
    Clicked(Exposure),
    /// Said "not for me".
    Dismissed {
        /// What.
        item: ItemId,
    },
    /// Granted or denied a purpose.
    Consented(Consent),
    /// Did something with an e-mail.
    Email(EmailAct),
    /// Entered, was granted, was denied or removed a coupon.
    Coupon {
        /// The code.
        code: CompactString,
        /// Whether it was granted.
        applied: bool,
    },
    /// Answered a survey question.
    Surveyed {
        /// The question's name.
        question: CompactString,
        /// The answer, cut at 200 characters.
        answer: CompactString,
    },
    /// Asked to be forgotten: everything timed at or before this event is dropped by every fold.
    Erased,
    /// Anything else the shop tracks.
    Custom {
        /// The event's name as sent.
        name: CompactString,
    },
}

impl Action {
    /// The name of the kind, as the customer view and the archive show it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Viewed(_) => "product_viewed",
            Self::Listed { .. } => "product_list_viewed",
            Self::Searched { .. } => "products_searched",
            Self::CartAdded { .. } => "product_added",
            Self::CartRemoved { .. } => "product_removed",
            Self::CheckoutStarted => "checkout_started",
            Self::Wishlisted(_) => "product_added_to_wishlist",
            Self::Reviewed { .. } => "product_reviewed",
            Self::Ordered(line) => {
                if line.cancelled {
                    "order_cancelled"
                } else {
                    "order_completed"
                }
            }
            Self::Refunded(refund) => {
                if refund.cancelled {
                    "order_cancelled"
                } else {
                    "order_refunded"
                }
            }
            Self::Identified { .. } => "identify",
            Self::Aliased { .. } => "alias",
            Self::Ruled { is_one, .. } => {
                if *is_one {
                    "merged"
                } else {
                    "unmerged"
                }
            }
            Self::Page { .. } => "page",
            Self::Shown(_) => "recommendation_shown",
            Self::Clicked(_) => "recommendation_clicked",
            Self::Dismissed { .. } => "product_dismissed",
            Self::Consented(_) => "consent_updated",
            Self::Email(EmailAct::Opened) => "email_opened",
            Self::Email(EmailAct::Clicked) => "email_link_clicked",
            Self::Email(EmailAct::Subscribed) => "email_subscribed",
            Self::Email(EmailAct::Unsubscribed) => "email_unsubscribed",
            Self::Email(EmailAct::Delivered) => "email_delivered",
            Self::Coupon { .. } => "coupon",
            Self::Surveyed { .. } => "survey_answered",
            Self::Erased => "erased",
            Self::Custom { .. } => "custom",
        }
    }

    /// The product it is about, where it is about one.
    #[must_use]
    pub const fn product(&self) -> Option<&Product> {
        match self {
            Self::Viewed(product)
            | Self::Wishlisted(product)
            | Self::CartAdded { product, .. }
            | Self::CartRemoved { product, .. }
            | Self::Reviewed { product, .. } => Some(product),
            Self::Ordered(line) => line.product.as_ref(),
            Self::Refunded(refund) => refund.product.as_ref(),
            _ => None,
        }
    }
}

/// One line of one statement of an order.
///
/// An order is *state*: created, paid, updated, seen by the browser's pixel, imported from a file are statements about one thing.
/// A statement is all lines that share `(order, version, authority)`; the newest trusted statement wins, whole (see
/// [`crate::profile`]). A statement without lines (a cancelled order) is one event without a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// Which order.
    #[serde(rename = "o")]
    pub order: OrderId,
    /// `updated_at` of the statement. A platform's export has the newest date of the order; other files know no versions and carry zero.
    #[serde(rename = "v")]
    pub version: Timestamp,
    /// What was bought; absent for charges (postage, fees, manual entries) and for statements without lines.
    #[serde(default, rename = "p", skip_serializing_if = "Option::is_none")]
    pub product: Option<Product>,
    /// How many.
    #[serde(rename = "q")]
    pub quantity: u32,
    /// What was paid for the line after its share of discounts, in minor units of `currency`.
    #[serde(rename = "paid")]
    pub paid_minor: i64,
    /// How much was taken off the line's list price, in minor units; 0 where unknown.
    #[serde(default, rename = "off", skip_serializing_if = "is_zero")]
    pub discount_minor: i64,
    /// The currency paid in.
    #[serde(rename = "cur")]
    pub currency: Currency,
    /// Whether the statement says that the order is void.
    #[serde(default, rename = "void", skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
}

/// Goods or money given back. It takes its quantity back from counts, co-purchases and value.
///
/// What was given back for an order is state, as the order is: a statement is all that shares `(order, version, authority)`, and the
/// greatest holds, whole. So a refund that a webhook and a file tell is one, and an order that was paid back and then cancelled takes
/// nothing from what was never earned. Where no order is named, the same goes for `reference`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Which order, where the sender knows.
    #[serde(default, rename = "o", skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// The refund's own number (a credit note): what counts as one refund where no order is named.
    #[serde(default, rename = "r", skip_serializing_if = "Option::is_none")]
    pub reference: Option<OrderId>,
    /// What came back; absent when it is only money.
    #[serde(default, rename = "p", skip_serializing_if = "Option::is_none")]
    pub product: Option<Product>,
    /// How many came back.
    #[serde(rename = "q")]
    pub quantity: u32,
    /// How much was paid back, in minor units, positive.
    #[serde(rename = "back")]
    pub amount_minor: i64,
    /// The currency paid back in.
    #[serde(rename = "cur")]
    pub currency: Currency,
    /// `updated_at` of the order's statement that has it; zero where it is told by itself, and where the source knows no versions.
    #[serde(default, rename = "v", skip_serializing_if = "is_unversioned")]
    pub version: Timestamp,
    /// Whether the statement says that the order is void, and so is what was given back for it.
    #[serde(default, rename = "void", skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
}

impl Refund {
    /// The statement that nothing was given back for an order, because as of `version` it is void.
    #[must_use]
    pub const fn void(order: OrderId, version: Timestamp, currency: Currency) -> Self {
        let (product, quantity, amount_minor, cancelled) = (None, 0, 0, true);
        Self { order: Some(order), reference: None, product, quantity, amount_minor, currency, version, cancelled }
    }
}

/// One recommended item as it was shown or clicked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    /// Which answer it was part of.
    #[serde(rename = "rec")]
    pub recommendation: CompactString,
    /// Which item.
    #[serde(rename = "i")]
    pub item: ItemId,
    /// Where in the list, from 0.
    #[serde(rename = "pos")]
    pub position: u16,
    /// The probability of that item at that position, in millionths.
    #[serde(rename = "ppm")]
    pub propensity_ppm: u32,
}

/// A purpose, and what was said about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// What for.
    pub purpose: Purpose,
    /// Yes or no.
    pub granted: bool,
    /// On what basis: `consent`, `contract`, `legitimate_interest`, `gpc`.
    pub basis: CompactString,
}

/// What personal data may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Measuring how the shop is used.
    Analytics,
    /// Fitting what is shown to the person.
    Personalization,
    /// Contacting the person, and exports to advertisers.
    Marketing,
}

/// What was done with an e-mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailAct {
    /// Opened it.
    Opened,
    /// Followed a link.
    Clicked,
    /// Asked for more.
    Subscribed,
    /// Asked for no more.
    Unsubscribed,
    /// Had one delivered to them: the one that they did nothing for.
    Delivered,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_zero(value: &i64) -> bool {
    *value == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_unversioned(version: &Timestamp) -> bool {
    version.0 == 0
}
