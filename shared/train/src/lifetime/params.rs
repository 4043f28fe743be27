//! What fits are asked with, and what they give.

use rapport_core::prediction::Purchases;

/// How surely a prior is held, for all models: one standard deviation is a factor of 4.5 either way.
const SPREAD: f64 = 1.5;

/// What parameters usually are: lognormal, independent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior<const N: usize> {
    /// The middle of each, above 0.
    pub centre: [f64; N],
    /// Standard deviation of each one's logarithm, above 0.
    pub spread: f64,
}

/// Customers whose purchases are alike but for their value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alike {
    /// What they did.
    pub known: Purchases,
    /// How many they are.
    pub customers: f64,
}

/// A model, and how likely it makes what happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fitted<M> {
    /// The parameters.
    pub model: M,
    /// ln of the likelihood, the prior not included, in the unit of time that the data came in.
    pub ln_likelihood: f64,
}

impl<const N: usize> Prior<N> {
    /// Around `centre`, held as all are.
    #[must_use]
    pub const fn around(centre: [f64; N]) -> Self {
        Self { centre, spread: SPREAD }
    }

    /// What is added to a cost at `ln_parameters`, and to its slopes.
    pub(super) fn cost(&self, ln_parameters: &[f64; N]) -> (f64, [f64; N]) {
        let apart: [f64; N] = std::array::from_fn(|place| (ln_parameters[place] - self.centre[place].ln()) / self.spread);
        (apart.iter().map(|apart| apart * apart / 2.0).sum(), apart.map(|apart| apart / self.spread))
    }
}

/// Groups customers by (x, t_x, T), in that order.
#[must_use]
pub fn alike(customers: impl IntoIterator<Item = Purchases>) -> Vec<Alike> {
    // The bits of numbers that are not negative sort as the numbers do.
    let key = |known: &Purchases| [known.repeats(), known.recency_days(), known.age_days()].map(f64::to_bits);
    let mut all: Vec<Purchases> = customers.into_iter().collect();
    all.sort_by_key(key);
    all.chunk_by(|a, b| key(a) == key(b)).map(|group| Alike { known: group[0], customers: group.len() as f64 }).collect()
}
