//! BG/NBD by maximum likelihood (Fader, Hardie and Lee 2005, equation 6).

use super::{
    Alike, FitError, Fitted, Prior,
    likelihood::{self, Fits, Likely},
};
use rapport_core::prediction::{
    BgNbd,
    special::{digamma, ln_gamma, ln_sum},
};

/// Between CDNOW (r .24, α 31 days, a .79, b 2.4) and Online Retail II (.68, 65 days, .16, 3.4): geometric means.
pub const PRIOR: Prior<4> = Prior::around([0.4, 45.0, 0.35, 2.9]);

/// The likeliest parameters, or the likeliest under a prior.
///
/// # Errors
/// [`FitError`] when nobody is there and no prior, or when the data holds no parameter back.
pub fn fit(customers: &[Alike], prior: Option<&Prior<4>>) -> Result<Fitted<BgNbd>, FitError> {
    likelihood::fit(customers, prior, &PRIOR)
}

impl Fits<4> for BgNbd {
    type Row = Alike;

    fn of([r, alpha_days, a, b]: [f64; 4]) -> Self {
        Self { r, alpha_days, a, b }
    }

    fn is_sound(&self) -> bool {
        Self::is_sound(self)
    }

    fn customers(row: &Alike) -> f64 {
        row.customers
    }

    /// Slopes by r, α, a, b.
    fn likely(&self, Alike { known, .. }: &Alike) -> Likely<4> {
        let BgNbd { r, alpha_days, a, b } = *self;
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
}
