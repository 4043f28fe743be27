//! What will this visitor look at next? The one scorer, for lookups and for measuring alike.
//!
//! A session speaks in three ways, each a distribution over items, mixed with the weights of [`NextLook`] (interpolation of
//! estimates: Jelinek and Mercer 1980):
//!
//! - the table's row of each item, newest weighing most;
//! - the session's own items, since visitors go back (A, B, A);
//! - the newest visits that share items with the session: VMIS-kNN (Kersbergen et al. 2022) with the decays of V-STAN
//!   (Garg et al. 2019; Ludewig et al. 2021). A visit is as near as the items it shares are new in the session, times
//!   `exp(-age)`; it speaks for its items by `exp(-distance)` from the newest shared one, brought to a sum of one.
//!
//! Nothing allocates per candidate: a [`Looks`] is reused. Order is total: score, then item index, which is the order of ids.

use super::places::{Entered, Places};
use crate::model::{Model, NextLook, Table};

/// How many of a session's newest distinct items speak.
pub const ITEMS_HEARD: usize = 12;
/// How far from the shared item a visit's word is told apart; what is further counts the same.
const REACH: usize = 12;

/// An item that may come next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Its index.
    pub item: u32,
    /// Greater is likelier; comparable within one session.
    pub score: f32,
    /// The session's item that speaks loudest for it; itself where it was looked at before.
    pub evidence: u32,
    loudest: f32,
}

/// Room for one session's candidates at a time.
#[derive(Debug, Default)]
pub struct Looks {
    places: Places,
    found: Vec<Found>,
    near: Near,
}

/// Room for the visits near a session.
#[derive(Debug, Default)]
struct Near {
    places: Places,
    visits: Vec<Visit>,
    words: Vec<(u32, f32, u32)>,
}

#[derive(Clone, Copy, Debug)]
struct Visit {
    number: u32,
    likeness: f32,
    /// The newest item that it shares with the session.
    shared: u32,
}

impl Looks {
    /// Scores what may follow `session`: distinct items, the newest first, each with its strength, 1 for a look in this visit.
    /// The newest is being looked at and is not among the found. In no particular order.
    pub fn score(&mut self, model: &Model, session: &[(u32, f32)]) -> &[Found] {
        let how = model.meta().next_look;
        self.found.clear();
        self.places.fit(model.len());
        let session = &session[..session.len().min(ITEMS_HEARD)];
        let Some((current, _)) = session.first().copied() else { return &self.found };
        // Where rows begin is read for all before any is walked, here and below: memory is waited for once, not once a row.
        let rows: Vec<_> = session.iter().map(|(item, _)| model.neighbours(Table::Session, *item)).collect();
        let mut older = 1.0;
        for ((distance, (item, strength)), row) in session.iter().enumerate().zip(rows) {
            let at = distance.min(2);
            older *= if distance > 2 { how.older } else { 1.0 };
            let weight = strength * older;
            if *item != current {
                self.add(*item, weight * how.own[at], *item);
            }
            row.filter(|near| near.item != current).for_each(|near| self.add(near.item, weight * how.rows[at] * near.weight, *item));
        }
        if how.neighbours > 0.0 && model.recent_visits() > 0 {
            self.ask_neighbours(model, &how, session, current);
        }
        self.places.clear(self.found.iter().map(|found| found.item));
        &self.found
    }

    /// The best `limit` of what [`Looks::score`] finds, best first.
    pub fn best(&mut self, model: &Model, session: &[(u32, f32)], limit: usize) -> &[Found] {
        self.score(model, session);
        self.found.retain(|found| found.score > 0.0);
        let order = |a: &Found, b: &Found| b.score.total_cmp(&a.score).then(a.item.cmp(&b.item));
        if limit > 0 && self.found.len() > limit {
            self.found.select_nth_unstable_by(limit - 1, order);
        }
        self.found.truncate(limit);
        self.found.sort_unstable_by(order);
        &self.found
    }

    fn add(&mut self, item: u32, score: f32, evidence: u32) {
        match self.places.enter(item, self.found.len()) {
            Some(Entered::New) => self.found.push(Found { item, score, evidence, loudest: score }),
            Some(Entered::Known(place)) => {
                let Some(known) = self.found.get_mut(place) else { return };
                known.score += score;
                if score > known.loudest {
                    (known.loudest, known.evidence) = (score, evidence);
                }
            }
            None => {}
        }
    }

    fn ask_neighbours(&mut self, model: &Model, how: &NextLook, session: &[(u32, f32)], current: u32) {
        self.near.find(model, how, session);
        let sum = self.near.listen(model, how, current);
        if sum > 0.0 {
            let words = std::mem::take(&mut self.near.words);
            for (item, word, shared) in &words {
                self.add(*item, how.neighbours * word / sum, *shared);
            }
            self.near.words = words;
        }
    }
}

