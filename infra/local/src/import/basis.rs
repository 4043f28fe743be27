//! On what grounds a history may be used, stated in the log for each customer at the time of their first event.
//!
//! The statement is dated back so that whatever a customer said later, to the shop or on its pages, is newer and wins.

use rapport_core::{
    digest::content_hash,
    event::{Action, Consent, Event, Purpose},
    id::EventId,
};
use std::{fmt, str::FromStr};

/// The grounds, as data protection law names them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Basis {
    /// The customers agreed: to analytics, personalization and marketing.
    Consent,
    /// The shop weighed its interest against theirs: analytics and personalization, no marketing.
    #[default]
    LegitimateInterest,
    /// The orders are kept because they have to be; nothing is said about anything else.
    Contract,
}

/// Not a basis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the basis is `consent`, `legitimate_interest` or `contract`")]
pub struct UnknownBasis;

impl Basis {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Consent, "consent"), (Self::LegitimateInterest, "legitimate_interest"), (Self::Contract, "contract")];

    /// What it allows.
    #[must_use]
    pub const fn purposes(self) -> &'static [Purpose] {
        match self {
            Self::Consent => &[Purpose::Analytics, Purpose::Personalization, Purpose::Marketing],
            Self::LegitimateInterest => &[Purpose::Analytics, Purpose::Personalization],
            Self::Contract => &[],
        }
    }

    /// Adds what it allows to `events`, which are all about one customer, oldest first.
    pub(super) fn state(self, events: &mut Vec<Event>) {
        let Some(first) = events.first().filter(|first| !first.who.is_nobody()) else { return };
        let stated: Vec<Event> = self.purposes().iter().filter_map(|purpose| self.statement(first, *purpose)).collect();
        events.splice(0..0, stated);
    }

    fn statement(self, first: &Event, purpose: Purpose) -> Option<Event> {
        let name = content_hash(format!("basis\x1f{self}\x1f{purpose:?}\x1f{}\x1f{}", first.id, first.at).as_bytes());
        let id = EventId::new(name.get(..32)?).ok()?;
        let action = Action::Consented(Consent { purpose, granted: true, basis: self.to_string().into() });
        Some(Event { id, action, ..first.clone() })
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(basis, _)| basis == self).map_or("", |(_, name)| name))
    }
}

impl FromStr for Basis {
    type Err = UnknownBasis;

    fn from_str(text: &str) -> Result<Self, UnknownBasis> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(basis, _)| *basis).ok_or(UnknownBasis)
    }
}
