//! Everything an outlook holds, learned from the purchase days up to today.

use super::{
    Contest, DEFAULT, Day, Ledger, Params,
    contest::{self, Trial},
    doubt,
    ledger::known,
    questions::{Question, cuts, questions},
    regression::{self, Kind},
    season::Season,
};
use crate::{
    history::{History, Spent, day_of},
    lifetime::{FitError, alike, bg_nbd, gamma_gamma, pareto_nbd},
};
use rapport_core::{
    money::Currency,
    prediction::{
        Blend, Features, Foresight, HORIZON_DAYS, Horizon, Link, Outlook, Purchases, Ranged, Regression, Shares, Usual, special::logit,
    },
    time::Timestamp,
};
use rayon::prelude::*;

/// No interval is wider, as a standard deviation of a logarithm: a factor of fifty either way says that nothing is known.
pub(super) const WIDEST: f64 = 2.0;

/// One or two numbers gain nothing from more questions.
const MOST_FOR_RULES: usize = 10_000;

/// How far ahead a shop's model looks, in days.
pub const HORIZONS: [u32; 4] = HORIZON_DAYS;

/// What a run of learning gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// The parameters.
    pub outlook: Outlook,
    /// By horizon and question: how voices did on the newest past.
    pub contests: Vec<Contest>,
    /// What had been learned about [`HELD_DAYS`] before the newest past; absent where that was too short or too few bought.
    pub held: Option<Held>,
}

/// What was learned about so many days is what others may ask the newest past with, in days.
const HELD_DAYS: u32 = 90;

/// An outlook as it would have been learned at an earlier day.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The purchase models.
    pub outlook: Outlook,
    /// About the days from then to now.
    pub horizon: Horizon,
    /// The last day that was known.
    pub cut: Day,
}

/// Learns what customers will do in the next days, for each of `horizons`, from what they did up to and including `today`; nothing later
/// is looked at.
///
/// # Errors
/// [`FitError`] never with the priors that this uses; the type says so because fits do.
pub fn fit(ledger: &Ledger, today: Day, horizons: &[u32], params: &Params) -> Result<Learned, FitError> {
    let ledger = ledger.until(today);
    let outlook = models(&ledger, today, params)?;
    let learned = |days: &u32| {
        let (mut horizon, rules) = horizon(&outlook, &ledger, today, *days, params);
        let trial = contest::hold(&ledger, today, *days, params)?;
        if let Some(trial) = &trial {
            trial.count.settle(Kind::Count, &mut horizon.count, &[]);
            trial.chance.settle(Kind::Chance, &mut horizon.chance, &rules);
            horizon.calibration = Some(trial.calibration);
            horizon.unsure = trial.unsure;
        }
        horizon.base = base(&outlook, &horizon, &ledger, today, params);
        Ok((horizon, trial))
    };
    let (horizons, trials): (Vec<Horizon>, Vec<Option<Trial>>) =
        horizons.par_iter().map(learned).collect::<Result<Vec<_>, FitError>>()?.into_iter().unzip();
    let (mut contests, mut held) = (Vec::new(), None);
    for (horizon, trial) in horizons.iter().zip(trials).filter_map(|(horizon, trial)| Some((horizon, trial?))) {
        contests.extend([trial.count, trial.chance]);
        held = held.or((horizon.days == HELD_DAYS).then_some(trial.held));
    }
    Ok(Learned { outlook: Outlook { horizons, ..outlook }, contests, held })
}

