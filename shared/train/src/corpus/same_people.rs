//! Training and profiles see the same people, however they are tied, merged and parted, and in whatever order it is told.

use super::Corpus;
use proptest::prelude::*;
use rapport_core::{
    event::{Action, Authority, Event, Product, Traffic, Who},
    id::{CustomerId, EventId, ItemId},
    identity::Ties,
    profile::{Subject, refold, subjects},
    source::ConsentMode,
    time::Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};

fn somebody(kind: u8, number: u8) -> Subject {
    Subject::parse(&match kind {
        0 => format!("d#d{number}"),
        1 => format!("e#h1_{number}"),
        2 => format!("p#h1_{number}"),
        _ => format!("c#c{number}"),
    })
    .expect("a subject")
}

/// The `place`th event: a look at an item that nobody else looks at, by one id or by several at once; a merge; a ruling.
fn event(place: usize, (how, customer, kind, other, at): (u8, u8, u8, u8, i64)) -> Event {
    let (alias, own) = (somebody(kind, other), CustomerId::new(&format!("c{customer}")).ok());
    let looked = Action::Viewed(Product::bare(ItemId::new(&format!("i{place:03}")).expect("an id")));
    let alone = Who { customer: own.clone(), ..Who::default() };
    let (who, action) = match (how, alias) {
        (0..3, alias) => (alias.who(), looked),
        (3, alias) => (alone, Action::Ruled { alias, is_one: false }),
        (4, alias) => (alone, Action::Ruled { alias, is_one: true }),
        // A guest who tells a number besides, which ties no two ids.
        (5, alias) => (Who { phone: somebody(2, customer).who().phone, ..alias.who() }, looked),
        (_, Subject::Customer(previous)) => (alone, Action::Aliased { previous: previous.as_str().into() }),
        (_, alias) => (Who { customer: own, ..alias.who() }, looked),
    };
    Event {
        id: EventId::new(&format!("e{place}")).expect("an id"),
        at: Timestamp(at),
        authority: Authority::Backend,
        source: "test".into(),
        who,
        traffic: Traffic::Human,
        action,
    }
}

/// What each person looked at, as training has it.
fn trained(events: &[&Event]) -> BTreeSet<BTreeSet<String>> {
    let mut corpus = Corpus::default();
    events.iter().for_each(|event| corpus.add(*event));
    let history = corpus.history(ConsentMode::OptOut);
    let mut seen: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for look in &history.looks {
        seen.entry(look.person).or_default().insert(history.items[look.item as usize].id.to_string());
    }
    seen.into_values().collect()
}

/// The same, from the profiles of everybody who is nobody's alias.
fn folded(events: &[&Event]) -> BTreeSet<BTreeSet<String>> {
    let mut ties = Ties::default();
    events.iter().for_each(|event| ties.hear(event));
    let owners = ties.owners();
    let named: BTreeSet<Subject> = events.iter().flat_map(|event| subjects(event)).collect();
    let people: BTreeSet<Subject> = named.iter().map(|subject| owners.person(subject)).collect();
    let profile = |person: &Subject| {
        let theirs =
            events.iter().filter(|event| subjects(event).iter().any(|named| named == person || owners.above(named).contains(person)));
        let profile = refold(person.clone(), &theirs.map(|event| (*event).clone()).collect::<Vec<_>>());
        profile.open().iter().filter_map(|event| event.act.item()).map(ToString::to_string).collect::<BTreeSet<_>>()
    };
    people.iter().map(profile).filter(|items| !items.is_empty()).collect()
}

proptest! {
    #[test]
    fn training_sees_the_people_that_profiles_are_of(
        told in prop::collection::vec((0u8..10, 0u8..5, 0u8..4, 0u8..5, 0i64..60), 0..60),
        order in any::<u64>(),
    ) {
        let events: Vec<Event> = told.into_iter().enumerate().map(|(place, told)| event(place, told)).collect();
        let mut shuffled: Vec<&Event> = events.iter().chain(&events).collect();
        shuffled.sort_by_key(|event| rapport_core::digest::short_hash(format!("{order}{}", event.id).as_bytes()));
        prop_assert_eq!(trained(&shuffled), folded(&events.iter().collect::<Vec<_>>()));
    }
}
