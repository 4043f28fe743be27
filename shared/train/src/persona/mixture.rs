//! Clouds fitted to places: k-means for a beginning, begun itself by k-means++ (Arthur and Vassilvitskii 2007; `linfa-clustering`'s), then
//! expectation maximisation (Dempster, Laird and Rubin 1977) of round clouds, each with a variance of its own.
//!
//! linfa's own mixtures know full covariances only. With five themes and personas of a hundred people that is twenty numbers a cloud in place
//! of six; see the comparison in `docs/personas.md`.

use super::{Params, Place};
use linfa::{DatasetBase, traits::Fit};
use linfa_clustering::KMeans;
use ndarray::Array2;
use rand_xoshiro::{Xoshiro256Plus, rand_core::SeedableRng};
use rapport_core::persona::{Cloud, Density, THEMES};

/// Rounds that move people less likely than this on average end the fit, in nats.
const SETTLED: f64 = 1e-5;

/// Clouds over the themes that speak, and how likely they make people.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mixture {
    pub(super) clouds: Vec<Cloud>,
    /// ln of the density of a person, on average.
    pub(super) likelihood: f64,
}

/// `count` clouds; `None` where there are fewer places than that.
pub(super) fn fit(places: &[Place], speaking: &[bool; THEMES], count: usize, seed: u64, params: &Params) -> Option<Mixture> {
    if count == 0 || places.len() < count {
        return None;
    }
    let centres = centres(places, speaking, count, seed, params)?;
    Some(improve(begin(places, speaking, &centres, params), places, speaking, params.most_rounds, params))
}

/// Takes the clouds on by EM, for at most so many rounds.
pub(super) fn improve(mut clouds: Vec<Cloud>, places: &[Place], speaking: &[bool; THEMES], rounds: usize, params: &Params) -> Mixture {
    let mut before = f64::NEG_INFINITY;
    for _ in 0..rounds {
        let (next, likelihood) = step(&clouds, places, speaking, params);
        if (likelihood - before).abs() < SETTLED {
            return Mixture { clouds, likelihood };
        }
        (clouds, before) = (next, likelihood);
    }
    Mixture { likelihood: likelihood(&clouds, places, speaking), clouds }
}

/// ln of the density of a person, on average.
pub(super) fn likelihood(clouds: &[Cloud], places: &[Place], speaking: &[bool; THEMES]) -> f64 {
    let densities = densities(clouds, speaking);
    let mut shares = vec![0.0; clouds.len()];
    places.iter().map(|place| share_out(&mut shares, &densities, place)).sum::<f64>() / (places.len().max(1)) as f64
}

