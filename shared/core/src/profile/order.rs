//! Orders are state, told in statements: which statement holds, and what is left of one that the horizon cuts in two.

use super::{Act, Line, OpenEvent, Profile, Statement};
use serde::{Deserialize, Serialize};

/// An order, or a refund, some lines of which are sealed and others open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Straddling {
    pub(crate) group: u64,
    /// The statement that holds. It was decided when the first line was sealed, with all statements at hand.
    pub(crate) holds: Statement,
    /// Whether the order is in the totals already.
    pub(crate) counted: bool,
}

/// For each order and refund among `open`, in order of first mention: what holds and whether it was counted.
pub(crate) fn standings(open: &[OpenEvent], straddling: &[Straddling]) -> Vec<Straddling> {
    let mut standings: Vec<Straddling> = straddling.to_vec();
    let decided = standings.len();
    for line in open.iter().filter_map(|event| event.act.line()) {
        match standings.iter().position(|known| known.group == line.group) {
            Some(index) if index < decided => {}
            Some(index) => standings[index].holds = standings[index].holds.max(line.statement),
            None => standings.push(Straddling { group: line.group, holds: line.statement, counted: false }),
        }
    }
    standings
}

/// The open events that are lines of orders that hold, oldest first.
pub(crate) fn order_lines(profile: &Profile) -> impl Iterator<Item = &OpenEvent> {
    lines_that_hold(profile, |act| matches!(act, Act::Ordered(_)))
}

/// The same of refunds.
pub(crate) fn refund_lines(profile: &Profile) -> impl Iterator<Item = &OpenEvent> {
    lines_that_hold(profile, |act| matches!(act, Act::Refunded(_)))
}

fn lines_that_hold(profile: &Profile, is_one: fn(&Act) -> bool) -> impl Iterator<Item = &OpenEvent> {
    let standings = standings(&profile.open, &profile.straddling);
    let holds = move |line: &Line| standings.iter().any(|standing| standing.counts(line));
    profile.open.iter().filter(move |event| is_one(&event.act) && event.act.line().is_some_and(&holds))
}

impl Straddling {
    /// Whether `line` belongs to the statement that holds, and that statement counts.
    pub(crate) fn counts(&self, line: &Line) -> bool {
        self.group == line.group && self.holds == line.statement && line.statement.trusted && !line.cancelled
    }
}

impl Act {
    /// The line of an order or a refund.
    pub(crate) const fn line(&self) -> Option<&Line> {
        match self {
            Self::Ordered(line) | Self::Refunded(line) => Some(line),
            _ => None,
        }
    }
}