impl Near {
    /// The nearest visits: by likeness, of equals the newer.
    fn find(&mut self, model: &Model, how: &NextLook, session: &[(u32, f32)]) {
        self.visits.clear();
        self.places.fit(model.recent_visits());
        let rows: Vec<_> = session.iter().map(|(item, _)| model.visits_with(*item)).collect();
        let mut step = 1.0;
        for ((item, strength), row) in session.iter().zip(rows) {
            for number in row {
                match self.places.enter(number, self.visits.len()) {
                    Some(Entered::New) => self.visits.push(Visit { number, likeness: step * strength, shared: *item }),
                    Some(Entered::Known(place)) => {
                        if let Some(visit) = self.visits.get_mut(place) {
                            visit.likeness += step * strength;
                        }
                    }
                    None => {}
                }
            }
            step *= how.likeness_step;
        }
        self.places.clear(self.visits.iter().map(|visit| visit.number));
        let all = model.recent_visits() as f32;
        for visit in &mut self.visits {
            visit.likeness *= (-how.age * (all - visit.number as f32) / all).exp();
        }
        let most = how.most_neighbours as usize;
        let order = |a: &Visit, b: &Visit| b.likeness.total_cmp(&a.likeness).then(b.number.cmp(&a.number));
        if most > 0 && self.visits.len() > most {
            self.visits.select_nth_unstable_by(most - 1, order);
        }
        self.visits.truncate(most);
        // Sums of floats depend on their order, and a selection leaves none.
        self.visits.sort_unstable_by_key(|visit| visit.number);
    }

    /// What the visits say, but for the item being looked at; gives the sum.
    fn listen(&mut self, model: &Model, how: &NextLook, current: u32) -> f32 {
        let fading: [f32; REACH] = std::array::from_fn(|distance| (-how.distance * distance as f32).exp());
        self.words.clear();
        let mut sum = 0.0;
        let rows: Vec<_> = self.visits.iter().map(|visit| model.recent_visit(visit.number)).collect();
        for (visit, items) in self.visits.iter().zip(rows) {
            let shared = items.clone().position(|item| item == visit.shared).unwrap_or(0);
            for (place, item) in items.enumerate().filter(|(_, item)| *item != current) {
                let word = visit.likeness * fading[place.abs_diff(shared).min(REACH - 1)] * model.rarity(item);
                sum += word;
                self.words.push((item, word, visit.shared));
            }
        }
        sum
    }
}

