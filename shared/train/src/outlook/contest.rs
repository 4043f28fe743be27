//! Which voice a shop's own past speaks for: all learned before its newest past, judged on it.
//!
//! Whether there is a purchase is also told by two rules, everybody's share and the days since the last purchase alone.
//!
//! How much is bought in all is the season's question and moves every voice alike. So each voice is first brought to what really came in
//! all, and then judged by how it shared that out among customers. The blend stays unless a purchase model alone, or a rule, is better
//! by more than two standard errors of the paired difference. The regression alone is listed, but never speaks alone: what it learned in one
//! season and is judged on in the next says little of the one after, and the purchase models steady it.

use super::{
    Day, Held, Ledger, Params, doubt,
    fit::{Rule, WIDEST, learn_before, shares},
    ledger::{bought, known},
    regression::Kind,
};
use crate::{
    lifetime::FitError,
    reliability::error_of_chances,
    score::{interval, mean, standard_error},
};
use rapport_core::prediction::{
    Blend, Calibration, Features, Foresight, Horizon, Link, Outlook, Purchases, Regression, Shares, special::logit,
};
use rayon::prelude::*;
use serde::Serialize;

/// Fewer customers decide nothing.
const ENOUGH: usize = 100;

/// How the voices did on one question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Contest {
    /// How many days ahead was asked.
    pub days: u32,
    /// `purchase_days`, or `purchase`: whether any came.
    pub question: &'static str,
    /// How many customers were asked about.
    pub asked: usize,
    /// Best first.
    pub standings: Vec<Standing>,
    /// Who speaks.
    pub champion: &'static str,
    /// How far all of the champion's answers together were off: ln of what came over what was said, or the difference in ln odds.
    pub off: f64,
}

/// How one voice did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// `blend`, `regression`, `bg_nbd`, `pareto_nbd`; of chances also `base_rate` and `recency`.
    pub voice: &'static str,
    /// Mean loss, less is better: half the Poisson deviance, up to a constant, or log loss.
    pub loss: f64,
    /// By how much the blend's loss is less; from here
    pub low: f64,
    /// to here in 95 % of draws.
    pub high: f64,
}

/// The voices, the default first.
const VOICES: [(&str, Option<Shares>); 4] = [
    ("blend", None),
    ("regression", Some(Shares { bg_nbd: 0.0, pareto_nbd: 0.0, regression: 1.0 })),
    ("bg_nbd", Some(Shares { bg_nbd: 1.0, pareto_nbd: 0.0, regression: 0.0 })),
    ("pareto_nbd", Some(Shares { bg_nbd: 0.0, pareto_nbd: 1.0, regression: 0.0 })),
];

/// What became of the newest past.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trial {
    /// About purchase days.
    pub(super) count: Contest,
    /// About whether there is one.
    pub(super) chance: Contest,
    /// How well the champions' words were kept.
    pub(super) calibration: Calibration,
    /// How much of what the purchase models leave open of a customer is borne out.
    pub(super) unsure: f64,
    /// What had been learned before.
    pub(super) held: Held,
}

/// Lets the voices compete over the newest `days` that are over; over the newer half of a history that is not so long. A question that
/// too few could be asked, or that all or nobody answered, has no contest.
///
/// # Errors
/// [`FitError`] as fits have it.
pub(super) fn hold(ledger: &Ledger, today: Day, days: u32, params: &Params) -> Result<Option<Trial>, FitError> {
    let Some(first) = ledger.first() else { return Ok(None) };
    let ahead = i64::from(days).min((today - first) / 2);
    let (cut, Ok(asked_days)) = (today - ahead, u32::try_from(ahead)) else { return Ok(None) };
    // As many as models are fitted to are enough to judge them by.
    let every = ledger.len().div_ceil(params.most_customers.max(1)).max(1);
    let asked = ledger.customers().step_by(every);
    let people: Vec<(Purchases, f64)> =
        asked.filter_map(|purchases| Some((known(purchases, cut)?, bought(purchases, cut, today) as f64))).collect();
    let buyers = people.iter().filter(|(_, bought)| *bought > 0.0).count();
    if people.len() < ENOUGH || buyers == 0 || buyers == people.len() {
        return Ok(None);
    }
    let (outlook, mut horizon, rules) = learn_before(ledger, cut, asked_days, params)?;
    let count = compete((&outlook, &horizon), Kind::Count, &[], &people);
    let chance = compete((&outlook, &horizon), Kind::Chance, &rules, &people);
    count.settle(Kind::Count, &mut horizon.count, &[]);
    chance.settle(Kind::Chance, &mut horizon.chance, &rules);
    horizon.unsure = doubt::learn(&outlook, &horizon, people.iter().step_by(2));
    let covered = doubt::covered(&outlook, &horizon, people.iter().skip(1).step_by(2));
    horizon.unsure = doubt::learn(&outlook, &horizon, people.iter());
    let calibration = Calibration { covered: Some(covered), ..calibration(&outlook, &horizon, &people) };
    Ok(Some(Trial { count, chance, calibration, unsure: horizon.unsure, held: Held { outlook, horizon, cut } }))
}

