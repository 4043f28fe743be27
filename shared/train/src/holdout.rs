//! An honest look at oneself: what the newest part of the past says about a model that never saw it.
//!
//! The newest tenth of all looks and purchases is held out. Half of the people in it choose the shop's weights ([`crate::blend`]); the
//! other half judges what was chosen, beside bestsellers, beside the default weights, and beside the model without each of its parts.

mod breadth;

pub use crate::{
    reliability::Reliability,
    score::{Lead, Row},
};

use crate::{
    blend::{
        self, Weights,
        placements::{Answered, Questions, answers, questions},
    },
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
    model::{Model, ModelError, NextLook, NextPurchase, Placement, Placements, Weighing},
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
    let models = Models::of(&past, past.newest().unwrap_or(cut).plus_ms(DAY_MS));
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
    let (judged, reliability) = judge_placements(&model, &asked);
    let mut rows = judge_looks(&model, &default, &places, &judging);
    rows.extend(judge_orders(&model, &default, &judging_customers));
    rows.extend(judged);
    let breadth = breadth::judge(&past, &model, &places, &judging, &judging_customers);
    let is_enough = rows.iter().map(|row| row.asked).max().unwrap_or(0) >= ENOUGH;
    Ok(Report { cut: Some(cut), weights, rows, breadth, is_enough, reliability, examination: examination::fit(&history.draws) })
}

