//! The weights of a session's evidence, as the shares of a mixture.
//!
//! What comes next is taken as drawn from one of several estimates: a row of the session table by what is counted and by how long ago
//! its item was looked at, a return to an earlier item, or the neighbours' word. The shares that make the held-out looks likeliest
//! are found by expectation maximisation (Dempster, Laird and Rubin 1977; for mixtures of language models Jelinek and Mercer 1980).
//! The defaults stand in for as many looks as [`PRIOR_LOOKS`], so a shop of ten visits keeps them and a shop of thousands has its own.

use super::Weights;
use crate::{
    holdout::{Places, Step},
    visits::{Chances, Mix},
};
use rapport_core::{
    model::{Model, NextLook},
    ranking::next_look::{Looks, session_of},
};
use rayon::prelude::*;

/// How many held-out looks the defaults weigh.
const PRIOR_LOOKS: f64 = 100.0;
/// The likelihood rises with every round, and hardly after so many.
const ROUNDS: usize = 60;
/// Rows by estimate (3) and distance (3), returning at distance 1 and beyond, neighbours.
const VOICES: usize = 12;
const RETURN: usize = 9;
const RETURN_FROM_AFAR: usize = 10;
const NEIGHBOURS: usize = 11;

type Voices = [f64; VOICES];

/// The shares that fit the `steps` best. `model` is the past with default weights.
pub(crate) fn fit(chances: &Chances<'_>, model: &Model, places: &Places, steps: &[Step<'_>]) -> Weights {
    let how = NextLook { rows: [0.0; 3], own: [0.0; 3], neighbours: 1.0, ..NextLook::DEFAULT };
    let neighbours = model.clone().weighing(how, model.meta().next_purchase);
    let said: Vec<Voices> =
        steps.par_iter().map_init(Looks::default, |looks, step| voices(chances, looks, &neighbours, places, step)).collect();
    let default = Weights::DEFAULT;
    weights(&maximise(&shares(&default.mix, &default.next_look), &said))
}

/// What each voice gave the item that came.
fn voices(chances: &Chances<'_>, looks: &mut Looks, neighbours: &Model, places: &Places, step: &Step<'_>) -> Voices {
    let seen: Vec<u32> = step.before.iter().map(|look| look.item).collect();
    let session = session_of(&seen);
    let mut said = [0.0; VOICES];
    let mut older = 1.0;
    for (distance, (item, _)) in session.iter().enumerate() {
        older *= if distance > 2 { f64::from(NextLook::DEFAULT.older) } else { 1.0 };
        for (estimate, chance) in chances.of(*item, step.next).into_iter().enumerate() {
            said[estimate * 3 + distance.min(2)] += older * f64::from(chance);
        }
        if *item == step.next && distance > 0 {
            said[if distance == 1 { RETURN } else { RETURN_FROM_AFAR }] += older;
        }
    }
    let session: Vec<(u32, f32)> = session.into_iter().map(|(item, strength)| (places.of(item), strength)).collect();
    let wanted = places.of(step.next);
    let word = looks.score(neighbours, &session).iter().find(|found| found.item == wanted);
    said[NEIGHBOURS] = word.map_or(0.0, |found| f64::from(found.score));
    said
}

fn maximise(prior: &Voices, said: &[Voices]) -> Voices {
    let mut shares = *prior;
    for _ in 0..ROUNDS {
        let mut credit = prior.map(|share| share * PRIOR_LOOKS);
        for voices in said {
            let total: f64 = voices.iter().zip(&shares).map(|(voice, share)| voice * share).sum();
            if total > 0.0 {
                let earned = voices.iter().zip(&shares).map(|(voice, share)| voice * share / total);
                credit.iter_mut().zip(earned).for_each(|(credit, earned)| *credit += earned);
            }
        }
        let all: f64 = credit.iter().sum();
        shares = credit.map(|credit| credit / all);
    }
    shares
}

fn shares(mix: &Mix, how: &NextLook) -> Voices {
    let mix = [mix.together, mix.follows, mix.two_steps].map(f64::from);
    let mut shares = [0.0; VOICES];
    for (estimate, share) in mix.into_iter().enumerate() {
        for (distance, row) in how.rows.into_iter().enumerate() {
            shares[estimate * 3 + distance] = share * f64::from(row);
        }
    }
    (shares[RETURN], shares[RETURN_FROM_AFAR]) = (f64::from(how.own[1]), f64::from(how.own[2]));
    shares[NEIGHBOURS] = f64::from(how.neighbours);
    let all: f64 = shares.iter().sum();
    shares.map(|share| share / all)
}

/// The shares as a lookup wants them: what the row of the item at hand gets counts one.
fn weights(shares: &Voices) -> Weights {
    let row = |distance: usize| (0..3).map(|estimate| shares[estimate * 3 + distance]).sum::<f64>();
    // The prior keeps it above zero.
    let unit = row(0);
    let share = |voice: usize| (shares[voice] / unit) as f32;
    Weights {
        mix: Mix { together: share(0), follows: share(3), two_steps: share(6) },
        next_look: NextLook {
            rows: [1.0, (row(1) / unit) as f32, (row(2) / unit) as f32],
            own: [0.0, share(RETURN), share(RETURN_FROM_AFAR)],
            neighbours: share(NEIGHBOURS),
            ..NextLook::DEFAULT
        },
        ..Weights::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn without_a_past_the_defaults_hold() {
        let default = Weights::DEFAULT;
        let shares = shares(&default.mix, &default.next_look);
        let learned = weights(&maximise(&shares, &[]));
        let near = |a: f32, b: f32| (a - b).abs() < 1e-5;
        assert!(near(learned.mix.follows, default.mix.follows) && near(learned.mix.two_steps, default.mix.two_steps));
        assert!(near(learned.next_look.neighbours, default.next_look.neighbours));
        assert!(learned.next_look.rows.iter().zip(default.next_look.rows).all(|(a, b)| near(*a, b)));
        assert!(learned.next_look.own.iter().zip(default.next_look.own).all(|(a, b)| near(*a, b)));
    }

    #[test]
    fn the_voice_that_is_right_wins() {
        let default = Weights::DEFAULT;
        let prior = shares(&default.mix, &default.next_look);
        let mut said = [1e-3; VOICES];
        said[NEIGHBOURS] = 0.5;
        let learned = weights(&maximise(&prior, &vec![said; 2_000]));
        assert!(learned.next_look.neighbours > 3.0 * default.next_look.neighbours, "{learned:?}");
    }

    proptest! {
        #[test]
        fn every_round_makes_the_past_likelier(said in prop::collection::vec(prop::array::uniform12(0.0f64..1.0), 1..40)) {
            let default = Weights::DEFAULT;
            let prior = shares(&default.mix, &default.next_look);
            let likely = |shares: &Voices| -> f64 {
                let of = |voices: &Voices| voices.iter().zip(shares).map(|(voice, share)| voice * share).sum::<f64>().max(1e-300).ln();
                let held: f64 = said.iter().map(of).sum();
                held + PRIOR_LOOKS * prior.iter().zip(shares).filter(|(prior, _)| **prior > 0.0).map(|(prior, share)| prior * share.ln()).sum::<f64>()
            };
            let learned = maximise(&prior, &said);
            prop_assert!((learned.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!(likely(&learned) >= likely(&prior) - 1e-9);
        }
    }
}
