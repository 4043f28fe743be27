//! How good a list is, and how sure of it one may be.

use rapport_core::random::SplitMix;
use std::collections::BTreeSet;

/// Where the gain of a list ends.
const GAIN_DEPTH: usize = 10;
/// How often the questions are drawn anew for an interval.
const RESAMPLES: usize = 500;

/// What one list is worth, each 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Score {
    /// Whether anything wanted is listed.
    pub(crate) hit: f64,
    /// One over the place of the first that is.
    pub(crate) reciprocal_rank: f64,
    /// Normalised discounted cumulative gain of the first ten.
    pub(crate) ndcg: f64,
}

impl Score {
    pub(crate) fn of(list: &[u32], wanted: &BTreeSet<u32>) -> Self {
        let first = list.iter().position(|item| wanted.contains(item));
        let discount = |place: usize| 1.0 / (place as f64 + 2.0).log2();
        let gained: f64 =
            list.iter().take(GAIN_DEPTH).enumerate().filter(|(_, item)| wanted.contains(item)).map(|(place, _)| discount(place)).sum();
        let ideal: f64 = (0..wanted.len().min(GAIN_DEPTH)).map(discount).sum();
        Self {
            hit: f64::from(u8::from(first.is_some())),
            reciprocal_rank: first.map_or(0.0, |place| 1.0 / (place as f64 + 1.0)),
            ndcg: if ideal > 0.0 { gained / ideal } else { 0.0 },
        }
    }
}

/// 0 for none.
pub(crate) fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// Of the mean; 0 for fewer than two.
pub(crate) fn standard_error(values: &[f64]) -> f64 {
    let (mean, count) = (mean(values), values.len() as f64);
    if count < 2.0 { 0.0 } else { (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0) / count).sqrt() }
}

/// The middle 95 % of what the mean of `values` is when the values are drawn anew (percentile bootstrap: Efron 1979). Values that
/// are differences between two answers to one question make it a paired interval.
pub(crate) fn interval(values: &[f64]) -> (f64, f64) {
    if values.is_empty() {
        return (0.0, 0.0);
    }
    let mut dice = SplitMix::new(values.len() as u64);
    let draw = |_| (0..values.len()).map(|_| values[dice.below(values.len())]).sum::<f64>() / values.len() as f64;
    let mut means: Vec<f64> = (0..RESAMPLES).map(draw).collect();
    means.sort_unstable_by(f64::total_cmp);
    (means[RESAMPLES / 40], means[RESAMPLES - 1 - RESAMPLES / 40])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_what_the_definitions_say() {
        let wanted = BTreeSet::from([7, 9]);
        let none = Score::of(&[1, 2, 3], &wanted);
        assert_eq!(none, Score::default());
        let second = Score::of(&[1, 7, 3], &wanted);
        let ideal = 1.0 + 1.0 / 3f64.log2();
        assert_eq!(second, Score { hit: 1.0, reciprocal_rank: 0.5, ndcg: 1.0 / 3f64.log2() / ideal });
        assert!((Score::of(&[9, 7], &wanted).ndcg - 1.0).abs() < 1e-12);
        let deep: Vec<u32> = (20..30).chain([7]).collect();
        assert_eq!(Score::of(&deep, &wanted), Score { hit: 1.0, reciprocal_rank: 1.0 / 11.0, ndcg: 0.0 });
    }

    #[test]
    fn an_interval_holds_the_mean_and_narrows_with_more() {
        let coins = |count: usize| -> Vec<f64> { (0..count).map(|toss| (toss % 2) as f64).collect() };
        let width = |count: usize| {
            let (low, high) = interval(&coins(count));
            assert!(low < 0.5 && 0.5 < high, "{low} {high}");
            // Two standard errors to either side.
            let expected = 4.0 * 0.5 / (count as f64).sqrt();
            assert!(((high - low) / expected - 1.0).abs() < 0.2, "{low} {high}");
            high - low
        };
        assert!(width(1_600) < width(100) / 3.0);
        assert_eq!((interval(&[]), interval(&[0.25])), ((0.0, 0.0), (0.25, 0.25)));
        assert!((standard_error(&coins(100)) - 0.0502).abs() < 1e-3);
    }
}
