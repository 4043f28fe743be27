//! How sources are weighed at each placement, and what scores mean there: chosen on held-out looks and orders, through the ranking of
//! lookups.
//!
//! | Placement | What is asked about the time after the cut |
//! |---|---|
//! | product | what a visitor looked at after the item at hand |
//! | category | the same, on the page of that item's category |
//! | visitor | the same, on any other page |
//! | cart | which item is missing from an order |
//! | customer | what a customer bought |
//!
//! Weights are tried one after the other; one replaces the one before it only when answers become better by more than chance explains,
//! so that a small shop keeps the defaults. Customers' questions know orders only, so their weights stay ([`super::purchases`] has
//! learned what matters there) and just their scores are calibrated.

use super::purchases::is_better;
use crate::{
    history::{Buy, History},
    holdout::{Case, ENOUGH, LIST, Places, Step},
    score::Score,
};
use rapport_core::{
    id::ItemId,
    model::{Blend, Calibration, Model, Placement, Placements, Table},
    profile::Profile,
    random::SplitMix,
    ranking::{Ask, Scratch, Shop, recommend},
    rules::Rules,
};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// How often each placement is asked at most; more would only cost time.
const QUESTIONS: usize = 1_000;
/// At most so many items of an order lie in the cart.
const CART: usize = 20;
/// How many hits the plain scores weigh against those found.
const PRIOR_HITS: f64 = 1.0;
/// Scores that say nothing are flattened, but never turned round: order is not theirs to change.
const LEAST_SLOPE: f64 = 0.05;
/// Log odds beyond this are as good as certain.
const CERTAIN: f64 = 12.0;
const ROUNDS: usize = 50;

/// What somebody is asked at a placement, and what would be right.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    ask: Ask,
    profile: Option<&'a Profile>,
    wanted: BTreeSet<u32>,
}

/// An answer, judged.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) score: Score,
    /// What the answer said of each item it listed, and whether it was right.
    pub(crate) said: Vec<(f32, bool)>,
}

/// The questions of each placement.
pub(crate) type Questions<'a> = BTreeMap<Placement, Vec<Question<'a>>>;

/// What can be asked about steps of visits, whole orders and customers.
pub(crate) fn questions<'a>(
    history: &History,
    model: &Model,
    places: &Places,
    (steps, orders, cases): (&[Step<'_>], &[&[Buy]], &'a [Case]),
) -> Questions<'a> {
    let id = |item: u32| history.items[item as usize].id.clone();
    let at = |placement: &str| Ask { placement: placement.into(), limit: LIST, discovery: Some(0.0), ..Ask::default() };
    let about = |step: &Step<'_>, ask: Ask| {
        let session = step.before.iter().map(|look| id(look.item)).collect();
        Question { ask: Ask { session, ..ask }, profile: None, wanted: BTreeSet::from([places.of(step.next)]) }
    };
    let at_hand = |step: &Step<'_>| step.before.last().map(|look| id(look.item));
    let product = |step: &Step<'_>| about(step, Ask { item: at_hand(step), ..at("product") });
    let category = |step: &Step<'_>| {
        let category = model.item(places.of(step.next))?.category()?.to_owned();
        Some(about(step, Ask { category: Some(category), ..at("category") }))
    };
    let cart = |order: &&[Buy]| {
        let items: BTreeSet<u32> = order.iter().map(|buy| buy.item).collect();
        let missing = *items.iter().nth(SplitMix::new(u64::from(order[0].order)).below(items.len()))?;
        let cart: Vec<ItemId> = items.iter().filter(|item| **item != missing).take(CART).map(|item| id(*item)).collect();
        let wanted = BTreeSet::from([places.of(missing)]);
        (!cart.is_empty()).then(|| Question { ask: Ask { cart, ..at("cart") }, profile: None, wanted })
    };
    let customer = |case: &'a Case| Question { ask: at("home"), profile: Some(case.profile()), wanted: case.wanted().clone() };
    BTreeMap::from([
        (Placement::Product, some(steps).map(product).collect()),
        (Placement::Category, some(steps).filter_map(category).collect()),
        (Placement::Visitor, some(steps).map(|step| about(step, at("home"))).collect()),
        (Placement::Cart, some(orders).filter_map(cart).collect()),
        (Placement::Customer, some(cases).map(customer).collect()),
    ])
}

/// At most [`QUESTIONS`], spread over all.
fn some<T>(all: &[T]) -> impl Iterator<Item = &T> {
    all.iter().step_by(all.len().div_ceil(QUESTIONS).max(1))
}

