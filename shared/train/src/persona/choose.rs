//! How many personas there are: the most that stay the same when a fifth of the people is left out, and that earn their parameters.
//!
//! Stability is what a shopkeeper asks of personas first (Ben-Hur, Elisseeff and Guyon 2002; Lange et al. 2004): what another sample of
//! the same customers would not show is no kind of customer. The silhouette is told beside it; on overlapping kinds it prefers two.

use super::{
    Params, Place,
    mixture::{self, Mixture, alike, assigned, distance, fit},
};
use rapport_core::{
    persona::{Cloud, THEMES},
    random::SplitMix,
};
use rayon::prelude::*;

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
    let tried: Vec<Choice> = (1..=most).into_par_iter().filter_map(|count| attempt(places, speaking, count, params)).collect();
    // Schwarz 1978: one more cloud is worth what it costs to describe.
    let cost = |choice: &Choice| {
        let directions = speaking.iter().filter(|speaks| **speaks).count() as f64;
        let numbers = choice.mixture.clouds.len() as f64 * (directions + 2.0) - 1.0;
        numbers * (places.len() as f64).ln() / 2.0 - choice.mixture.likelihood * places.len() as f64
    };
    let is_good = |choice: &Choice| {
        let assigned = assigned(&choice.mixture.clouds, places, speaking);
        let count = |cloud: usize| assigned.iter().filter(|own| **own == cloud).count() as f64;
        choice.stability >= params.stable && (0..choice.mixture.clouds.len()).all(|cloud| count(cloud) >= smallest)
    };
    let mut best = 0;
    for place in 1..tried.len() {
        if is_good(&tried[place]) && cost(&tried[place]) < cost(&tried[best]) {
            best = place;
        }
    }
    tried.into_iter().nth(best)
}

fn attempt(places: &[Place], speaking: &[bool; THEMES], count: usize, params: &Params) -> Option<Choice> {
    let mixture = fit(places, speaking, count, count as u64, params)?;
    let whole = assigned(&mixture.clouds, places, speaking);
    let indices = (0..params.left_out).filter_map(|round| {
        let mut dice = SplitMix::new((count * 100 + round) as u64);
        let kept: Vec<Place> = places.iter().filter(|_| dice.below(5) > 0).copied().collect();
        let without = fit(&kept, speaking, count, (count * 10 + round) as u64, params)?;
        Some(alike(&whole, &assigned(&without.clouds, places, speaking)))
    });
    let indices: Vec<f64> = indices.collect();
    let stability = if indices.is_empty() { 0.0 } else { indices.iter().sum::<f64>() / indices.len() as f64 };
    Some(Choice { silhouette: silhouette(&mixture.clouds, places, speaking), mixture, stability })
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
