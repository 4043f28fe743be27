//! From profiles as they are stored to personas.

use super::{DEFAULT, Shopper, fit};
use rapport_core::{
    features::{Basis, CutOffs, Facts},
    model::Model,
    persona::Personas,
    profile::Profile,
    source::ConsentMode,
    time::Timestamp,
};
use rayon::prelude::*;

/// The personas of a shop whose customers have `profiles`, or a sample of them with `each` customers behind each. `model` knows the catalog,
/// the currency and what is to come; `cut_offs` know when the shop's customers have lapsed. Who said no to personalization, or said nothing where silence means no, is left out; so is who moves as a machine does.
#[must_use]
pub fn learn(
    (profiles, each): (&[Profile], f64),
    last: Option<&Personas>,
    model: &Model,
    cut_offs: &CutOffs,
    unset: ConsentMode,
    now: Timestamp,
) -> Personas {
    let currency = model.meta().currency;
    let basis = Basis { currency, cut_offs, catalog: Some(model) };
    let outlook = model.meta().outlook.as_ref();
    let shoppers: Vec<Shopper> = profiles
        .par_iter()
        .filter(|profile| !profile.is_empty() && profile.may_personalize(unset) && !profile.moves_as_a_machine())
        .map(|profile| Shopper::of(&Facts::of(profile, basis), outlook, now))
        .collect();
    fit(&shoppers, each.max(1.0), last, currency, now, &DEFAULT)
}