/// The shop as lookups would see it on the day of the cut.
pub(crate) fn shop(model: &Model) -> Shop {
    Shop::new(Some(model.clone()), [], Rules::default())
}

/// What lookups answer.
pub(crate) fn answers(shop: &Shop, questions: &[Question<'_>]) -> Vec<Answered> {
    let now = shop.model().map(|model| model.meta().created).unwrap_or_default();
    let answer = |scratch: &mut Scratch, question: &Question<'_>| {
        let profiles: Vec<&Profile> = question.profile.into_iter().collect();
        let picks = recommend(shop, &question.ask, &profiles, now, 0, scratch).picks;
        let list: Vec<u32> = picks.iter().map(|pick| pick.item).collect();
        let said = picks.iter().map(|pick| (pick.score, question.wanted.contains(&pick.item))).collect();
        Answered { score: Score::of(&list, &question.wanted), said }
    };
    questions.par_iter().map_init(Scratch::default, answer).collect()
}

/// The weights and calibrations that suit the questions best.
pub(crate) fn fit(model: &Model, questions: &Questions<'_>) -> Placements {
    let mut best = model.meta().placements;
    let (mut shop, heard) = (shop(model), heard(model));
    for (placement, asked) in questions.iter().filter(|(_, asked)| asked.len() >= ENOUGH) {
        let mut now = answers(&shop, asked);
        for change in if *placement == Placement::Customer { &[][..] } else { &TRIED } {
            let mut tried = best;
            change(&mut tried.get_mut(*placement).blend);
            if heard(tried.get(*placement).blend) == heard(best.get(*placement).blend) {
                continue;
            }
            shop = shop.placing(tried);
            let then = answers(&shop, asked);
            if is_better(&gains(&then), &gains(&now)) {
                (best, now) = (tried, then);
            }
        }
        best.get_mut(*placement).calibration = calibrate(now.iter().flat_map(|answered| &answered.said));
        shop = shop.placing(best);
    }
    best
}

/// A blend as it is heard: without the sources that the model has nothing of. Blends that are heard alike put items in the same order.
/// Sessions always speak, if only of what they hold themselves.
pub(crate) fn heard(model: &Model) -> impl Fn(Blend) -> Blend {
    let items = || 0..model.len() as u32;
    let has = |table: Table| items().any(|item| model.neighbours(table, item).len() > 0);
    let [together, content] = [Table::Together, Table::Content].map(has);
    let after = items().any(|item| model.bought_after(item).next().is_some());
    let category = items().any(|item| model.item(item).is_some_and(|item| item.category().is_some()));
    let season = !model.seasonal().is_empty();
    let or_nothing = |has: bool, weight: f32| if has { weight } else { 0.0 };
    move |blend| Blend {
        after: or_nothing(after, blend.after),
        together: or_nothing(together, blend.together),
        content: or_nothing(content, blend.content),
        category: or_nothing(category, blend.category),
        season: or_nothing(season, blend.season),
        ..blend
    }
}

/// What is tried, in this order.
const TRIED: [fn(&mut Blend); 9] = [
    |blend| more(&mut blend.next_look),
    |blend| less(&mut blend.next_look),
    |blend| more(&mut blend.after),
    |blend| less(&mut blend.after),
    |blend| more(&mut blend.together),
    |blend| less(&mut blend.together),
    |blend| more(&mut blend.content),
    |blend| less(&mut blend.content),
    |blend| more(&mut blend.category),
];

/// Also from nothing.
const fn more(weight: &mut f32) {
    *weight = if *weight < 0.05 { 0.1 } else { *weight * 2.5 };
}

/// Down to nothing.
const fn less(weight: &mut f32) {
    *weight = if *weight < 0.05 { 0.0 } else { *weight / 2.5 };
}

fn gains(answers: &[Answered]) -> Vec<f64> {
    answers.iter().map(|answered| answered.score.hit + answered.score.reciprocal_rank).collect()
}

/// The calibration that makes what was right likeliest, the plain scores standing in for [`PRIOR_HITS`]: logistic regression on the
/// score's log odds, by Newton's method.
fn calibrate<'a>(said: impl Iterator<Item = &'a (f32, bool)>) -> Calibration {
    let log_odds = |score: f32| (f64::from(score) / (1.0 - f64::from(score))).ln().clamp(-CERTAIN, CERTAIN);
    let said: Vec<(f64, f64)> = said.map(|(score, is_right)| (log_odds(*score), f64::from(u8::from(*is_right)))).collect();
    let free = climb(&said, [0.0, 1.0], true);
    let [offset, slope] = if free[1] < LEAST_SLOPE { climb(&said, [0.0, LEAST_SLOPE], false) } else { free };
    Calibration { offset: offset as f32, slope: slope as f32 }
}

