//! The fit that all purchase models share: the parameters that make what happened likeliest, sought as logarithms.

use super::{FitError, Fitted, Prior, minimise::minimise};
use rayon::prelude::*;

/// Rows whose sums are added up as one, in a fixed order: the same customers give the same bits on any number of threads.
const CHUNK: usize = 1_024;
/// A parameter whose logarithm lies further out runs away where no prior holds it.
const FURTHEST: f64 = 17.0;

/// ln of a likelihood, and its slopes by the parameters.
pub(super) type Likely<const N: usize> = (f64, [f64; N]);

/// A model as its fit sees it.
pub(super) trait Fits<const N: usize>: Sized + Sync {
    /// What is known of a customer, or of several alike.
    type Row: Sync;

    /// The model with these parameters, all above 0.
    fn of(parameters: [f64; N]) -> Self;

    /// Whether its parameters are numbers that the formulas hold for.
    fn is_sound(&self) -> bool;

    /// How likely one customer of `row` is.
    fn likely(&self, row: &Self::Row) -> Likely<N>;

    /// How many customers `row` stands for.
    fn customers(row: &Self::Row) -> f64;
}

/// The likeliest parameters, or the likeliest under `prior`; `usual` is where the search begins without one.
///
/// # Errors
/// [`FitError`] when nobody is there and no prior, or when the data holds no parameter back.
pub(super) fn fit<const N: usize, M: Fits<N>>(rows: &[M::Row], prior: Option<&Prior<N>>, usual: &Prior<N>) -> Result<Fitted<M>, FitError> {
    let count: f64 = rows.iter().map(M::customers).sum();
    if count == 0.0 && prior.is_none() {
        return Err(FitError::Nobody);
    }
    let per = count.max(1.0);
    let cost = |at: &[f64; N]| {
        let (likelihood, slopes) = of_all(&M::of(at.map(f64::exp)), rows);
        let (held, pull) = prior.map_or((0.0, [0.0; N]), |prior| prior.cost(at));
        // The slope of a logarithm of a parameter is the parameter times its slope.
        ((held - likelihood) / per, std::array::from_fn(|place| (pull[place] - slopes[place] * at[place].exp()) / per))
    };
    let found = minimise(prior.unwrap_or(usual).centre.map(f64::ln), cost);
    let model = M::of(found.map(f64::exp));
    // Customers who are all alike outpull a prior: with each one more it is likelier that there is no spread at all. At the bound of the search
    // there is next to none, which is what the data says.
    let runs_away = prior.is_none() && found.iter().any(|part| part.abs() > FURTHEST);
    if runs_away || !model.is_sound() {
        return Err(FitError::Unbounded);
    }
    let (ln_likelihood, _) = of_all(&model, rows);
    Ok(Fitted { model, ln_likelihood })
}

/// How likely `model` makes all of `rows`.
pub(super) fn of_all<const N: usize, M: Fits<N>>(model: &M, rows: &[M::Row]) -> Likely<N> {
    let added = |sum: Likely<N>, part: Likely<N>, times: f64| -> Likely<N> {
        (sum.0 + times * part.0, std::array::from_fn(|place| sum.1[place] + times * part.1[place]))
    };
    let nothing = (0.0, [0.0; N]);
    let chunk = |rows: &[M::Row]| rows.iter().fold(nothing, |sum, row| added(sum, model.likely(row), M::customers(row)));
    let parts: Vec<Likely<N>> = rows.par_chunks(CHUNK).map(chunk).collect();
    parts.into_iter().fold(nothing, |sum, part| added(sum, part, 1.0))
}
