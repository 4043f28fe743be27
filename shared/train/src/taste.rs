//! Which categories customers buy of next: how far their own lines are followed is chosen on the newest past, like everything else.

use crate::{
    history::{Buy, History, day_of},
    outlook::{Day, Held, known_at},
    reliability::error_of_chances,
    score::mean,
};
use rapport_core::{
    catalog::Item,
    prediction::{Bought, Foresight, Tastes, special::logit},
};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// So many categories are told about.
const CATEGORIES: usize = 40;
/// So many are asked about when the two numbers are chosen,
const ASKED_CATEGORIES: usize = 20;
/// of no more people than these.
const MOST_PEOPLE: usize = 2_000;
/// Fewer people choose nothing.
const ENOUGH: usize = 50;
/// What is tried: from so many lines on somebody's own count as much as everybody's,
const HALF_TRUSTED: [f64; 5] = [1.0, 3.0, 8.0, 20.0, 60.0];
/// and how far a day's lines are choices of their own.
const APART: [f64; 5] = [0.2, 0.4, 0.6, 0.8, 1.0];
/// What is taken where nobody could be asked.
const DEFAULT: (f64, f64) = (8.0, 0.6);

/// Somebody at an earlier day: what was foreseen of them, what they had bought, and what they bought then.
struct Asked {
    foresight: Foresight,
    days: f64,
    /// By category.
    lines: Vec<f64>,
    /// By category.
    came: Vec<bool>,
}

/// Learns from `history`; `held` is what was learned of purchases before the newest past. `None` where no bought item has a category.
#[must_use]
pub fn fit(history: &History, held: Option<&Held>) -> Option<Tastes> {
    let categories = categories(history);
    let all: f64 = categories.iter().map(|(_, lines)| lines).sum();
    let (mut lines, mut days, mut people) = (0.0, 0.0, 0u64);
    for buys in history.shoppers().filter(|buys| history.is_known(buys[0].person)) {
        lines += buys.len() as f64;
        days += days_of(buys);
        people += 1;
    }
    if all <= 0.0 || days <= 0.0 {
        return None;
    }
    let named: Vec<(String, f64)> =
        categories.into_iter().take(CATEGORIES).map(|(name, lines)| (name.to_owned(), (lines / all * 1e6).round() / 1e6)).collect();
    let (half_trusted, apart) = DEFAULT;
    let tastes =
        Tastes { categories: named, half_trusted, apart, lines_a_day: lines / days, learned_from: people, calibration_error: None };
    let asked = held.map(|held| ask(history, &tastes, held)).unwrap_or_default();
    Some(if asked.len() < ENOUGH { tastes } else { chosen(tastes, &asked) })
}

/// Top-level categories by how many lines were of them, most first.
fn categories(history: &History) -> Vec<(&str, f64)> {
    let mut lines: BTreeMap<&str, f64> = BTreeMap::new();
    for buy in &history.buys {
        if let Some(category) = history.items.get(buy.item as usize).and_then(top_level) {
            *lines.entry(category).or_default() += 1.0;
        }
    }
    let mut named: Vec<(&str, f64)> = lines.into_iter().collect();
    named.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    named
}

fn top_level(item: &Item) -> Option<&str> {
    item.category.as_deref().map(|path| path.split('/').next().unwrap_or(path))
}

/// The likeliest of what is tried, and how well its chances were kept.
fn chosen(tastes: Tastes, asked: &[Asked]) -> Tastes {
    let tried: Vec<Tastes> =
        HALF_TRUSTED.iter().flat_map(|half| APART.map(|apart| Tastes { half_trusted: *half, apart, ..tastes.clone() })).collect();
    let loss = |tastes: &Tastes| {
        let of_pair = |(said, came): (f64, bool)| {
            let odds = logit(said.clamp(1e-9, 1.0 - 1e-9));
            odds.max(0.0) + (-odds.abs()).exp().ln_1p() - if came { odds } else { 0.0 }
        };
        mean(&said(tastes, asked).into_iter().map(of_pair).collect::<Vec<f64>>())
    };
    let losses: Vec<f64> = tried.par_iter().map(loss).collect();
    let best = tried.into_iter().zip(losses).min_by(|a, b| a.1.total_cmp(&b.1)).map_or(tastes, |(best, _)| best);
    let calibration_error = Some(error_of_chances(&said(&best, asked)));
    Tastes { calibration_error, ..best }
}

