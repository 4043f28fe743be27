//! The rows of a report: the model beside bestsellers, beside the default weights, beside itself without each of its parts, and beside
//! what an artifact would hold if size did not matter.

use super::{Case, Judged, Places, Step, bestsellers, bestsellers_beside, lists, looks};
use crate::{
    blend::placements::{Answered, Questions, answers, heard, shop},
    reliability::Reliability,
    score::{Row, Score, Scores},
};
use rapport_core::model::{Model, NextLook, NextPurchase, Placement, Placements, Weighing};
use std::collections::BTreeSet;

/// A model beside its variants, by name.
pub(super) struct Beside<'a> {
    pub(super) model: &'a Model,
    /// With the default weights.
    pub(super) default: &'a Model,
    /// With more, or finer, in its tables than an artifact holds.
    pub(super) larger: &'a [(&'static str, Model)],
}

impl Beside<'_> {
    pub(super) fn looks(&self, places: &Places, steps: &[Step<'_>]) -> Vec<Row> {
        const QUESTION: &str = "next_look";
        if steps.is_empty() {
            return Vec::new();
        }
        let model = self.model;
        let how = model.meta().next_look;
        let ask = |how: NextLook| looks(&model.clone().weighing(how, model.meta().next_purchase), places, steps);
        let bestsellers = |step: &Step<'_>| Score::of(&bestsellers_beside(model, places, step), &BTreeSet::from([places.of(step.next)]));
        let own = looks(model, places, steps);
        let mut others = vec![
            ("bestsellers", Scores(steps.iter().map(bestsellers).collect())),
            ("default weights", looks(self.default, places, steps)),
            ("without neighbours", ask(NextLook { neighbours: 0.0, ..how })),
            ("without returns", ask(NextLook { own: [0.0; 3], ..how })),
            ("without the table", ask(NextLook { rows: [0.0; 3], ..how })),
        ];
        let larger = self.larger.iter().filter(|(name, _)| *name == LONGER_ROWS);
        others.extend(larger.map(|(name, model)| (*name, looks(model, places, steps))));
        let rows = others.iter().map(|(answerer, scores)| scores.row(QUESTION, answerer, Some(&own)));
        std::iter::once(own.row(QUESTION, "model", None)).chain(rows).collect()
    }

    pub(super) fn orders(&self, cases: &[Case]) -> Vec<Row> {
        if cases.is_empty() {
            return Vec::new();
        }
        let own = lists(self.model, cases);
        let others = self.orders_otherwise(cases);
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
            let others = others.iter().filter(|(answerer, _)| question != "new_items" || !OF_HABITS.contains(answerer));
            rows.extend(others.map(|(answerer, judged)| scores(judged).row(question, answerer, Some(&model))));
        }
        rows
    }

    fn orders_otherwise(&self, cases: &[Case]) -> Vec<(&'static str, Vec<Judged>)> {
        let model = self.model;
        let (how, heard) = (model.meta().next_purchase, heard(model));
        let mut others = vec![("bestsellers", cases.iter().map(|case| case.judge(&bestsellers(model, case))).collect())];
        let weighed = [
            ("default weights", self.default.meta().next_purchase),
            (OF_HABITS[0], NextPurchase { own: 0.0, ..how }),
            (OF_HABITS[1], NextPurchase { repeat: 0.0, ..how }),
            (OF_HABITS[2], NextPurchase { due: 0.0, ..how }),
            ("without the trend", NextPurchase { trend: 0.0, own_trend: 0.0, ..how }),
            ("without bestsellers", NextPurchase { intercept: 0.0, ..how }),
        ];
        // What was switched off by training is not missed.
        for (answerer, otherwise) in weighed.into_iter().filter(|(name, otherwise)| *otherwise != how || *name == "default weights") {
            others.push((answerer, lists(&model.clone().weighing(model.meta().next_look, otherwise), cases)));
        }
        let without: [(&str, Otherwise); 2] =
            [("without also bought", |own, _| own.blend.history = 0.0), ("without the season", |own, _| own.blend.season = 0.0)];
        for (answerer, change) in without {
            let mut otherwise = model.meta().placements;
            change(otherwise.get_mut(Placement::Customer), Placements::DEFAULT.get(Placement::Customer));
            if heard(otherwise.customer.blend) != heard(model.meta().placements.customer.blend) {
                others.push((answerer, lists(&model.clone().placing(otherwise), cases)));
            }
        }
        others.extend(self.larger.iter().filter(|(name, _)| *name != LONGER_ROWS).map(|(name, model)| (*name, lists(model, cases))));
        others
    }
}

/// Parts that only speak of what was bought before.
const OF_HABITS: [&str; 3] = ["without habits", "without repeat rates", "without intervals"];
/// Four times the session rows that an artifact has.
pub(super) const LONGER_ROWS: &str = "longer rows";
/// Every weight of the purchase regressions, none cut.
pub(super) const ALL_WEIGHTS: &str = "all weights";
/// The weights that an artifact has, in twice the digits.
pub(super) const EXACT_WEIGHTS: &str = "exact weights";

/// Each placement as a whole, beside the default weights and the weights without one of its sources.
pub(super) fn placements(model: &Model, asked: &Questions<'_>) -> (Vec<Row>, Vec<Reliability>) {
    let (mut rows, mut reliability) = (Vec::new(), Vec::new());
    let (mut shop, heard) = (shop(model), heard(model));
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
const OTHERWISE: [(&str, Otherwise); 7] = [
    ("default weights", |own, default| *own = *default),
    ("without sessions", |own, _| own.blend.next_look = 0.0),
    ("without also bought", |own, _| own.blend.after = 0.0),
    ("without together", |own, _| own.blend.together = 0.0),
    ("without likeness", |own, _| own.blend.content = 0.0),
    ("without the category", |own, _| own.blend.category = 0.0),
    ("without the season", |own, _| own.blend.season = 0.0),
];
