//! How good a list is, and how sure of it one may be.

use rapport_core::random::SplitMix;
use serde::Serialize;
use std::collections::BTreeSet;

/// How often the questions are drawn anew for an interval.
const RESAMPLES: usize = 500;

/// How deep a list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Yardstick {
    /// Recall looks at so many places; hits and reciprocal ranks at the whole list.
    pub(crate) recall: usize,
    /// The gain looks at so many.
    pub(crate) gain: usize,
    /// At most so many of what is wanted count for the ideal that the gain is measured against.
    pub(crate) ideal: usize,
}

impl Yardstick {
    /// Recall of the whole list, NDCG@10.
    pub(crate) const LIST: Self = Self { recall: usize::MAX, gain: 10, ideal: 10 };
    /// Recall@10, and NDCG@10 against the whole basket: a basket of fifty cannot be had in ten places.
    pub(crate) const BASKET: Self = Self { recall: 10, gain: 10, ideal: usize::MAX };

    pub(crate) fn score<T: Ord>(self, list: &[T], wanted: &BTreeSet<T>) -> Score {
        let hits: Vec<usize> = list.iter().enumerate().filter(|(_, item)| wanted.contains(item)).map(|(place, _)| place).collect();
        let discount = |place: usize| 1.0 / (place as f64 + 2.0).log2();
        // Not a sum, which has nothing add up to -0.
        let gained = hits.iter().filter(|place| **place < self.gain).fold(0.0, |sum, place| sum + discount(*place));
        let ideal: f64 = (0..wanted.len().min(self.ideal)).map(discount).sum();
        let recalled = hits.iter().filter(|place| **place < self.recall).count();
        Score {
            hit: f64::from(u8::from(!hits.is_empty())),
            recall: if wanted.is_empty() { 0.0 } else { recalled as f64 / wanted.len() as f64 },
            reciprocal_rank: hits.first().map_or(0.0, |place| 1.0 / (*place as f64 + 1.0)),
            ndcg: if ideal > 0.0 { gained / ideal } else { 0.0 },
        }
    }
}

/// What one list is worth, each 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Score {
    /// Whether anything wanted is listed.
    pub(crate) hit: f64,
    /// Share of what is wanted that is listed.
    pub(crate) recall: f64,
    /// One over the place of the first that is.
    pub(crate) reciprocal_rank: f64,
    /// Normalised discounted cumulative gain.
    pub(crate) ndcg: f64,
}

impl Score {
    /// By [`Yardstick::LIST`].
    pub(crate) fn of(list: &[u32], wanted: &BTreeSet<u32>) -> Self {
        Yardstick::LIST.score(list, wanted)
    }
}

/// How one answerer did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What was asked: `next_look`, `next_purchase`, `new_items` or `next_basket`; or the placement that was asked as a whole.
    pub question: &'static str,
    /// `model`, a baseline's name, or the model `without` something.
    pub answerer: &'static str,
    /// How often it was asked.
    pub asked: usize,
    /// Share of lists of 20 with a hit, 0 to 1.
    pub hit_rate: f64,
    /// Half the width of the 95 % interval of `hit_rate`.
    pub margin: f64,
    /// Mean share of what was wanted that was listed, 0 to 1; of baskets, in the first ten places.
    pub recall: f64,
    /// Mean of one over the first hit's place, 0 to 1.
    pub reciprocal_rank: f64,
    /// Mean NDCG@10, 0 to 1.
    pub ndcg: f64,
    /// How far the model is ahead of this answerer in `ndcg`; `None` for the model itself.
    pub lead: Option<Lead>,
}

/// A paired difference with its 95 % bootstrap interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Lead {
    /// The model's NDCG@10 less the other's.
    pub ndcg: f64,
    /// From here
    pub low: f64,
    /// to here.
    pub high: f64,
}

/// Scores of one answerer, question by question.
pub(crate) struct Scores(pub(crate) Vec<Score>);

impl Scores {
    /// What weights are chosen by: hits and their places count alike.
    pub(crate) fn gain(&self) -> f64 {
        mean(&self.0.iter().map(|score| score.hit + score.reciprocal_rank).collect::<Vec<f64>>())
    }

    /// As a row; `model` is who is compared with, unless it is the model itself.
    pub(crate) fn row(&self, question: &'static str, answerer: &'static str, model: Option<&Self>) -> Row {
        let column = |read: fn(&Score) -> f64| self.0.iter().map(read).collect::<Vec<f64>>();
        let hits = column(|score| score.hit);
        let ndcg = column(|score| score.ndcg);
        let lead = model.map(|model| {
            let ahead: Vec<f64> = model.0.iter().zip(&ndcg).map(|(model, other)| model.ndcg - other).collect();
            let (low, high) = interval(&ahead);
            Lead { ndcg: mean(&ahead), low, high }
        });
        Row {
            question,
            answerer,
            asked: self.0.len(),
            hit_rate: mean(&hits),
            margin: 1.96 * standard_error(&hits),
            recall: mean(&column(|score| score.recall)),
            reciprocal_rank: mean(&column(|score| score.reciprocal_rank)),
            ndcg: mean(&ndcg),
            lead,
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
        assert_eq!(second, Score { hit: 1.0, recall: 0.5, reciprocal_rank: 0.5, ndcg: 1.0 / 3f64.log2() / ideal });
        assert!((Score::of(&[9, 7], &wanted).ndcg - 1.0).abs() < 1e-12);
        let deep: Vec<u32> = (20..30).chain([7]).collect();
        assert_eq!(Score::of(&deep, &wanted), Score { hit: 1.0, recall: 0.5, reciprocal_rank: 1.0 / 11.0, ndcg: 0.0 });
        let basket: BTreeSet<u32> = (20..50).collect();
        let told = Yardstick::BASKET.score(&deep, &basket);
        let whole: f64 = (0..30).map(|place| 1.0 / (f64::from(place) + 2.0).log2()).sum();
        let ten: f64 = (0..10).map(|place| 1.0 / (f64::from(place) + 2.0).log2()).sum();
        assert_eq!((told.recall, Score::of(&deep, &basket).ndcg), (10.0 / 30.0, 1.0));
        assert!((told.ndcg - ten / whole).abs() < 1e-12, "{told:?}");
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
