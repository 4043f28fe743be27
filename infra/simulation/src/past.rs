//! What rows were before: what a reader may still be shown who does not ask for the newest.

use crate::dice::Dice;
use rapport_io::{Record, RecordKey, layout::Table};
use std::collections::{BTreeMap, VecDeque};

/// How many earlier states of a row a reader may be shown.
const SHOWN: usize = 3;

/// The last states of every row, oldest first; absence is one, too.
#[derive(Debug, Default)]
pub(crate) struct Past(BTreeMap<(Table, RecordKey), VecDeque<Option<Record>>>);

impl Past {
    /// The row under `key` was `row` until now.
    pub(crate) fn remember(&mut self, table: Table, key: &RecordKey, row: Option<Record>) {
        let states = self.0.entry((table, key.clone())).or_default();
        states.push_back(row);
        if states.len() > SHOWN {
            states.pop_front();
        }
    }

    /// The earliest state that is remembered of a row that is `now`.
    pub(crate) fn earliest(&self, (table, key): (Table, &RecordKey), now: Option<Record>) -> Option<Record> {
        let earliest = self.0.get(&(table, key.clone())).and_then(VecDeque::front).cloned();
        earliest.unwrap_or(now)
    }

    /// One of the last states of a row that is `now`.
    pub(crate) fn show(&self, (table, key): (Table, &RecordKey), now: Option<Record>, dice: &mut Dice) -> Option<Record> {
        let states = self.0.get(&(table, key.clone()));
        let chosen = states.and_then(|states| states.get(dice.below(states.len()))).cloned();
        chosen.unwrap_or(now)
    }
}
