//! Pareto/NBD by maximum likelihood (Schmittlein, Morrison and Colombo 1987), its slopes taken under the integral.

use super::{Alike, FitError, Fitted, Prior, bg_nbd::added, minimise::minimise};
use rapport_core::prediction::{
    ParetoNbd,
    special::{digamma, ln_gamma, ln_sum},
};
use rayon::prelude::*;

/// CDNOW's (r .55, α 74 days, s .61, β 82 days), and of Online Retail II r .74 and α 74 days; there hardly anybody leaves for good, so that
/// β lies further out.
pub const PRIOR: Prior<4> = Prior::around([0.64, 75.0, 0.6, 200.0]);

/// Rows whose sums are added up as one.
const CHUNK: usize = 512;

/// The likeliest parameters, or the likeliest under a prior.
///
/// # Errors
/// [`FitError`] when nobody is there and no prior, or when the data holds no parameter back: where nobody leaves, s and β rise for ever.
pub fn fit(customers: &[Alike], prior: Option<&Prior<4>>) -> Result<Fitted<ParetoNbd>, FitError> {
    let count: f64 = customers.iter().map(|alike| alike.customers).sum();
    let start = prior.unwrap_or(&PRIOR).centre.map(f64::ln);
    if count == 0.0 && prior.is_none() {
        return Err(FitError::Nobody);
    }
    let cost = |at: &[f64; 4]| {
        let (likelihood, slopes) = ln_likelihood(&model(at), customers);
        let (held, pull) = prior.map_or((0.0, [0.0; 4]), |prior| prior.cost(at));
        let per = count.max(1.0);
        ((held - likelihood) / per, std::array::from_fn(|place| (pull[place] - slopes[place] * at[place].exp()) / per))
    };
    let found = minimise(start, cost);
    let model = model(&found);
    if found.iter().any(|part| part.abs() > 17.0) || !model.is_sound() {
        return Err(FitError::Unbounded);
    }
    Ok(Fitted { model, ln_likelihood: ln_likelihood(&model, customers).0 })
}

fn model(ln_parameters: &[f64; 4]) -> ParetoNbd {
    let [r, alpha_days, s, beta_days] = ln_parameters.map(f64::exp);
    ParetoNbd { r, alpha_days, s, beta_days }
}

/// ln of the likelihood of all, and its slopes by r, α, s, β.
pub(super) fn ln_likelihood(model: &ParetoNbd, customers: &[Alike]) -> (f64, [f64; 4]) {
    let chunk = |rows: &[Alike]| rows.iter().fold((0.0, [0.0; 4]), |sum, row| added(sum, of_one(model, row), row.customers));
    let parts: Vec<(f64, [f64; 4])> = customers.par_chunks(CHUNK).map(chunk).collect();
    parts.into_iter().fold((0.0, [0.0; 4]), |sum, part| added(sum, part, 1.0))
}

fn of_one(model: &ParetoNbd, Alike { known, .. }: &Alike) -> (f64, [f64; 4]) {
    let ParetoNbd { r, alpha_days, s, beta_days } = *model;
    let x = known.repeats();
    let (rate_seen, stay_seen) = (alpha_days + known.age_days(), beta_days + known.age_days());
    let departure = model.departure(x, known.recency_days(), known.age_days());
    let (stayed, left) = model.ways(known, &departure);
    let [ln_alpha, per_alpha, ln_beta, per_beta] = departure.means;
    let both = ln_sum(stayed, left);
    let (stayed, left) = ((stayed - both).exp(), (left - both).exp());
    let told = ln_gamma(r + x) - ln_gamma(r) + r * alpha_days.ln() + s * beta_days.ln() + both;
    let slopes = [
        digamma(r + x) - digamma(r) + alpha_days.ln() - stayed * rate_seen.ln() - left * ln_alpha,
        r / alpha_days - (r + x) * (stayed / rate_seen + left * per_alpha),
        beta_days.ln() - stayed * stay_seen.ln() + left * (1.0 / s - ln_beta),
        s / beta_days - stayed * s / stay_seen - left * (s + 1.0) * per_beta,
    ];
    (told, slopes)
}
