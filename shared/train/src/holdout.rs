//! An honest look at oneself: what the newest part of the past says about a model that never saw it.
//!
//! The newest tenth of all looks and purchases is held out. Half of the people in it choose the shop's weights ([`crate::blend`]); the
//! other half judges what was chosen, beside bestsellers, beside the default weights, and beside the model without each of its parts.

mod breadth;
mod judge;
#[cfg(test)]
mod tests;

pub use crate::{
    reliability::Reliability,
    score::{Lead, Row},
};

use crate::{
    blend::{self, Weights, placements::questions},
    breadth::Breadth,
    examination::{self, Examination},
    history::{Buy, History, Look},
    learn::Models,
    lists::{Lists as VisitorLists, popular},
    score::{Score, Scores},
    shopper::{self, Order},
};
use bytes::Bytes;
use rapport_core::{
    id::{CustomerId, ItemId},
    model::{Draft, Model, ModelError, Table, rounded},
    money::Currency,
    profile::Profile,
    ranking::{Scratch, Shop},
    rules::Rules,
    time::{DAY_MS, Timestamp},
};
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The newest share of looks and purchases that is held out.
const SHARE: f64 = 0.1;
/// Looks and customers asked about at most, by each half; more would only cost time.
const LOOKS: usize = 6_000;
const CUSTOMERS: usize = 2_000;
/// Of a customer's past, at most so many newest purchases are folded: a robot's would take minutes.
const LONGEST: usize = 10_000;
/// Length of the lists that are judged.
pub(crate) const LIST: usize = 20;
/// Fewer answers than this say nothing.
pub(crate) const ENOUGH: usize = 30;

/// What the newest part of the log says about a model that never saw it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Where past and future part; `None` when there is nothing to part.
    pub cut: Option<Timestamp>,
    /// What the choosing half found best; the defaults where it was too small.
    pub weights: Weights,
    /// One row a question and answerer.
    pub rows: Vec<Row>,
    /// Whom the lists of the model and of bestsellers serve: next looks, next purchases and new items.
    pub breadth: Vec<Breadth>,
    /// Whether there were enough answers to believe the rows.
    pub is_enough: bool,
    /// Whether scores are the chances that they stand for, by placement.
    pub reliability: Vec<Reliability>,
    /// How much each place of a list is looked at, from what chance put there; empty while too little of it was clicked.
    pub examination: Vec<Examination>,
}

/// What somebody looked at next, and what they had looked at before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a> {
    pub(crate) before: &'a [Look],
    pub(crate) next: u32,
}

/// A customer at the cut, and what they bought after it, in the model's numbering.
#[derive(Debug)]
pub(crate) struct Case {
    profile: Profile,
    own: Vec<ItemId>,
    wanted: BTreeSet<u32>,
    /// Of those, what was never bought before.
    fresh: BTreeSet<u32>,
    /// Whether all that they bought before was one order.
    is_one_order: bool,
}

impl Case {
    pub(crate) const fn profile(&self) -> &Profile {
        &self.profile
    }

    pub(crate) const fn wanted(&self) -> &BTreeSet<u32> {
        &self.wanted
    }

    fn judge(&self, lists: &Lists) -> Judged {
        Judged { all: Score::of(&lists.all, &self.wanted), new: lists.new.as_ref().map(|list| Score::of(list, &self.fresh)) }
    }
}

/// How a customer's two lists did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged {
    pub(crate) all: Score,
    /// `None` where the order holds nothing new.
    pub(crate) new: Option<Score>,
}

/// The model's number of each of the history's items.
#[derive(Debug)]
pub(crate) struct Places(Vec<u32>);

impl Places {
    fn of_model(history: &History, model: &Model) -> Self {
        Self(history.items.iter().map(|item| model.index_of(&item.id).unwrap_or(u32::MAX)).collect())
    }

    pub(crate) fn of(&self, item: u32) -> u32 {
        self.0.get(item as usize).copied().unwrap_or(u32::MAX)
    }
}

