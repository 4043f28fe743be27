//! Gamma-Gamma by maximum likelihood (Fader and Hardie 2013, equation 1a).

use super::{FitError, Fitted, Prior, bg_nbd::added, minimise::minimise};
use rapport_core::prediction::{
    GammaGamma,
    special::{digamma, ln_gamma},
};
use rayon::prelude::*;

/// Somebody's purchase days and their mean value in minor units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spender {
    /// How many, at least 1.
    pub days: f64,
    /// Above 0.
    pub mean_minor: f64,
}

/// Rows whose sums are added up as one.
const CHUNK: usize = 4_096;

/// Shapes as CDNOW and Online Retail II have them (p 6.2 and 2.2, q 3.7 and 3.6), and the scale under which the mean customer spends
/// `mean_minor`.
#[must_use]
pub fn prior(mean_minor: f64) -> Prior<3> {
    Prior::around([4.0, 3.7, mean_minor.max(1.0) * (3.7 - 1.0) / 4.0])
}

/// The likeliest parameters, or the likeliest under a prior. Whose mean is not above 0 tells nothing.
///
/// # Errors
/// [`FitError`] when nobody is there and no prior, or when the data holds no parameter back.
pub fn fit(spenders: &[Spender], prior: Option<&Prior<3>>) -> Result<Fitted<GammaGamma>, FitError> {
    let spenders: Vec<Spender> = spenders
        .iter()
        .filter(|spender| spender.days > 0.0 && spender.mean_minor > 0.0 && spender.mean_minor.is_finite())
        .copied()
        .collect();
    if spenders.is_empty() && prior.is_none() {
        return Err(FitError::Nobody);
    }
    let mean = spenders.iter().map(|spender| spender.mean_minor).sum::<f64>() / spenders.len().max(1) as f64;
    let start = prior.copied().unwrap_or_else(|| self::prior(mean)).centre.map(f64::ln);
    let cost = |at: &[f64; 3]| {
        let (likelihood, slopes) = ln_likelihood(&model(at), &spenders);
        let (held, pull) = prior.map_or((0.0, [0.0; 3]), |prior| prior.cost(at));
        let per = spenders.len().max(1) as f64;
        ((held - likelihood) / per, std::array::from_fn(|place| (pull[place] - slopes[place] * at[place].exp()) / per))
    };
    let found = minimise(start, cost);
    let model = model(&found);
    if found.iter().any(|part| part.abs() > 17.9) || !model.is_sound() {
        return Err(FitError::Unbounded);
    }
    Ok(Fitted { model, ln_likelihood: ln_likelihood(&model, &spenders).0 })
}

fn model(ln_parameters: &[f64; 3]) -> GammaGamma {
    let [p, q, v_minor] = ln_parameters.map(f64::exp);
    GammaGamma { p, q, v_minor }
}

/// ln of the likelihood of all, and its slopes by p, q, v.
pub(super) fn ln_likelihood(model: &GammaGamma, spenders: &[Spender]) -> (f64, [f64; 3]) {
    let chunk = |rows: &[Spender]| rows.iter().fold((0.0, [0.0; 3]), |sum, row| added(sum, of_one(model, row), 1.0));
    let parts: Vec<(f64, [f64; 3])> = spenders.par_chunks(CHUNK).map(chunk).collect();
    parts.into_iter().fold((0.0, [0.0; 3]), |sum, part| added(sum, part, 1.0))
}

fn of_one(model: &GammaGamma, Spender { days, mean_minor }: &Spender) -> (f64, [f64; 3]) {
    let GammaGamma { p, q, v_minor } = *model;
    let (within, spent) = (p * days, days * mean_minor);
    let all = (spent + v_minor).ln();
    let told =
        ln_gamma(within + q) - ln_gamma(within) - ln_gamma(q) + q * v_minor.ln() + (within - 1.0) * mean_minor.ln() + within * days.ln()
            - (within + q) * all;
    let slopes = [
        days * (digamma(within + q) - digamma(within) + mean_minor.ln() + days.ln() - all),
        digamma(within + q) - digamma(q) + v_minor.ln() - all,
        q / v_minor - (within + q) / (spent + v_minor),
    ];
    (told, slopes)
}
