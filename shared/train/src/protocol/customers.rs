//! Purchases and value to come of every customer: learned from purchase days, told through artifact and profiles, as deployed.

use super::ProtocolError;
use crate::outlook::{self, Contest, Day, Ledger, recency_rule};
use bytes::Bytes;
use rapport_core::{
    event::{Action, Authority, Event, OrderLine, Traffic, Who},
    id::{CustomerId, EventId, OrderId},
    model::{Draft, Model},
    money::Currency,
    prediction::{Features, Foresight, Horizon, Outlook, Purchases, special::logistic},
    profile::{Profile, Subject, refold},
    time::{DAY_MS, Timestamp},
};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// The currency of the protocols' files is whatever it is; one is needed to have minor units.
const CURRENCY: Currency = Currency::EUR;

/// What somebody bought on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct PurchaseDay {
    /// The customer's id.
    pub who: String,
    /// Days since 1970-01-01 UTC.
    pub day: Day,
    /// What it was worth, in minor units.
    pub minor: f64,
}

/// What is said of one customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The customer's id.
    pub who: String,
    /// Purchase days to be expected.
    pub purchase_days: f64,
    /// What they are worth, in major units.
    pub value: f64,
    /// The chance of one at least, 0 to 1.
    pub chance: f64,
    /// As far as the whole shop may be off together: from here
    pub chance_low: f64,
    /// to here.
    pub chance_high: f64,
}

/// What was told, and what anybody could have.
#[derive(Clone, Debug, PartialEq)]
pub struct Foretold {
    /// By customer's id.
    pub told: Vec<Told>,
    /// Simpler answers by name, each in the same order: [`BG_NBD`], [`PARETO_NBD`], [`RECENCY`], [`SO_FAR`].
    pub baselines: Vec<(&'static str, Vec<Told>)>,
    /// How the voices did before today.
    pub contests: Vec<Contest>,
    /// ln of how much more than on average is taken to be bought in these weeks.
    pub season: f64,
}

/// BG/NBD and Gamma-Gamma alone.
pub const BG_NBD: &str = "BG/NBD alone";
/// Pareto/NBD and Gamma-Gamma alone.
pub const PARETO_NBD: &str = "Pareto/NBD alone";
/// A logistic curve over the days since the last purchase.
pub const RECENCY: &str = "recency alone";
/// As often and for as much as so far.
pub const SO_FAR: &str = "as so far";

/// Tells of everybody who bought up to and including `today` what they do in the `days` after it. What comes after `today` is not looked
/// at. The recency rule is learned as of `rule_at`, whose next `days` must be over by then.
///
/// # Errors
/// [`ProtocolError`] when a customer's id is none.
pub fn customers(all: &[PurchaseDay], today: Day, days: u32, rule_at: Day) -> Result<Foretold, ProtocolError> {
    let mut of: BTreeMap<CustomerId, Vec<(Day, f64)>> = BTreeMap::new();
    for bought in all.iter().filter(|bought| bought.day <= today) {
        of.entry(CustomerId::new(&bought.who)?).or_default().push((bought.day, bought.minor));
    }
    let ledger = Ledger::new(of.values().cloned().collect());
    let learned = outlook::fit(&ledger, today, &[days], &outlook::DEFAULT)?;
    let rule = (rule_at + i64::from(days) <= today).then(|| recency_rule(&learned.outlook, &ledger, rule_at, days, &outlook::DEFAULT));
    let model = published(learned.outlook)?;
    let Some((outlook, horizon)) = model.meta().outlook.as_ref().and_then(|outlook| Some((outlook, outlook.horizon(days)?))) else {
        return Ok(Foretold { told: Vec::new(), baselines: Vec::new(), contests: learned.contests, season: 0.0 });
    };
    let now = Timestamp((today + 1) * DAY_MS - 1);
    let known: Vec<(String, Purchases)> = of
        .into_par_iter()
        .map(|(customer, days)| Ok(Purchases::of(&profile(&customer, &days)?, CURRENCY, now).map(|known| (customer.to_string(), known))))
        .filter_map(Result::transpose)
        .collect::<Result<_, ProtocolError>>()?;
    let answers = |answer: &(dyn Fn(&Purchases) -> Foresight + Sync)| -> Vec<Told> {
        known.par_iter().map(|(who, known)| Told::of(who, &answer(known))).collect()
    };
    let told = answers(&|known| outlook.foresee_of_many(known, horizon));
    let rule = rule.flatten();
    let simple = |name: &'static str, of: &(dyn Fn(&Purchases) -> (f64, f64) + Sync)| {
        (name, answers(&|known| plain(outlook, horizon, known, of(known))))
    };
    let ahead = f64::from(days);
    let mut baselines = vec![
        simple(BG_NBD, &|known| (outlook.bg_nbd.expected(known, ahead), outlook.bg_nbd.chance(known, ahead))),
        simple(PARETO_NBD, &|known| (outlook.pareto_nbd.expected(known, ahead), outlook.pareto_nbd.chance(known, ahead))),
        simple(SO_FAR, &|known| {
            let rate = (known.repeats() + 1.0) / (known.age_days() + 1.0);
            (rate * ahead, -(-rate * ahead).exp_m1())
        }),
    ];
    if let Some(rule) = rule {
        baselines.push(simple(RECENCY, &|known| {
            let chance = logistic(rule.height(&Features::of(known, ahead, &outlook.bg_nbd, &outlook.pareto_nbd)));
            (chance, chance)
        }));
    }
    Ok(Foretold { told, baselines, contests: learned.contests, season: horizon.season })
}