/// Chooses the shop's weights on its newest past, and judges them.
///
/// # Errors
/// [`ModelError`] when the catalog is too large for an artifact.
pub fn measure(history: &History, currency: Currency) -> Result<Report, ModelError> {
    let Some(cut) = cut(history) else {
        return Ok(Report {
            cut: None,
            weights: Weights::DEFAULT,
            rows: Vec::new(),
            breadth: Vec::new(),
            is_enough: false,
            reliability: Vec::new(),
            examination: examination::fit(&history.draws),
        });
    };
    let past = history.before(cut).all_in_stock();
    // The day after, as a nightly run would have it.
    let models = Models::with_whole(&past, past.newest().unwrap_or(cut).plus_ms(DAY_MS));
    let default = read(&models, &Weights::DEFAULT, currency)?;
    let places = Places::of_model(&past, &default);
    let (choosing, judging) = steps(history, cut);
    let (choosing_customers, judging_customers) = cases(history, &past, &places);

    let (mut weights, mut model) = (Weights::DEFAULT, default.clone());
    if !choosing.is_empty() {
        let learned = blend::looks::fit(&models.visits().chances(), &default, &places, &choosing);
        let tried = read(&models, &learned, currency)?;
        if looks(&tried, &places, &choosing).gain() >= looks(&default, &places, &choosing).gain() {
            (weights, model) = (learned, tried);
        }
    }
    if choosing_customers.len() >= ENOUGH {
        weights.next_purchase = blend::purchases::fit(&model, &choosing_customers);
        model = model.weighing(weights.next_look, weights.next_purchase);
    }
    let (choosing_orders, judging_orders) = orders(history, cut);
    let asked = questions(history, &model, &places, (&choosing, &choosing_orders, &choosing_customers));
    weights.placements = blend::placements::fit(&model, &asked);
    model = model.placing(weights.placements);

    let asked = questions(history, &model, &places, (&judging, &judging_orders, &judging_customers));
    let (judged, reliability) = judge::placements(&model, &asked);
    let larger = larger(&models, &weights, currency)?;
    let beside = judge::Beside { model: &model, default: &default, larger: &larger };
    let mut rows = beside.looks(&places, &judging);
    rows.extend(beside.orders(&judging_customers));
    rows.extend(judged);
    let breadth = breadth::judge(&past, &model, &places, &judging, &judging_customers);
    let is_enough = rows.iter().map(|row| row.asked).max().unwrap_or(0) >= ENOUGH;
    Ok(Report { cut: Some(cut), weights, rows, breadth, is_enough, reliability, examination: examination::fit(&history.draws) })
}

fn read(models: &Models<'_>, weights: &Weights, currency: Currency) -> Result<Model, ModelError> {
    parse(&models.draft(weights, currency))
}

fn parse(draft: &Draft) -> Result<Model, ModelError> {
    Model::parse(Bytes::from(draft.to_bytes()?.0))
}

/// The model as it would be without what makes an artifact small, by step; none of a catalog that would make it a matter of memory.
fn larger(models: &Models<'_>, weights: &Weights, currency: Currency) -> Result<Vec<(&'static str, Model)>, ModelError> {
    let Some(whole) = models.whole_purchases() else { return Ok(Vec::new()) };
    let draft = models.draft(weights, currency);
    let session = models.visits().longer_table(&weights.mix);
    let tables = draft.tables.iter().map(|(table, rows)| (*table, if *table == Table::Session { session.clone() } else { rows.clone() }));
    let longer = Draft { tables: tables.collect(), ..draft.clone() };
    let all = Draft { purchases: whole.rows.clone(), intercepts: whole.intercepts.clone(), ..draft.clone() };
    let exact = Draft { purchases: draft.purchases.iter().map(|row| twice_the_digits(row)).collect(), ..draft };
    [(judge::LONGER_ROWS, longer), (judge::ALL_WEIGHTS, all), (judge::EXACT_WEIGHTS, exact)]
        .into_iter()
        .map(|(name, draft)| Ok((name, parse(&draft)?)))
        .collect()
}

/// Each entry as two that add up to it: what half precision keeps of it, and what it loses.
fn twice_the_digits(row: &[(u32, f32)]) -> Vec<(u32, f32)> {
    row.iter().flat_map(|(item, weight)| [(*item, rounded(*weight)), (*item, weight - rounded(*weight))]).collect()
}

/// Where the newest tenth begins; `None` for a history that has no two moments.
fn cut(history: &History) -> Option<Timestamp> {
    let mut at: Vec<Timestamp> = history.looks.iter().map(|look| look.at).chain(history.buys.iter().map(|buy| buy.at)).collect();
    let oldest = *at.iter().min()?;
    let held_out = ((at.len() as f64 * SHARE).ceil() as usize).clamp(1, at.len());
    let place = at.len() - held_out;
    let (_, cut, _) = at.select_nth_unstable(place);
    (*cut > oldest).then_some(*cut)
}

/// The steps of the visits that begin after the cut, by choosing and judging people.
fn steps(history: &History, cut: Timestamp) -> (Vec<Step<'_>>, Vec<Step<'_>>) {
    let visits = history.visits().filter(|visit| visit.len() > 1 && visit[0].at >= cut);
    let (choosing, judging): (Vec<&[Look]>, Vec<&[Look]>) = visits.partition(|visit| visit[0].person % 2 == 0);
    (sample(&choosing), sample(&judging))
}

/// At most so many steps, spread over the time and not only its beginning.
fn sample<'a>(visits: &[&'a [Look]]) -> Vec<Step<'a>> {
    let all: usize = visits.iter().map(|visit| visit.len() - 1).sum();
    let stride = all.div_ceil(LOOKS).max(1);
    let of_visit = |visit: &&'a [Look]| {
        let visit = *visit;
        let moves = (1..visit.len()).filter(|next| visit[*next].item != visit[next - 1].item);
        moves.map(|next| Step { before: &visit[..next], next: visit[next].item }).collect::<Vec<Step<'a>>>()
    };
    visits.iter().step_by(stride).flat_map(of_visit).take(LOOKS).collect()
}

