//! From one run to the next: the last run's personas are kept while they hold, and ids go on.

use super::{
    Params, Place,
    choose::Choice,
    mixture::{Mixture, distance, improve, likelihood},
    names,
};
use compact_str::format_compact;
use rapport_core::persona::{Card, Cloud, Outcome, Persona, Personas, THEMES};

/// Rounds that the last run's personas are moved by at most.
const ROUNDS: usize = 40;

/// The personas of this run.
pub(super) struct Succession {
    pub(super) personas: Vec<Persona>,
    pub(super) outcome: Outcome,
    pub(super) drift: f64,
    pub(super) next_id: u32,
}

/// `last` as it is, `last` moved, or `found`: the first that the next does not beat. `last` has personas.
pub(super) fn succeed(last: &Personas, found: &Choice, places: &[Place], speaking: &[bool; THEMES], params: &Params) -> Succession {
    let clouds: Vec<Cloud> = last.personas.iter().map(|persona| persona.cloud.clone()).collect();
    let kept = Mixture { likelihood: likelihood(&clouds, places, speaking), clouds };
    let moved = improve(kept.clouds.clone(), places, speaking, ROUNDS, params);
    if found.mixture.likelihood > moved.likelihood.max(kept.likelihood) + params.better && found.stability >= params.stable {
        return matched(last, &found.mixture, speaking, params);
    }
    if moved.likelihood <= kept.likelihood + params.moved {
        let (personas, next_id) = (last.personas.clone(), last.fit.next_id);
        return Succession { personas, outcome: Outcome::Kept, drift: 0.0, next_id };
    }
    let drift = last.personas.iter().zip(&moved.clouds).map(|(persona, cloud)| apart(&persona.cloud, cloud, speaking)).fold(0.0, f64::max);
    let personas = last.personas.iter().zip(moved.clouds).map(|(persona, cloud)| named(persona, cloud, params)).collect();
    Succession { personas, outcome: Outcome::Moved, drift, next_id: last.fit.next_id }
}

/// A shop's first personas, or those of one whose last run says nothing any more.
pub(super) fn first(mixture: &Mixture, next_id: u32, params: &Params) -> Succession {
    let mut next_id = next_id.max(1);
    let personas = mixture.clouds.iter().map(|cloud| fresh(cloud.clone(), &mut next_id, params)).collect();
    Succession { personas, outcome: Outcome::First, drift: 0.0, next_id }
}

/// Old ids go to the nearest new clouds, nearest pair first; what is left gets ids of its own.
pub(super) fn matched(last: &Personas, mixture: &Mixture, speaking: &[bool; THEMES], params: &Params) -> Succession {
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (old, persona) in last.personas.iter().enumerate() {
        for (new, cloud) in mixture.clouds.iter().enumerate() {
            pairs.push((apart(&persona.cloud, cloud, speaking), old, new));
        }
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut heirs: Vec<Option<usize>> = vec![None; mixture.clouds.len()];
    let mut drift: f64 = 0.0;
    for (apart, old, new) in pairs.into_iter().filter(|(apart, ..)| *apart <= params.same) {
        if heirs[new].is_none() && !heirs.contains(&Some(old)) {
            heirs[new] = Some(old);
            drift = drift.max(apart);
        }
    }
    let mut next_id = last.fit.next_id.max(1);
    let personas = mixture.clouds.iter().zip(heirs).map(|(cloud, heir)| match heir {
        Some(old) => named(&last.personas[old], cloud.clone(), params),
        None => fresh(cloud.clone(), &mut next_id, params),
    });
    let personas = personas.collect();
    Succession { personas, outcome: Outcome::Anew, drift, next_id }
}

/// How far apart two middles are, in standard deviations of a direction of the older.
fn apart(old: &Cloud, new: &Cloud, speaking: &[bool; THEMES]) -> f64 {
    (distance(&old.centre, &new.centre, speaking) / old.variance).sqrt()
}

/// The persona, moved; it has another name only where its evidence shows another archetype.
fn named(old: &Persona, cloud: Cloud, params: &Params) -> Persona {
    let archetype = names::archetype(&cloud, params);
    let name = if archetype == old.archetype { old.name.clone() } else { names::name(archetype, &cloud, params) };
    Persona { id: old.id.clone(), name, archetype, cloud, card: Card::default() }
}

fn fresh(cloud: Cloud, next_id: &mut u32, params: &Params) -> Persona {
    let id = format_compact!("p{next_id}");
    *next_id += 1;
    let archetype = names::archetype(&cloud, params);
    Persona { id, name: names::name(archetype, &cloud, params), archetype, cloud, card: Card::default() }
}
