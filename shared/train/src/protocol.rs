//! Public protocols on plain rows: what `rapport evaluate` predicts, through the same learning and the same artifact as a shop's.

pub mod customers;
pub mod judge;
pub mod judge_customers;

use crate::{
    Corpus,
    history::{History, Look},
    intern::Interner,
    learn,
    shopper::{self, Order},
};
use bytes::Bytes;
use rapport_core::{
    catalog::{Item, Listing},
    event::Event,
    id::{CustomerId, IdError, ItemId},
    model::{Model, ModelError},
    money::Currency,
    profile::Profile,
    ranking::{Scratch, Shop},
    rules::Rules,
    source::ConsentMode,
    time::{DAY_MS, Timestamp},
};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Length of the lists.
const LIST: usize = 20;

/// A session, purchases of a customer at one time, or a basket.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The session's id, or the customer's.
    pub who: String,
    /// When, in milliseconds; where the data has no times, any numbers that rise as time does, a day apart.
    pub at: Timestamp,
    /// The items, oldest first.
    pub items: Vec<ItemId>,
}

/// A list for one key, best first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// Session id, or customer.
    pub key: String,
    /// The position predicted, counted from 0; only for sessions.
    pub position: Option<usize>,
    /// Best first.
    pub items: Vec<ItemId>,
}