/// How far the champions were off, as they would have spoken then. Nobody may be asked about the season that came.
fn calibration(outlook: &Outlook, horizon: &Horizon, people: &[(Purchases, f64)]) -> Calibration {
    let told: Vec<(Foresight, f64)> = people.par_iter().map(|(known, bought)| (outlook.foresee(known, horizon), *bought)).collect();
    let chances: Vec<(f64, bool)> = told.iter().map(|(told, bought)| (told.chance.value, *bought > 0.0)).collect();
    let (said, came) = told.iter().fold((0.0, 0.0), |sum, (told, bought)| (sum.0 + told.purchase_days.value, sum.1 + bought));
    Calibration { chance: error_of_chances(&chances), total: (said / came.max(1.0) - 1.0).abs(), covered: None }
}

/// One question, every voice.
fn compete((outlook, horizon): (&Outlook, &Horizon), kind: Kind, rules: &[Rule], people: &[(Purchases, f64)]) -> Contest {
    let came: Vec<f64> = people.iter().map(|(_, bought)| if kind == Kind::Count { *bought } else { bought.min(1.0) }).collect();
    let total = came.iter().sum();
    let blend = if kind == Kind::Count { &horizon.count } else { &horizon.chance };
    let asked = asked(outlook, horizon, kind, people);
    let voices = VOICES.iter().filter(|(voice, _)| *voice != "regression" || blend.regression.is_some());
    let voices = voices.map(|(voice, shares)| (*voice, Blend { shares: shares.unwrap_or(blend.shares), ..blend.clone() }));
    let told: Vec<(&'static str, Vec<f64>, f64)> = voices
        .chain(rules.iter().map(|(name, rule)| (*name, alone(rule, blend.spread))))
        .map(|(voice, blend)| {
            let heights: Vec<f64> = asked.iter().map(|(features, voices)| blend.height(voices, features, horizon.season)).collect();
            let shift = level(kind, &heights, total);
            (voice, losses(kind, &heights, shift, &came), shift)
        })
        .collect();
    judge(horizon.days, kind, &told)
}

impl Contest {
    /// Has the champion speak alone, and the interval be as wide as the champion was off. A regression that the past was too short to judge
    /// is silent: what it learned in the one season that there was says little of the next.
    pub(super) fn settle(&self, kind: Kind, blend: &mut Blend, rules: &[Rule]) {
        if !self.standings.iter().any(|standing| standing.voice == "regression") {
            (blend.shares, blend.regression) = (shares(kind, 0.0), None);
        }
        if let Some((_, Some(shares))) = VOICES.iter().find(|(voice, _)| *voice == self.champion) {
            blend.shares = *shares;
        }
        if let Some((_, rule)) = rules.iter().find(|(rule, _)| *rule == self.champion) {
            *blend = alone(rule, blend.spread);
        }
        blend.spread = blend.spread.max(self.off.abs()).min(WIDEST);
    }
}

/// A rule that speaks alone.
fn alone(rule: &Regression, spread: f64) -> Blend {
    Blend { shares: Shares { bg_nbd: 0.0, pareto_nbd: 0.0, regression: 1.0 }, regression: Some(rule.clone()), spread }
}

fn judge(days: u32, kind: Kind, told: &[(&'static str, Vec<f64>, f64)]) -> Contest {
    let Some((_, of_blend, _)) = told.first() else {
        return Contest { days, question: kind.name(), asked: 0, standings: Vec::new(), champion: "blend", off: 0.0 };
    };
    let ahead = |losses: &[f64]| losses.iter().zip(of_blend).map(|(other, blend)| other - blend).collect::<Vec<f64>>();
    let is_better = |losses: &[f64]| {
        let ahead = ahead(losses);
        mean(&ahead) < -2.0 * standard_error(&ahead)
    };
    let mut standings: Vec<(Standing, f64)> = told
        .iter()
        .map(|(voice, losses, off)| {
            let (low, high) = interval(&ahead(losses));
            (Standing { voice, loss: mean(losses), low, high }, *off)
        })
        .collect();
    let simple = told.iter().filter(|(voice, ..)| *voice != "regression");
    let better = simple.filter(|(_, losses, _)| is_better(losses)).min_by(|a, b| mean(&a.1).total_cmp(&mean(&b.1)));
    let (champion, _, off) = better.unwrap_or(&told[0]);
    standings.sort_by(|a, b| a.0.loss.total_cmp(&b.0.loss));
    let standings = standings.into_iter().map(|(standing, _)| standing).collect();
    Contest { days, question: kind.name(), asked: of_blend.len(), standings, champion, off: *off }
}

/// What is known of everybody, and what the purchase models say: the same whoever speaks.
fn asked(outlook: &Outlook, horizon: &Horizon, kind: Kind, people: &[(Purchases, f64)]) -> Vec<(Features, [f64; 2])> {
    let days = f64::from(horizon.days);
    let of_one = |(known, _): &(Purchases, f64)| {
        let features = Features::of(known, days, &outlook.bg_nbd, &outlook.pareto_nbd);
        (features, outlook.voices(kind.link(), known, &features, days))
    };
    people.par_iter().map(of_one).collect()
}

/// What has to be added to all heights so that their answers add up to `total`.
fn level(kind: Kind, heights: &[f64], total: f64) -> f64 {
    let sum = |shift: f64| heights.iter().map(|height| kind.link().undo(height + shift)).sum::<f64>();
    let (mut low, mut high) = (-20.0, 20.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if sum(middle) < total { low = middle } else { high = middle }
    }
    low
}

fn losses(kind: Kind, heights: &[f64], shift: f64, came: &[f64]) -> Vec<f64> {
    let loss = |(height, came): (&f64, &f64)| {
        let said = kind.link().undo(height + shift);
        match kind.link() {
            Link::Count => said - came * said.max(1e-12).ln(),
            // log(1 + e^h) - y h, from the probability so that both ends are bounded.
            Link::Odds => {
                let odds = logit(said);
                odds.max(0.0) + (-odds.abs()).exp().ln_1p() - came * odds
            }
        }
    };
    heights.iter().zip(came).map(loss).collect()
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Count => "purchase_days",
            Self::Chance => "purchase",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::prediction::FEATURES;

    #[test]
    fn a_simple_rule_that_is_clearly_better_speaks_alone() {
        let losses = |mean: f64| (0..200).map(|number| mean + f64::from(number % 10) * 0.01).collect::<Vec<f64>>();
        let told = |of_rule: f64| {
            let told = [("blend", losses(0.6), 0.1), ("regression", losses(0.2), 0.1), ("recency", losses(of_rule), 0.3)];
            judge(90, Kind::Chance, &told)
        };
        assert_eq!((told(0.5).champion, told(0.5).off), ("recency", 0.3), "the regression never speaks alone");
        assert_eq!(told(0.61).champion, "blend");

        let rule = Regression { intercept: -1.0, means: [0.0; FEATURES], spreads: [1.0; FEATURES], slopes: [0.5; FEATURES] };
        let shares = Shares { bg_nbd: 0.5, pareto_nbd: 0.5, regression: 0.0 };
        let before = Blend { shares, regression: None, spread: 0.1 };
        let (mut kept, mut ousted) = (before.clone(), before.clone());
        told(0.61).settle(Kind::Chance, &mut kept, &[("recency", rule.clone())]);
        told(0.5).settle(Kind::Chance, &mut ousted, &[("recency", rule.clone())]);
        assert_eq!(kept, before);
        assert_eq!((ousted.shares.regression, ousted.regression, ousted.spread), (1.0, Some(rule), 0.3));
    }

    #[test]
    fn a_regression_that_nothing_judged_is_silent() {
        let losses = |mean: f64| vec![mean; 200];
        let rule = Regression { intercept: -1.0, means: [0.0; FEATURES], spreads: [1.0; FEATURES], slopes: [0.5; FEATURES] };
        let learned = Blend { shares: shares(Kind::Count, 0.8), regression: Some(rule), spread: 0.1 };
        let settled = |told: &[(&'static str, Vec<f64>, f64)]| {
            let mut blend = learned.clone();
            judge(182, Kind::Count, told).settle(Kind::Count, &mut blend, &[]);
            blend
        };
        let judged = settled(&[("blend", losses(0.6), 0.1), ("regression", losses(0.7), 0.1), ("bg_nbd", losses(0.7), 0.1)]);
        assert_eq!(judged, learned);
        let unjudged = settled(&[("blend", losses(0.6), 0.1), ("bg_nbd", losses(0.7), 0.1)]);
        assert_eq!(unjudged, Blend { shares: Shares { bg_nbd: 0.5, pareto_nbd: 0.5, regression: 0.0 }, regression: None, spread: 0.1 });
    }
}
