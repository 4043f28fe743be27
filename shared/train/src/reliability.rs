//! Whether scores are the chances that they stand for.

use crate::score::mean;
use rapport_core::model::Placement;
use serde::Serialize;

/// Answers are compared with what came in so many groups of like scores.
const GROUPS: usize = 10;

/// How far chances and what came of them are apart in ten groups of like chances, on average (expected calibration error); 0 of none.
pub(crate) fn error_of_chances(said: &[(f64, bool)]) -> f64 {
    let mut said: Vec<(f64, f64)> = said.iter().map(|(chance, came)| (*chance, f64::from(u8::from(*came)))).collect();
    said.sort_by(|a, b| a.0.total_cmp(&b.0));
    let apart = said.chunks(said.len().div_ceil(GROUPS).max(1)).map(|group| {
        let (chances, came): (Vec<f64>, Vec<f64>) = group.iter().copied().unzip();
        (mean(&chances) - mean(&came)).abs() * group.len() as f64
    });
    apart.sum::<f64>() / said.len().max(1) as f64
}

/// What the scores of a placement said, beside what came.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Reliability {
    /// Where.
    pub placement: Placement,
    /// Of how many listed items.
    pub listed: usize,
    /// The mean score, 0 to 1.
    pub predicted: f64,
    /// The share that was right, 0 to 1.
    pub observed: f64,
    /// How far the two are apart in ten groups of like scores, on average (expected calibration error).
    pub error: f64,
}

impl Reliability {
    /// `said` are scores, and whether their items were right.
    pub(crate) fn of<'a>(placement: Placement, said: impl Iterator<Item = &'a (f32, bool)>) -> Self {
        let said: Vec<(f64, bool)> = said.map(|(score, is_right)| (f64::from(*score), *is_right)).collect();
        let (scores, right): (Vec<f64>, Vec<f64>) = said.iter().map(|(score, is_right)| (*score, f64::from(u8::from(*is_right)))).unzip();
        Self { placement, listed: said.len(), predicted: mean(&scores), observed: mean(&right), error: error_of_chances(&said) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_compared_with_what_came() {
        let said: Vec<(f32, bool)> =
            (0..1_000).map(|number| (if number < 500 { 0.2 } else { 0.8 }, number % 5 == 0 || number >= 600)).collect();
        let told = Reliability::of(Placement::Cart, said.iter());
        // Of the first half a fifth came, as was said; of the second a fifth of 100 and all of 400.
        assert!((told.predicted - 0.5).abs() < 1e-6 && (told.observed - (100.0 + 20.0 + 400.0) / 1_000.0).abs() < 1e-9, "{told:?}");
        assert!((told.error - (100.0 * 0.6 + 400.0 * 0.2) / 1_000.0).abs() < 1e-6, "{told:?}");
        assert_eq!(Reliability::of(Placement::Cart, [].iter()).error, 0.0);
    }
}