/// Why nothing could be predicted.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// The catalog is too large for an artifact.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A customer's or a user's id that is none.
    #[error(transparent)]
    Id(#[from] IdError),
    /// A purchase model that cannot be fitted.
    #[error(transparent)]
    Fit(#[from] crate::lifetime::FitError),
}

/// The next item at every position from `first` of every `every`-th session of `test`, learned from `train` alone. As deployed: the
/// ranking of lookups answers from the artifact's bytes, at the page of the item being looked at.
///
/// # Errors
/// [`ModelError`] when the catalog is too large for an artifact.
pub fn sessions(train: &[Group], test: &[Group], first: usize, every: usize) -> Result<Vec<Prediction>, ModelError> {
    let model = session_model(train)?;
    let now = model.meta().created;
    let shop = Shop::new(Some(model), [], Rules::default());
    let mut asked: Vec<(&Group, usize)> = Vec::new();
    for session in test.iter().step_by(every.max(1)) {
        let differs = |position: &usize| session.items[*position] != session.items[*position - 1];
        asked.extend((first.max(1)..session.items.len()).filter(differs).map(|position| (session, position)));
    }
    let predict = |scratch: &mut Scratch, (session, position): (&Group, usize)| {
        let items = shopper::next_looks(&shop, &session.items[..position], LIST, now, scratch);
        Prediction { key: session.who.clone(), position: Some(position), items: names(&shop, &items) }
    };
    Ok(asked.into_par_iter().map_init(Scratch::default, predict).collect())
}

/// What every customer of `train` buys after it; only what they never bought where `only_new`. As deployed: events are learned from,
/// fold to profiles, and the ranking of lookups answers from the artifact's bytes.
///
/// # Errors
/// [`ProtocolError`] when the catalog is too large for an artifact, or a customer's id is none.
pub fn purchases(train: &[Group], only_new: bool) -> Result<Vec<Prediction>, ProtocolError> {
    let mut orders: BTreeMap<CustomerId, Vec<(usize, &Group)>> = BTreeMap::new();
    for (number, group) in train.iter().enumerate() {
        orders.entry(CustomerId::new(&group.who)?).or_default().push((number, group));
    }
    let mut corpus = Corpus::default();
    let mut profiles: Vec<(CustomerId, Profile, Vec<ItemId>)> = Vec::with_capacity(orders.len());
    for (customer, orders) in orders {
        let mut events: Vec<Event> = Vec::new();
        let mut bought: BTreeSet<&ItemId> = BTreeSet::new();
        for (number, group) in orders {
            let items: BTreeSet<&ItemId> = group.items.iter().collect();
            bought.extend(&items);
            events.extend(Order { customer: &customer, number, at: group.at, items: items.into_iter().collect() }.events()?);
        }
        events.iter().for_each(|event| corpus.add(event));
        let exclude = if only_new { bought.into_iter().cloned().collect() } else { Vec::new() };
        let profile = shopper::profile(&customer, &events);
        profiles.push((customer, profile, exclude));
    }
    let history = corpus.history(ConsentMode::OptOut);
    let now = history.newest().unwrap_or(Timestamp(0)).plus_ms(DAY_MS);
    let (artifact, _) = learn(&history, Currency::EUR, now)?.draft.to_bytes()?;
    let shop = Shop::new(Some(Model::parse(Bytes::from(artifact))?), [], Rules::default());
    let predict = |scratch: &mut Scratch, (customer, profile, exclude): (CustomerId, Profile, Vec<ItemId>)| {
        let items = shopper::next_purchases(&shop, &profile, exclude, LIST, now, scratch);
        Prediction { key: customer.to_string(), position: None, items: names(&shop, &items) }
    };
    Ok(profiles.into_par_iter().map_init(Scratch::default, predict).collect())
}

/// The next basket of the users that `is_test` names. The last basket of every user is taken from training.
///
/// # Errors
/// [`ProtocolError`] when the catalog is too large for an artifact, or a user's id is none.
pub fn baskets(baskets: &[Group], is_test: impl Fn(&str) -> bool) -> Result<Vec<Prediction>, ProtocolError> {
    let (train, _) = last_baskets(baskets);
    Ok(purchases(&train, false)?.into_iter().filter(|prediction| is_test(&prediction.key)).collect())
}

/// What may be learned from, and each user's last basket.
fn last_baskets(baskets: &[Group]) -> (Vec<Group>, Vec<&Group>) {
    let mut newest: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for basket in baskets {
        let newest = newest.entry(&basket.who).or_insert(basket.at);
        *newest = (*newest).max(basket.at);
    }
    let age = |basket: &Group| newest.get(basket.who.as_str()).map_or(0, |last| last.since_ms(basket.at));
    let (last, visible): (Vec<&Group>, Vec<&Group>) = baskets.iter().partition(|basket| age(basket) == 0);
    // Ages count back from each user's own last visible basket, since baskets have numbers but no times.
    let aged = |basket: &Group| Group { at: Timestamp(Timestamp::EARLIEST.0 - age(basket) * DAYS_A_BASKET), ..basket.clone() };
    (visible.into_iter().map(aged).collect(), last)
}

/// How many days a basket stands for, where there are only numbers.
const DAYS_A_BASKET: i64 = 30;

/// The model that [`sessions`] answers from: learned as a shop's, and read as a lookup reads it.
///
/// # Errors
/// [`ModelError`] when the catalog is too large for an artifact.
pub fn session_model(train: &[Group]) -> Result<Model, ModelError> {
    let history = history(train);
    let now = history.newest().unwrap_or(Timestamp(0)).plus_ms(DAY_MS);
    let (artifact, _) = learn(&history, Currency::EUR, now)?.draft.to_bytes()?;
    Model::parse(Bytes::from(artifact))
}

fn history(train: &[Group]) -> History {
    let (mut numbers, mut people) = (Interner::default(), Interner::default());
    let mut history = History::default();
    for group in train {
        let person = people.number(group.who.clone());
        for (step, id) in group.items.iter().enumerate() {
            let item = numbers.number(id.clone());
            if item as usize == history.items.len() {
                history.items.push(Item::bare(id.clone()));
            }
            // A session is a visit whatever its times say, so its looks are a second apart.
            history.looks.push(Look { person, at: group.at.plus_ms(step as i64 * 1000), item });
        }
    }
    history.events = history.looks.len() as u64;
    history.known = vec![true; people.len()];
    history.looks.sort_by_key(|look| (look.person, look.at));
    history
}

fn names(shop: &Shop, items: &[u32]) -> Vec<ItemId> {
    items.iter().filter_map(|item| ItemId::new(shop.item(*item)?.id()).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::ranking::next_look::{Found, Looks, session_of};

    /// Sessions that wander among neighbouring items; `seed` turns them.
    fn wandering(count: u32, from: u32, seed: u32) -> Vec<Group> {
        let item = |session: u32, step: u32| (session.wrapping_mul(2_654_435_761 ^ seed) >> 16) % 40 + (step * (session % 3 + 1)) % 5;
        let session = |number: u32| Group {
            who: number.to_string(),
            at: Timestamp(i64::from(number) * 60_000),
            items: (0..2 + number % 6).filter_map(|step| ItemId::new(&format!("i{}", item(number, step))).ok()).collect(),
        };
        (from..from + count).map(session).collect()
    }

    #[test]
    fn what_is_predicted_never_sees_what_comes_after() {
        let (train, test) = (wandering(600, 0, 7), wandering(60, 600, 7));
        // The first look stays, everything after it becomes noise.
        let noise = |session: &Group| Group {
            items: session.items.iter().take(1).cloned().chain(ItemId::new("noise")).chain(ItemId::new("i3")).collect(),
            ..session.clone()
        };
        let poisoned: Vec<Group> = test.iter().map(noise).collect();
        let first = |test: &[Group]| -> Vec<Prediction> {
            let predictions = sessions(&train, test, 1, 1).expect("predicts");
            predictions.into_iter().filter(|prediction| prediction.position == Some(1)).collect()
        };
        let clean = first(&test);
        let poisoned: BTreeMap<String, Prediction> = first(&poisoned).into_iter().map(|told| (told.key.clone(), told)).collect();
        assert!(clean.len() > 30 && clean.iter().all(|told| poisoned.get(&told.key) == Some(told)));
    }

    /// Of a shop that has nothing but sessions, a product page is the scorer of next looks, and nothing that is mixed in changes its order.
    #[test]
    fn a_page_answers_as_the_scorer_of_next_looks_does() {
        for seed in 0..6 {
            let (train, test) = (wandering(300, 0, seed), wandering(40, 300, seed + 1));
            let model = session_model(&train).expect("learns");
            let (mut looks, mut compared) = (Looks::default(), 0);
            for told in sessions(&train, &test, 1, 1).expect("predicts") {
                let position = told.position.expect("a position");
                let session = test.iter().find(|session| session.who == told.key).expect("a session");
                let seen: Vec<u32> = session.items[..position].iter().filter_map(|item| model.index_of(item)).collect();
                let found = looks.best(&model, &session_of(&seen), LIST);
                let name = |found: &Found| ItemId::new(model.item(found.item)?.id()).ok();
                assert_eq!(told.items.get(..found.len()), found.iter().map(name).collect::<Option<Vec<ItemId>>>().as_deref(), "{told:?}");
                compared += found.len();
            }
            assert!(compared > 500, "{compared}");
        }
    }

    #[test]
    fn one_thread_and_two_write_the_same_bytes() {
        let history = history(&wandering(600, 0, 3));
        let write = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| learn(&history, Currency::EUR, Timestamp(1)).expect("learns").draft.to_bytes().expect("writes").0)
        };
        assert!(write(1) == write(2));
    }

    #[test]
    fn strange_sessions_are_answered() {
        let session = |items: &[&str]| Group {
            who: "1".to_owned(),
            at: Timestamp(0),
            items: items.iter().filter_map(|id| ItemId::new(id).ok()).collect(),
        };
        for train in [vec![], vec![session(&["a"])], vec![session(&["a", "a", "a"])], vec![session(&["a", "b"])]] {
            for test in [session(&["a", "b"]), session(&["x", "y", "x"]), session(&[])] {
                let told = sessions(&train, std::slice::from_ref(&test), 1, 1).expect("predicts");
                assert_eq!(told.len(), test.items.len().saturating_sub(1));
            }
        }
    }
}