/// The orders after the cut, by choosing and judging people.
fn orders(history: &History, cut: Timestamp) -> (Vec<&[Buy]>, Vec<&[Buy]>) {
    history.orders().filter(|order| order[0].at >= cut).partition(|order| order[0].person % 2 == 0)
}

/// The customers of the past who bought again, by choosing and judging people.
fn cases(history: &History, past: &History, places: &Places) -> (Vec<Case>, Vec<Case>) {
    let bought: BTreeMap<u32, &[Buy]> =
        past.shoppers().filter(|buys| past.is_known(buys[0].person)).map(|buys| (buys[0].person, buys)).collect();
    let orders = history.shoppers().filter_map(|buys| {
        let known = *bought.get(&buys[0].person)?;
        let later = buys.get(known.len()..).filter(|later| !later.is_empty())?;
        Some((&known[known.len().saturating_sub(LONGEST)..], later))
    });
    let mut halves = [Vec::new(), Vec::new()];
    for (known, later) in orders {
        halves[known[0].person as usize % 2].push((known, later.iter().map(|buy| places.of(buy.item)).collect::<BTreeSet<u32>>()));
    }
    let [choosing, judging] = halves.map(|half| {
        let stride = half.len().div_ceil(CUSTOMERS).max(1);
        half.into_par_iter().step_by(stride).filter_map(|(known, wanted)| case(past, places, known, wanted)).collect()
    });
    (choosing, judging)
}

fn case(past: &History, places: &Places, known: &[Buy], wanted: BTreeSet<u32>) -> Option<Case> {
    let customer = CustomerId::new(&known[0].person.to_string()).ok()?;
    let mut events = Vec::new();
    for order in known.chunk_by(|a, b| a.order == b.order) {
        let items: BTreeSet<&ItemId> = order.iter().map(|buy| &past.items[buy.item as usize].id).collect();
        events.extend(
            Order { customer: &customer, number: order[0].order as usize, at: order[0].at, items: items.into_iter().collect() }
                .events()
                .ok()?,
        );
    }
    let own: BTreeSet<u32> = known.iter().map(|buy| buy.item).collect();
    let places_of_own: BTreeSet<u32> = own.iter().map(|item| places.of(*item)).collect();
    Some(Case {
        profile: shopper::profile(&customer, &events),
        own: own.into_iter().map(|item| past.items[item as usize].id.clone()).collect(),
        fresh: wanted.difference(&places_of_own).copied().collect(),
        wanted,
        is_one_order: known.iter().all(|buy| buy.order == known[0].order),
    })
}

/// A customer's two lists: of anything, and of what they never bought, where they wanted such.
struct Lists {
    all: Vec<u32>,
    new: Option<Vec<u32>>,
}

/// The lists that lookups would answer these customers with.
fn listed(model: &Model, cases: &[Case]) -> Vec<Lists> {
    let now = model.meta().created;
    let shop = Shop::new(Some(model.clone()), [], Rules::default());
    let answer = |scratch: &mut Scratch, case: &Case| {
        let mut list = |exclude: Vec<ItemId>| shopper::next_purchases(&shop, &case.profile, exclude, LIST, now, scratch);
        Lists { all: list(Vec::new()), new: (!case.fresh.is_empty()).then(|| list(case.own.clone())) }
    };
    cases.par_iter().map_init(Scratch::default, answer).collect()
}

/// The same, judged.
pub(crate) fn lists(model: &Model, cases: &[Case]) -> Vec<Judged> {
    listed(model, cases).iter().zip(cases).map(|(lists, case)| case.judge(lists)).collect()
}

/// What bestsellers alone would be.
fn bestsellers(model: &Model, case: &Case) -> Lists {
    let list = |barred: &BTreeSet<u32>| popular(model, |item| !barred.contains(&item)).take(LIST).collect::<Vec<u32>>();
    let own: BTreeSet<u32> = case.own.iter().filter_map(|id| model.index_of(id)).collect();
    Lists { all: list(&BTreeSet::new()), new: (!case.fresh.is_empty()).then(|| list(&own)) }
}

/// The list that a visitor would be shown after these looks, and the bestsellers that they are not looking at.
fn next_look(lists: &mut VisitorLists<'_>, places: &Places, step: &Step<'_>) -> Vec<u32> {
    let seen: Vec<u32> = step.before.iter().map(|look| places.of(look.item)).collect();
    lists.next_look(&seen, LIST)
}

fn bestsellers_beside(model: &Model, places: &Places, step: &Step<'_>) -> Vec<u32> {
    let current = step.before.last().map(|look| places.of(look.item));
    popular(model, |item| Some(item) != current).take(LIST).collect()
}

fn looks(model: &Model, places: &Places, steps: &[Step<'_>]) -> Scores {
    let score =
        |lists: &mut VisitorLists<'_>, step: &Step<'_>| Score::of(&next_look(lists, places, step), &BTreeSet::from([places.of(step.next)]));
    Scores(steps.par_iter().map_init(|| VisitorLists::new(model), score).collect())
}
