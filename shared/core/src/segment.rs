//! Segments: named groups of customers, each one rule that a shopkeeper can read.
//!
//! ```text
//! orders >= 1 and days_since_order > 30
//! count(viewed "85123A", 7d) >= 3 and count(cart_added, 7d) = 0
//! trait.country = "GB" and tier = "high"
//! ```
//!
//! The grammar is the filter's ([`crate::filter`]); the words are [`crate::features`], what people told (`trait.NAME`), what they agreed
//! to (`consent.marketing`) and events counted in a window (`count`, `items`). A rule is evaluated on (profile, shop's basis, now) and
//! nothing else; [`Rule::next_change_at`] says when time alone will change its mind, so that nobody has to be asked in vain.
//!
//! Who belongs to which segment is derived ([`Standing`]): it can be thrown away and worked out anew. A membership begins and ends with
//! a transition whose id follows from who, which segment and what caused it, so that the same transition has the same id whenever and
//! however often it is worked out.
//!
//! What is absent: segments made by hand from lists of customers, and segments of segments.

mod counted;
mod foreseen;
mod measure;
mod ready;
mod rule;
mod standing;
#[cfg(test)]
mod tests;

pub use ready::ready;
pub use rule::{Evidence, Rule, RuleError};
pub use standing::{Left, Membership, Standing, Transition};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// The most segments a shop may define, the ready ones not among them.
pub const MOST_SEGMENTS: usize = 100;
/// The longest name, in bytes.
const LONGEST_NAME: usize = 64;
/// The longest title or description, in bytes.
const LONGEST_TEXT: usize = 500;

/// A group of customers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Names it in addresses and exports: small letters, digits, `_` and `-`.
    #[serde(default)]
    pub name: CompactString,
    /// What people call it; the name where empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What it is good for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Who belongs to it.
    pub rule: Rule,
    /// Whether anybody belongs to it; one that is not active keeps its definition and has no members.
    #[serde(default = "yes")]
    pub active: bool,
}

/// All segments of a shop: the ready ones, and its own laid over them by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Segments(Vec<Segment>);

/// Why a segment is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// Not of the letters that names are made of.
    #[error("`{0}` is no name of a segment; use 1 to 64 small letters, digits, `_` and `-`")]
    Name(CompactString),
    /// Longer than 500 bytes.
    #[error("`{0}` is longer than 500 bytes")]
    Long(&'static str),
    /// More than [`MOST_SEGMENTS`].
    #[error("there are 100 segments of your own already; give one of them another rule")]
    Many,
}

impl Segment {
    /// Checks what the types alone do not.
    ///
    /// # Errors
    /// The first [`SegmentError`].
    pub fn checked(self) -> Result<Self, SegmentError> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
        if !(1..=LONGEST_NAME).contains(&self.name.len()) || !self.name.bytes().all(is_plain) {
            return Err(SegmentError::Name(self.name));
        }
        for (field, text) in [("title", &self.title), ("description", &self.description)] {
            if text.len() > LONGEST_TEXT {
                return Err(SegmentError::Long(field));
            }
        }
        Ok(self)
    }
}

impl Segments {
    /// The ready ones with `own` laid over them: one of the same name replaces a ready one.
    #[must_use]
    pub fn with(own: Vec<Segment>) -> Self {
        let mut segments = ready();
        for segment in own {
            match segments.iter_mut().find(|known| known.name == segment.name) {
                Some(known) => *known = segment,
                None => segments.push(segment),
            }
        }
        Self(segments)
    }

    /// All of them, also those that are not active.
    pub fn iter(&self) -> impl Iterator<Item = &Segment> {
        self.0.iter()
    }

    /// Those that have members.
    pub fn active(&self) -> impl Iterator<Item = &Segment> {
        self.0.iter().filter(|segment| segment.active)
    }

    /// The one called `name`.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Segment> {
        self.0.iter().find(|segment| segment.name == name)
    }
}

const fn yes() -> bool {
    true
}
