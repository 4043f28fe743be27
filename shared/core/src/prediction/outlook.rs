//! The blend that a customer is told by: purchase models and regression, weighed as the shop's past allows, with its season.

use super::{
    BgNbd, Features, GammaGamma, ParetoNbd, Purchases, Regression, Usual,
    special::{logistic, logit},
};
use serde::{Deserialize, Serialize};

/// A purchase model saw all the seasons that it was fitted on, so that half of a season's shift is left to add to it.
const SEASON_UNSEEN: f64 = 0.5;
/// Half the width of a 95 % interval, in standard deviations.
const NINETY_FIVE: f64 = 1.96;
/// No customer's own interval is wider, as a standard deviation of a logarithm: a factor of fifty either way says that nothing is known.
const WIDEST_OWN: f64 = 2.0;
/// No logarithm goes further, so that whatever comes out is finite.
const FURTHEST: f64 = 40.0;

/// All parameters of a shop's predictions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outlook {
    /// Purchases to come, whoever leaves after one.
    pub bg_nbd: BgNbd,
    /// Purchases to come, whoever leaves at any time.
    pub pareto_nbd: ParetoNbd,
    /// What a purchase day is worth.
    pub spend: GammaGamma,
    /// How many customers it was learned from.
    pub learned_from: u64,
    /// What is usual among them; absent in artifacts that do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual: Option<Usual>,
    /// By days, ascending.
    pub horizons: Vec<Horizon>,
}

/// How far ahead, and what was learned about so many days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Horizon {
    /// How many days, today not included.
    pub days: u32,
    /// ln of how much more is bought in these weeks than in a year's average ones, as last year had it; 0 where no year is known.
    pub season: f64,
    /// How many purchase days.
    pub count: Blend,
    /// Whether there is one.
    pub chance: Blend,
    /// What is foreseen of the shop's customers on average: the base rate that was assumed. Absent in artifacts that do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Foresight>,
    /// How well chances and totals were kept on the newest past; absent where too few could be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// How much of [`Outlook::doubt`] is borne out by what people then did: 1 is all of it, 0 in artifacts that do not say, whose intervals are
    /// the shop's and alike for everybody.
    #[serde(default)]
    pub unsure: f64,
}

/// How far what was said and what came were apart, on a past that had not been learned from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Of chances, in ten groups of like ones, on average (expected calibration error), 0 to 1.
    pub chance: f64,
    /// Of all purchase days together, as a share of what came, 0 and up.
    pub total: f64,
    /// The share of customers whose purchase days lay where 95 % were said to, by intervals that the others taught; absent in artifacts that do
    /// not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covered: Option<f64>,
}

/// One question's voices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blend {
    /// What each counts.
    pub shares: Shares,
    /// What the past taught; none where no past was long enough.
    pub regression: Option<Regression>,
    /// How far the sum of all answers was off at earlier days, as a standard deviation of the link.
    pub spread: f64,
}

/// What each voice counts; at least 0, and 1 together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// BG/NBD.
    pub bg_nbd: f64,
    /// Pareto/NBD.
    pub pareto_nbd: f64,
    /// The regression.
    pub regression: f64,
}

/// What voices are averaged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// ln of a count.
    Count,
    /// ln of odds.
    Odds,
}

/// A number with the interval that the shop's own past, and what is known of the customer, give it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranged {
    /// The expectation, or the probability.
    pub value: f64,
    /// 95 % lies above,
    pub low: f64,
    /// and below.
    pub high: f64,
}

/// What a customer is expected to do within a horizon. Whoever may buy at all is expected to buy on as many days at least.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Foresight {
    /// Purchase days.
    pub purchase_days: Ranged,
    /// The chance of one at least, 0 to 1.
    pub chance: Ranged,
    /// What they are worth together, in minor units.
    pub value_minor: Ranged,
}

/// How far a customer's own rate may be from what is said, as a standard deviation of its logarithm.
#[derive(Clone, Copy, Debug)]
struct Own {
    spread: f64,
}