/// By person, then category: the chance that was said, and whether it came.
fn said(tastes: &Tastes, asked: &[Asked]) -> Vec<(f64, bool)> {
    let of_one = |asked: &Asked| {
        let lines: f64 = asked.lines.iter().sum();
        let of_category = |(place, (_, share)): (usize, &(String, f64))| {
            let bought = Bought { days: asked.days, lines, of_category: asked.lines[place] };
            (tastes.chance(*share, bought, &asked.foresight).value, asked.came[place])
        };
        tastes.categories.iter().take(ASKED_CATEGORIES).enumerate().map(of_category).collect::<Vec<_>>()
    };
    asked.iter().flat_map(of_one).collect()
}

fn ask(history: &History, tastes: &Tastes, held: &Held) -> Vec<Asked> {
    let places: BTreeMap<&str, usize> = tastes.categories.iter().enumerate().map(|(place, (name, _))| (name.as_str(), place)).collect();
    let place_of = |buy: &Buy| history.items.get(buy.item as usize).and_then(top_level).and_then(|name| places.get(name)).copied();
    let end: Day = held.cut + i64::from(held.horizon.days);
    let of_one = |buys: &[Buy]| {
        let (before, after) = buys.split_at(buys.partition_point(|buy| day_of(buy.at) <= held.cut));
        let mut spent: Vec<(Day, f64)> = before.iter().map(|buy| (day_of(buy.at), 0.0)).collect();
        spent.dedup();
        let known = known_at(&spent, held.cut)?;
        let (mut lines, mut came) = (vec![0.0; places.len()], vec![false; places.len()]);
        before.iter().filter_map(place_of).for_each(|place| lines[place] += 1.0);
        after.iter().take_while(|buy| day_of(buy.at) <= end).filter_map(place_of).for_each(|place| came[place] = true);
        Some(Asked { foresight: held.outlook.foresee(&known, &held.horizon), days: days_of(before), lines, came })
    };
    let people: Vec<&[Buy]> = history.shoppers().filter(|buys| history.is_known(buys[0].person)).collect();
    let every = people.len().div_ceil(MOST_PEOPLE).max(1);
    people.into_iter().step_by(every).filter_map(of_one).collect()
}

/// On how many days somebody bought.
fn days_of(buys: &[Buy]) -> f64 {
    buys.chunk_by(|a, b| day_of(a.at) == day_of(b.at)).count() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        history::Spent,
        outlook::{self},
    };
    use rapport_core::{
        id::ItemId,
        money::Currency,
        time::{DAY_MS, Timestamp},
    };

    const NOW: Timestamp = Timestamp(1_795_996_800_000);

    /// Three hundred customers who buy every month, two lines a time, of one category each with hardly an exception; a third leave half way.
    fn shop() -> History {
        let items = (0..20).map(|number| Item {
            category: Some(format!("category {}/below", number % 5)),
            ..Item::bare(ItemId::new(&format!("i{number:02}")).expect("an id"))
        });
        let mut history = History { items: items.collect(), known: vec![true; 300], ..History::default() };
        for person in 0..300u32 {
            for month in 0..if person % 3 == 0 { 9 } else { 18 } {
                let at = NOW.plus_days(-540 + i64::from(month) * 30 + i64::from(person % 29)).plus_ms(-DAY_MS);
                let stray = u32::from((person + month).is_multiple_of(11));
                for line in 0..2 {
                    let item = (person + stray) % 5 + 5 * line;
                    history.buys.push(Buy { person, at, order: person * 100 + month, item, quantity: 1 });
                }
                history.spent.push(Spent {
                    person,
                    day: day_of(at),
                    minor: 1_500 + i64::from((person * 7 + month * 3) % 11) * 100,
                    currency: Currency::EUR,
                });
            }
        }
        history
    }

    #[test]
    fn who_buys_of_one_category_will_again() {
        let history = shop();
        let outlook::Learned { held, .. } = outlook::of_history(&history, Currency::EUR, NOW).expect("learns");
        let tastes = fit(&history, held.as_ref()).expect("categories");
        assert!(
            tastes.is_sound() && tastes.categories.len() == 5 && tastes.calibration_error.is_some_and(|error| error < 0.1),
            "{tastes:?}"
        );
        let sure = |value: f64| rapport_core::prediction::Ranged { value, low: value, high: value };
        let foresight = Foresight { purchase_days: sure(3.0), chance: sure(0.98), value_minor: sure(0.0) };
        let told = |of_category: f64| tastes.chance(0.2, Bought { days: 18.0, lines: 36.0, of_category }, &foresight).value;
        assert!(told(33.0) > 0.9 && told(0.0) < 0.4, "{} {}", told(33.0), told(0.0));
    }

    #[test]
    fn without_categories_nothing_is_said() {
        assert_eq!(fit(&History::default(), None), None);
    }
}
