//! The same owners by any order of words, and those that slow and obvious rules give.

use super::*;
use crate::{
    event::{Action, Authority, Event, Traffic, Who},
    id::{ContactHash, CustomerId, DeviceId, EventId},
    profile::{Position, Subject},
    time::Timestamp,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn customer(number: usize) -> CustomerId {
    CustomerId::new(&format!("c{number}")).expect("an id")
}

fn alias(kind: usize, number: usize) -> Subject {
    match kind {
        0 => Subject::Customer(customer(number)),
        1 => Subject::Email(ContactHash::new(&format!("h1_{number}")).expect("an id")),
        3 => Subject::Phone(ContactHash::new(&format!("h1_{number}")).expect("an id")),
        _ => Subject::Device(DeviceId::new(&format!("d{number}")).expect("an id")),
    }
}

fn event(id: usize, at: i64, authority: Authority, who: Who, action: Action) -> Event {
    let id = EventId::new(&format!("e{id}")).expect("an id");
    Event { id, at: Timestamp(at), authority, source: "test".into(), who, traffic: Traffic::Human, action }
}

/// A login, an alias, a ruling, or a browser's claim.
fn saying() -> impl Strategy<Value = (usize, i64, usize, usize, usize)> {
    (0usize..8, 0i64..40, 0usize..6, 0usize..4, 0usize..6)
}

fn said((place, (how, at, who, kind, other)): (usize, (usize, i64, usize, usize, usize))) -> Event {
    let (named, alias) = (customer(who), alias(kind, other));
    let own = Who { customer: Some(named), ..Who::default() };
    let (authority, who, action) = match how {
        0 => (Authority::Browser, Who { device: DeviceId::new("d0").ok(), ..own }, Action::CheckoutStarted),
        1 => (Authority::Backend, own, Action::Ruled { alias, is_one: false }),
        2 => (Authority::Backend, own, Action::Ruled { alias, is_one: true }),
        _ => match alias {
            Subject::Customer(previous) => (Authority::Backend, own, Action::Aliased { previous: previous.as_str().into() }),
            Subject::Device(device) => (Authority::Webhook, Who { device: Some(device), ..own }, Action::CheckoutStarted),
            Subject::Email(email) => (Authority::Import, Who { email: Some(email), ..own }, Action::CheckoutStarted),
            // An address that is everybody's comes along: what is said of one id says nothing of the other.
            Subject::Phone(phone) => {
                let email = ContactHash::new("h1_0").ok();
                (Authority::Webhook, Who { phone: Some(phone), email, ..own }, Action::CheckoutStarted)
            }
        },
    };
    event(place, at, authority, who, action)
}

fn heard<'a>(events: impl Iterator<Item = &'a Event>) -> Ties {
    let mut ties = Ties::default();
    events.for_each(|event| ties.hear(event));
    ties
}

/// Whose `alias` is by rules in ten lines, from all words at once.
fn by_the_rules(alias: &Subject, words: &[Word]) -> Option<CustomerId> {
    let about: Vec<&Word> = words.iter().filter(|word| word.alias == *alias).collect();
    let newest = |who: &CustomerId| {
        let rulings = about.iter().filter(|word| word.customer == *who && word.says != Says::Claimed);
        rulings.max_by_key(|word| (word.at, word.says == Says::Parted)).copied()
    };
    let everybody: BTreeSet<&CustomerId> = about.iter().map(|word| &word.customer).collect();
    let merged = everybody.iter().filter_map(|who| newest(who)).filter(|word| word.says == Says::Merged);
    if let Some(word) = merged.max_by_key(|word| (word.at, &word.customer)) {
        return Some(word.customer.clone());
    }
    let mut claims: Vec<&Word> =
        about.iter().copied().filter(|word| word.says == Says::Claimed && newest(&word.customer).is_none()).collect();
    claims.sort_by_key(|word| (word.at, &word.customer));
    let claimants: BTreeSet<&CustomerId> = claims.iter().map(|word| &word.customer).collect();
    claims.first().filter(|_| claimants.len() <= most_claimants(alias)).map(|word| word.customer.clone())
}

