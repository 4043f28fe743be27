//! Clouds fitted to places: k-means++ for a beginning (Arthur and Vassilvitskii 2007), then expectation maximisation (Dempster, Laird and
//! Rubin 1977) of round clouds, each with a variance of its own.
//!
//! `linfa-clustering` has both, but its mixtures know full covariances only. With five themes and personas of a hundred people that is
//! twenty numbers a cloud in place of six; see the comparison in `docs/personas.md`.

use super::{Params, Place};
use rapport_core::{
    persona::{Cloud, THEMES, density},
    random::SplitMix,
};

/// Rounds that move people less likely than this on average end the fit, in nats.
const SETTLED: f64 = 1e-5;

/// Clouds over the themes that speak, and how likely they make people.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mixture {
    pub(super) clouds: Vec<Cloud>,
    /// ln of the density of a person, on average.
    pub(super) likelihood: f64,
}

/// The likeliest of several fits of `count` clouds; `None` where there are fewer places than that.
pub(super) fn fit(places: &[Place], speaking: &[bool; THEMES], count: usize, seed: u64, params: &Params) -> Option<Mixture> {
    if count == 0 || places.len() < count {
        return None;
    }
    let begun = (0..params.starts as u64).map(|start| {
        let mut dice = SplitMix::new(seed.wrapping_mul(1_000).wrapping_add(start));
        let centres = plus_plus(places, speaking, count, &mut dice);
        improve(begin(places, speaking, &centres, params), places, speaking, params.first_rounds, params)
    });
    let best = begun.max_by(|one, other| one.likelihood.total_cmp(&other.likelihood))?;
    Some(improve(best, places, speaking, params.most_rounds, params))
}

/// Takes the clouds on by EM, for at most so many rounds.
pub(super) fn improve(mut mixture: Mixture, places: &[Place], speaking: &[bool; THEMES], rounds: usize, params: &Params) -> Mixture {
    for _ in 0..rounds {
        let clouds = step(&mixture.clouds, places, speaking, params);
        let likelihood = likelihood(&clouds, places, speaking);
        let gain = likelihood - mixture.likelihood;
        mixture = Mixture { clouds, likelihood };
        if gain.abs() < SETTLED {
            break;
        }
    }
    mixture
}

/// ln of the density of a person, on average.
pub(super) fn likelihood(clouds: &[Cloud], places: &[Place], speaking: &[bool; THEMES]) -> f64 {
    let one = |place: &Place| ln_total(&clouds.iter().map(|cloud| density(cloud, speaking, place)).collect::<Vec<_>>());
    places.iter().map(one).sum::<f64>() / (places.len().max(1)) as f64
}

/// For each place the likeliest cloud.
pub(super) fn assigned(clouds: &[Cloud], places: &[Place], speaking: &[bool; THEMES]) -> Vec<usize> {
    let best = |place: &Place| {
        let densities = clouds.iter().map(|cloud| density(cloud, speaking, place));
        densities.enumerate().fold((0, f64::NEG_INFINITY), |best, (number, own)| if own > best.1 { (number, own) } else { best }).0
    };
    places.iter().map(best).collect()
}

/// The squared distance over the themes that speak.
pub(super) fn distance(one: &[f64], other: &[f64], speaking: &[bool; THEMES]) -> f64 {
    let between = |((one, other), speaks): ((&f64, &f64), &bool)| if *speaks { (one - other) * (one - other) } else { 0.0 };
    one.iter().zip(other).zip(speaking).map(between).sum()
}

/// How alike two partitions of the same people are: the adjusted Rand index (Hubert and Arabie 1985). 1 is the same, 0 is chance.
#[must_use]
pub fn alike(one: &[usize], other: &[usize]) -> f64 {
    let kinds = |of: &[usize]| of.iter().copied().max().map_or(0, |most| most + 1);
    let (rows, columns) = (kinds(one), kinds(other));
    let mut table = vec![0u64; rows * columns];
    for (row, column) in one.iter().zip(other) {
        table[row * columns + column] += 1;
    }
    let pairs = |count: u64| count as f64 * (count as f64 - 1.0) / 2.0;
    let both: f64 = table.iter().map(|count| pairs(*count)).sum();
    let in_rows: f64 = table.chunks(columns.max(1)).map(|row| pairs(row.iter().sum())).sum();
    let in_columns: f64 = (0..columns).map(|column| pairs(table.iter().skip(column).step_by(columns).sum())).sum();
    let expected = in_rows * in_columns / pairs(one.len() as u64).max(1.0);
    let most = f64::midpoint(in_rows, in_columns);
    if most - expected < 1e-12 { 1.0 } else { (both - expected) / (most - expected) }
}

