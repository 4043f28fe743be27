//! Whom lists serve: what accuracy alone does not show, since it is easily had with bestsellers.
//!
//! | Figure | Means |
//! |---|---|
//! | coverage | share of the catalog that stands in at least one list |
//! | popularity lift | mean popularity of what is listed over that of what was wanted, less 1 (after Abdollahpouri et al. 2019); 0 mirrors demand |
//! | rare items | share of the wanted items that fewer than five people of the past dealt with, and that were listed |
//! | one-order customers | NDCG@10 of who had a single order in the past |

use crate::score::mean;
use serde::Serialize;
use std::collections::BTreeSet;

/// What fewer people, or sessions, of the past dealt with is rare.
const RARE: u32 = 5;

/// Whom one answerer's lists serve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Breadth {
    /// What was asked, as in the row.
    pub question: &'static str,
    /// As in the row.
    pub answerer: &'static str,
    /// Share of the catalog that stands in at least one list, 0 to 1.
    pub coverage: f64,
    /// How much more popular the listed items are than the wanted ones; 0 for as popular, 1 for twice so.
    pub popularity_lift: f64,
    /// Share of the rare wanted items that were listed.
    pub rare_items: Option<Part>,
    /// NDCG@10 of customers with a single order in the past.
    pub one_order_customers: Option<Part>,
}

/// A figure of a part of the questions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Part {
    /// How many questions, or items, it rests on.
    pub asked: usize,
    /// 0 to 1.
    pub value: f64,
}

/// A question and its list.
pub(crate) struct Listed<'a, T> {
    pub(crate) wanted: &'a BTreeSet<T>,
    pub(crate) list: &'a [T],
    /// Of that list.
    pub(crate) ndcg: f64,
    /// Whether a customer with a single order in the past asked.
    pub(crate) is_one_order: bool,
}

impl Breadth {
    /// `count` says how many people of the past dealt with an item; `catalog` is how many items they dealt with in all.
    pub(crate) fn of<T: Ord>(
        (question, answerer): (&'static str, &'static str),
        catalog: usize,
        count: impl Fn(&T) -> u32,
        lists: &[Listed<'_, T>],
    ) -> Self {
        let popularity = |items: &mut dyn Iterator<Item = &T>| mean(&items.map(|item| f64::from(count(item))).collect::<Vec<f64>>());
        let listed = popularity(&mut lists.iter().flat_map(|listed| listed.list));
        let wanted = popularity(&mut lists.iter().flat_map(|listed| listed.wanted));
        let shown: BTreeSet<&T> = lists.iter().flat_map(|listed| listed.list).collect();
        let rare =
            lists.iter().flat_map(|listed| listed.wanted.iter().map(|item| (item, listed.list))).filter(|(item, _)| count(item) < RARE);
        let one_order = lists.iter().filter(|listed| listed.is_one_order).map(|listed| listed.ndcg);
        Self {
            question,
            answerer,
            coverage: if catalog == 0 { 0.0 } else { shown.len() as f64 / catalog as f64 },
            popularity_lift: if wanted > 0.0 { listed / wanted - 1.0 } else { 0.0 },
            rare_items: part(rare.map(|(item, list)| f64::from(u8::from(list.contains(item)))).collect()),
            one_order_customers: part(one_order.collect()),
        }
    }
}

fn part(values: Vec<f64>) -> Option<Part> {
    (!values.is_empty()).then(|| Part { asked: values.len(), value: mean(&values) })
}
