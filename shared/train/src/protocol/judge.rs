//! How predictions did, beside what anybody could have said.
//!
//! Accuracy alone is easily had with bestsellers, so that whom the lists serve stands beside it: [`Breadth`].
//!
//! Baselines know the past and nothing of Rapport: bestsellers, what stood in the same sessions (cosine; Sarwar et al. 2001), what the
//! customer bought most often (Hu et al. 2020: what a next-basket method must beat).

use super::{Group, LIST, Prediction};
use crate::{
    breadth::{Breadth, Listed},
    score::{Row, Scores, Yardstick},
};
use rapport_core::id::ItemId;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    /// Accuracy, the model first.
    pub rows: Vec<Row>,
    /// Whom the lists serve, in the same order.
    pub breadth: Vec<Breadth>,
}

/// Judges predictions of [`super::sessions`] asked with the same arguments.
#[must_use]
pub fn sessions(train: &[Group], test: &[Group], first: usize, every: usize, predictions: &[Prediction]) -> Judgement {
    let past = Past::of(train);
    let mut questions = Vec::new();
    for session in test.iter().step_by(every.max(1)) {
        for position in first.max(1)..session.items.len() {
            let (current, wanted) = (&session.items[position - 1], &session.items[position]);
            if current != wanted {
                let asked = Question::about(&session.who, BTreeSet::from([wanted]));
                questions.push(Question { position: Some(position), at_hand: Some(current), ..asked });
            }
        }
    }
    let mut beside = Beside::of(train);
    let baselines: Vec<Answers<'_>> = vec![
        ("bestsellers", questions.iter().map(|question| past.bestsellers(question)).collect()),
        ("same sessions", questions.iter().map(|question| past.filled(beside.list(question), question)).collect()),
    ];
    past.judge("next_look", Yardstick::LIST, &questions, predictions, baselines)
}

/// Judges predictions of [`super::purchases`]: what was bought `later`, of what the past has, by who has a past.
#[must_use]
pub fn purchases(train: &[Group], later: &[Group], only_new: bool, predictions: &[Prediction]) -> Judgement {
    let past = Past::of(train);
    let mut bought: BTreeMap<&str, BTreeSet<&ItemId>> = BTreeMap::new();
    for group in later.iter().filter(|group| past.of.contains_key(group.who.as_str())) {
        bought.entry(&group.who).or_default().extend(group.items.iter().filter(|item| past.counts.contains_key(item)));
    }
    let question = |(who, mut wanted): (_, BTreeSet<_>)| {
        let barred = if only_new { past.own(who).into_keys().collect() } else { BTreeSet::new() };
        wanted.retain(|item| !barred.contains(item));
        (!wanted.is_empty()).then(|| Question { barred, ..Question::about(who, wanted) })
    };
    let questions: Vec<Question<'_>> = bought.into_iter().filter_map(question).collect();
    let mut baselines: Vec<Answers<'_>> = vec![("bestsellers", questions.iter().map(|question| past.bestsellers(question)).collect())];
    if !only_new {
        baselines.push(("bought most often", questions.iter().map(|question| past.habits(question)).collect()));
    }
    let name = if only_new { "new_items" } else { "next_purchase" };
    past.judge(name, Yardstick::LIST, &questions, predictions, baselines)
}

/// Judges predictions of [`super::baskets`]: the last basket of the users that `is_test` names.
#[must_use]
pub fn baskets(baskets: &[Group], is_test: impl Fn(&str) -> bool, predictions: &[Prediction]) -> Judgement {
    let (train, last) = super::last_baskets(baskets);
    let past = Past::of(&train);
    let asked = last.into_iter().filter(|basket| is_test(&basket.who));
    let questions: Vec<Question<'_>> = asked.map(|basket| Question::about(&basket.who, basket.items.iter().collect())).collect();
    let baselines: Vec<Answers<'_>> = vec![
        ("bestsellers", questions.iter().map(|question| past.bestsellers(question)).collect()),
        ("bought most often", questions.iter().map(|question| past.habits(question)).collect()),
    ];
    past.judge("next_basket", Yardstick::BASKET, &questions, predictions, baselines)
}

