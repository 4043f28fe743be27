//! Who bought on which days, and for how much.

use super::Day;
use rapport_core::prediction::Purchases;

/// Purchase days of all customers; of each by day, every day once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    customers: Vec<Vec<(Day, f64)>>,
}

impl Ledger {
    /// By customer: (day, value in minor units), in any order; values of one day add up. Who never bought is nobody.
    #[must_use]
    pub fn new(customers: Vec<Vec<(Day, f64)>>) -> Self {
        let sorted = |mut days: Vec<(Day, f64)>| {
            days.sort_by_key(|(day, _)| *day);
            days.dedup_by(|(day, value), (kept, sum)| {
                let same = day == kept;
                *sum += if same { *value } else { 0.0 };
                same
            });
            days
        };
        Self { customers: customers.into_iter().map(sorted).filter(|days| !days.is_empty()).collect() }
    }

    /// How many customers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.customers.len()
    }

    /// Whether nobody ever bought.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.customers.is_empty()
    }

    /// The first purchase of all.
    pub(super) fn first(&self) -> Option<Day> {
        self.customers.iter().filter_map(|days| Some(days.first()?.0)).min()
    }

    /// What was known at the end of `day`.
    pub(super) fn until(&self, day: Day) -> Self {
        let known = |days: &Vec<(Day, f64)>| days[..place(days, day)].to_vec();
        Self { customers: self.customers.iter().map(known).filter(|days| !days.is_empty()).collect() }
    }

    /// By customer: their purchase days.
    pub(super) fn customers(&self) -> impl Iterator<Item = &[(Day, f64)]> {
        self.customers.iter().map(Vec::as_slice)
    }
}

/// What is known at the end of `day` of somebody with these purchase days; `None` before the first.
pub(crate) fn known(days: &[(Day, f64)], day: Day) -> Option<Purchases> {
    let past = &days[..place(days, day)];
    let ((first, _), (last, _)) = past.first().zip(past.last())?;
    let mean = past.iter().map(|(_, value)| value).sum::<f64>() / past.len() as f64;
    Some(Purchases::new(past.len() as f64 - 1.0, (last - first) as f64, (day - first) as f64, mean))
}

/// On how many days after `from`, up to and including `to`, there was a purchase.
pub(super) fn bought(days: &[(Day, f64)], from: Day, to: Day) -> usize {
    place(days, to) - place(days, from)
}

/// How many purchase days lie at or before `day`.
fn place(days: &[(Day, f64)], day: Day) -> usize {
    days.partition_point(|(at, _)| *at <= day)
}