proptest! {
    #[test]
    fn who_owns_whom_is_a_function_of_the_set_of_words(
        said in prop::collection::vec(saying(), 0..60).prop_map(|all| all.into_iter().enumerate().map(said).collect::<Vec<_>>()),
        order in any::<u64>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let ties = heard(said.iter());
        let mut shuffled: Vec<&Event> = said.iter().chain(&said).collect();
        shuffled.sort_by_key(|event| crate::digest::short_hash(format!("{order}{}", event.id).as_bytes()));
        prop_assert_eq!(&heard(shuffled.iter().copied()), &ties);
        // Heard in two places and put together.
        let (here, there) = said.split_at(cut.index(said.len() + 1));
        let (mut joined, other) = (heard(here.iter()), heard(there.iter()));
        for (alias, claims) in other.iter() {
            joined.join(alias.clone(), claims);
        }
        prop_assert_eq!(&joined, &ties);

        let words: Vec<Word> = said.iter().flat_map(words).collect();
        for (alias, claims) in ties.iter() {
            prop_assert_eq!(claims.owner(alias).map(|owner| owner.customer), by_the_rules(alias, &words));
        }
        let owners = ties.owners();
        for alias in ties.iter().map(|(alias, _)| alias) {
            let above = owners.above(alias);
            prop_assert!(!above.contains(alias), "{alias} stands above itself: {above:?}");
            prop_assert_eq!(owners.person(&owners.person(alias)), owners.person(alias));
        }
        // Of a ring one word gives way, and no more.
        let said: Vec<&Subject> = ties.iter().filter(|(alias, claims)| claims.owner(alias).is_some()).map(|(alias, _)| alias).collect();
        let undone = said.iter().filter(|alias| owners.of(alias).is_none()).count();
        let rings: BTreeSet<Vec<Subject>> = said.iter().filter_map(|alias| ring_of(alias, &ties)).collect();
        prop_assert_eq!(undone, rings.len());
    }
}

/// The members of the ring that `alias` is in, by what was said, in order of their ids.
fn ring_of(alias: &Subject, ties: &Ties) -> Option<Vec<Subject>> {
    let owner = |of: &Subject| {
        let claims = ties.iter().find(|(known, _)| *known == of)?.1;
        claims.owner(of).map(|owner| Subject::Customer(owner.customer))
    };
    let mut ring = vec![alias.clone()];
    for _ in 0..20 {
        let next = owner(ring.last()?)?;
        if next == *alias {
            ring.sort();
            return Some(ring);
        }
        ring.push(next);
    }
    None
}

fn position(at: i64) -> Position {
    Position { at: Timestamp(at), id: at.unsigned_abs() }
}

fn claim(who: usize, at: i64) -> Word {
    Word { alias: alias(2, 0), customer: customer(who), at: position(at), says: Says::Claimed }
}

fn ruled(who: usize, at: i64, says: Says) -> Word {
    Word { says, ..claim(who, at) }
}

fn owner_by(words: &[Word]) -> Option<CustomerId> {
    let mut claims = Claims::default();
    words.iter().for_each(|word| _ = claims.hear(word));
    claims.owner(&alias(2, 0)).map(|owner| owner.customer)
}

#[test]
fn an_unmerge_holds_against_every_claim_until_it_is_taken_back() {
    let parted = [claim(1, 5), ruled(1, 9, Says::Parted), claim(1, 20), claim(1, 2)];
    assert_eq!(owner_by(&parted), None);
    assert_eq!(owner_by(&[&parted[..], &[claim(2, 30)]].concat()), Some(customer(2)), "the next in line has it");
    assert_eq!(owner_by(&[&parted[..], &[ruled(1, 8, Says::Merged)]].concat()), None, "the newest ruling holds");
    assert_eq!(owner_by(&[&parted[..], &[ruled(1, 10, Says::Merged)]].concat()), Some(customer(1)));
}

#[test]
fn what_many_claim_is_nobodys_but_by_a_ruling() {
    let few: Vec<Word> = (0..most_claimants(&alias(2, 0))).map(|who| claim(who, 10 - who as i64)).collect();
    assert_eq!(owner_by(&few), Some(customer(2)), "who claimed it first");
    let many = [&few[..], &[claim(7, 99)]].concat();
    assert_eq!(owner_by(&many), None);
    assert_eq!(owner_by(&[&many[..], &[ruled(0, 50, Says::Parted)]].concat()), Some(customer(2)), "one of them is ruled out");
    assert_eq!(owner_by(&[&many[..], &[ruled(9, 50, Says::Merged)]].concat()), Some(customer(9)), "the shop knows better");
}

/// A couple may have one, and who told it first has it; a family's or an office's is nobody's.
#[test]
fn a_number_that_three_claim_is_nobodys() {
    let number = alias(3, 0);
    let owner = |claimants: usize| {
        let mut claims = Claims::default();
        (0..claimants).for_each(|who| _ = claims.hear(&Word { alias: number.clone(), ..claim(who, 5 + who as i64) }));
        claims.owner(&number).map(|owner| owner.customer)
    };
    assert_eq!((owner(1), owner(2), owner(3)), (Some(customer(0)), Some(customer(0)), None));
}

