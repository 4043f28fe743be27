//! What a model remembers for the question "what will this visitor look at next": how to weigh, and the newest visits.
//!
//! A visit here is a list of items and nothing else: no customer, no device, no time.

use super::{
    ModelError,
    tensor::{Lists, Row, Tensor, Tensors, check},
};
use serde::{Deserialize, Serialize};

/// How the evidence of a session is weighed; what training chose. The scorer is [`crate::ranking::next_look`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NextLook {
    /// What the table's row of the item at distance 0, 1 and 2 counts.
    pub rows: [f32; 3],
    /// What returning to the item at distance 0, 1 and 2 counts. The item being looked at is never listed.
    pub own: [f32; 3],
    /// What each step beyond distance 2 counts of the step before it, 0 to 1.
    pub older: f32,
    /// What the neighbours' verdict counts; 0 asks none.
    pub neighbours: f32,
    /// How many neighbouring visits have a say.
    pub most_neighbours: u32,
    /// What each older item counts of the next newer one when neighbours are sought, 0 to 1.
    pub likeness_step: f32,
    /// A visit counts `exp(-age)` times this much, its age from 0 (newest) to 1.
    pub age: f32,
    /// An item counts `exp(-distance)` times this much by its distance from the shared item.
    pub distance: f32,
}

impl NextLook {
    /// Picked by hand on sessions of RetailRocket and bol.com.
    pub const DEFAULT: Self = Self {
        rows: [1.0, 0.25, 0.2],
        own: [0.0, 0.85, 0.2],
        older: 0.8,
        neighbours: 0.55,
        most_neighbours: 25,
        likeness_step: 0.75,
        age: 1.5,
        distance: 0.6,
    };
}

impl Default for NextLook {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The newest visits as training hands them over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecentVisits {
    /// Distinct items of each visit in order, oldest visit first; places in the draft's items.
    pub visits: Vec<Vec<u32>>,
    /// Of how many newest visits an item is found in.
    pub an_item: usize,
    /// By item: what its being popular takes from a neighbour's word for it, 0 to 1.
    pub rarity: Vec<f32>,
}

/// The newest visits as a lookup reads them.
#[derive(Clone, Debug)]
pub(super) struct Recent {
    /// Items by visit, oldest visit first.
    visits: Lists,
    /// Visits by item, newest first.
    holding: Lists,
    rarity: Tensor<f32>,
}

impl Recent {
    /// `None` where an artifact has none: older ones, and those of shops whose visits have nothing to say.
    pub(super) fn parse(tensors: &Tensors, count: usize) -> Result<Option<Self>, ModelError> {
        if !tensors.has("recent_at") {
            return Ok(None);
        }
        let visits = Lists::parse_any(tensors, "recent", count)?;
        let holding = Lists::parse(tensors, "holding", count, visits.len())?;
        let rarity = tensors.finite("rarity", count)?;
        check("rarity", rarity.iter().all(|share| *share >= 0.0), "has a negative value")?;
        Ok(Some(Self { visits, holding, rarity }))
    }

    pub(super) fn len(&self) -> usize {
        self.visits.len()
    }

    pub(super) fn visit(&self, visit: u32) -> Row<'_> {
        self.visits.row(visit)
    }

    pub(super) fn holding(&self, item: u32) -> Row<'_> {
        self.holding.row(item)
    }

    pub(super) fn rarity(&self, item: u32) -> f32 {
        self.rarity.at(item).unwrap_or(0.0)
    }
}
