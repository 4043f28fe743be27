//! Where it goes what is read: one by one, so that nobody holds at once all that a large body says.

use super::{ContactField, Erasure, Parsed, Reject, Unreadable};
use crate::{catalog::Telling, event::Event};

/// Takes what a delivery says, in the order in which it says it.
pub trait Sink {
    /// Something for the log.
    fn event(&mut self, event: Event);
    /// Something for the contacts table.
    fn contact(&mut self, field: ContactField);
    /// Something for the catalog.
    fn telling(&mut self, telling: Telling);
    /// Somebody to be forgotten.
    fn erasure(&mut self, erasure: Erasure);
    /// Something that could not be read.
    fn reject(&mut self, reject: Reject);
}

impl Sink for Parsed {
    fn event(&mut self, event: Event) {
        self.events.push(event);
    }

    fn contact(&mut self, field: ContactField) {
        self.contacts.push(field);
    }

    fn telling(&mut self, telling: Telling) {
        self.tellings.push(telling);
    }

    fn erasure(&mut self, erasure: Erasure) {
        self.erasures.push(erasure);
    }

    fn reject(&mut self, reject: Reject) {
        self.rejects.push(reject);
    }
}

/// What is held back until all of it is read. Most orders say less than half of it.
const MOST_HELD: usize = 100;

/// Hands `sink` all that `read` says, or nothing where it fails on the way. What says more than can be held back is read twice: to know
/// that it can be read, and to hand it on. So `read` must say the same each time.
pub(super) fn whole(sink: &mut dyn Sink, read: impl Fn(&mut dyn Sink) -> Result<(), Unreadable>) -> Result<(), Unreadable> {
    let mut held = Held::default();
    read(&mut held)?;
    if held.count > MOST_HELD {
        return read(sink);
    }
    held.said.hand_on(sink);
    Ok(())
}

/// The first of what was said, and how much it was; nothing once it is too much.
#[derive(Default)]
struct Held {
    said: Parsed,
    count: usize,
}

impl Held {
    fn hold(&mut self, hold: impl FnOnce(&mut Parsed)) {
        self.count += 1;
        match self.count.cmp(&(MOST_HELD + 1)) {
            std::cmp::Ordering::Less => hold(&mut self.said),
            std::cmp::Ordering::Equal => self.said = Parsed::default(),
            std::cmp::Ordering::Greater => {}
        }
    }
}

impl Sink for Held {
    fn event(&mut self, event: Event) {
        self.hold(|said| said.event(event));
    }

    fn contact(&mut self, field: ContactField) {
        self.hold(|said| said.contact(field));
    }

    fn telling(&mut self, telling: Telling) {
        self.hold(|said| said.telling(telling));
    }

    fn erasure(&mut self, erasure: Erasure) {
        self.hold(|said| said.erasure(erasure));
    }

    fn reject(&mut self, reject: Reject) {
        self.hold(|said| said.reject(reject));
    }
}

impl Parsed {
    fn hand_on(self, sink: &mut dyn Sink) {
        let Self { events, contacts, tellings, erasures, rejects } = self;
        events.into_iter().for_each(|event| sink.event(event));
        contacts.into_iter().for_each(|field| sink.contact(field));
        tellings.into_iter().for_each(|telling| sink.telling(telling));
        erasures.into_iter().for_each(|erasure| sink.erasure(erasure));
        rejects.into_iter().for_each(|reject| sink.reject(reject));
    }
}
