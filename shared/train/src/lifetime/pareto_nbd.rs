//! Pareto/NBD by maximum likelihood (Schmittlein, Morrison and Colombo 1987), its slopes taken under the integral.

use super::{
    Alike, FitError, Fitted, Prior,
    likelihood::{self, Fits, Likely},
};
use rapport_core::prediction::{
    ParetoNbd,
    special::{digamma, ln_gamma, ln_sum},
};

/// CDNOW's (r .55, α 74 days, s .61, β 82 days), and of Online Retail II r .74 and α 74 days; there hardly anybody leaves for good, so that
/// β lies further out.
pub const PRIOR: Prior<4> = Prior::around([0.64, 75.0, 0.6, 200.0]);

/// The likeliest parameters, or the likeliest under a prior.
///
/// # Errors
/// [`FitError`] when nobody is there and no prior, or when the data holds no parameter back: where nobody leaves, s and β rise for ever.
pub fn fit(customers: &[Alike], prior: Option<&Prior<4>>) -> Result<Fitted<ParetoNbd>, FitError> {
    likelihood::fit(customers, prior, &PRIOR)
}

impl Fits<4> for ParetoNbd {
    type Row = Alike;

    fn of([r, alpha_days, s, beta_days]: [f64; 4]) -> Self {
        Self { r, alpha_days, s, beta_days }
    }

    fn is_sound(&self) -> bool {
        Self::is_sound(self)
    }

    fn customers(row: &Alike) -> f64 {
        row.customers
    }

    /// Slopes by r, α, s, β.
    fn likely(&self, Alike { known, .. }: &Alike) -> Likely<4> {
        let ParetoNbd { r, alpha_days, s, beta_days } = *self;
        let x = known.repeats();
        let (rate_seen, stay_seen) = (alpha_days + known.age_days(), beta_days + known.age_days());
        let departure = self.departure(x, known.recency_days(), known.age_days());
        let (stayed, left) = self.ways(known, departure.ln);
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
}