/// What is learned, written and read as a lookup reads it.
fn published(outlook: Outlook) -> Result<Model, ProtocolError> {
    let draft = Draft { outlook: Some(outlook), ..Draft::empty(Timestamp(0), CURRENCY) };
    Ok(Model::parse(Bytes::from(draft.to_bytes()?.0))?)
}

/// A rule's answer, valued by Gamma-Gamma as the model's are.
fn plain(outlook: &Outlook, horizon: &Horizon, known: &Purchases, (expected, chance): (f64, f64)) -> Foresight {
    use rapport_core::prediction::Ranged;
    let exact = |value: f64| Ranged { value, low: value, high: value };
    let worth = outlook.spend.expected_minor(known.repeats() + 1.0, known.mean_minor());
    let expected = expected.min(f64::from(horizon.days));
    Foresight { purchase_days: exact(expected), chance: exact(chance), value_minor: exact(expected * worth) }
}

/// What an import of the purchases folds to: one order a day.
fn profile(customer: &CustomerId, days: &[(Day, f64)]) -> Result<Profile, ProtocolError> {
    let order = |(number, (day, minor)): (usize, &(Day, f64))| {
        Ok(Event {
            id: EventId::new(&format!("o{number}"))?,
            at: Timestamp(day * DAY_MS),
            authority: Authority::Import,
            source: "import:lines".into(),
            who: Who { customer: Some(customer.clone()), ..Who::default() },
            traffic: Traffic::Human,
            action: Action::Ordered(OrderLine {
                order: OrderId::new(&format!("o{number}"))?,
                version: Timestamp(0),
                product: None,
                quantity: 1,
                paid_minor: minor.round() as i64,
                discount_minor: 0,
                currency: CURRENCY,
                cancelled: false,
            }),
        })
    };
    let events: Vec<Event> = days.iter().enumerate().map(order).collect::<Result<_, ProtocolError>>()?;
    Ok(refold(Subject::Customer(customer.clone()), &events))
}

impl Told {
    fn of(who: &str, foresight: &Foresight) -> Self {
        let Foresight { purchase_days, chance, value_minor } = foresight;
        Self {
            who: who.to_owned(),
            purchase_days: purchase_days.value,
            value: value_minor.value / 100.0,
            chance: chance.value,
            chance_low: chance.low,
            chance_high: chance.high,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> Vec<PurchaseDay> {
        let of = |who: i64| {
            let days = (0..1 + who % 5).map(move |number| 20_000 + who * 13 % 300 + number * (9 + who % 40));
            days.map(move |day| PurchaseDay { who: format!("c{who:03}"), day, minor: 500.0 + 10.0 * (who % 7) as f64 })
        };
        (0..200).flat_map(of).collect()
    }

    #[test]
    fn everybody_known_is_told_of_once() {
        let (all, today) = (shop(), 20_250);
        let foretold = customers(&all, today, 90, today - 90).expect("tells");
        let known: std::collections::BTreeSet<&str> =
            all.iter().filter(|bought| bought.day <= today).map(|bought| bought.who.as_str()).collect();
        assert_eq!(foretold.told.iter().map(|told| told.who.as_str()).collect::<Vec<_>>(), known.into_iter().collect::<Vec<_>>());
        assert_eq!(foretold.baselines.len(), 4);
        assert!(foretold.baselines.iter().all(|(_, told)| told.len() == foretold.told.len()));
        assert!(foretold.told.iter().all(|told| told.value > 0.0 && told.chance_low < told.chance && told.chance < told.chance_high));
    }

    #[test]
    fn nobody_is_told_of_nothing() {
        let foretold = customers(&[], 20_000, 90, 19_000).expect("tells");
        assert!(foretold.told.is_empty() && foretold.contests.is_empty());
    }
}