/// What is foreseen of everybody, on average; `None` where there is nobody.
fn base(outlook: &Outlook, horizon: &Horizon, ledger: &Ledger, today: Day, params: &Params) -> Option<Foresight> {
    let every = ledger.len().div_ceil(params.most_customers.max(1)).max(1);
    let known: Vec<Purchases> = ledger.customers().step_by(every).filter_map(|days| known(days, today)).collect();
    let told: Vec<Foresight> = known.par_iter().map(|known| outlook.foresee_of_many(known, horizon)).collect();
    let mean = |read: &dyn Fn(&Foresight) -> f64| told.iter().map(read).sum::<f64>() / told.len() as f64;
    let ranged = |read: &dyn Fn(&Foresight) -> Ranged| Ranged {
        value: mean(&|told| read(told).value),
        low: mean(&|told| read(told).low),
        high: mean(&|told| read(told).high),
    };
    (!told.is_empty()).then(|| Foresight {
        purchase_days: ranged(&|told| told.purchase_days),
        chance: ranged(&|told| told.chance),
        value_minor: ranged(&|told| told.value_minor),
    })
}

/// The outlook that a shop's artifact holds, learned at `now`. Money in other currencies than the shop's is a purchase day of no value, as in
/// profiles.
///
/// # Errors
/// As [`fit`].
pub fn of_history(history: &History, currency: Currency, now: Timestamp) -> Result<Learned, FitError> {
    let of_one = |spent: &[Spent]| {
        let value = |spent: &Spent| if spent.currency == currency { spent.minor as f64 } else { 0.0 };
        spent.iter().map(|spent| (spent.day, value(spent))).collect()
    };
    let ledger = Ledger::new(history.spent.chunk_by(|a, b| a.person == b.person).map(of_one).collect());
    fit(&ledger, day_of(now), &HORIZONS, &DEFAULT)
}

/// The purchase models, without horizons.
fn models(ledger: &Ledger, today: Day, params: &Params) -> Result<Outlook, FitError> {
    let every = ledger.len().div_ceil(params.most_customers.max(1)).max(1);
    let customers: Vec<Purchases> = ledger.customers().step_by(every).filter_map(|days| known(days, today)).collect();
    // Who bought once says nothing about how one customer's purchases differ.
    let spenders: Vec<gamma_gamma::Spender> = customers
        .iter()
        .filter(|known| known.repeats() > 0.0)
        .map(|known| gamma_gamma::Spender { days: known.repeats() + 1.0, mean_minor: known.mean_minor() })
        .collect();
    let mean = customers.iter().map(Purchases::mean_minor).sum::<f64>() / customers.len().max(1) as f64;
    let (learned_from, usual) = (ledger.len() as u64, Usual::of(&customers));
    let customers = alike(customers);
    Ok(Outlook {
        bg_nbd: bg_nbd::fit(&customers, Some(&bg_nbd::PRIOR))?.model,
        pareto_nbd: pareto_nbd::fit(&customers, Some(&pareto_nbd::PRIOR))?.model,
        spend: gamma_gamma::fit(&spenders, Some(&gamma_gamma::prior(mean)))?.model,
        learned_from,
        usual,
        horizons: Vec::new(),
    })
}

