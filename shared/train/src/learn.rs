//! All models of a shop at once.

use crate::{
    blend::Weights,
    content,
    history::History,
    holdout::{self, Report},
    popularity, purchases, repeat, season, together,
    visits::{self, Visits},
};
use rapport_core::{
    model::{Draft, HARDLY_KNOWN, ItemStatistics, ModelError, Table},
    money::Currency,
    time::Timestamp,
};
use std::collections::BTreeMap;

/// An item with fewer neighbours from people's doings gets some by likeness.
const ENOUGH_NEIGHBOURS: usize = 10;

/// What a run of training gives.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The artifact in the making.
    pub draft: Draft,
    /// How the same learning did on the newest past, and which weights it chose there.
    pub report: Report,
}

/// Chooses weights on the newest past, then learns everything that an artifact holds from all of it. The same history and `now` give
/// the same bytes on any number of threads; a history without events gives an honest empty model.
///
/// # Errors
/// [`ModelError`] when the catalog is too large for an artifact.
pub fn learn(history: &History, currency: Currency, now: Timestamp) -> Result<Learned, ModelError> {
    let report = holdout::measure(history, currency)?;
    let draft = Models::of(history, now).draft(&report.weights, currency);
    Ok(Learned { draft, report })
}

/// All that was counted, before it is weighed.
pub(crate) struct Models<'a> {
    history: &'a History,
    now: Timestamp,
    visits: Visits,
    purchases: Vec<Vec<(u32, f32)>>,
    statistics: Vec<ItemStatistics>,
    seasonal: Vec<u32>,
}

impl<'a> Models<'a> {
    pub(crate) fn of(history: &'a History, now: Timestamp) -> Self {
        let popularity = popularity::fit(history, now, &popularity::DEFAULT);
        let statistics = popularity.into_iter().zip(repeat::fit(history));
        Self {
            history,
            now,
            visits: Visits::of(history, &visits::DEFAULT),
            seasonal: season::fit(history, now),
            purchases: purchases::fit(history, &purchases::DEFAULT),
            statistics: statistics.map(|((popularity, trending), repeat)| ItemStatistics { popularity, trending, repeat }).collect(),
        }
    }

    pub(crate) const fn visits(&self) -> &Visits {
        &self.visits
    }