type Answers<'a> = (&'static str, Vec<Vec<&'a ItemId>>);

struct Question<'a> {
    who: &'a str,
    position: Option<usize>,
    wanted: BTreeSet<&'a ItemId>,
    /// The item being looked at, which no list may hold.
    at_hand: Option<&'a ItemId>,
    /// What may not be listed either.
    barred: BTreeSet<&'a ItemId>,
}

impl<'a> Question<'a> {
    const fn about(who: &'a str, wanted: BTreeSet<&'a ItemId>) -> Self {
        Self { who, position: None, wanted, at_hand: None, barred: BTreeSet::new() }
    }

    fn allows(&self, item: &ItemId) -> bool {
        self.at_hand != Some(item) && !self.barred.contains(item)
    }
}

/// The training part, counted plainly.
struct Past<'a> {
    /// How many people, or sessions, dealt with an item.
    counts: HashMap<&'a ItemId, u32>,
    /// Most counted first, then by id.
    favourites: Vec<&'a ItemId>,
    of: HashMap<&'a str, Vec<&'a Group>>,
}

impl<'a> Past<'a> {
    fn of(train: &'a [Group]) -> Self {
        let (mut counts, mut of): (HashMap<&ItemId, u32>, HashMap<&str, Vec<&Group>>) = (HashMap::new(), HashMap::new());
        for group in train {
            of.entry(&group.who).or_default().push(group);
        }
        for groups in of.values() {
            let items: BTreeSet<&ItemId> = groups.iter().flat_map(|group| &group.items).collect();
            items.into_iter().for_each(|item| *counts.entry(item).or_default() += 1);
        }
        let mut favourites: Vec<&ItemId> = counts.keys().copied().collect();
        favourites.sort_by(|a, b| counts[b].cmp(&counts[a]).then_with(|| a.cmp(b)));
        Self { counts, favourites, of }
    }

