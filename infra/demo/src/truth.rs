//! What the generator knows and the suite has to find out; kept beside the messages for tests, and never sent.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::archetypes::Archetype;

/// A customer as planted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CustomerTruth {
    /// The `userId` of the customer's messages; somebody who never signed in is known by `anonymous_ids` alone.
    pub id: String,
    /// What a persona is to be compared with, until `switch`.
    pub archetype: Archetype,
    /// The archetype whose habits are mixed in; for ordinary people another than `archetype`.
    pub leans_to: Archetype,
    /// How far the habits are from ordinary (0) towards `leans_to` (1).
    pub strength: f64,
    /// The maker this customer prefers, strongly if a brand loyalist.
    pub favourite_brand: String,
    /// The devices.
    pub anonymous_ids: Vec<String>,
    /// A change of archetype, only where [`crate::Options::switchers`] asks for some.
    pub switch: Option<Switch>,
}

/// From then on another kind of shopper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Switch {
    /// The first moment of the new life.
    pub at: Timestamp,
    /// The new archetype.
    pub to: Archetype,
    /// And how strongly.
    pub strength: f64,
}
