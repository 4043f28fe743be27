//! The parts of a delivery that cannot be read, and their way into `rejected/`.

use super::{Delivery, Reject, Sink, Unreadable};

/// Parts of one delivery that are kept one by one.
const MOST_ALONE: usize = 20;
/// A part of so many bytes, with what surrounds it, is always kept by itself while they are few.
const ALONE_BYTES: usize = 4 * 1024;
/// Of a longer delivery no part is kept by itself: it would be written anew, and how long that gets nobody knows before.
const LONGEST_PARTED: usize = 64 * 1024;

/// What is refused of one delivery. Each part is kept by itself, with what surrounded it, as long as they are few and all that together no
/// larger than the delivery was; else the delivery is kept whole, for what could be read of it is known by its ids when it is sent again.
/// So a body of countless tiny mistakes does not become countless records, nor a large envelope a copy for each.
pub(super) struct Refused<'a> {
    delivery: &'a Delivery<'a>,
    alone: usize,
    left_bytes: usize,
    together: usize,
    because: Option<Unreadable>,
}

impl<'a> Refused<'a> {
    pub(super) fn of(delivery: &'a Delivery<'a>) -> Self {
        Self { delivery, alone: 0, left_bytes: delivery.body.len(), together: 0, because: None }
    }

    /// Refuses a part because of `problem`; `alone` writes a delivery of that part and nothing else.
    pub(super) fn refuse(&mut self, problem: Unreadable, alone: impl FnOnce() -> String, sink: &mut dyn Sink) {
        if self.alone < MOST_ALONE && self.together == 0 && self.delivery.body.len() <= LONGEST_PARTED {
            let raw = alone();
            if raw.len() <= self.left_bytes.max(ALONE_BYTES) {
                self.left_bytes = self.left_bytes.saturating_sub(raw.len());
                self.alone += 1;
                return sink.reject(Reject::new(&problem, raw));
            }
        }
        self.together += 1;
        self.because.get_or_insert(problem);
    }

    /// Refuses what was not kept by itself.
    pub(super) fn rest(self, sink: &mut dyn Sink) {
        let Some(because) = self.because else { return };
        let reason = match self.together {
            1 => because.to_string(),
            many => format!("{many} messages of one delivery cannot be read; of the first: {because}"),
        };
        sink.reject(Reject { reason, raw: self.delivery.body.to_vec() });
    }
}