#[test]
fn what_a_town_claims_stays_small_in_any_order() {
    let town = |order: &mut dyn Iterator<Item = usize>| {
        let mut claims = Claims::default();
        for who in order {
            claims.hear(&claim(who, who as i64));
            claims.hear(&ruled(who, who as i64, Says::Parted));
        }
        claims
    };
    let claims = town(&mut (0..500));
    assert_eq!(claims, town(&mut (0..500).rev()));
    assert_eq!(claims.claimants().count(), CLAIMS_KEPT);
    assert!(matches!(claims.verdict(&alias(2, 0)), Verdict::Shared { .. }), "what so many claimed is a public one");
}

#[test]
fn a_customer_that_is_merged_owns_nobody_whom_it_was_merged_into() {
    let ruled = |id: usize, into: usize, from: usize, is_one: bool| {
        let who = Who { customer: Some(customer(into)), ..Who::default() };
        event(id, id as i64, Authority::Backend, who, Action::Ruled { alias: alias(0, from), is_one })
    };
    let person = |rulings: &[Event]| heard(rulings.iter()).owners().person(&alias(0, 1));
    let there = ruled(1, 2, 1, true);
    assert_eq!(person(std::slice::from_ref(&there)), alias(0, 2));
    let back = ruled(2, 1, 2, true);
    assert_eq!(person(&[there.clone(), back.clone()]), alias(0, 1), "the newer ruling turns it round");
    assert_eq!(person(&[there, back, ruled(3, 1, 2, false)]), alias(0, 1));
}

#[test]
fn whoever_looks_is_told_what_stands_against_a_claim() {
    let phone = alias(2, 0);
    let seen = |who: usize, words: &[Word]| {
        let mut claims = Claims::default();
        words.iter().for_each(|word| _ = claims.hear(word));
        Conflict::of(&customer(who), &phone, &claims).map(|conflict| (conflict.at, conflict.why))
    };
    let two = [claim(1, 5), claim(2, 7)];
    assert_eq!(seen(1, &two[..1]), None, "nothing stands against it");
    assert_eq!(seen(1, &two), Some((position(5), Why::Contested(vec![customer(2)]))));
    assert_eq!(seen(2, &two), Some((position(7), Why::Refused { owner: customer(1), since: position(5), is_ruled: false })));
    assert_eq!(seen(3, &two), None, "who never claimed it hears nothing");
    let parted = [&two[..], &[ruled(1, 9, Says::Parted)]].concat();
    assert_eq!(seen(1, &parted), Some((position(5), Why::Unmerged { at: position(9) })));
    assert_eq!(seen(2, &parted), None);
    let given = [&two[..], &[ruled(2, 9, Says::Merged)]].concat();
    assert_eq!(seen(1, &given), Some((position(5), Why::Refused { owner: customer(2), since: position(9), is_ruled: true })));
    let town: Vec<Word> = (0..6).map(|who| claim(who, who as i64)).collect();
    assert_eq!(seen(4, &town), Some((position(4), Why::Shared { claimants: 6, most: 3 })));
}

#[test]
fn what_a_browser_claims_ties_nothing() {
    let who = Who { customer: Some(customer(1)), device: DeviceId::new("d0").ok(), ..Who::default() };
    let by = |authority, action| words(&event(1, 1, authority, who.clone(), action)).len();
    let ruling = || Action::Ruled { alias: alias(0, 2), is_one: true };
    assert_eq!((by(Authority::Backend, Action::CheckoutStarted), by(Authority::Backend, ruling())), (1, 2));
    assert_eq!((by(Authority::Browser, Action::CheckoutStarted), by(Authority::Browser, ruling())), (0, 0));
    let who = Who { phone: ContactHash::new("h1_0").ok(), email: ContactHash::new("h1_0").ok(), ..who };
    let said =
        |authority| words(&event(1, 1, authority, who.clone(), Action::CheckoutStarted)).into_iter().map(|word| word.alias.to_string());
    assert_eq!(said(Authority::Backend).collect::<Vec<_>>(), ["d#d0", "e#h1_0", "p#h1_0"]);
    assert_eq!(said(Authority::Browser).count(), 0);
}

#[test]
fn the_newest_claim_of_a_ring_gives_way() {
    let merged = |at: i64, from: usize, into: usize| {
        let who = Who { customer: Some(customer(into)), ..Who::default() };
        event(at as usize, at, Authority::Backend, who, Action::Aliased { previous: customer(from).as_str().into() })
    };
    let top = |events: &[Event]| heard(events.iter()).owners().person(&alias(0, 1));
    assert_eq!(top(&[merged(1, 1, 2), merged(2, 2, 3), merged(3, 3, 1)]), alias(0, 3));
    assert_eq!(top(&[merged(1, 1, 2), merged(3, 2, 3), merged(2, 3, 1)]), alias(0, 2));
    assert_eq!(top(&[merged(3, 1, 2), merged(2, 2, 3), merged(1, 3, 1)]), alias(0, 1));
}
