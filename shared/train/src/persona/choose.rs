//! How many personas there are: the number that earns its parameters best, of those that stay the same when a fifth of the people is left
//! out.
//!
//! Stability is what a shopkeeper asks of personas first (Ben-Hur, Elisseeff and Guyon 2002; Lange et al. 2004): what another sample of
//! the same customers would not show is no kind of customer. The silhouette is told beside it; on overlapping kinds it prefers two.

use super::{
    Params, Place,
    mixture::{self, Mixture, alike, assigned, distance, fit},
    names,
};
use rapport_core::{
    persona::{Cloud, THEMES},
    random::SplitMix,
};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// A number of personas, fitted and tried.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) mixture: Mixture,
    /// The adjusted Rand index, on average over those left out.
    pub(super) stability: f64,
    /// -1 to 1.
    pub(super) silhouette: f64,
}

/// The best number of personas; `None` where there is nobody.
pub(super) fn choose(places: &[Place], speaking: &[bool; THEMES], params: &Params) -> Option<Choice> {
    let (people, share) = params.smallest;
    let smallest = people.max(share * places.len() as f64);
    let most = params.most_personas.min((places.len() as f64 / smallest) as usize).max(1);
    let mut fitted: Vec<Mixture> =
        (1..=most).into_par_iter().filter_map(|count| fit(places, speaking, count, count as u64, params)).collect();
    // Schwarz 1978: one more cloud is worth what it costs to describe.
    let cost = |mixture: &Mixture| {
        let directions = speaking.iter().filter(|speaks| **speaks).count() as f64;
        let numbers = mixture.clouds.len() as f64 * (directions + 2.0) - 1.0;
        numbers * (places.len() as f64).ln() / 2.0 - mixture.likelihood * places.len() as f64
    };
    fitted.sort_by(|one, other| cost(one).total_cmp(&cost(other)));
    // One kind is always an answer. Leaving people out is dear, so it is tried on what would be taken.
    let mut good = fitted.into_iter().filter_map(|mixture| {
        let assigned = assigned(&mixture.clouds, places, speaking);
        let count = |cloud: usize| assigned.iter().filter(|own| **own == cloud).count() as f64;
        let is_one = mixture.clouds.len() == 1;
        if !is_one && (0..mixture.clouds.len()).any(|cloud| count(cloud) < smallest) {
            return None;
        }
        let stability = stability(&assigned, mixture.clouds.len(), places, speaking, params);
        let is_good = is_one || stability >= params.stable;
        is_good.then(|| Choice { silhouette: silhouette(&mixture.clouds, places, speaking), mixture, stability })
    });
    let best = good.next()?;
    // No kind of people is a normal cloud, so that two may share one; a shopkeeper takes two of a name for a mistake.
    let (names, kinds) = archetypes(&best, params);
    let has_each_once = |choice: &Choice| matches!(archetypes(choice, params), (names, own) if names == own && own >= kinds);
    let other = if names > kinds { good.find(has_each_once) } else { None };
    Some(other.unwrap_or(best))
}

/// How many clouds show an archetype, and how many archetypes they show.
fn archetypes(choice: &Choice, params: &Params) -> (usize, usize) {
    let shown: Vec<_> = choice.mixture.clouds.iter().filter_map(|cloud| names::archetype(cloud, params)).collect();
    let kinds: BTreeSet<_> = shown.iter().collect();
    (shown.len(), kinds.len())
}

/// How alike the partition stays when a fifth of the people is left out: the adjusted Rand index, on average.
fn stability(whole: &[usize], count: usize, places: &[Place], speaking: &[bool; THEMES], params: &Params) -> f64 {
    let index = |round: usize| {
        let mut dice = SplitMix::new((count * 100 + round) as u64);
        let kept: Vec<Place> = places.iter().filter(|_| dice.below(5) > 0).copied().collect();
        let without = fit(&kept, speaking, count, (count * 10 + round) as u64, params)?;
        Some(alike(whole, &assigned(&without.clouds, places, speaking)))
    };
    let indices: Vec<f64> = (0..params.left_out).into_par_iter().filter_map(index).collect();
    if indices.is_empty() { 0.0 } else { indices.iter().sum::<f64>() / indices.len() as f64 }
}

/// The simplified silhouette (Hruschka et al. 2004): how much nearer people are to the middle of their own cloud than to the next, as a
/// share of the greater distance; 0 for a single cloud.
pub(super) fn silhouette(clouds: &[Cloud], places: &[Place], speaking: &[bool; THEMES]) -> f64 {
    if clouds.len() < 2 || places.is_empty() {
        return 0.0;
    }
    let own = assigned(clouds, places, speaking);
    let one = |(place, own): (&Place, usize)| {
        let to = |cloud: &Cloud| distance(place, &cloud.centre, speaking).sqrt();
        let near = to(&clouds[own]);
        let next = clouds.iter().enumerate().filter(|(cloud, _)| *cloud != own).map(|(_, cloud)| to(cloud)).fold(f64::INFINITY, f64::min);
        (next - near) / next.max(near).max(1e-12)
    };
    places.iter().zip(own).map(one).sum::<f64>() / places.len() as f64
}

/// The places without those further from their own cloud than one in a thousand would be, and how many those are.
pub(super) fn without_outliers(places: &[Place], clouds: &[Cloud], speaking: &[bool; THEMES]) -> (Vec<Place>, u64) {
    let directions = speaking.iter().filter(|speaks| **speaks).count().max(1) as f64;
    let far = chi_squared_999(directions);
    let own = mixture::assigned(clouds, places, speaking);
    let is_near = |(place, own): (&Place, usize)| distance(place, &clouds[own].centre, speaking) / clouds[own].variance <= far;
    let kept: Vec<Place> = places.iter().zip(own).filter(|(place, own)| is_near((place, *own))).map(|(place, _)| *place).collect();
    let outliers = (places.len() - kept.len()) as u64;
    (kept, outliers)
}

/// What a chi-squared number with so many degrees of freedom exceeds once in a thousand times (Wilson and Hilferty 1931).
fn chi_squared_999(freedom: f64) -> f64 {
    let ninth = 2.0 / (9.0 * freedom);
    freedom * (1.0 - ninth + 3.090_232 * ninth.sqrt()).powi(3)
}