    /// How many of a customer's groups hold each item, and when the newest was.
    fn own(&self, who: &str) -> BTreeMap<&'a ItemId, (u32, i64)> {
        let mut own: BTreeMap<&ItemId, (u32, i64)> = BTreeMap::new();
        for group in self.of.get(who).into_iter().flatten() {
            for item in distinct(&group.items) {
                let (times, newest) = own.entry(item).or_insert((0, i64::MIN));
                (*times, *newest) = (*times + 1, (*newest).max(group.at.0));
            }
        }
        own
    }

    fn bestsellers(&self, question: &Question<'_>) -> Vec<&'a ItemId> {
        self.filled(Vec::new(), question)
    }

    fn habits(&self, question: &Question<'_>) -> Vec<&'a ItemId> {
        let mut own: Vec<(&ItemId, (u32, i64))> = self.own(question.who).into_iter().collect();
        own.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        self.filled(own.into_iter().map(|(item, _)| item).take(LIST).collect(), question)
    }

    /// The list, with favourites behind it.
    fn filled(&self, mut list: Vec<&'a ItemId>, question: &Question<'_>) -> Vec<&'a ItemId> {
        let missing = LIST.saturating_sub(list.len());
        let more: Vec<&ItemId> =
            self.favourites.iter().copied().filter(|item| question.allows(item) && !list.contains(item)).take(missing).collect();
        list.extend(more);
        list
    }

    fn judge(
        &self,
        question: &'static str,
        yardstick: Yardstick,
        questions: &[Question<'_>],
        predictions: &[Prediction],
        baselines: Vec<Answers<'_>>,
    ) -> Judgement {
        let predicted: HashMap<(&str, Option<usize>), &[ItemId]> =
            predictions.iter().map(|told| ((told.key.as_str(), told.position), told.items.as_slice())).collect();
        let of_model =
            |question: &Question<'_>| predicted.get(&(question.who, question.position)).map_or(Vec::new(), |list| list.iter().collect());
        let answers = std::iter::once(("model", questions.iter().map(of_model).collect())).chain(baselines);
        let scored: Vec<(Scores, Answers<'_>)> = answers
            .map(|answers| {
                (Scores(answers.1.iter().zip(questions).map(|(list, asked)| yardstick.score(list, &asked.wanted)).collect()), answers)
            })
            .collect();
        let row = |(place, (scores, answers)): (usize, &(Scores, Answers<'_>))| {
            scores.row(question, answers.0, (place > 0).then_some(&scored[0].0))
        };
        Judgement {
            rows: scored.iter().enumerate().map(row).collect(),
            breadth: scored
                .iter()
                .map(|(scores, (answerer, lists))| self.breadth((question, answerer), questions, lists, scores))
                .collect(),
        }
    }

    fn breadth(&self, row: (&'static str, &'static str), questions: &[Question<'_>], lists: &[Vec<&ItemId>], scores: &Scores) -> Breadth {
        let is_one_order = |question: &Question<'_>| self.of.get(question.who).is_some_and(|groups| groups.len() == 1);
        let listed = questions.iter().zip(lists).zip(&scores.0).map(|((question, list), score)| Listed {
            wanted: &question.wanted,
            list,
            ndcg: score.ndcg,
            is_one_order: is_one_order(question),
        });
        let count = |item: &&ItemId| self.counts.get(*item).copied().unwrap_or(0);
        Breadth::of(row, self.counts.len(), count, &listed.collect::<Vec<_>>())
    }
}

fn distinct(items: &[ItemId]) -> impl Iterator<Item = &ItemId> {
    items.iter().collect::<BTreeSet<&ItemId>>().into_iter()
}

/// What stands in the sessions of an item, by cosine.
struct Beside<'a> {
    sessions: &'a [Group],
    with: HashMap<&'a ItemId, Vec<usize>>,
    lists: HashMap<&'a ItemId, Vec<&'a ItemId>>,
}

impl<'a> Beside<'a> {
    fn of(sessions: &'a [Group]) -> Self {
        let mut with: HashMap<&ItemId, Vec<usize>> = HashMap::new();
        for (number, session) in sessions.iter().enumerate() {
            distinct(&session.items).for_each(|item| with.entry(item).or_default().push(number));
        }
        Self { sessions, with, lists: HashMap::new() }
    }

    fn list(&mut self, question: &Question<'_>) -> Vec<&'a ItemId> {
        let Some((item, sessions)) = question.at_hand.and_then(|item| self.with.get_key_value(item)) else { return Vec::new() };
        let rank = || {
            let mut together: HashMap<&ItemId, f64> = HashMap::new();
            let others = sessions.iter().flat_map(|session| distinct(&self.sessions[*session].items)).filter(|other| other != item);
            others.for_each(|other| *together.entry(other).or_default() += 1.0);
            let cosine = |other: &ItemId, both: f64| both / (self.with[other].len() as f64).sqrt();
            let mut list: Vec<(f64, &ItemId)> = together.into_iter().map(|(other, both)| (cosine(other, both), other)).collect();
            list.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
            list.into_iter().take(LIST).map(|(_, other)| other).collect()
        };
        self.lists.entry(*item).or_insert_with(rank).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::breadth::Part;
    use rapport_core::time::Timestamp;

    fn group(who: &str, at: i64, items: &[&str]) -> Group {
        let items = items.iter().map(|item| ItemId::new(item).expect("an id")).collect();
        Group { who: who.to_owned(), at: Timestamp(at), items }
    }

    fn told(key: &str, position: Option<usize>, items: &[&str]) -> Prediction {
        Prediction { key: key.to_owned(), position, items: items.iter().map(|item| ItemId::new(item).expect("an id")).collect() }
    }

    #[test]
    fn sessions_are_asked_where_the_item_changes() {
        let train = [group("1", 0, &["a", "b"]), group("2", 1, &["a", "c"]), group("3", 2, &["a", "b"]), group("4", 3, &["d", "c"])];
        let test = [group("5", 4, &["a", "b", "b", "c"])];
        let told = [told("5", Some(1), &["c", "b"]), told("5", Some(3), &["d"])];
        let judged = sessions(&train, &test, 1, 1, &told);
        let names: Vec<&str> = judged.rows.iter().map(|row| row.answerer).collect();
        assert_eq!(names, ["model", "bestsellers", "same sessions"]);
        let [model, bestsellers, beside] = &judged.rows[..] else { panic!("three rows") };
        assert_eq!((model.asked, model.hit_rate, model.reciprocal_rank, model.recall), (2, 0.5, 0.25, 0.5));
        // Both are asked for b after a, and for c after b: a, b, c, d by count, without what is at hand.
        assert_eq!(bestsellers.reciprocal_rank, f64::midpoint(1.0, 0.5));
        assert!(beside.reciprocal_rank > bestsellers.reciprocal_rank - 1e-9 && bestsellers.lead.is_some_and(|lead| lead.ndcg < 0.0));
        assert_eq!(judged.breadth[0].coverage, 0.75, "b, c and d of four");
        assert_eq!(judged.breadth[0].rare_items, Some(Part { asked: 2, value: 0.5 }));
        assert_eq!(judged.breadth[0].one_order_customers, None, "sessions have no customers");
    }

    #[test]
    fn customers_are_asked_about_what_the_shop_had() {
        let train = [group("1", 0, &["a", "b"]), group("1", 5, &["a"]), group("2", 1, &["c"]), group("3", 1, &["c"])];
        let later = [group("1", 9, &["a", "d"]), group("2", 9, &["a"]), group("3", 9, &["new"]), group("9", 9, &["a"])];
        let told = [told("1", None, &["a", "c"]), told("2", None, &["b", "c"])];
        let judged = purchases(&train, &later, false, &told);
        assert_eq!(
            judged.rows.iter().map(|row| (row.answerer, row.asked, row.recall)).collect::<Vec<_>>(),
            [("model", 2, 0.5), ("bestsellers", 2, 1.0), ("bought most often", 2, 1.0)]
        );
        assert_eq!(judged.rows[2].reciprocal_rank, f64::midpoint(1.0, 0.5), "who bought c once is told c, then the bestseller a");
        assert_eq!(judged.breadth[0].one_order_customers, Some(Part { asked: 1, value: 0.0 }));
        // Three items of 1, 1 and 2 people are listed, items of one person are wanted.
        assert!((judged.breadth[1].popularity_lift - 1.0 / 3.0).abs() < 1e-9, "{:?}", judged.breadth);

        let new = purchases(&train, &later, true, &told);
        assert_eq!(new.rows.iter().map(|row| (row.answerer, row.asked)).collect::<Vec<_>>(), [("model", 1), ("bestsellers", 1)]);
        assert_eq!(new.rows[1].reciprocal_rank, 1.0, "c is barred for who bought it");
    }

    #[test]
    fn the_last_basket_is_asked_whole() {
        let all = [group("5", 0, &["a", "b"]), group("5", 1, &["a", "c"]), group("6", 0, &["c"]), group("6", 1, &["c"])];
        let judged = baskets(&all, |user| user == "5", &[told("5", None, &["x", "c"])]);
        let [model, _, habits] = &judged.rows[..] else { panic!("three rows") };
        assert_eq!((model.asked, model.recall, habits.recall), (1, 0.5, 1.0));
    }

    #[test]
    fn nothing_is_judged_without_questions() {
        let judged = purchases(&[], &[], false, &[]);
        assert!(judged.rows.iter().all(|row| (row.asked, row.ndcg) == (0, 0.0)));
        assert!(judged.breadth.iter().all(|breadth| (breadth.coverage, breadth.popularity_lift) == (0.0, 0.0)));
    }
}
