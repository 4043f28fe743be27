//! What a shop's past tells of first orders: who looked around at earlier days, and whether they ordered within a month.

use crate::{
    history::{Buy, History, Look, day_of},
    outlook::{Kind, Question, regression},
    reliability::error_of_chances,
};
use rapport_core::{
    prediction::{
        Interest, LATELY_DAYS, LEAD_DAYS, Leads,
        special::{logistic, logit},
    },
    time::{DAY_MS, Timestamp},
};
use rayon::prelude::*;

/// So many days lie between the earlier days that are asked about.
const STEP_DAYS: i64 = 15;
/// How many of them.
const CUTS: i64 = 8;
/// Who looked longer ago than this is no lead, in days.
const FORGOTTEN_DAYS: i64 = 365;
/// No more questions than these are learned from.
const MOST_QUESTIONS: usize = 60_000;
/// With so many first orders behind it the regression counts half.
const HALF_TRUSTED: f64 = 30.0;
/// What holds its slopes at 0, in squared standard deviations of a feature.
const RIDGE: f64 = 10.0;
/// Of those who look around, what share orders within a month where nobody knows, and how many people's word that is worth.
const PRIOR: (f64, f64) = (0.02, 50.0);
/// How far a total is taken to be off where no past tells.
const UNKNOWN_SPREAD: f64 = 0.8;
/// Fewer first orders say nothing of calibration.
const ENOUGH: f64 = 10.0;

/// One person at one day.
struct Asked {
    interest: Interest,
    ordered: bool,
}

/// Learns from `history` up to `now`. An empty shop has its honest prior.
#[must_use]
pub fn fit(history: &History, now: Timestamp) -> Leads {
    let ahead = i64::from(LEAD_DAYS);
    let oldest = history.looks.iter().map(|look| look.at).min().map_or(i64::MAX, day_of);
    let cuts: Vec<Timestamp> =
        (0..CUTS).map(|step| now.plus_days(-ahead - step * STEP_DAYS)).take_while(|cut| day_of(*cut) > oldest).collect();
    let people: Vec<&[Look]> =
        history.looks.chunk_by(|a, b| a.person == b.person).filter(|looks| history.is_known(looks[0].person)).collect();
    // Evenly drawn, and before anything is worked out of them.
    let every = (people.len() * cuts.len()).div_ceil(MOST_QUESTIONS).max(1);
    let people: Vec<&[Look]> = people.into_iter().step_by(every).collect();
    let asked: Vec<Vec<Asked>> = cuts.iter().map(|cut| ask((history, &people), *cut, ahead)).collect();
    let leads = learn(asked.iter().flatten());
    // Learned without the newest day, judged on it. Its month must not have been anybody's answer.
    let held = asked.split_first().and_then(|(newest, _)| {
        let apart = (ahead / STEP_DAYS) as usize;
        let before = learn(asked.get(apart..)?.iter().flatten());
        let said: Vec<(f64, bool)> = newest.iter().map(|asked| (before.chance(&asked.interest).value, asked.ordered)).collect();
        (said.iter().filter(|(_, ordered)| *ordered).count() as f64 >= ENOUGH && before.learned_from > 0).then(|| error_of_chances(&said))
    });
    let missed: Vec<f64> = asked.iter().filter_map(|asked| missed(&leads, asked)).collect();
    let spread = if missed.len() > 1 {
        let of_days = missed.iter().map(|missed| missed * missed).sum::<f64>() / missed.len() as f64;
        let ordered = asked.iter().flatten().filter(|asked| asked.ordered).count() as f64;
        // Few orders tell little, whatever they say.
        (of_days + UNKNOWN_SPREAD.powi(2) * ENOUGH / (ordered + ENOUGH)).sqrt().min(2.0)
    } else {
        UNKNOWN_SPREAD
    };
    Leads { spread, calibration_error: held, ..leads }
}

fn learn<'a>(asked: impl Iterator<Item = &'a Asked>) -> Leads {
    let questions: Vec<Question> = asked
        .map(|asked| Question { features: asked.interest.features(), season: 0.0, weight: 1.0, bought: f64::from(u8::from(asked.ordered)) })
        .collect();
    let (count, ordered) = (questions.len() as f64, questions.iter().map(|question| question.bought).sum::<f64>());
    let (prior, worth) = PRIOR;
    let regression = regression::fit(Kind::Chance, &questions, |_| true, RIDGE);
    Leads {
        trust: if regression.is_some() { ordered / (ordered + HALF_TRUSTED) } else { 0.0 },
        regression,
        base_rate: (ordered + prior * worth) / (count + worth),
        spread: UNKNOWN_SPREAD,
        learned_from: questions.len() as u64,
        calibration_error: None,
    }
}

