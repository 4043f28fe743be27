//! Gamma-Gamma by maximum likelihood (Fader and Hardie 2013, equation 1a).

use super::{
    FitError, Fitted, Prior,
    likelihood::{self, Fits, Likely},
};
use rapport_core::prediction::{
    GammaGamma,
    special::{digamma, ln_gamma},
};

/// Somebody's purchase days and their mean value in minor units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spender {
    /// How many, at least 1.
    pub days: f64,
    /// Above 0.
    pub mean_minor: f64,
}

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
    let tells = |spender: &&Spender| spender.days > 0.0 && spender.mean_minor > 0.0 && spender.mean_minor.is_finite();
    let told: Vec<&Spender> = spenders.iter().filter(tells).collect();
    // In units of what is usual here: a rupiah has a hundredth, too, and nobody counts in it.
    let unit_minor = match told.len() {
        0 => prior.map_or(1.0, |prior| prior.centre[2]),
        count => told.iter().map(|spender| spender.mean_minor).sum::<f64>() / count as f64,
    };
    let rows: Vec<Spender> = told.iter().map(|spender| Spender { mean_minor: spender.mean_minor / unit_minor, ..**spender }).collect();
    let in_units = |Prior { centre: [p, q, v_minor], spread }: Prior<3>| Prior { centre: [p, q, v_minor / unit_minor], spread };
    let prior = prior.copied().map(in_units);
    let Fitted { model, ln_likelihood } = likelihood::fit::<3, GammaGamma>(&rows, prior.as_ref(), &in_units(self::prior(unit_minor)))?;
    Ok(Fitted {
        model: GammaGamma { v_minor: model.v_minor * unit_minor, ..model },
        ln_likelihood: ln_likelihood - rows.len() as f64 * unit_minor.ln(),
    })
}

impl Fits<3> for GammaGamma {
    type Row = Spender;

    fn of([p, q, v_minor]: [f64; 3]) -> Self {
        Self { p, q, v_minor }
    }

    fn is_sound(&self) -> bool {
        Self::is_sound(self)
    }

    fn customers(_: &Spender) -> f64 {
        1.0
    }

    /// Slopes by p, q, v.
    fn likely(&self, Spender { days, mean_minor }: &Spender) -> Likely<3> {
        let GammaGamma { p, q, v_minor } = *self;
        let (within, spent) = (p * days, days * mean_minor);
        let all = (spent + v_minor).ln();
        let told = ln_gamma(within + q) - ln_gamma(within) - ln_gamma(q)
            + q * v_minor.ln()
            + (within - 1.0) * mean_minor.ln()
            + within * days.ln()
            - (within + q) * all;
        let slopes = [
            days * (digamma(within + q) - digamma(within) + mean_minor.ln() + days.ln() - all),
            digamma(within + q) - digamma(q) + v_minor.ln() - all,
            q / v_minor - (within + q) / (spent + v_minor),
        ];
        (told, slopes)
    }
}
