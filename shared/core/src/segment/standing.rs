//! Where a customer stands: the segments they are in, those they left lately, and when to look again.

use super::{Segment, Segments};
use crate::{digest::short_hash, features::Facts, profile::Subject, time::Timestamp};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// How many departures are remembered, so that whoever acts on them has days to come by.
const LEFT_KEPT: usize = 8;

/// The memberships of one customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Where they belong, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty", rename = "in")]
    pub memberships: Vec<Membership>,
    /// Where they belonged, newest departure last, at most eight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Left>,
    /// When time alone may change this at the earliest; `None` when it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_change_at: Option<Timestamp>,
}

/// Belonging to a segment. Stored as a pair: it lies in every member's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(CompactString, Timestamp)", into = "(CompactString, Timestamp)")]
pub struct Membership {
    /// The segment's name.
    pub segment: CompactString,
    /// Since when: the event or the passing of time that brought it about.
    pub since: Timestamp,
}

/// Having left a segment. Stored as a pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(CompactString, Timestamp)", into = "(CompactString, Timestamp)")]
pub struct Left {
    /// The segment's name.
    pub segment: CompactString,
    /// When.
    pub at: Timestamp,
}

/// A membership that begins or ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The segment's name.
    pub segment: CompactString,
    /// Whether it begins.
    pub entered: bool,
    /// What both deliveries of one transition share.
    pub id: CompactString,
}

impl Standing {
    /// Where the customer of `facts` stands at `now`, having stood at `before`. What goes on keeps its beginning.
    #[must_use]
    pub fn after(before: &Self, segments: &Segments, facts: &Facts<'_>, now: Timestamp) -> Self {
        let mut standing = Self { left: before.left.clone(), ..Self::default() };
        for segment in segments.active() {
            let known = before.membership(&segment.name);
            let holds = segment.rule.holds(facts, now);
            if holds {
                standing.memberships.push(known.cloned().unwrap_or_else(|| Membership::begins(segment, facts, now)));
            } else if known.is_some() {
                standing.left.push(Left { segment: segment.name.clone(), at: segment.rule.unchanged_since(facts, now) });
            }
            standing.next_change_at = earlier(standing.next_change_at, segment.rule.next_change_at(facts, now));
        }
        // A segment that is no more is left when that is noticed.
        let gone = before.memberships.iter().filter(|known| !segments.active().any(|segment| segment.name == known.segment));
        standing.left.extend(gone.map(|known| Left { segment: known.segment.clone(), at: now }));
        standing.memberships.sort_unstable_by(|one, other| one.segment.cmp(&other.segment));
        let forgotten = standing.left.len().saturating_sub(LEFT_KEPT);
        standing.left.drain(..forgotten);
        standing
    }

    /// The membership in the segment called `name`.
    #[must_use]
    pub fn membership(&self, name: &str) -> Option<&Membership> {
        self.memberships.iter().find(|membership| membership.segment == name)
    }

    /// What begins and ends for `subject` from `before` to here.
    pub fn transitions<'a>(&'a self, before: &'a Self, subject: &'a Subject) -> impl Iterator<Item = Transition> + 'a {
        let entered = self.memberships.iter().filter(|membership| before.membership(&membership.segment).is_none());
        let ended = before.memberships.iter().filter(|membership| self.membership(&membership.segment).is_none());
        let left = ended.filter_map(|ended| self.left.iter().rev().find(|left| left.segment == ended.segment));
        entered.map(|begun| begun.transition(subject)).chain(left.map(|left| left.transition(subject)))
    }

    /// Whether it says nothing: nowhere, never anywhere, and no time to look again.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `self`, worked out after `before`, has to be stored at `now`. A later look than the one that is planned is no reason:
    /// the planned one finds out, which costs a write once and not at every event.
    #[must_use]
    pub fn is_news(&self, before: &Self, now: Timestamp) -> bool {
        let looks_sooner = match (self.next_change_at, before.next_change_at) {
            (Some(sooner), Some(planned)) => sooner < planned,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let is_due = before.next_change_at.is_some_and(|planned| planned <= now);
        self.memberships != before.memberships || looks_sooner || is_due
    }
}

impl Membership {
    fn begins(segment: &Segment, facts: &Facts<'_>, now: Timestamp) -> Self {
        Self { segment: segment.name.clone(), since: segment.rule.unchanged_since(facts, now) }
    }

    /// How `subject` came to belong.
    #[must_use]
    pub fn transition(&self, subject: &Subject) -> Transition {
        Transition { segment: self.segment.clone(), entered: true, id: transition_id(subject, &self.segment, "entered", self.since) }
    }
}

impl Left {
    /// How `subject` ceased to belong.
    #[must_use]
    pub fn transition(&self, subject: &Subject) -> Transition {
        Transition { segment: self.segment.clone(), entered: false, id: transition_id(subject, &self.segment, "left", self.at) }
    }
}

impl From<(CompactString, Timestamp)> for Membership {
    fn from((segment, since): (CompactString, Timestamp)) -> Self {
        Self { segment, since }
    }
}

impl From<Membership> for (CompactString, Timestamp) {
    fn from(membership: Membership) -> Self {
        (membership.segment, membership.since)
    }
}

impl From<(CompactString, Timestamp)> for Left {
    fn from((segment, at): (CompactString, Timestamp)) -> Self {
        Self { segment, at }
    }
}

impl From<Left> for (CompactString, Timestamp) {
    fn from(left: Left) -> Self {
        (left.segment, left.at)
    }
}

/// Sixteen digits. The cause stands for the transition: the same event or the same passing of time is the same transition.
fn transition_id(subject: &Subject, segment: &str, what: &str, cause: Timestamp) -> CompactString {
    CompactString::from(format!("sg_{:016x}", short_hash(format!("{subject}\n{segment}\n{what}\n{}", cause.0).as_bytes())))
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
