//! The open window: recent events in a few bytes each, enough to seal them later and to answer "what did they just do?".

use super::Channel;
use crate::{
    digest::short_hash,
    event::{Action, Authority, EmailAct, Event, OrderLine, Refund, encode_line},
    id::ItemId,
    money::Currency,
    time::Timestamp,
};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Where an event stands in the one order that all folds follow: by time, then by the hash of its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// When it happened.
    pub at: Timestamp,
    /// [`short_hash`] of its id.
    pub id: u64,
}

impl Position {
    /// Below every event.
    pub const LOWEST: Self = Self { at: Timestamp(i64::MIN), id: 0 };

    /// Where `event` stands.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        Self { at: event.at, id: short_hash(event.id.as_str().as_bytes()) }
    }
}

/// An event in the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenEvent {
    /// Where it stands.
    pub position: Position,
    /// Tells copies that share an id apart; of copies with the same time the smaller fingerprint wins.
    pub(crate) fingerprint: u32,
    /// Through which door it came.
    pub channel: Channel,
    /// What happened.
    pub act: Act,
}

/// What happened, without what the catalog knows better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Act {
    /// Looked at an item.
    Viewed(ItemId),
    /// Looked at a list.
    Listed(CompactString),
    /// Searched.
    Searched(CompactString),
    /// Put into the cart, how many.
    CartAdded(ItemId, u32),
    /// Took out of the cart, how many.
    CartRemoved(ItemId, u32),
    /// Looked at the cart or began to check out.
    CheckoutStarted,
    /// Saved for later.
    Wishlisted(ItemId),
    /// Reviewed, with stars.
    Reviewed(ItemId, Option<u8>),
    /// A line of a statement of an order.
    Ordered(Line),
    /// Got goods or money back.
    Refunded(Line),
    /// Looked at a page.
    Page(CompactString),
    /// Was shown a recommendation.
    Shown(ItemId),
    /// Clicked a recommendation.
    Clicked(ItemId),
    /// Said "not for me".
    Dismissed(ItemId),
    /// Did something with an e-mail.
    Email(EmailAct),
    /// Entered a coupon; whether it was granted.
    Coupon(bool),
    /// Anything that only counts.
    Other(CompactString),
}

/// A line of an order, or of a refund.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// What is one state: [`short_hash`] of the order's id; for refunds another of the order's, or of the refund's own reference where no
    /// order is named.
    pub group: u64,
    /// Which statement of the order it is part of.
    pub statement: Statement,
    /// What; absent for charges.
    pub item: Option<ItemId>,
    /// How many.
    pub quantity: u32,
    /// What was paid, or paid back, in minor units.
    pub amount_minor: i64,
    /// How much was taken off the list price, in minor units.
    pub discount_minor: i64,
    /// The currency of both.
    pub currency: Currency,
    /// Whether the statement voids the order.
    pub cancelled: bool,
}

/// What decides which statement of an order holds: the greatest. Trust comes first, or a browser could outdate the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Statement {
    /// Whether the sender may be believed.
    pub trusted: bool,
    /// The order's `updated_at`, zero where the source has none.
    pub version: Timestamp,
    /// Who says so.
    pub authority: Authority,
    /// Hash of the source's name: two files about one order are two statements.
    pub source: u32,
}

impl Statement {
    fn of(event: &Event, version: Timestamp) -> Self {
        let source = short_hash(event.source.as_bytes()) as u32;
        Self { trusted: event.authority.is_trusted(), version, authority: event.authority, source }
    }
}

impl OpenEvent {
    /// The event, cut down.
    #[must_use]
    pub fn of<'a>(event: impl Into<Marked<'a>>) -> Self {
        let Marked { event, mark: CopyMark { position, fingerprint } } = event.into();
        Self { position, fingerprint, channel: Channel::of(event), act: Act::of(event) }
    }

    /// What tells this copy from others of the same event.
    #[must_use]
    pub const fn copy_mark(&self) -> CopyMark {
        CopyMark { position: self.position, fingerprint: self.fingerprint }
    }
}

/// One delivered copy of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyMark {
    /// Where it stands.
    pub position: Position,
    /// Hash of its content.
    pub(crate) fingerprint: u32,
}

/// An event with its mark, which costs more than all else that is asked of an event: who needs it twice makes it once.
#[derive(Clone, Copy, Debug)]
pub struct Marked<'a> {
    /// The event.
    pub event: &'a Event,
    /// What tells its copies apart.
    pub mark: CopyMark,
}

impl<'a> From<&'a Event> for Marked<'a> {
    fn from(event: &'a Event) -> Self {
        Self { event, mark: CopyMark::of(event) }
    }
}

impl<'a> From<&'a (Event, CopyMark)> for Marked<'a> {
    fn from((event, mark): &'a (Event, CopyMark)) -> Self {
        Self { event, mark: *mark }
    }
}

impl CopyMark {
    /// The mark of `event`.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        let mut bytes = Vec::with_capacity(256);
        encode_line(event, &mut bytes);
        Self { position: Position::of(event), fingerprint: short_hash(&bytes) as u32 }
    }

    /// What copies are sorted by, so that those of one event stand together and the one that counts comes first. Training follows
    /// the same rule as profiles.
    #[must_use]
    pub const fn precedence(&self) -> (u64, Timestamp, u32) {
        (self.position.id, self.position.at, self.fingerprint)
    }

    /// Whether both are one event: the same id, no more than [`super::OPEN_DAYS`] apart. A retry comes within hours; an id that
    /// comes back after weeks is a sender's counter that started anew, and what it counts are other events.
    #[must_use]
    pub const fn is_copy_of(&self, other: &Self) -> bool {
        let apart = self.position.at.since_ms(other.position.at).saturating_abs();
        self.position.id == other.position.id && apart <= super::OPEN_DAYS * crate::time::DAY_MS
    }
}

