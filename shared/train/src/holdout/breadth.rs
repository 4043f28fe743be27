//! Whom the lists serve that are judged: figures that stand beside accuracy.

use super::{Case, Lists, Places, Step, VisitorLists, bestsellers, bestsellers_beside, listed, next_look};
use crate::{
    breadth::{Breadth, Listed},
    history::History,
    score::Score,
};
use rapport_core::model::Model;
use std::collections::BTreeSet;

/// Of the model and of bestsellers, for every question that was asked.
pub(super) fn judge(past: &History, model: &Model, places: &Places, steps: &[Step<'_>], cases: &[Case]) -> Vec<Breadth> {
    let counts = counts(past, model, places);
    let catalog = counts.iter().filter(|people| **people > 0).count();
    let row = |question, answerer, lists: &[Listed<'_, u32>]| {
        let count = |item: &u32| counts.get(*item as usize).copied().unwrap_or(0);
        (!lists.is_empty()).then(|| Breadth::of((question, answerer), catalog, count, lists))
    };
    let mut lists = VisitorLists::new(model);
    let looked: Vec<Vec<u32>> = steps.iter().map(|step| next_look(&mut lists, places, step)).collect();
    let favourites: Vec<Vec<u32>> = steps.iter().map(|step| bestsellers_beside(model, places, step)).collect();
    let wanted: Vec<BTreeSet<u32>> = steps.iter().map(|step| BTreeSet::from([places.of(step.next)])).collect();
    let of_steps = |lists: &[Vec<u32>], answerer| {
        let listed = wanted.iter().zip(lists).map(|(wanted, list)| of(wanted, list, false));
        row("next_look", answerer, &listed.collect::<Vec<_>>())
    };
    let bought = listed(model, cases);
    let sold: Vec<Lists> = cases.iter().map(|case| bestsellers(model, case)).collect();
    let of_cases = |lists: &[Lists], answerer| {
        let listed = cases.iter().zip(lists).map(|(case, lists)| of(&case.wanted, &lists.all, case.is_one_order));
        row("next_purchase", answerer, &listed.collect::<Vec<_>>())
    };
    let of_new = |lists: &[Lists], answerer| {
        let listed = cases.iter().zip(lists).filter_map(|(case, lists)| Some(of(&case.fresh, lists.new.as_ref()?, case.is_one_order)));
        row("new_items", answerer, &listed.collect::<Vec<_>>())
    };
    let told = [
        of_steps(&looked, "model"),
        of_steps(&favourites, "bestsellers"),
        of_cases(&bought, "model"),
        of_cases(&sold, "bestsellers"),
        of_new(&bought, "model"),
        of_new(&sold, "bestsellers"),
    ];
    told.into_iter().flatten().collect()
}

fn of<'a>(wanted: &'a BTreeSet<u32>, list: &'a [u32], is_one_order: bool) -> Listed<'a, u32> {
    Listed { wanted, list, ndcg: Score::of(list, wanted).ndcg, is_one_order }
}

/// By the model's number: how many people of the past looked at an item or bought it. Looks and purchases lie by person.
fn counts(past: &History, model: &Model, places: &Places) -> Vec<u32> {
    let (mut people, mut last) = (vec![0; model.len()], vec![u32::MAX; past.items.len()]);
    let (mut looks, mut buys) = (&past.looks[..], &past.buys[..]);
    for person in 0..past.known.len() as u32 {
        let (looked, later) = looks.split_at(looks.iter().take_while(|look| look.person == person).count());
        let (bought, later_bought) = buys.split_at(buys.iter().take_while(|buy| buy.person == person).count());
        (looks, buys) = (later, later_bought);
        for item in looked.iter().map(|look| look.item).chain(bought.iter().map(|buy| buy.item)) {
            if std::mem::replace(&mut last[item as usize], person) != person
                && let Some(count) = people.get_mut(places.of(item) as usize)
            {
                *count += 1;
            }
        }
    }
    people
}
