//! An honest look at oneself: learn from the past, ask about what came after, compare with the bestsellers.

use crate::{
    history::{History, Look},
    learn,
    score::Scorer,
};
use bytes::Bytes;
use rapport_core::{
    id::ItemId,
    model::{Model, ModelError},
    money::Currency,
    time::Timestamp,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The newest part of the time span that is held out.
const SHARE: f64 = 0.1;
/// Questions asked at most; more would only cost time.
const QUESTIONS: usize = 5_000;
/// Length of the lists that are judged.
const LIST: usize = 20;
/// A person's purchase counts half towards their habit after so many days.
const HABIT_HALF_LIFE_DAYS: f64 = 90.0;
/// Fewer answers than this say nothing.
const ENOUGH: usize = 30;

/// What the newest part of the log says about a model that never saw it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Where past and future part; `None` when there is nothing to part.
    pub cut: Option<Timestamp>,
    /// One row a question and answerer.
    pub rows: Vec<Row>,
    /// Whether there were enough answers to believe the rows.
    pub is_enough: bool,
}

/// How one answerer did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// `next_look`, `next_order` or `new_items`.
    pub question: &'static str,
    /// `model` or `bestsellers`.
    pub answerer: &'static str,
    /// How often it was asked.
    pub asked: usize,
    /// Share of lists of 20 with a hit, 0 to 1.
    pub hit_rate: f64,
    /// Half the width of the 95 % interval of `hit_rate`.
    pub margin: f64,
    /// Mean of one over the first hit's place, 0 to 1.
    pub reciprocal_rank: f64,
}

/// One list to judge.
struct Answer {
    question: &'static str,
    model: Vec<u32>,
    bestsellers: Vec<u32>,
    wanted: BTreeSet<u32>,
}

/// Learns from the older part of `history` and judges by the newer.
///
/// # Errors
/// [`ModelError`] when the catalog is too large for an artifact.
pub fn measure(history: &History, currency: Currency) -> Result<Report, ModelError> {
    let Some((oldest, newest)) = history.oldest().zip(history.newest()) else {
        return Ok(Report { cut: None, rows: Vec::new(), is_enough: false });
    };
    let cut = newest.plus_ms(-((newest.since_ms(oldest) as f64 * SHARE) as i64));
    let past = history.before(cut);
    let (artifact, _) = learn(&past, currency, cut).to_bytes()?;
    let model = Model::parse(Bytes::from(artifact))?;
    // The artifact orders items by id; questions speak the history's numbers.
    let place: Vec<u32> = history.items.iter().map(|item| index(&model, &item.id)).collect();
    let answers: Vec<Answer> = looks(history, cut, &model, &place).into_iter().chain(orders(history, &past, cut, &model, &place)).collect();
    let is_enough = answers.len() >= ENOUGH;
    Ok(Report { cut: Some(cut), rows: tally(&answers), is_enough })
}

fn index(model: &Model, id: &ItemId) -> u32 {
    model.index_of(id).unwrap_or(u32::MAX)
}

fn looks(history: &History, cut: Timestamp, model: &Model, place: &[u32]) -> Vec<Answer> {
    let mut scorer = Scorer::new(model);
    let visits = history.visits().filter(|visit| visit[0].at >= cut);
    let steps = visits.flat_map(|visit| (1..visit.len()).map(move |next| (&visit[..next], visit[next])));
    let steps = steps.filter(|(before, next)| before.last().is_some_and(|last| last.item != next.item));
    let steps: Vec<(&[Look], Look)> = steps.take(QUESTIONS).collect();
    let answer = |(before, next): (&[Look], Look)| {
        let seen: Vec<u32> = before.iter().map(|look| place[look.item as usize]).collect();
        let current = seen.last().copied();
        Answer {
            question: "next_look",
            model: scorer.next_look(&seen, LIST),
            bestsellers: scorer.popular(LIST, |item| Some(item) != current),
            wanted: BTreeSet::from([place[next.item as usize]]),
        }
    };
    steps.into_iter().map(answer).collect()
}

fn orders(history: &History, past: &History, cut: Timestamp, model: &Model, place: &[u32]) -> Vec<Answer> {
    let mut scorer = Scorer::new(model);
    let bought: BTreeMap<u32, Vec<(u32, f32)>> =
        past.shoppers().map(|buys| (buys[0].person, habits(buys.iter().map(|buy| (place[buy.item as usize], buy.at)), cut))).collect();
    let future = history.shoppers().filter(|buys| history.is_known(buys[0].person));
    let future = future.filter_map(|buys| Some((bought.get(&buys[0].person)?, buys.iter().filter(|buy| buy.at >= cut))));
    let mut answers = Vec::new();
    for (own, buys) in future.take(QUESTIONS) {
        let wanted: BTreeSet<u32> = buys.map(|buy| place[buy.item as usize]).collect();
        let is_own = |item: u32| own.iter().any(|(known, _)| *known == item);
        let fresh: BTreeSet<u32> = wanted.iter().copied().filter(|item| !is_own(*item)).collect();
        for (question, only_new, wanted) in [("next_order", false, wanted), ("new_items", true, fresh)] {
            if !wanted.is_empty() {
                let bestsellers = scorer.popular(LIST, |item| !only_new || !is_own(item));
                answers.push(Answer { question, model: scorer.next_purchase(own, only_new, LIST), bestsellers, wanted });
            }
        }
    }
    answers
}

/// Purchases as decayed frequencies by item.
pub(crate) fn habits(bought: impl Iterator<Item = (u32, Timestamp)>, now: Timestamp) -> Vec<(u32, f32)> {
    let mut habits: BTreeMap<u32, f32> = BTreeMap::new();
    for (item, at) in bought {
        *habits.entry(item).or_default() += (-now.days_since(at).max(0.0) / HABIT_HALF_LIFE_DAYS).exp2() as f32;
    }
    habits.into_iter().collect()
}

fn tally(answers: &[Answer]) -> Vec<Row> {
    let mut rows = Vec::new();
    for question in ["next_look", "next_order", "new_items"] {
        let asked: Vec<&Answer> = answers.iter().filter(|answer| answer.question == question).collect();
        if !asked.is_empty() {
            rows.push(row(question, "model", asked.iter().map(|answer| (&answer.model, &answer.wanted))));
            rows.push(row(question, "bestsellers", asked.iter().map(|answer| (&answer.bestsellers, &answer.wanted))));
        }
    }
    rows
}

fn row<'a>(question: &'static str, answerer: &'static str, lists: impl Iterator<Item = (&'a Vec<u32>, &'a BTreeSet<u32>)>) -> Row {
    let first_hits: Vec<Option<usize>> = lists.map(|(list, wanted)| list.iter().position(|item| wanted.contains(item))).collect();
    let asked = first_hits.len();
    let hit_rate = first_hits.iter().flatten().count() as f64 / asked as f64;
    let reciprocal_rank = first_hits.iter().flatten().map(|place| 1.0 / (*place as f64 + 1.0)).sum::<f64>() / asked as f64;
    Row { question, answerer, asked, hit_rate, margin: 1.96 * (hit_rate * (1.0 - hit_rate) / asked as f64).sqrt(), reciprocal_rank }
}