impl Act {
    /// Whether it is a mail that was delivered, which nobody did anything for.
    #[must_use]
    pub const fn is_delivery(&self) -> bool {
        matches!(self, Self::Email(EmailAct::Delivered))
    }

    fn of(event: &Event) -> Self {
        match &event.action {
            Action::Viewed(product) => Self::Viewed(product.item.clone()),
            Action::Listed { category } => Self::Listed(category.clone().unwrap_or_default()),
            Action::Searched { query } => Self::Searched(query.clone()),
            Action::CartAdded { product, quantity } => Self::CartAdded(product.item.clone(), *quantity),
            Action::CartRemoved { product, quantity } => Self::CartRemoved(product.item.clone(), *quantity),
            Action::CheckoutStarted => Self::CheckoutStarted,
            Action::Wishlisted(product) => Self::Wishlisted(product.item.clone()),
            Action::Reviewed { product, stars } => Self::Reviewed(product.item.clone(), *stars),
            Action::Ordered(line) => Self::Ordered(Line::of_order(event, line)),
            Action::Refunded(refund) => Self::Refunded(Line::of_refund(event, refund)),
            Action::Page { name } => Self::Page(name.clone()),
            Action::Shown(shown) => Self::Shown(shown.item.clone()),
            Action::Clicked(clicked) => Self::Clicked(clicked.item.clone()),
            Action::Dismissed { item } => Self::Dismissed(item.clone()),
            Action::Email(act) => Self::Email(*act),
            Action::Coupon { applied, .. } => Self::Coupon(*applied),
            Action::Custom { name } => Self::Other(name.clone()),
            Action::Identified { .. }
            | Action::Aliased { .. }
            | Action::Ruled { .. }
            | Action::Consented(_)
            | Action::Surveyed { .. }
            | Action::Erased => Self::Other(event.action.name().into()),
        }
    }

    /// The item it is about, where it is about one.
    #[must_use]
    pub const fn item(&self) -> Option<&ItemId> {
        match self {
            Self::Viewed(item)
            | Self::CartAdded(item, _)
            | Self::CartRemoved(item, _)
            | Self::Wishlisted(item)
            | Self::Reviewed(item, _)
            | Self::Shown(item)
            | Self::Clicked(item)
            | Self::Dismissed(item) => Some(item),
            Self::Ordered(line) | Self::Refunded(line) => line.item.as_ref(),
            _ => None,
        }
    }

    /// The kind's name, as [`Action::name`] has it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Viewed(_) => "product_viewed",
            Self::Listed(_) => "product_list_viewed",
            Self::Searched(_) => "products_searched",
            Self::CartAdded(..) => "product_added",
            Self::CartRemoved(..) => "product_removed",
            Self::CheckoutStarted => "checkout_started",
            Self::Wishlisted(_) => "product_added_to_wishlist",
            Self::Reviewed(..) => "product_reviewed",
            Self::Ordered(line) => {
                if line.cancelled {
                    "order_cancelled"
                } else {
                    "order_completed"
                }
            }
            Self::Refunded(line) => {
                if line.cancelled {
                    "order_cancelled"
                } else {
                    "order_refunded"
                }
            }
            Self::Page(_) => "page",
            Self::Shown(_) => "recommendation_shown",
            Self::Clicked(_) => "recommendation_clicked",
            Self::Dismissed(_) => "product_dismissed",
            Self::Email(act) => Action::Email(*act).name(),
            Self::Coupon(_) => "coupon",
            Self::Other(name) => name,
        }
    }
}

impl Line {
    fn of_order(event: &Event, line: &OrderLine) -> Self {
        Self {
            group: short_hash(line.order.as_str().as_bytes()),
            statement: Statement::of(event, line.version),
            item: line.product.as_ref().map(|product| product.item.clone()),
            quantity: line.quantity,
            amount_minor: line.paid_minor,
            discount_minor: line.discount_minor,
            currency: line.currency,
            cancelled: line.cancelled,
        }
    }

    fn of_refund(event: &Event, refund: &Refund) -> Self {
        let told = Statement::of(event, refund.version);
        // Orders, what was given back for them, and credit notes are numbered apart, so their hashes must not meet.
        let (group, statement) = match (&refund.order, &refund.reference) {
            (Some(order), _) => (short_hash(order.as_str().as_bytes()).rotate_left(32), told),
            (None, Some(reference)) => (!short_hash(reference.as_str().as_bytes()), Statement { source: 0, ..told }),
            // A refund without a reference is a refund of its own.
            (None, None) => (!short_hash(event.id.as_str().as_bytes()), Statement { source: 0, ..told }),
        };
        Self {
            group,
            statement,
            item: refund.product.as_ref().map(|product| product.item.clone()),
            quantity: refund.quantity,
            amount_minor: refund.amount_minor,
            discount_minor: 0,
            currency: refund.currency,
            cancelled: refund.cancelled,
        }
    }

    /// The 32 bits that [`super::Profile::sealed_orders`] keeps.
    pub(crate) const fn order_mark(&self) -> u32 {
        self.group as u32
    }
}
