//! Which events came more than once, as the fold sees them: by id, within fourteen days of the event's own time.

use foldhash::fast::FixedState;
use rapport_core::profile::{CopyMark, OPEN_DAYS};
use std::collections::HashMap;

/// How long an id is remembered, in days of receipt: dead letters may be sent again for fourteen.
const REMEMBERED_DAYS: i64 = OPEN_DAYS + 1;

/// What an event is beside those heard before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing with its id was.
    New,
    /// The very same: a retry.
    Again,
    /// One with its id, at another time or of other content; the fold takes the earlier of the two.
    Otherwise,
}

/// The ids heard lately, some 40 bytes each.
#[derive(Debug, Default)]
pub(super) struct Copies {
    known: HashMap<u64, (CopyMark, i64), FixedState>,
    day: i64,
}

impl Copies {
    /// Hears an event that was received on `day`. Days rise, give or take: what was received longer ago is forgotten.
    pub(super) fn hear(&mut self, mark: CopyMark, day: i64) -> Heard {
        if day > self.day {
            self.day = day;
            self.known.retain(|_, (_, received)| *received + REMEMBERED_DAYS >= day);
        }
        match self.known.get(&mark.position.id) {
            Some((known, _)) if *known == mark => Heard::Again,
            Some((known, _)) if known.is_copy_of(&mark) => Heard::Otherwise,
            _ => {
                self.known.insert(mark.position.id, (mark, day));
                Heard::New
            }
        }
    }
}