    /// What to publish, with these weights.
    pub(crate) fn draft(&self, weights: &Weights, currency: Currency) -> Draft {
        let session = self.visits.table(&weights.mix);
        let (together, orders) = together::fit(self.history, &session, &together::DEFAULT);
        let neighbours = |item: usize| session.get(item).map_or(0, Vec::len) + self.purchases.get(item).map_or(0, Vec::len);
        let is_new = |item: usize| self.statistics[item].popularity < HARDLY_KNOWN;
        let content = content::fit(&self.history.items, |item| neighbours(item) < ENOUGH_NEIGHBOURS, is_new);
        Draft {
            created: self.now,
            currency,
            learned_from: [self.history.people(), self.history.events, orders, self.visits.count],
            items: self.history.items.clone(),
            skus: self.history.skus.clone(),
            statistics: self.statistics.clone(),
            tables: BTreeMap::from([(Table::Session, session), (Table::Together, together), (Table::Content, content)]),
            purchases: self.purchases.clone(),
            next_purchase: weights.next_purchase,
            placements: weights.placements,
            next_look: weights.next_look,
            recent: Some(self.visits.recent.clone()),
            seasonal: self.seasonal.clone(),
            outlook: None,
            tastes: None,
            leads: None,
            rhythm: None,
            personas: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Buy, Look};
    use rapport_core::{
        catalog::Item,
        id::ItemId,
        model::Model,
        ranking::{Ask, Scratch, Shop, recommend},
        rules::Rules,
        time::DAY_MS,
    };
    use std::collections::BTreeSet;

    const NOW: Timestamp = Timestamp(1_795_348_800_000);
    const MINUTE_MS: i64 = 60_000;

    fn items(count: usize) -> Vec<Item> {
        (0..count).map(|number| Item::bare(ItemId::new(&format!("i{number:02}")).expect("an id"))).collect()
    }

    fn shop(history: &History) -> Shop {
        let (artifact, _) = learn(history, Currency::EUR, NOW).expect("learns").draft.to_bytes().expect("writes");
        Shop::new(Some(Model::parse(artifact.into()).expect("reads")), [], Rules::default())
    }

    /// What it shows somebody who is at its first item, at each kind of placement.
    fn shown(shop: &Shop) -> Vec<Vec<u32>> {
        let first = ItemId::new("i00").expect("an id");
        let at = |placement: &str| Ask {
            placement: placement.into(),
            item: (placement == "product").then(|| first.clone()),
            cart: if placement == "cart" { vec![first.clone()] } else { Vec::new() },
            session: vec![first.clone()],
            limit: 10,
            discovery: Some(0.5),
            ..Ask::default()
        };
        let answer = |placement| recommend(shop, &at(placement), &[], NOW, 1, &mut Scratch::default()).picks;
        ["home", "product", "cart", "category"].map(|placement| answer(placement).iter().map(|pick| pick.item).collect()).into()
    }

    #[test]
    fn strange_shops_are_served_sanely() {
        let look = |person: u32, at: i64, item: u32| Look { person, at: NOW.plus_ms(at - 9 * DAY_MS), item };
        let buy = |person: u32, at: i64, item: u32| Buy { person, at: NOW.plus_ms(at - 9 * DAY_MS), order: person, item, quantity: 1 };
        let known = |people: usize| vec![true; people];
        let strange = [
            ("nothing at all", History::default(), 0),
            ("a catalog that nobody came to", History { items: items(3), ..History::default() }, 2),
            ("one item, one customer", History { items: items(1), known: known(1), buys: vec![buy(0, 0, 0)], ..History::default() }, 0),
            ("one look", History { items: items(2), known: known(1), looks: vec![look(0, 0, 0)], ..History::default() }, 1),
            (
                "one customer, again and again",
                History {
                    items: items(2),
                    known: known(1),
                    buys: (0..50).map(|day| buy(0, day * DAY_MS / 10, 1)).collect(),
                    ..History::default()
                },
                1,
            ),
        ];
        for (name, history, at_least) in strange {
            for answer in shown(&shop(&History { events: 1, ..history })) {
                let distinct: BTreeSet<&u32> = answer.iter().collect();
                assert!(answer.len() >= at_least && distinct.len() == answer.len(), "{name}: {answer:?}");
            }
        }
    }

    #[test]
    fn a_million_looks_of_one_robot_move_little() {
        const PAIRS: u32 = 20;
        // Three hundred people look at two things that belong together; one robot, taken for a person, at two that do not.
        let honest = (1..=300u32).flat_map(|person| {
            let pair = person % PAIRS * 2;
            [(person, 0, pair), (person, MINUTE_MS, pair + 1)]
        });
        let robot = (0..1_000_000u32).map(|number| {
            let visit = i64::from(number / 40) * 31 * MINUTE_MS / 100;
            (0, visit + i64::from(number % 40), [0, 3, 39][number as usize % 3])
        });
        let looks = robot.chain(honest).map(|(person, at, item)| Look { person, at: NOW.plus_ms(at - 9 * DAY_MS), item });
        let history = History { items: items(40), known: vec![true; 301], looks: looks.collect(), events: 1_000_600, ..History::default() };
        let shop = shop(&history);
        let model = shop.model().expect("a model");
        for answer in shown(&shop) {
            assert!(answer.len() == 10 && answer.contains(&1), "what people look at next is there: {answer:?}");
        }
        let expected = 0.1 * 300.0 / PAIRS as f32;
        assert!(model.popularity(39) <= expected + 3.0, "one person adds at most 3: {}", model.popularity(39));
    }
}