/// A simple rule about whether there is a purchase, by name.
pub(super) type Rule = (&'static str, Regression);

/// What is learned about the next `days`, before any contest, and the simple rules that are to compete.
fn horizon(outlook: &Outlook, ledger: &Ledger, today: Day, days: u32, params: &Params) -> (Horizon, Vec<Rule>) {
    let ahead = i64::from(days);
    let cuts = cuts(ledger, today, ahead, params);
    let asked = questions(ledger, (today, ahead), &cuts, (&outlook.bg_nbd, &outlook.pareto_nbd), params);
    let all: Vec<Question> = asked.iter().flatten().copied().collect();
    let blend = |kind: Kind| {
        let regression = regression::fit(kind, &all, |_| true, params.ridge);
        let bought: f64 = all.iter().map(|question| question.weight * kind.answer(question)).sum();
        let trust = if regression.is_some() { bought / (bought + params.half_trusted) } else { 0.0 };
        let mut blend = Blend { shares: shares(kind, trust), regression, spread: params.unknown_spread };
        let missed: Vec<f64> = asked.iter().filter_map(|asked| missed(&blend, kind, asked)).collect();
        if blend.regression.is_some() && missed.len() > 1 {
            blend.spread = (missed.iter().map(|missed| missed * missed).sum::<f64>() / missed.len() as f64).sqrt().min(WIDEST);
        }
        blend
    };
    let season = Season::of(ledger, today).shift(today, today + ahead);
    let horizon = Horizon {
        days,
        season,
        count: blend(Kind::Count),
        chance: blend(Kind::Chance),
        base: None,
        calibration: None,
        unsure: doubt::AS_MODELLED,
    };
    (horizon, rules(&all))
}

/// What everybody's share, and the days since the last purchase, tell alone.
fn rules(asked: &[Question]) -> Vec<Rule> {
    let every = asked.len().div_ceil(MOST_FOR_RULES).max(1);
    let some: Vec<Question> = asked.iter().step_by(every).copied().collect();
    let by = |uses: &dyn Fn(usize) -> bool| regression::fit(Kind::Chance, &some, uses, 0.0);
    let rules = [("base_rate", by(&|_| false)), ("recency", by(&|feature| feature == Features::SILENCE))];
    rules.into_iter().filter_map(|(name, rule)| Some((name, rule?))).collect()
}

/// A regression that is trusted wholly counts half of a count, and all of a chance: purchase models rank counts well, and say of everybody
/// who bought once that they will again.
pub(super) fn shares(kind: Kind, trust: f64) -> Shares {
    let regression = if kind == Kind::Count { trust / 2.0 } else { trust };
    let rest = (1.0 - regression) / 2.0;
    Shares { bg_nbd: rest, pareto_nbd: rest, regression }
}

/// How far the sum of a day's answers was off, on the link's scale; `None` where nothing came.
fn missed(blend: &Blend, kind: Kind, asked: &[Question]) -> Option<f64> {
    let link = kind.link();
    let height = |question: &Question| {
        // Of chances the regression is what counts, so that BG/NBD's, which no feature holds, may be stood in for.
        let voices = match kind {
            Kind::Count => [question.features.ln_bg_nbd(), question.features.ln_pareto_nbd()],
            Kind::Chance => [question.features.odds_pareto_nbd(); 2],
        };
        blend.height(&voices, &question.features, question.season)
    };
    let said: f64 = asked.iter().map(|question| link.undo(height(question))).sum();
    let came: f64 = asked.iter().map(|question| kind.answer(question)).sum();
    let count = asked.len() as f64;
    let apart = match kind {
        Kind::Count => (came / said).ln(),
        // Half a customer each way, so that all or nobody is no infinity.
        Kind::Chance => logit((came + 0.5) / (count + 1.0)) - logit((said + 0.5) / (count + 1.0)),
    };
    (came > 0.0 && apart.is_finite()).then_some(apart)
}

impl Kind {
    pub(super) const fn link(self) -> Link {
        match self {
            Self::Count => Link::Count,
            Self::Chance => Link::Odds,
        }
    }
}

/// What could be told from the days since the last purchase alone, had it been learned at `cut`: a rule to compare with.
pub(crate) fn recency_rule(outlook: &Outlook, ledger: &Ledger, cut: Day, days: u32, params: &Params) -> Option<Regression> {
    let (today, models) = (cut + i64::from(days), (&outlook.bg_nbd, &outlook.pareto_nbd));
    let asked = questions(ledger, (today, i64::from(days)), &[cut], models, params);
    let asked: Vec<Question> = asked.into_iter().flatten().map(|question| Question { season: 0.0, ..question }).collect();
    regression::fit(Kind::Chance, &asked, |feature| feature == Features::SILENCE, 0.0)
}

/// An outlook with one horizon, as it would have been learned on an earlier day, before any contest.
///
/// # Errors
/// As [`fit`].
pub(super) fn learn_before(ledger: &Ledger, today: Day, days: u32, params: &Params) -> Result<(Outlook, Horizon, Vec<Rule>), FitError> {
    let ledger = ledger.until(today);
    let outlook = models(&ledger, today, params)?;
    let (horizon, rules) = horizon(&outlook, &ledger, today, days, params);
    Ok((outlook, horizon, rules))
}
