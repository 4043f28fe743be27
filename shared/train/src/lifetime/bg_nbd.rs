//! BG/NBD by maximum likelihood (Fader, Hardie and Lee 2005, equation 6).

use super::{Alike, FitError, Fitted, Prior, minimise::minimise};
use rapport_core::prediction::{
    BgNbd,
    special::{digamma, ln_gamma, ln_sum},
};
use rayon::prelude::*;

/// Between CDNOW (r .24, α 31 days, a .79, b 2.4) and Online Retail II (.68, 65 days, .16, 3.4): geometric means.
pub const PRIOR: Prior<4> = Prior::around([0.4, 45.0, 0.35, 2.9]);

/// Rows whose sums are added up as one.
const CHUNK: usize = 2_048;

/// The likeliest parameters, or the likeliest under a prior.
///
/// # Errors
/// [`FitError`] when nobody is there and no prior, or when the data holds no parameter back.
pub fn fit(customers: &[Alike], prior: Option<&Prior<4>>) -> Result<Fitted<BgNbd>, FitError> {
    let count: f64 = customers.iter().map(|alike| alike.customers).sum();
    let start = prior.unwrap_or(&PRIOR).centre.map(f64::ln);
    if count == 0.0 && prior.is_none() {
        return Err(FitError::Nobody);
    }
    let cost = |at: &[f64; 4]| {
        let (likelihood, slopes) = ln_likelihood(&model(at), customers);
        let (held, pull) = prior.map_or((0.0, [0.0; 4]), |prior| prior.cost(at));
        let per = count.max(1.0);
        // The slope of a logarithm of a parameter is the parameter times its slope.
        ((held - likelihood) / per, std::array::from_fn(|place| (pull[place] - slopes[place] * at[place].exp()) / per))
    };
    let found = minimise(start, cost);
    let model = model(&found);
    if found.iter().any(|part| part.abs() > 17.0) || !model.is_sound() {
        return Err(FitError::Unbounded);
    }
    Ok(Fitted { model, ln_likelihood: ln_likelihood(&model, customers).0 })
}

fn model(ln_parameters: &[f64; 4]) -> BgNbd {
    let [r, alpha_days, a, b] = ln_parameters.map(f64::exp);
    BgNbd { r, alpha_days, a, b }
}

/// ln of the likelihood of all, and its slopes by r, α, a, b.
pub(super) fn ln_likelihood(model: &BgNbd, customers: &[Alike]) -> (f64, [f64; 4]) {
    let chunk = |rows: &[Alike]| rows.iter().fold((0.0, [0.0; 4]), |sum, row| added(sum, of_one(model, row), row.customers));
    let parts: Vec<(f64, [f64; 4])> = customers.par_chunks(CHUNK).map(chunk).collect();
    parts.into_iter().fold((0.0, [0.0; 4]), |sum, part| added(sum, part, 1.0))
}

pub(super) fn added<const N: usize>(sum: (f64, [f64; N]), part: (f64, [f64; N]), times: f64) -> (f64, [f64; N]) {
    (sum.0 + times * part.0, std::array::from_fn(|place| sum.1[place] + times * part.1[place]))
}

fn of_one(model: &BgNbd, Alike { known, .. }: &Alike) -> (f64, [f64; 4]) {
    let BgNbd { r, alpha_days, a, b } = *model;
    let x = known.repeats();
    let (seen, silent_since) = (alpha_days + known.age_days(), alpha_days + known.recency_days());
    let stayed = -(r + x) * seen.ln();
    let left = if x > 0.0 { (a / (b + x - 1.0)).ln() - (r + x) * silent_since.ln() } else { f64::NEG_INFINITY };
    let both = ln_sum(stayed, left);
    let (stayed, left) = ((stayed - both).exp(), (left - both).exp());
    let betas = ln_gamma(b + x) + ln_gamma(a + b) - ln_gamma(a + b + x) - ln_gamma(b);
    let told = ln_gamma(r + x) - ln_gamma(r) + r * alpha_days.ln() + betas + both;
    let shared = digamma(a + b) - digamma(a + b + x);
    let slopes = [
        digamma(r + x) - digamma(r) + alpha_days.ln() - stayed * seen.ln() - left * silent_since.ln(),
        r / alpha_days - (r + x) * (stayed / seen + left / silent_since),
        shared + left / a,
        shared + digamma(b + x) - digamma(b) - if x > 0.0 { left / (b + x - 1.0) } else { 0.0 },
    ];
    (told, slopes)
}
