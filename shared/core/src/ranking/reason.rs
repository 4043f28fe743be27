//! Why an item is shown: a code for machines, evidence for whoever checks, words for the shopper.

use super::{Ask, Shop};
use crate::{catalog::Listing, model::Table};
use serde::{Deserialize, Serialize};

/// The kinds of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Looked at in the same visits as the evidence.
    ViewedTogether,
    /// Bought by the customers who bought the evidence.
    AlsoBought,
    /// In the same orders as the evidence, more often than chance explains.
    BoughtTogether,
    /// Alike the evidence.
    Similar,
    /// Bought before; the words say so where it is due again.
    BuyAgain,
    /// A favourite of its category.
    PopularInCategory,
    /// A favourite of the shop.
    Popular,
    /// Bought by many in these weeks of last year, and by few otherwise.
    Seasonal,
    /// Chosen by the shop.
    StaffPick,
    /// Put there by a rule.
    Pinned,
    /// New, and like the evidence; without evidence new in the category at hand.
    New,
    /// Outside the habit, on purpose.
    Discovery,
}

/// A reason as it is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// Which kind.
    pub code: Code,
    /// Item ids, a category or a rule's name: what the reason rests on.
    pub evidence: Vec<String>,
    /// The same in words.
    pub text: String,
}

/// How an item was bought before, packed into the evidence of a candidate: the lowest bit says whether it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Again {
    pub(super) times: u32,
    pub(super) is_due: bool,
}

impl From<Again> for u32 {
    fn from(again: Again) -> Self {
        (again.times.min(Self::MAX >> 1) << 1) | Self::from(again.is_due)
    }
}

impl From<u32> for Again {
    fn from(evidence: u32) -> Self {
        Self { times: evidence >> 1, is_due: evidence & 1 == 1 }
    }
}

impl Again {
    fn tell(self) -> (Vec<String>, String) {
        let often = if self.times == 1 { "before".to_owned() } else { format!("{} times", self.times) };
        let due = if self.is_due { ", and it may be time again" } else { "" };
        (vec![self.times.to_string()], format!("You have bought this {often}{due}"))
    }
}

impl Code {
    pub(super) const fn of(table: Table) -> Self {
        match table {
            Table::Session => Self::ViewedTogether,
            Table::Together => Self::BoughtTogether,
            Table::Content => Self::Similar,
        }
    }

    /// Tells the reason for `item`; `evidence` means what [`super::candidates::Candidate::evidence`] says.
    pub(super) fn tell(self, shop: &Shop, ask: &Ask, item: u32, evidence: u32) -> Why {
        let other = shop.item(evidence);
        let name = other.as_ref().map_or("this", |other| other.title().unwrap_or(other.id()));
        let id = || other.map(|other| other.id().to_owned()).into_iter().collect();
        let is_asked = other.is_some_and(|other| ask.item.as_ref().is_some_and(|item| item.as_str() == other.id()));
        let rule = || shop.rules().rules.get(evidence as usize).map(|rule| rule.name.to_string()).into_iter().collect();
        let category = || shop.item(item).and_then(|item| item.category().map(str::to_owned));
        let (evidence, text) = match self {
            Self::ViewedTogether if evidence == item => (id(), "You looked at this".to_owned()),
            Self::ViewedTogether if is_asked => (id(), format!("Often looked at with {name}")),
            Self::ViewedTogether => (id(), format!("Because you looked at {name}")),
            Self::AlsoBought => (id(), format!("Customers who bought {name} also bought this")),
            Self::BoughtTogether => (id(), format!("Often bought with {name}")),
            Self::Similar => (id(), format!("Similar to {name}")),
            Self::BuyAgain => Again::from(evidence).tell(),
            Self::PopularInCategory => {
                (category().into_iter().collect(), format!("Popular in {}", category().as_deref().unwrap_or("this category")))
            }
            Self::Popular => (Vec::new(), "Popular right now".to_owned()),
            Self::Seasonal => (Vec::new(), "Popular at this time of year".to_owned()),
            Self::StaffPick => (rule(), "Chosen by our team".to_owned()),
            Self::Pinned => (rule(), "Chosen by the shop".to_owned()),
            Self::New if evidence == item => (Vec::new(), "New in the shop".to_owned()),
            Self::New => (id(), format!("New, and similar to {name}")),
            Self::Discovery => (Vec::new(), "Something different".to_owned()),
        };
        Why { code: self, evidence, text }
    }

    /// The slot an item gets by this reason.
    pub(super) const fn slot(self, is_context: bool) -> super::Slot {
        use super::Slot;
        match self {
            Self::BuyAgain => Slot::Personal,
            Self::ViewedTogether | Self::AlsoBought | Self::BoughtTogether | Self::Similar | Self::New => {
                if is_context {
                    Slot::Contextual
                } else {
                    Slot::Personal
                }
            }
            Self::PopularInCategory => Slot::Contextual,
            Self::Popular | Self::Seasonal => Slot::Popular,
            Self::StaffPick | Self::Pinned => Slot::Merchandised,
            Self::Discovery => Slot::Discovery,
        }
    }
}
