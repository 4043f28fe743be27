//! One living profile per subject: a pure function of the *set* of distinct events about it.
//!
//! [`refold`] is the definition: all events in, profile out. [`Profile::fold`] is the shortcut that a live system takes: a few new
//! events on top of a stored profile, giving the very same bytes, or [`NeedsRefold`] where it cannot.
//!
//! How the shortcut stays exact: a profile keeps an *open window* of its newest events. Above the [`Profile::horizon`] events may
//! come in any order and any number of times; what sinks below is *sealed* into integer [`Totals`], always in the same order, by
//! (time, id hash). The horizon only rises and depends on nothing but the set of events, so however deliveries were shuffled, the
//! same events end up sealed in the same order. An event that arrives for the sealed part asks for a refold.
//!
//! What is absent: decay, scores, segments, personas. They depend on *now*, so they are computed when somebody looks.

mod absorb;
mod channel;
mod codec;
mod fold;
mod habits;
mod history;
mod order;
mod page;
mod schema_1;
mod schema_2;
mod subject;
#[cfg(test)]
mod tests;
mod totals;
mod window;

pub use channel::Channel;
pub use codec::{ProfileError, SCHEMA};
pub use fold::{NeedsRefold, refold};
pub use habits::{Habits, Mark, OCCASIONS_A_MARK, Tally};
pub use history::{Bought, History, Recent};
pub(crate) use order::{order_lines, refund_lines};
pub use page::PageKind;
pub(crate) use subject::key;
pub use subject::{Alias, Subject, subjects};
pub use totals::{ITEMS_KEPT, ItemTotals, Totals};
pub use window::{Act, CopyMark, Line, Marked, OpenEvent, Position, Statement};

use crate::{event::Purpose, source::ConsentMode, time::Timestamp};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// How long an event stays open, in days before the subject's newest event.
pub const OPEN_DAYS: i64 = 14;
/// How many events stay open at most.
pub const OPEN_EVENTS: usize = 200;

/// Before so many steps nobody is taken for a machine.
const MACHINE_STEPS: u32 = 200;

/// Everything Rapport knows about one subject, and nothing that time alone would change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Whom it is about.
    pub subject: Subject,
    /// When the first event happened.
    pub first_seen: Timestamp,
    /// When they did something last; the first event where mails were delivered to them and nothing else is known.
    pub last_seen: Timestamp,
    /// Everything at or below is sealed.
    pub(crate) horizon: Position,
    /// The open window, by position.
    #[serde(deserialize_with = "codec::at_most::<OPEN_EVENTS, _, _>")]
    pub(crate) open: Vec<OpenEvent>,
    /// What was sealed.
    pub(crate) totals: Totals,
    /// The copies sealed within [`OPEN_DAYS`] below the horizon, so that a late duplicate of one is recognised.
    pub(crate) sealed: Vec<window::CopyMark>,
    /// 32-bit hashes, sorted, of all orders and refunds with a sealed line: a later statement about one asks for a refold.
    pub(crate) sealed_orders: Vec<u32>,
    /// Orders and refunds with a part on either side of the horizon.
    pub(crate) straddling: Vec<order::Straddling>,
    /// Traits, by name; the newest told wins.
    pub traits: Vec<Told<CompactString>>,
    /// Consent, by purpose; the newest told wins.
    pub consent: Vec<(Purpose, Told<bool>)>,
    /// Everything up to here was erased at the subject's request.
    pub erased_at: Option<Timestamp>,
    /// Whether an older release wrote it, whose sums lack what is counted today. It is shown as it is, and taken further by a refold only.
    #[serde(skip)]
    pub(crate) is_outdated: bool,
}

/// A value somebody told us, with what decides between two tellings: the newer position wins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told<T> {
    /// The name of the trait, or the basis of the consent.
    pub name: CompactString,
    /// What was told.
    pub value: T,
    /// When, and by which event.
    pub at: Position,
}

impl Profile {
    /// A profile that nothing is known of yet.
    #[must_use]
    pub fn new(subject: Subject) -> Self {
        Self {
            subject,
            first_seen: Timestamp(i64::MAX),
            last_seen: Timestamp(i64::MIN),
            horizon: Position::LOWEST,
            open: Vec::new(),
            totals: Totals::default(),
            sealed: Vec::new(),
            sealed_orders: Vec::new(),
            straddling: Vec::new(),
            traits: Vec::new(),
            consent: Vec::new(),
            erased_at: None,
            is_outdated: false,
        }
    }

    /// When the newest event happened, mails delivered among them, which [`Profile::last_seen`] is not about.
    #[must_use]
    pub fn newest_at(&self) -> Timestamp {
        self.open.last().map_or(self.last_seen, |event| event.position.at.max(self.last_seen))
    }

    /// Whether the person did anything: mails that were delivered to them are not their doing.
    pub(super) fn has_acted(&self) -> bool {
        self.totals.acts() > 0 || self.open.iter().any(|event| !event.act.is_delivery())
    }

    /// Whether no event is known: a new profile, or what an erasure left behind.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.totals.events == 0
    }

    /// The open window, oldest first.
    #[must_use]
    pub fn open(&self) -> &[OpenEvent] {
        &self.open
    }

    /// What sank below the window.
    #[must_use]
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Whether it moves as no person does: hundreds of steps, on average no second from one to the next, and never an order.
    #[must_use]
    pub fn moves_as_a_machine(&self) -> bool {
        let Tally { orders, steps, pause_secs, .. } = self.whole().habits.tally;
        orders == 0 && steps >= MACHINE_STEPS && 2 * pause_secs < u64::from(steps)
    }

    /// What was said about `purpose`, newest first wins; `None` when nothing was.
    #[must_use]
    pub fn consent_for(&self, purpose: Purpose) -> Option<&Told<bool>> {
        self.consent.iter().find(|(named, _)| *named == purpose).map(|(_, told)| told)
    }

    /// Whether they may be told apart from others: their word on personalization decides; without one, what silence means in the shop.
    #[must_use]
    pub fn may_personalize(&self, unset: ConsentMode) -> bool {
        self.consent_for(Purpose::Personalization).map_or(unset == ConsentMode::OptOut, |told| told.value)
    }
}
