//! How well it was told what customers do: against what came, beside simpler answers.
//!
//! | Figure | Means |
//! |---|---|
//! | total | all purchase days said over all that came, less 1 |
//! | RMSE, correlation | of purchase days, customer by customer (Pearson) |
//! | rank of value | Spearman's correlation of the value said and the value that came |
//! | top tenth | share of all value that came from the tenth of customers said to be worth most |
//! | AUC | chance that who bought was said to be likelier than who did not |
//! | Brier | mean squared error of the chance |
//! | calibration | how far chance and share are apart in ten bins of the chance, on average |

use super::customers::{Foretold, PurchaseDay, Told};
use crate::{
    outlook::{Contest, Day},
    score::{interval, mean},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Bins that chances are sorted into.
const BINS: usize = 10;

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict<R> {
    /// How many customers were asked about.
    pub asked: usize,
    /// The model first.
    pub rows: Vec<R>,
    /// How much more than on average was taken to be bought in these weeks, as a factor.
    pub season: f64,
    /// How the voices did before that, which chose who speaks.
    pub contests: Vec<Contest>,
}

/// How one answerer did on purchases and value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ValueRow {
    /// `model`, or a baseline's name.
    pub answerer: &'static str,
    /// Purchase days said.
    pub said: f64,
    /// Purchase days that came.
    pub came: f64,
    /// Root of the mean squared error of purchase days.
    pub rmse: f64,
    /// Of purchase days, -1 to 1.
    pub correlation: f64,
    /// Of value, -1 to 1.
    pub value_rank: f64,
    /// 0 to 1.
    pub top_tenth: f64,
    /// By how much the model's squared error is less; `None` for the model itself.
    pub lead: Option<Ahead>,
}

/// How one answerer did on whether somebody buys.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChanceRow {
    /// `model`, or a baseline's name.
    pub answerer: &'static str,
    /// The mean chance said: the base rate that was assumed.
    pub said: f64,
    /// What it was said to lie between.
    pub said_between: (f64, f64),
    /// The share that bought.
    pub came: f64,
    /// 0 to 1; 0.5 is chance.
    pub auc: f64,
    /// 0 to 1, less is better.
    pub brier: f64,
    /// Expected calibration error, 0 to 1.
    pub calibration: f64,
    /// By how much the model's Brier score is less; `None` for the model itself.
    pub lead: Option<Ahead>,
}

/// A paired difference with its 95 % bootstrap interval; above 0 the model is better.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ahead {
    /// The other's loss less the model's.
    pub by: f64,
    /// From here
    pub low: f64,
    /// to here.
    pub high: f64,
}

/// Judges purchases and value by what came after `today`, up to and including `end`.
#[must_use]
pub fn value(foretold: &Foretold, all: &[PurchaseDay], today: Day, end: Day) -> Verdict<ValueRow> {
    let came = came(all, today, end);
    let of = |told: &Told| came.get(told.who.as_str()).copied().unwrap_or_default();
    let losses = |told: &[Told]| told.iter().map(|told| (told.purchase_days - of(told).0).powi(2)).collect::<Vec<f64>>();
    let row = |answerer: &'static str, told: &[Told], is_model: bool| {
        let (said, real): (Vec<f64>, Vec<f64>) = told.iter().map(|told| (told.purchase_days, of(told).0)).unzip();
        let (worth, paid): (Vec<f64>, Vec<f64>) = told.iter().map(|told| (told.value, of(told).1)).unzip();
        let missed = losses(told);
        ValueRow {
            answerer,
            said: said.iter().sum(),
            came: real.iter().sum(),
            rmse: mean(&missed).sqrt(),
            correlation: correlation(&said, &real),
            value_rank: correlation(&ranks(&worth), &ranks(&paid)),
            top_tenth: top_tenth(&worth, &paid),
            lead: (!is_model).then(|| ahead(&losses(&foretold.told), &missed)),
        }
    };
    verdict(foretold, row)
}

/// Judges chances by who bought after `today`, up to and including `end`.
#[must_use]
pub fn propensity(foretold: &Foretold, all: &[PurchaseDay], today: Day, end: Day) -> Verdict<ChanceRow> {
    let came = came(all, today, end);
    let bought = |told: &Told| f64::from(u8::from(came.contains_key(told.who.as_str())));
    let losses = |told: &[Told]| told.iter().map(|told| (told.chance - bought(told)).powi(2)).collect::<Vec<f64>>();
    let row = |answerer: &'static str, told: &[Told], is_model: bool| {
        let (said, real): (Vec<f64>, Vec<f64>) = told.iter().map(|told| (told.chance, bought(told))).unzip();
        let missed = losses(told);
        let bound = |read: fn(&Told) -> f64| mean(&told.iter().map(read).collect::<Vec<f64>>());
        ChanceRow {
            answerer,
            said: mean(&said),
            said_between: (bound(|told| told.chance_low), bound(|told| told.chance_high)),
            came: mean(&real),
            auc: auc(&said, &real),
            brier: mean(&missed),
            calibration: calibration(&said, &real),
            lead: (!is_model).then(|| ahead(&losses(&foretold.told), &missed)),
        }
    };
    verdict(foretold, row)
}