/// A session as [`Looks::score`] wants it: distinct, newest first, of full strength. `looks` are oldest first.
#[must_use]
pub fn session_of(looks: &[u32]) -> Vec<(u32, f32)> {
    let mut session: Vec<(u32, f32)> = Vec::with_capacity(ITEMS_HEARD);
    for look in looks.iter().rev() {
        if session.len() < ITEMS_HEARD && session.iter().all(|(known, _)| known != look) {
            session.push((*look, 1.0));
        }
    }
    session
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalog::Item,
        id::ItemId,
        model::{Draft, Neighbour, RecentVisits},
        money::Currency,
        time::Timestamp,
    };
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    const ITEMS: u32 = 8;

    fn model(visits: Vec<Vec<u32>>, rows: Vec<Vec<(u32, u8)>>) -> Model {
        let row = |row: Vec<(u32, u8)>| {
            let of_item: BTreeMap<u32, u8> = row.into_iter().collect();
            of_item.into_iter().map(|(item, weight)| Neighbour { item, weight: f32::from(weight) / 256.0, supporters: 1 }).collect()
        };
        let draft = Draft {
            items: (0..ITEMS).map(|number| Item::bare(ItemId::new(&format!("i{number}")).expect("an id"))).collect(),
            tables: BTreeMap::from([(Table::Session, rows.into_iter().map(row).collect::<Vec<Vec<Neighbour>>>())]),
            recent: Some(RecentVisits { visits, an_item: 3, rarity: (0..ITEMS).map(|item| 1.0 / (1.0 + item as f32)).collect() }),
            ..Draft::empty(Timestamp(0), Currency::EUR)
        };
        Model::parse(draft.to_bytes().expect("writes").0.into()).expect("reads")
    }

    /// The module's words, said plainly, in double precision.
    fn oracle(model: &Model, session: &[(u32, f32)]) -> Vec<f64> {
        let how = NextLook::DEFAULT;
        let mut scores = vec![0.0; ITEMS as usize];
        let far = |distance: usize| f64::from(how.older).powi(distance.saturating_sub(2) as i32);
        for (distance, (item, strength)) in session.iter().enumerate() {
            let weight = f64::from(*strength) * far(distance);
            scores[*item as usize] += weight * f64::from(how.own[distance.min(2)]);
            for near in model.neighbours(Table::Session, *item) {
                scores[near.item as usize] += weight * f64::from(how.rows[distance.min(2)]) * f64::from(near.weight);
            }
        }
        let mut words = vec![0.0; ITEMS as usize];
        for number in 0..model.recent_visits() as u32 {
            let visit: Vec<u32> = model.recent_visit(number).collect();
            let held = |item: u32| model.visits_with(item).any(|held| held == number);
            let shared: Vec<usize> = (0..session.len()).filter(|place| held(session[*place].0)).collect();
            let Some(newest) = shared.first() else { continue };
            let likeness: f64 =
                shared.iter().map(|place| f64::from(how.likeness_step).powi(*place as i32) * f64::from(session[*place].1)).sum();
            let age = (model.recent_visits() as f64 - f64::from(number)) / model.recent_visits() as f64;
            let from = visit.iter().position(|item| *item == session[*newest].0).expect("is shared");
            for (place, item) in visit.iter().enumerate() {
                let fading = (-f64::from(how.distance) * place.abs_diff(from).min(REACH - 1) as f64).exp();
                words[*item as usize] += likeness * (-f64::from(how.age) * age).exp() * fading * f64::from(model.rarity(*item));
            }
        }
        let current = session[0].0 as usize;
        (words[current], scores[current]) = (0.0, 0.0);
        let sum: f64 = words.iter().sum();
        let word = |word: f64| if sum > 0.0 { f64::from(how.neighbours) * word / sum } else { 0.0 };
        scores.iter().zip(words).map(|(score, said)| score + word(said)).collect()
    }

    proptest! {
        #[test]
        fn scores_are_what_the_words_say(
            visits in prop::collection::vec(prop::collection::btree_set(0..ITEMS, 2..5), 0..20),
            rows in prop::collection::vec(prop::collection::vec((0..ITEMS, 1u8..), 0..5), ITEMS as usize),
            looks in prop::collection::vec(0..ITEMS, 1..8),
        ) {
            let visits: Vec<Vec<u32>> = visits.into_iter().map(|visit: BTreeSet<u32>| visit.into_iter().rev().collect()).collect();
            let model = model(visits, rows);
            let session = session_of(&looks);
            let mut scratch = Looks::default();
            for _ in 0..2 {
                let found: BTreeMap<u32, f32> = scratch.score(&model, &session).iter().map(|found| (found.item, found.score)).collect();
                for (item, expected) in oracle(&model, &session).into_iter().enumerate() {
                    let score = f64::from(found.get(&(item as u32)).copied().unwrap_or(0.0));
                    prop_assert!((score - expected).abs() < 1e-4, "item {item}: {score}, expected {expected}");
                }
                prop_assert!(!found.contains_key(&session[0].0), "the item being looked at");
            }
            let best: Vec<Found> = scratch.best(&model, &session, 3).to_vec();
            prop_assert!(best.is_sorted_by(|a, b| a.score > b.score || (a.score == b.score && a.item < b.item)));
            prop_assert!(best.iter().all(|found| session.iter().any(|(item, _)| *item == found.evidence)));
        }
    }

    #[test]
    fn equals_stand_in_the_order_of_their_ids() {
        let how = NextLook::DEFAULT;
        assert_eq!((how.rows[0], how.rows[1]), (1.0, 0.25), "what makes the two below equal");
        let model = model(Vec::new(), vec![vec![(5, 128)], vec![(6, 32)]]);
        let mut looks = Looks::default();
        let found: Vec<(u32, f32)> = looks
            .best(&model, &session_of(&[0, 1]), 9)
            .iter()
            .filter(|found| found.item > 1)
            .map(|found| (found.item, found.score))
            .collect();
        assert_eq!(found, [(5, 0.125), (6, 0.125)], "the newest look found 6 first");
    }

    #[test]
    fn nothing_known_finds_nothing() {
        let empty = Model::parse(Draft::empty(Timestamp(0), Currency::EUR).to_bytes().expect("writes").0.into()).expect("reads");
        let mut looks = Looks::default();
        assert!(looks.score(&empty, &[]).is_empty() && looks.score(&empty, &[(0, 1.0), (u32::MAX, 1.0)]).is_empty());
        let one = model(vec![vec![0, 1]], Vec::new());
        assert_eq!(session_of(&[0, 0, 0]), [(0, 1.0)]);
        assert_eq!(looks.best(&one, &session_of(&[0, 0, 0]), 5).iter().map(|found| found.item).collect::<Vec<_>>(), [1]);
        assert!(looks.best(&one, &[(u32::MAX, 1.0)], 5).is_empty(), "an unknown item says nothing");
    }
}
