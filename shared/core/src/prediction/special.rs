//! The special functions that purchase models are written in.

/// ln of the absolute value of the gamma function, by musl's algorithm.
#[must_use]
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// ln of the beta function, for arguments above 0.
#[must_use]
pub fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// The derivative of [`ln_gamma`], for `x` above 0: recurrence up to 10, then the asymptotic series (Abramowitz and Stegun 1964, 6.3.5 and
/// 6.3.18). Exact to 12 digits.
#[must_use]
pub fn digamma(x: f64) -> f64 {
    let (mut x, mut below) = (x.max(f64::MIN_POSITIVE), 0.0);
    while x < 10.0 {
        below -= 1.0 / x;
        x += 1.0;
    }
    let s = 1.0 / (x * x);
    let series = s * (1.0 / 12.0 - s * (1.0 / 120.0 - s * (1.0 / 252.0 - s * (1.0 / 240.0 - s * (5.0 / 660.0 - s * 691.0 / 32_760.0)))));
    below + x.ln() - 0.5 / x - series
}

/// `ln(e^a + e^b)` without overflow; -infinity is the ln of nothing.
#[must_use]
pub fn ln_sum(a: f64, b: f64) -> f64 {
    let (low, high) = (a.min(b), a.max(b));
    if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

/// `(1 - e^(-k q)) / k`, which tends to `q` as `k` tends to 0.
#[must_use]
pub fn damped(k: f64, q: f64) -> f64 {
    if (k * q).abs() < 1e-12 { q } else { -(-k * q).exp_m1() / k }
}

/// The odds of `p`, as ln; `p` is taken no nearer to 0 and 1 than a billionth.
#[must_use]
pub fn logit(p: f64) -> f64 {
    let p = p.clamp(1e-9, 1.0 - 1e-9);
    (p / (1.0 - p)).ln()
}

/// The probability of ln odds.
#[must_use]
pub fn logistic(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabled_values_are_met() {
        // Abramowitz and Stegun: digamma(1) = -gamma, digamma(1/2) = -gamma - 2 ln 2; gamma(1/2) = sqrt(pi); B(2, 3) = 1/12.
        let gamma = 0.577_215_664_901_532_9;
        for (told, known) in [
            (digamma(1.0), -gamma),
            (digamma(0.5), -gamma - 2.0 * 2f64.ln()),
            (ln_gamma(0.5), std::f64::consts::PI.sqrt().ln()),
            (ln_beta(2.0, 3.0), (1f64 / 12.0).ln()),
            (ln_sum(0.0, f64::NEG_INFINITY), 0.0),
            (ln_sum(-1e4, -1e4), 2f64.ln() - 1e4),
            (damped(0.0, 3.0), 3.0),
            (damped(2.0, 3.0), (1.0 - (-6f64).exp()) / 2.0),
            (logistic(logit(0.3)), 0.3),
        ] {
            assert!((told - known).abs() < 1e-11, "{told} {known}");
        }
        for x in [0.01, 0.3, 2.5, 9.9, 400.0] {
            let h = 1e-5 * x;
            let slope = (ln_gamma(x + h) - ln_gamma(x - h)) / (2.0 * h);
            assert!((digamma(x) - slope).abs() < 1e-6 * (1.0 + slope.abs()), "{x}: {} {slope}", digamma(x));
        }
    }
}