impl Outlook {
    /// Whether every number is one that predictions can be made of.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let blends = self.horizons.iter().flat_map(|horizon| [&horizon.count, &horizon.chance]);
        self.bg_nbd.is_sound()
            && self.pareto_nbd.is_sound()
            && self.spend.is_sound()
            && self.horizons.iter().all(|horizon| horizon.season.is_finite() && (0.0..=100.0).contains(&horizon.unsure))
            && blends.into_iter().all(Blend::is_sound)
    }

    /// What is said about the next `days`, if they were learned about.
    #[must_use]
    pub fn horizon(&self, days: u32) -> Option<&Horizon> {
        self.horizons.iter().find(|horizon| horizon.days == days)
    }

    /// What `known` will do within `horizon`. Finite, whatever is known.
    #[must_use]
    pub fn foresee(&self, known: &Purchases, horizon: &Horizon) -> Foresight {
        self.foresee_present(known, self.pareto_nbd.alive(known), horizon, horizon.unsure)
    }

    /// The same with the shop's interval alone: how far everybody may be off together. What is averaged over customers is made of these.
    #[must_use]
    pub fn foresee_of_many(&self, known: &Purchases, horizon: &Horizon) -> Foresight {
        self.foresee_present(known, self.pareto_nbd.alive(known), horizon, 0.0)
    }

    /// How little is known of one customer: the variance of the purchases that they themselves are to be expected to make, as their history
    /// leaves it open, over the square of its mean. Rates are gamma distributed, after x repeat purchases with a shape of r + x; and who may
    /// have left makes all or none: `(1 + 1 / (r + x)) / alive - 1` (Pareto/NBD; Schmittlein, Morrison and Colombo 1987). 0 and up.
    #[must_use]
    pub fn doubt(&self, known: &Purchases) -> f64 {
        self.doubt_present(known, self.pareto_nbd.alive(known))
    }

    fn doubt_present(&self, known: &Purchases, alive: f64) -> f64 {
        (1.0 + 1.0 / (self.pareto_nbd.r + known.repeats())) / alive.max(1e-12) - 1.0
    }

    /// The same within every horizon, with its days. Each horizon was learned by itself; together, more days never bring less.
    pub fn foresee_all<'a>(&'a self, known: &'a Purchases) -> impl Iterator<Item = (&'a Horizon, Foresight)> + 'a {
        let alive = self.pareto_nbd.alive(known);
        let mut before: Option<Foresight> = None;
        self.horizons.iter().map(move |horizon| {
            let alone = self.foresee_present(known, alive, horizon, horizon.unsure);
            let told = before.map_or(alone, |before| alone.at_least(&before));
            before = Some(told);
            (horizon, told)
        })
    }

    fn foresee_present(&self, known: &Purchases, alive: f64, horizon: &Horizon, unsure: f64) -> Foresight {
        let own = Own::of(unsure * self.doubt_present(known, alive));
        let days = f64::from(horizon.days);
        let features = Features::of_present(known, alive, days, &self.bg_nbd, &self.pareto_nbd);
        let told = |blend: &Blend, link: Link| {
            let height = blend.height(&self.voices(link, known, &features, days), &features, horizon.season);
            own.around(link, height, blend.spread).map(|height| link.undo(height))
        };
        let purchase_days = told(&horizon.count, Link::Count);
        let chance = told(&horizon.chance, Link::Odds);
        let purchase_days = purchase_days.at_least(&chance).map(|count| count.min(days));
        let own_days = known.repeats() + 1.0;
        let value = purchase_days.value * self.spend.expected_minor(own_days, known.mean_minor());
        // What a day is worth is not known either, the less the fewer there were.
        let height = value.max(f64::MIN_POSITIVE).ln();
        let ranged = own.around(Link::Count, height, horizon.count.spread.hypot(self.spend.spread(own_days)));
        let times = |end: f64| value * (end - height).exp();
        Foresight { purchase_days, chance, value_minor: Ranged { value, low: times(ranged.low), high: times(ranged.high) } }
    }

    /// What the two purchase models say, on the link's scale.
    #[must_use]
    pub fn voices(&self, link: Link, known: &Purchases, features: &Features, days: f64) -> [f64; 2] {
        match link {
            Link::Count => [features.ln_bg_nbd(), features.ln_pareto_nbd()],
            Link::Odds => [logit(self.bg_nbd.chance(known, days)), features.odds_pareto_nbd()],
        }
    }
}

impl Blend {
    fn is_sound(&self) -> bool {
        let Shares { bg_nbd, pareto_nbd, regression } = self.shares;
        let shares = [bg_nbd, pareto_nbd, regression];
        shares.iter().all(|share| (0.0..=1.0).contains(share))
            && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-6
            && (0.0..=10.0).contains(&self.spread)
            && self.regression.as_ref().is_none_or(Regression::is_sound)
    }

    /// The weighed mean of all voices on the link's scale: of counts their geometric mean.
    #[must_use]
    pub fn height(&self, voices: &[f64; 2], features: &Features, season: f64) -> f64 {
        let Shares { bg_nbd, pareto_nbd, regression } = self.shares;
        let [of_bg_nbd, of_pareto_nbd] = voices.map(|voice| voice + SEASON_UNSEEN * season);
        let taught = self.regression.as_ref().map_or((of_bg_nbd + of_pareto_nbd) / 2.0, |taught| taught.height(features) + season);
        (bg_nbd * of_bg_nbd + pareto_nbd * of_pareto_nbd + regression * taught).clamp(-FURTHEST, FURTHEST)
    }
}

impl Own {
    /// Of a relative variance: the logarithm of a lognormal number of such a variance has this one.
    fn of(variance: f64) -> Self {
        Self { spread: variance.max(0.0).ln_1p().sqrt().min(WIDEST_OWN) }
    }

    /// The interval around `height` of somebody whose shop is off by `spread`. An expectation is a mean, which of a lognormal number lies above
    /// its middle; a chance is that of a purchase or more at such a rate, `1 - e^-rate`, and bends with it.
    fn around(self, link: Link, height: f64, spread: f64) -> Ranged {
        let bend = match link {
            Link::Count => 1.0,
            Link::Odds => {
                let chance = logistic(height).clamp(1e-12, 1.0 - 1e-12);
                -(-chance).ln_1p() / chance
            }
        };
        let (middle, margin) = (height - bend * self.spread * self.spread / 2.0, NINETY_FIVE * spread.hypot(bend * self.spread));
        Ranged { value: height, low: middle - margin, high: middle + margin }
    }
}

impl Link {
    /// Back to a count, or a probability.
    #[must_use]
    pub fn undo(self, height: f64) -> f64 {
        match self {
            Self::Count => height.min(FURTHEST).exp(),
            Self::Odds => logistic(height),
        }
    }
}

impl Foresight {
    /// The greater of both, number by number.
    fn at_least(&self, other: &Self) -> Self {
        Self {
            purchase_days: self.purchase_days.at_least(&other.purchase_days),
            chance: self.chance.at_least(&other.chance),
            value_minor: self.value_minor.at_least(&other.value_minor),
        }
    }
}

impl Ranged {
    /// The greater of both, end by end.
    fn at_least(&self, other: &Self) -> Self {
        Self { value: self.value.max(other.value), low: self.low.max(other.low), high: self.high.max(other.high) }
    }

    fn map(self, change: impl Fn(f64) -> f64) -> Self {
        Self { value: change(self.value), low: change(self.low), high: change(self.high) }
    }
}