fn read(models: &Models<'_>, weights: &Weights, currency: Currency) -> Result<Model, ModelError> {
    let (artifact, _) = models.draft(weights, currency).to_bytes()?;
    Model::parse(Bytes::from(artifact))
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
        Some((known, later))
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

fn judge_looks(model: &Model, default: &Model, places: &Places, steps: &[Step<'_>]) -> Vec<Row> {
    const QUESTION: &str = "next_look";
    if steps.is_empty() {
        return Vec::new();
    }
    let how = model.meta().next_look;
    let ask = |how: NextLook| looks(&model.clone().weighing(how, model.meta().next_purchase), places, steps);
    let bestsellers = |step: &Step<'_>| Score::of(&bestsellers_beside(model, places, step), &BTreeSet::from([places.of(step.next)]));
    let own = looks(model, places, steps);
    let others = [
        ("bestsellers", Scores(steps.iter().map(bestsellers).collect())),
        ("default weights", looks(default, places, steps)),
        ("without neighbours", ask(NextLook { neighbours: 0.0, ..how })),
        ("without returns", ask(NextLook { own: [0.0; 3], ..how })),
        ("without the table", ask(NextLook { rows: [0.0; 3], ..how })),
    ];
    let rows = others.iter().map(|(answerer, scores)| scores.row(QUESTION, answerer, Some(&own)));
    std::iter::once(own.row(QUESTION, "model", None)).chain(rows).collect()
}

fn judge_orders(model: &Model, default: &Model, cases: &[Case]) -> Vec<Row> {
    if cases.is_empty() {
        return Vec::new();
    }
    let how = model.meta().next_purchase;
    let ask = |how: NextPurchase| lists(&model.clone().weighing(model.meta().next_look, how), cases);
    let own = lists(model, cases);
    let others: [(&str, Vec<Judged>); 4] = [
        ("bestsellers", cases.iter().map(|case| case.judge(&bestsellers(model, case))).collect()),
        ("default weights", ask(default.meta().next_purchase)),
        ("without habits", ask(NextPurchase { own: 0.0, ..how })),
        ("without the trend", ask(NextPurchase { trend: 0.0, own_trend: 0.0, ..how })),
    ];
    let all = |judged: &[Judged]| Scores(judged.iter().map(|judged| judged.all).collect());
    let new = |judged: &[Judged]| Scores(judged.iter().filter_map(|judged| judged.new).collect());
    let mut rows = Vec::new();
    for (question, scores) in [("next_purchase", &all as &dyn Fn(&[Judged]) -> Scores), ("new_items", &new)] {
        let model = scores(&own);
        if model.0.is_empty() {
            continue;
        }
        rows.push(model.row(question, "model", None));
        // Habits have no say about what was never bought.
        let others = others.iter().filter(|(answerer, _)| question != "new_items" || *answerer != "without habits");
        rows.extend(others.map(|(answerer, judged)| scores(judged).row(question, answerer, Some(&model))));
    }
    rows
}

/// Each placement as a whole, beside the default weights and the weights without one of its sources.
fn judge_placements(model: &Model, asked: &Questions<'_>) -> (Vec<Row>, Vec<Reliability>) {
    let (mut rows, mut reliability) = (Vec::new(), Vec::new());
    let (mut shop, heard) = (blend::placements::shop(model), blend::placements::heard(model));
    let own = model.meta().placements;
    for (placement, questions) in asked.iter().filter(|(_, questions)| !questions.is_empty()) {
        let told = answers(&shop, questions);
        reliability.push(Reliability::of(*placement, told.iter().flat_map(|answered| &answered.said)));
        // What customers are told by is asked as `next_purchase`.
        if *placement == Placement::Customer {
            continue;
        }
        let scores = |answers: &[Answered]| Scores(answers.iter().map(|answered| answered.score).collect());
        let model = scores(&told);
        rows.push(model.row(placement.name(), "model", None));
        for (answerer, change) in OTHERWISE {
            let mut otherwise = own;
            change(otherwise.get_mut(*placement), Placements::DEFAULT.get(*placement));
            // What has no say anyway is not missed.
            if heard(otherwise.get(*placement).blend) == heard(own.get(*placement).blend) {
                continue;
            }
            shop = shop.placing(otherwise);
            rows.push(scores(&answers(&shop, questions)).row(placement.name(), answerer, Some(&model)));
        }
        shop = shop.placing(own);
    }
    (rows, reliability)
}

/// Other ways to weigh a placement, given its own and the default.
type Otherwise = fn(&mut Weighing, &Weighing);
const OTHERWISE: [(&str, Otherwise); 5] = [
    ("default weights", |own, default| *own = *default),
    ("without sessions", |own, _| own.blend.next_look = 0.0),
    ("without also bought", |own, _| own.blend.after = 0.0),
    ("without together", |own, _| own.blend.together = 0.0),
    ("without likeness", |own, _| own.blend.content = 0.0),
];

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::catalog::Item;

    const ITEMS: u32 = 40;
    const PEOPLE: u32 = 600;

    /// Everybody looks at three items in a row and buys the last of them week after week; `noise` is what judging people do at the end.
    fn history(noise: impl Fn(u32) -> u32) -> History {
        let is_late = |week: u32| week == 9;
        let item = |person: u32, week: u32, step: u32| {
            let usual = (person * 7 + week % 2 + step) % ITEMS;
            if is_late(week) && person % 2 == 1 { noise(usual) } else { usual }
        };
        let at = |person: u32, week: u32, step: u32| {
            Timestamp(i64::from(week) * 7 * DAY_MS + i64::from(person) * 60_000 + i64::from(step) * 1_000)
        };
        let weeks = |person: u32| (0..10u32).map(move |week| (person, week));
        let visits: Vec<(u32, u32)> = (0..PEOPLE).flat_map(weeks).collect();
        let look = |(person, week): &(u32, u32)| {
            let (person, week) = (*person, *week);
            (0..3).map(|step| Look { person, at: at(person, week, step), item: item(person, week, step) }).collect::<Vec<Look>>()
        };
        let buy = |(person, week): &(u32, u32)| Buy {
            person: *person,
            at: at(*person, *week, 5),
            order: person * 10 + week,
            item: item(*person, *week, 2),
            quantity: 1,
        };
        History {
            items: (0..ITEMS).map(|number| Item::bare(ItemId::new(&format!("i{number:02}")).expect("an id"))).collect(),
            known: vec![true; PEOPLE as usize],
            looks: visits.iter().flat_map(look).collect(),
            buys: visits.iter().map(buy).collect(),
            events: 1,
            ..History::default()
        }
    }

    #[test]
    fn what_can_be_learned_is_ahead_of_bestsellers_and_the_parts_that_matter_show() {
        let report = measure(&history(|usual| usual), Currency::EUR).expect("measures");
        let row = |question: &str, answerer: &str| {
            report.rows.iter().find(|row| (row.question, row.answerer) == (question, answerer)).expect("a row")
        };
        for question in ["next_look", "next_purchase"] {
            let (model, lead) = (row(question, "model"), row(question, "bestsellers").lead.expect("a lead"));
            assert!(model.asked >= 100 && model.ndcg > 0.6 && lead.low > 0.3, "{question}: {model:?}, {lead:?}");
            assert_eq!(model.lead, None);
        }
        assert!(row("next_purchase", "without habits").lead.is_some_and(|lead| lead.low > 0.0), "{:?}", report.rows);
        assert!(report.is_enough);
    }

    #[test]
    fn whom_lists_serve_stands_beside_how_right_they_are() {
        let mut history = history(|usual| usual);
        // Of the judging people one ordered once and comes back, and one alone looks at a thing that nobody else does.
        history.buys.retain(|buy| buy.person != 1 || [10, 19].contains(&buy.order));
        history.items.push(Item::bare(ItemId::new("odd").expect("an id")));
        history.looks.iter_mut().filter(|look| look.person == 3 && look.item % 2 == 0).for_each(|look| look.item = ITEMS);
        let report = measure(&history, Currency::EUR).expect("measures");
        let of = |question: &str, answerer: &str| {
            report.breadth.iter().find(|breadth| (breadth.question, breadth.answerer) == (question, answerer)).expect("a row")
        };
        assert!(of("next_look", "model").coverage > 0.95 && of("next_look", "bestsellers").coverage < 0.6, "{:?}", report.breadth);
        assert_eq!(of("next_look", "model").one_order_customers, None, "a visit has no orders");
        let rare = of("next_look", "model").rare_items.expect("one was wanted");
        assert!((1..=3).contains(&rare.asked) && of("next_purchase", "model").rare_items.is_none(), "{:?}", report.breadth);
        assert_eq!(of("next_purchase", "model").one_order_customers.map(|part| part.asked), Some(1));
    }

    #[test]
    fn who_judges_does_not_choose() {
        let clean = measure(&history(|usual| usual), Currency::EUR).expect("measures");
        let noisy = measure(&history(|usual| (usual * 17 + 5) % ITEMS), Currency::EUR).expect("measures");
        assert_eq!(clean.cut, noisy.cut);
        assert_eq!(clean.weights, noisy.weights, "the judging half taught the weights");
        assert_ne!(clean.rows, noisy.rows, "the judging half is not looked at");
        assert_ne!(clean.weights, Weights::DEFAULT, "nothing was learned");
    }

    #[test]
    fn a_placement_that_is_weighed_wrongly_is_mended_by_many_and_not_by_few() {
        let history = history(|usual| usual);
        let cut = cut(&history).expect("a cut");
        let past = history.before(cut).all_in_stock();
        let model = read(&Models::of(&past, cut), &Weights::DEFAULT, Currency::EUR).expect("reads");
        let places = Places::of_model(&past, &model);
        let steps = steps(&history, cut).0;
        let mut wrong = Placements::DEFAULT;
        for source in [Placement::Product, Placement::Visitor] {
            let blend = &mut wrong.get_mut(source).blend;
            (blend.next_look, blend.after, blend.together, blend.content) = (0.0, 0.0, 0.0, 1.0);
        }
        let fitted = |steps: &[Step<'_>]| {
            let asked = questions(&history, &model, &places, (steps, &[], &[]));
            blend::placements::fit(&model.clone().placing(wrong), &asked)
        };
        let (many, few) = (fitted(&steps), fitted(&steps[..ENOUGH - 1]));
        assert!(many.product.blend.next_look > 0.0 && many.visitor.blend.next_look > 0.0, "{many:?}");
        assert_ne!(many.product.calibration, wrong.product.calibration);
        assert_eq!(few, wrong);
    }

    #[test]
    fn sources_that_have_nothing_to_say_are_neither_tried_nor_missed() {
        // The made-up shop tells no category, and likeness needs words.
        let report = measure(&history(|usual| usual), Currency::EUR).expect("measures");
        let asked: BTreeSet<&str> = report.rows.iter().filter(|row| row.question == "product").map(|row| row.answerer).collect();
        assert!(asked.contains("without sessions") && asked.contains("without also bought"), "{asked:?}");
        assert!(!asked.contains("without likeness"), "{asked:?}");
        let (learned, default) = (report.weights.placements.product.blend, Placements::DEFAULT.product.blend);
        assert_eq!((learned.content, learned.category), (default.content, default.category));
    }

    #[test]
    fn what_came_later_was_not_there_before() {
        let mut history = history(|usual| usual);
        history.items.push(Item { in_stock: true, ..Item::bare(ItemId::new("later").expect("an id")) });
        history.items[0].in_stock = false;
        let at = history.newest().expect("a newest");
        history.looks.push(Look { person: PEOPLE - 1, at: at.plus_ms(1), item: ITEMS });
        let past = history.before(at).all_in_stock();
        assert!(past.items[0].in_stock, "sold out today, not then");
        assert!(!past.items[ITEMS as usize].in_stock && past.items.len() == history.items.len());
    }

    #[test]
    fn a_shop_with_hardly_a_past_keeps_the_defaults() {
        for history in [History::default(), History { looks: history(|usual| usual).looks[..3].to_vec(), ..History::default() }] {
            let report =
                measure(&History { items: super::tests::history(|usual| usual).items, ..history }, Currency::EUR).expect("measures");
            assert_eq!((report.weights, report.is_enough), (Weights::DEFAULT, false));
        }
    }
}