fn verdict<R>(foretold: &Foretold, row: impl Fn(&'static str, &[Told], bool) -> R) -> Verdict<R> {
    let model = row("model", &foretold.told, true);
    let baselines = foretold.baselines.iter().map(|(name, told)| row(name, told, false));
    Verdict {
        asked: foretold.told.len(),
        rows: std::iter::once(model).chain(baselines).collect(),
        season: foretold.season.exp(),
        contests: foretold.contests.clone(),
    }
}

/// By customer: purchase days and their value in major units. Rows of one day count once.
fn came(all: &[PurchaseDay], today: Day, end: Day) -> BTreeMap<&str, (f64, f64)> {
    let mut days: BTreeMap<(&str, Day), f64> = BTreeMap::new();
    for bought in all.iter().filter(|bought| bought.day > today && bought.day <= end) {
        *days.entry((&bought.who, bought.day)).or_default() += bought.minor / 100.0;
    }
    let mut came: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for ((who, _), value) in days {
        let sums = came.entry(who).or_default();
        *sums = (sums.0 + 1.0, sums.1 + value);
    }
    came
}

fn ahead(model: &[f64], other: &[f64]) -> Ahead {
    let apart: Vec<f64> = model.iter().zip(other).map(|(model, other)| other - model).collect();
    let (low, high) = interval(&apart);
    Ahead { by: mean(&apart), low, high }
}

/// Pearson's; 0 where one side does not vary.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (of_a, of_b) = (mean(a), mean(b));
    let sum = |of: &dyn Fn(f64, f64) -> f64| a.iter().zip(b).map(|(a, b)| of(a - of_a, b - of_b)).sum::<f64>();
    let spread = (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt();
    if spread > 0.0 { sum(&|a, b| a * b) / spread } else { 0.0 }
}

/// From 1, the same for equal values: their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut place = 0;
    for equal in order.chunk_by(|a, b| values[*a] == values[*b]) {
        equal.iter().for_each(|index| ranks[*index] = place as f64 + (equal.len() as f64 + 1.0) / 2.0);
        place += equal.len();
    }
    ranks
}

fn top_tenth(said: &[f64], came: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..said.len()).collect();
    order.sort_by(|a, b| said[*b].total_cmp(&said[*a]));
    let all: f64 = came.iter().sum();
    let top: f64 = order.iter().take(said.len() / 10).map(|index| came[*index]).sum();
    if all > 0.0 { top / all } else { 0.0 }
}

/// By ranks (Mann and Whitney 1947); 0.5 where all or nobody bought.
fn auc(said: &[f64], came: &[f64]) -> f64 {
    let (positives, count) = (came.iter().sum::<f64>(), came.len() as f64);
    let pairs = positives * (count - positives);
    if pairs == 0.0 {
        return 0.5;
    }
    let of_positives: f64 = ranks(said).iter().zip(came).map(|(rank, came)| rank * came).sum();
    (of_positives - positives * (positives + 1.0) / 2.0) / pairs
}

/// Naeini, Cooper and Hauskrecht 2015, with ten equal bins.
fn calibration(said: &[f64], came: &[f64]) -> f64 {
    let mut apart = [0.0; BINS];
    for (said, came) in said.iter().zip(came) {
        apart[((said * BINS as f64) as usize).min(BINS - 1)] += came - said;
    }
    apart.iter().map(|apart| apart.abs()).sum::<f64>() / said.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(who: &str, purchase_days: f64, value: f64, chance: f64) -> Told {
        Told { who: who.to_owned(), purchase_days, value, chance, chance_low: 0.0, chance_high: 1.0 }
    }

    fn bought(who: &str, day: Day, minor: f64) -> PurchaseDay {
        PurchaseDay { who: who.to_owned(), day, minor }
    }

    #[test]
    fn figures_are_what_their_names_say() {
        let answers = vec![told("a", 2.0, 50.0, 0.9), told("b", 1.0, 10.0, 0.2), told("c", 0.0, 0.0, 0.2)];
        let foretold = Foretold {
            baselines: vec![("nothing", answers.iter().map(|told| Told { chance: 0.5, purchase_days: 0.0, ..told.clone() }).collect())],
            told: answers,
            contests: Vec::new(),
            season: 0.0,
        };
        // Before, on and after the asked days; two rows of one day.
        let all = [bought("a", 9, 100.0), bought("a", 11, 100.0), bought("a", 11, 200.0), bought("b", 12, 5_000.0), bought("a", 21, 100.0)];
        let judged = value(&foretold, &all, 10, 20);
        let model = &judged.rows[0];
        assert_eq!((model.said, model.came, model.rmse), (3.0, 2.0, (1.0f64 / 3.0).sqrt()));
        assert!((model.correlation - 0.75f64.sqrt()).abs() < 1e-12 && (model.value_rank - 0.5).abs() < 1e-12, "{model:?}");
        assert_eq!(model.top_tenth, 0.0, "a tenth of three customers is nobody");
        assert_eq!(judged.rows[1].lead.map(|lead| lead.by), Some(1.0 / 3.0), "2/3 less 1/3");

        let judged = propensity(&foretold, &all, 10, 20);
        let model = &judged.rows[0];
        // Bins: .9 and 1; .2 twice and one of two.
        assert!((model.calibration - (0.1 + 0.6) / 3.0).abs() < 1e-12 && (model.auc - 0.75).abs() < 1e-12, "{model:?}");
        assert!((model.brier - (0.01 + 0.64 + 0.04) / 3.0).abs() < 1e-12 && judged.rows[1].auc == 0.5, "{model:?}");
    }

    #[test]
    fn nothing_is_judged_of_nobody() {
        let nobody = Foretold { told: Vec::new(), baselines: Vec::new(), contests: Vec::new(), season: 0.0 };
        assert_eq!(value(&nobody, &[], 0, 1).rows[0].rmse, 0.0);
        assert_eq!(propensity(&nobody, &[], 0, 1).rows[0].auc, 0.5);
    }
}