/// How far the sum of a day's answers was off, in log odds; `None` where nobody was asked.
fn missed(leads: &Leads, asked: &[Asked]) -> Option<f64> {
    let count = asked.len() as f64;
    let said: f64 = asked.iter().map(|asked| logistic(leads.height(&asked.interest))).sum();
    let came = asked.iter().filter(|asked| asked.ordered).count() as f64;
    (count > 0.0).then(|| logit((came + 0.5) / (count + 1.0)) - logit((said + 0.5) / (count + 1.0)))
}

/// Those of `people` who had looked around lately enough at `cut` and had not ordered, and whether they ordered within `ahead` days.
fn ask((history, people): (&History, &[&[Look]]), cut: Timestamp, ahead: i64) -> Vec<Asked> {
    let end = cut.plus_days(ahead);
    let of_one = |looks: &&[Look]| {
        let person = looks[0].person;
        let first_order = of_person(&history.buys, person, |buy: &Buy| buy.person).first().map(|buy| buy.at);
        if first_order.is_some_and(|first| first < cut) {
            return None;
        }
        let looks = &looks[..looks.partition_point(|look| look.at < cut)];
        let (first, newest) = looks.first().zip(looks.last())?;
        let silent_days = cut.days_since(newest.at);
        if silent_days > FORGOTTEN_DAYS as f64 {
            return None;
        }
        let since = cut.plus_ms(-LATELY_DAYS * DAY_MS);
        let mut items: Vec<u32> = looks.iter().map(|look| look.item).collect();
        items.sort_unstable();
        items.dedup();
        let carts = of_person(&history.carts, person, |(person, _)| *person);
        let interest = Interest {
            looks: looks.len() as f64,
            items: items.len() as f64,
            looks_lately: looks.iter().filter(|look| look.at >= since).count() as f64,
            carts_lately: carts.iter().filter(|(_, at)| *at >= since && *at < cut).count() as f64,
            silent_days,
            known_days: cut.days_since(first.at),
        };
        Some(Asked { interest, ordered: first_order.is_some_and(|first| first < end) })
    };
    people.par_iter().filter_map(of_one).collect()
}

/// The part of `all`, which is sorted by person, that is `person`'s.
fn of_person<T>(all: &[T], person: u32, whose: impl Fn(&T) -> u32) -> &[T] {
    let from = all.partition_point(|one| whose(one) < person);
    let to = from + all[from..].partition_point(|one| whose(one) == person);
    &all[from..to]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_996_800_000);

    /// People who come once, spread over half a year; of those with a cart nine of ten order ten days later.
    fn shop() -> History {
        let mut history = History { known: vec![true; 6_000], ..History::default() };
        for person in 0..6_000u32 {
            let at = NOW.plus_days(-i64::from(person % 180)).plus_ms(-DAY_MS / 2);
            history.looks.push(Look { person, at, item: person % 7 });
            if person % 3 == 0 {
                history.carts.push((person, at));
                if person % 10 != 0 {
                    history.buys.push(Buy { person, at: at.plus_days(10), order: person, item: person % 7, quantity: 1 });
                }
            }
        }
        history
    }

    #[test]
    fn a_cart_tells_of_an_order() {
        let leads = fit(&shop(), NOW);
        assert!(leads.is_sound(), "{leads:?}");
        let at =
            |carts: f64| Interest { looks: 1.0, items: 1.0, looks_lately: 1.0, carts_lately: carts, silent_days: 0.5, known_days: 0.5 };
        let (with, without) = (leads.chance(&at(1.0)), leads.chance(&at(0.0)));
        assert!(with.value > 0.6 && without.value < 0.2 && with.low < with.value, "{with:?} {without:?}");
    }

    #[test]
    fn an_empty_shop_says_little_and_widely() {
        let leads = fit(&History::default(), NOW);
        let told = leads.chance(&Interest { looks: 500.0, carts_lately: 9.0, ..Interest::default() });
        assert!(leads.is_sound() && (told.value - 0.02).abs() < 1e-9 && told.high / told.low > 15.0, "{told:?}");
        assert_eq!((leads.learned_from, leads.calibration_error), (0, None));
    }
}