/// Centres far from one another, each drawn in proportion to its squared distance from the nearest before it.
fn plus_plus(places: &[Place], speaking: &[bool; THEMES], count: usize, dice: &mut SplitMix) -> Vec<Place> {
    let mut centres = vec![places[dice.below(places.len())]];
    let mut nearest: Vec<f64> = places.iter().map(|place| distance(place, &centres[0], speaking)).collect();
    while centres.len() < count {
        let sum: f64 = nearest.iter().sum();
        let mut left = sum * (dice.next_bits() >> 11) as f64 / (1u64 << 53) as f64;
        let drawn = nearest.iter().position(|distance| {
            left -= distance;
            left < 0.0
        });
        let centre = places[drawn.unwrap_or(places.len() - 1)];
        nearest.iter_mut().zip(places).for_each(|(known, place)| *known = known.min(distance(place, &centre, speaking)));
        centres.push(centre);
    }
    centres
}

/// Clouds around centres: each place belongs to its nearest.
fn begin(places: &[Place], speaking: &[bool; THEMES], centres: &[Place], params: &Params) -> Mixture {
    let nearest = |place: &Place| {
        let from = |centre: &Place| distance(place, centre, speaking);
        (0..centres.len()).min_by(|one, other| from(&centres[*one]).total_cmp(&from(&centres[*other]))).unwrap_or_default()
    };
    let shares = places.iter().map(|place| {
        let mut shares = vec![0.0; centres.len()];
        shares[nearest(place)] = 1.0;
        shares
    });
    let clouds = gathered(shares, places, speaking, centres.len(), params);
    Mixture { likelihood: likelihood(&clouds, places, speaking), clouds }
}

/// One round of EM.
fn step(clouds: &[Cloud], places: &[Place], speaking: &[bool; THEMES], params: &Params) -> Vec<Cloud> {
    let shares = places.iter().map(|place| {
        let densities: Vec<f64> = clouds.iter().map(|cloud| density(cloud, speaking, place)).collect();
        let total = ln_total(&densities);
        densities.into_iter().map(|density| (density - total).exp()).collect::<Vec<f64>>()
    });
    gathered(shares, places, speaking, clouds.len(), params)
}

/// The clouds that people with these shares in them make. One that hardly anybody is in keeps a spark, so that no number is none.
fn gathered(
    shares: impl Iterator<Item = Vec<f64>>,
    places: &[Place],
    speaking: &[bool; THEMES],
    count: usize,
    params: &Params,
) -> Vec<Cloud> {
    let mut sums = vec![(1e-9, [0.0; THEMES], [0.0; THEMES]); count];
    for (shares, place) in shares.zip(places) {
        for ((weight, sum, squares), share) in sums.iter_mut().zip(shares) {
            *weight += share;
            for (theme, value) in place.iter().enumerate() {
                sum[theme] += share * value;
                squares[theme] += share * value * value;
            }
        }
    }
    let directions = speaking.iter().filter(|speaks| **speaks).count().max(1) as f64;
    let total: f64 = sums.iter().map(|(weight, ..)| weight).sum();
    let cloud = |(weight, sum, squares): (f64, [f64; THEMES], [f64; THEMES])| {
        let centre: Vec<f64> = sum.iter().map(|sum| sum / weight).collect();
        let spread = |theme: usize| if speaking[theme] { (squares[theme] / weight - centre[theme] * centre[theme]).max(0.0) } else { 0.0 };
        let variance = (0..THEMES).map(spread).sum::<f64>() / directions + params.floor_variance;
        Cloud { weight: weight / total, centre, variance }
    };
    sums.into_iter().map(cloud).collect()
}

/// ln of the sum of what these are the logarithms of.
fn ln_total(logarithms: &[f64]) -> f64 {
    let highest = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    highest + logarithms.iter().map(|logarithm| (logarithm - highest).exp()).sum::<f64>().ln()
}