/// From `at` (offset and slope) to the top of the likelihood, which is concave; along the offset only, unless `is_free`.
fn climb(said: &[(f64, f64)], mut at: [f64; 2], is_free: bool) -> [f64; 2] {
    let chance = |[offset, slope]: [f64; 2], x: f64| 1.0 / (1.0 + (-(offset + slope * x)).exp());
    let height = |at: [f64; 2]| -> f64 {
        let likely = said.iter().map(|(x, right)| {
            let chance = chance(at, *x).clamp(1e-12, 1.0 - 1e-12);
            right * chance.ln() + (1.0 - right) * (1.0 - chance).ln()
        });
        likely.sum::<f64>() - PRIOR_HITS / 2.0 * (at[0].powi(2) + (at[1] - 1.0).powi(2))
    };
    let mut reached = height(at);
    for _ in 0..ROUNDS {
        let mut uphill = [-PRIOR_HITS * at[0], -PRIOR_HITS * (at[1] - 1.0)];
        // The curvature: of the offset, of both, of the slope.
        let mut bend = [PRIOR_HITS, 0.0, PRIOR_HITS];
        for (x, right) in said {
            let chance = chance(at, *x);
            let (missing, variance) = (right - chance, chance * (1.0 - chance));
            uphill = [uphill[0] + missing, uphill[1] + missing * x];
            bend = [bend[0] + variance, bend[1] + variance * x, bend[2] + variance * x * x];
        }
        let step = if is_free {
            let determinant = bend[0] * bend[2] - bend[1] * bend[1];
            [(bend[2] * uphill[0] - bend[1] * uphill[1]) / determinant, (bend[0] * uphill[1] - bend[1] * uphill[0]) / determinant]
        } else {
            [uphill[0] / bend[0], 0.0]
        };
        // A whole step may overshoot; a short enough one never does.
        let shorter = (0..20).map(|halvings| 0.5f64.powi(halvings)).map(|share| [at[0] + share * step[0], at[1] + share * step[1]]);
        let Some((next, higher)) = shorter.map(|next| (next, height(next))).find(|(_, higher)| *higher > reached) else { break };
        (at, reached) = (next, higher);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers that are right as often as `chance` says of their score.
    fn said(chance: impl Fn(f64) -> f64) -> Vec<(f32, bool)> {
        let mut dice = SplitMix::new(7);
        let mut draw = || dice.below(1_000_000) as f64 / 1e6;
        let one = |_| {
            let score = 0.02 + 0.96 * draw();
            (score as f32, draw() < chance(score))
        };
        (0..20_000).map(one).collect()
    }

    #[test]
    fn what_scores_mean_is_found() {
        let meant = Calibration { offset: -2.0, slope: 0.7 };
        let found = calibrate(said(|score| f64::from(meant.of(score as f32))).iter());
        assert!((found.offset - meant.offset).abs() < 0.1 && (found.slope - meant.slope).abs() < 0.06, "{found:?}");
        let plain = calibrate(said(|score| score).iter());
        assert!(plain.offset.abs() < 0.06 && (plain.slope - 1.0).abs() < 0.06, "{plain:?}");
    }

    #[test]
    fn scores_that_say_nothing_or_the_contrary_keep_their_order() {
        for chance in [|_| 0.1, |score: f64| 1.0 - score] {
            let found = calibrate(said(chance).iter());
            let told: f64 = said(chance).iter().map(|(score, _)| f64::from(found.of(*score))).sum::<f64>() / 20_000.0;
            let right = said(chance).iter().filter(|(_, right)| *right).count() as f64 / 20_000.0;
            assert!(found.slope >= 0.05 - f32::EPSILON && (told - right).abs() < 0.01, "{found:?}: {told} told, {right} right");
        }
    }

    #[test]
    fn without_answers_and_with_all_alike_there_is_a_calibration() {
        assert_eq!(calibrate([].iter()), Calibration::NONE);
        for right in [false, true] {
            for score in [0.0, 0.5, 1.0] {
                let found = calibrate(vec![(score, right); 500].iter());
                assert!(found.offset.is_finite() && found.slope >= 0.05, "{score} {right}: {found:?}");
            }
        }
    }
}
