//! The counting, beside the formulas said plainly.

use super::*;
use proptest::prelude::*;
use rapport_core::{
    catalog::Item,
    id::ItemId,
    time::{DAY_MS, Timestamp},
};
use std::collections::BTreeSet;

const ITEMS: u32 = 6;

/// One visit a day each, of these people.
fn history(visits: &[(u32, Vec<u32>)]) -> History {
    let look = |day: usize, person: u32, (step, item): (usize, &u32)| {
        let at = Timestamp(day as i64 * DAY_MS + step as i64 * 1_000);
        Look { person, at, item: *item }
    };
    let of_visit = |(day, (person, items)): (usize, &(u32, Vec<u32>))| {
        items.iter().enumerate().map(|told| look(day, *person, told)).collect::<Vec<Look>>()
    };
    let mut looks: Vec<Look> = visits.iter().enumerate().flat_map(of_visit).collect();
    looks.sort_by_key(|look| (look.person, look.at));
    History {
        items: (0..ITEMS).map(|item| Item::bare(ItemId::new(&format!("i{item}")).expect("an id"))).collect(),
        known: vec![true; 9],
        looks,
        ..History::default()
    }
}

/// What the module's head says of `next` after `item`: each estimate, and the share of it that is fresh.
fn oracle(visits: &[(u32, Vec<u32>)], item: u32, next: u32) -> [f64; 3] {
    let visits: Vec<&Vec<u32>> = visits.iter().map(|(_, items)| items).filter(|items| items.len() > 1).collect();
    let with = |visits: &[&Vec<u32>], item: u32| visits.iter().filter(|items| items.contains(&item)).count() as f64;
    let c = |a: u32, b: u32| {
        let both = visits.iter().filter(|items| a != b && items.contains(&a) && items.contains(&b));
        both.map(|items| (items.len() as f64).powf(-0.8)).sum::<f64>() / with(&visits, b).max(1.0).powf(0.05)
    };
    let d = |a: u32, b: u32| {
        let of_visit = |items: &&Vec<u32>| {
            let pairs = (0..items.len()).flat_map(|i| (i + 1..items.len().min(i + 6)).map(move |j| (i, j)));
            pairs.filter(|(i, j)| a != b && (items[*i], items[*j]) == (a, b)).map(|(i, j)| 1.0 / (j - i) as f64).sum::<f64>()
        };
        visits.iter().map(of_visit).sum::<f64>()
    };
    let share = |of: &dyn Fn(u32, u32) -> f64, a: u32, b: u32| {
        let sum: f64 = (0..ITEMS).map(|other| of(a, other)).sum();
        if sum > 0.0 { of(a, b) / sum } else { 0.0 }
    };
    let newest = &visits[visits.len() - (visits.len() as f64 * 0.05).ceil() as usize..];
    let fresh = ((with(newest, next) + 1.0) / (0.05 * with(&visits, next) + 1.0)).powf(0.3);
    let two_steps: f64 = (0..ITEMS).map(|step| share(&c, item, step) * share(&c, step, next)).sum();
    [share(&c, item, next), share(&d, item, next), two_steps].map(|chance| chance * fresh)
}

proptest! {
    #[test]
    fn chances_and_rows_are_what_the_formulas_say(
        visits in prop::collection::vec((0u32..9, prop::collection::vec(0..ITEMS, 1..8)), 0..30),
        mix in prop::array::uniform3(0.01f32..1.0),
    ) {
        let counted = Visits::of(&history(&visits), &DEFAULT);
        let chances = counted.chances();
        let mix = Mix { together: mix[0], follows: mix[1], two_steps: mix[2] };
        for (item, row) in (0u32..).zip(counted.table(&mix)) {
            let mixed = |next: u32| {
                let [together, follows, two_steps] = oracle(&visits, item, next);
                f64::from(mix.together) * together + f64::from(mix.follows) * follows + f64::from(mix.two_steps) * two_steps
            };
            let others = || (0..ITEMS).filter(|next| *next != item);
            let sum: f64 = others().map(mixed).sum();
            for next in others() {
                for (told, expected) in chances.of(item, next).into_iter().zip(oracle(&visits, item, next)) {
                    prop_assert!((f64::from(told) - expected).abs() < 1e-4, "{item} → {next}: {told}, not {expected}");
                }
                let told = row.iter().find(|near| near.item == next).map_or(0.0, |near| f64::from(near.weight));
                let expected = if sum > 0.0 { mixed(next) / sum } else { 0.0 };
                prop_assert!((told - expected).abs() < 1e-4, "{item} → {next}: {told}, not {expected}");
                let both = visits.iter().filter(|(_, items)| items.contains(&item) && items.contains(&next));
                let people = both.map(|(person, _)| person).collect::<BTreeSet<&u32>>().len() as u32;
                prop_assert!(row.iter().all(|near| near.item != next || near.supporters == people));
            }
        }
    }

    /// A visit is kept where fewer than so many newer ones hold some item of its.
    #[test]
    fn of_every_item_the_newest_visits_are_kept(visits in prop::collection::vec((0u32..9, prop::collection::vec(0..ITEMS, 1..5)), 0..30)) {
        const AN_ITEM: usize = 2;
        let told = Visits::of(&history(&visits), &Params { visits_an_item: AN_ITEM, ..DEFAULT }).recent.visits;
        let distinct = |items: &[u32]| items.iter().enumerate().filter(|(place, item)| !items[..*place].contains(item)).map(|(_, item)| *item).collect::<Vec<u32>>();
        let real: Vec<Vec<u32>> = visits.iter().map(|(_, items)| distinct(items)).filter(|items| items.len() > 1).collect();
        let is_kept = |(place, items): &(usize, &Vec<u32>)| {
            items.iter().any(|item| real[place + 1..].iter().filter(|newer| newer.contains(item)).count() < AN_ITEM)
        };
        let expected: Vec<Vec<u32>> = real.iter().enumerate().filter(is_kept).map(|(_, items)| items.clone()).collect();
        prop_assert_eq!(told, expected);
    }
}

#[test]
fn of_many_short_visits_the_newest_are_kept() {
    const ITEMS: u32 = 20_000;
    let look = |visit: u32, item: u32| Look { person: visit, at: Timestamp(i64::from(visit)), item: item % ITEMS };
    let visits: Vec<[Look; 2]> = (0..100_000).map(|visit| [look(visit, visit), look(visit, visit * 7 + 1)]).collect();
    let by_time: Vec<&[Look]> = visits.iter().map(<[Look; 2]>::as_slice).collect();
    let recent = recent(&by_time, &Telltale::default(), &DEFAULT, vec![1.0; ITEMS as usize]);
    assert_eq!(recent.visits.len(), 65_536);
    assert_eq!(recent.visits.last().map(Vec::as_slice), Some([99_999 % ITEMS, (99_999 * 7 + 1) % ITEMS].as_slice()));
}