/// For each place the likeliest cloud.
pub(super) fn assigned(clouds: &[Cloud], places: &[Place], speaking: &[bool; THEMES]) -> Vec<usize> {
    let densities = densities(clouds, speaking);
    let best = |place: &Place| first_highest(densities.iter().map(|density| density.at(place)));
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

/// The middles of k-means, of several beginnings the one that comes nearest to everybody; `None` where places are no numbers.
fn centres(places: &[Place], speaking: &[bool; THEMES], count: usize, seed: u64, params: &Params) -> Option<Vec<Place>> {
    // A theme that does not speak is the same to everybody.
    let place = |(person, theme): (usize, usize)| if speaking[theme] { places[person][theme] } else { 0.0 };
    let rows = DatasetBase::from(Array2::from_shape_fn((places.len(), THEMES), place));
    let dice = Xoshiro256Plus::seed_from_u64(seed);
    let means = KMeans::params_with_rng(count, dice).n_runs(params.starts).max_n_iterations(params.first_rounds as u64).fit(&rows).ok()?;
    Some(means.centroids().outer_iter().map(|centre| std::array::from_fn(|theme| centre[theme])).collect())
}

/// Clouds around centres: each place belongs to its nearest.
fn begin(places: &[Place], speaking: &[bool; THEMES], centres: &[Place], params: &Params) -> Vec<Cloud> {
    let mut sums = Sums::new(centres.len(), speaking);
    let mut shares = vec![0.0; centres.len()];
    for place in places {
        let nearest = first_highest(centres.iter().map(|centre| -distance(place, centre, speaking)));
        shares.fill(0.0);
        shares[nearest] = 1.0;
        sums.add(&shares, place);
    }
    sums.clouds(params)
}

/// One round of EM: the clouds that come of `clouds`, and how likely `clouds` themselves make a person on average.
fn step(clouds: &[Cloud], places: &[Place], speaking: &[bool; THEMES], params: &Params) -> (Vec<Cloud>, f64) {
    let densities = densities(clouds, speaking);
    let mut sums = Sums::new(clouds.len(), speaking);
    let mut shares = vec![0.0; clouds.len()];
    let mut likelihood = 0.0;
    for place in places {
        likelihood += share_out(&mut shares, &densities, place);
        sums.add(&shares, place);
    }
    (sums.clouds(params), likelihood / places.len().max(1) as f64)
}

fn densities(clouds: &[Cloud], speaking: &[bool; THEMES]) -> Vec<Density> {
    clouds.iter().map(|cloud| Density::of(cloud, speaking)).collect()
}

/// Writes how much of `place` belongs to each cloud; ln of its density in all of them.
fn share_out(shares: &mut [f64], clouds: &[Density], place: &Place) -> f64 {
    let mut highest = f64::NEG_INFINITY;
    for (share, cloud) in shares.iter_mut().zip(clouds) {
        *share = cloud.at(place);
        highest = highest.max(*share);
    }
    let mut total = 0.0;
    for share in &mut *shares {
        *share = (*share - highest).exp();
        total += *share;
    }
    shares.iter_mut().for_each(|share| *share /= total);
    highest + total.ln()
}

/// Where the highest of these is, of equals the first.
fn first_highest(numbers: impl Iterator<Item = f64>) -> usize {
    numbers.enumerate().fold((0, f64::NEG_INFINITY), |best, (at, own)| if own > best.1 { (at, own) } else { best }).0
}

/// What people with shares in clouds add up to.
struct Sums<'a> {
    speaking: &'a [bool; THEMES],
    /// By cloud.
    clouds: Vec<Sum>,
}

#[derive(Clone)]
struct Sum {
    weight: f64,
    places: [f64; THEMES],
    /// Of the squares in all directions that speak.
    squares: f64,
}

impl<'a> Sums<'a> {
    /// A cloud that hardly anybody is in keeps a spark, so that no number is none.
    fn new(count: usize, speaking: &'a [bool; THEMES]) -> Self {
        Self { speaking, clouds: vec![Sum { weight: 1e-9, places: [0.0; THEMES], squares: 0.0 }; count] }
    }

    fn add(&mut self, shares: &[f64], place: &Place) {
        let square = self.square(place);
        for (sum, share) in self.clouds.iter_mut().zip(shares) {
            sum.weight += share;
            sum.squares += share * square;
            sum.places.iter_mut().zip(place).for_each(|(sum, place)| *sum += share * place);
        }
    }

    fn square(&self, place: &Place) -> f64 {
        distance(place, &[0.0; THEMES], self.speaking)
    }

    /// The clouds that they make.
    fn clouds(&self, params: &Params) -> Vec<Cloud> {
        let directions = self.speaking.iter().filter(|speaks| **speaks).count().max(1) as f64;
        let total: f64 = self.clouds.iter().map(|sum| sum.weight).sum();
        let cloud = |sum: &Sum| {
            let centre = sum.places.map(|places| places / sum.weight);
            let spread = (sum.squares / sum.weight - self.square(&centre)).max(0.0);
            Cloud { weight: sum.weight / total, centre: centre.to_vec(), variance: spread / directions + params.floor_variance }
        };
        self.clouds.iter().map(cloud).collect()
    }
}
