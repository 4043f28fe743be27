//! Sorting by customer what does not fit into memory as it is: events go onto piles by a hash of whom they are about, packed, and
//! each pile is small enough to be unpacked and sorted when its turn comes.

use rapport_core::{
    digest::short_hash,
    event::{Action, Event, Who, decode_lines, encode_line},
    profile::Subject,
};
use std::{
    collections::BTreeMap,
    io::{self, Write},
};

const PILES: usize = 256;
/// Lines that wait for packing, in bytes, on each pile.
const LOOSE_BYTES: usize = 64 * 1024;
/// Speed matters here, not size: what is packed lives for seconds.
const ZSTD_LEVEL: i32 = 1;

/// Events on their way to being sorted.
pub(super) struct Piles(Vec<Pile>);

/// Some customers' events, in the order of the file.
#[derive(Default)]
pub(super) struct Pile {
    packed: Vec<u8>,
    loose: Vec<u8>,
}

/// All events about one customer, oldest first; or of one order of nobody's.
pub(super) struct Group {
    pub(super) events: Vec<Event>,
}

impl Default for Piles {
    fn default() -> Self {
        Self((0..PILES).map(|_| Pile::default()).collect())
    }
}

impl Piles {
    /// Puts `event` where the others about the same customer lie.
    pub(super) fn add(&mut self, event: &Event) -> io::Result<()> {
        let place = short_hash(key(event).as_bytes()) as usize % PILES;
        let Some(pile) = self.0.get_mut(place) else { return Ok(()) };
        encode_line(event, &mut pile.loose);
        if pile.loose.len() >= LOOSE_BYTES { pile.pack() } else { Ok(()) }
    }

    /// All piles, always in the same order.
    pub(super) fn finish(mut self) -> io::Result<impl Iterator<Item = Pile>> {
        for pile in &mut self.0 {
            pile.pack()?;
            pile.loose = Vec::new();
        }
        Ok(self.0.into_iter().filter(|pile| !pile.packed.is_empty()))
    }
}

impl Pile {
    fn pack(&mut self) -> io::Result<()> {
        if !self.loose.is_empty() {
            let frame = zstd::encode_all(self.loose.as_slice(), ZSTD_LEVEL)?;
            self.packed.write_all(&frame)?;
            self.loose.clear();
        }
        Ok(())
    }

    /// Its events by customer.
    pub(super) fn groups(self) -> io::Result<impl Iterator<Item = Group>> {
        // Frames one after the other unpack to their contents one after the other.
        let lines = zstd::decode_all(self.packed.as_slice())?;
        drop(self.packed);
        let mut groups: BTreeMap<String, Vec<Event>> = BTreeMap::new();
        for event in decode_lines(&lines) {
            let event = event.map_err(io::Error::other)?;
            groups.entry(key(&event)).or_default().push(event);
        }
        Ok(groups.into_values().map(|mut events| {
            events.sort_by(|one, other| one.at.cmp(&other.at).then_with(|| one.id.cmp(&other.id)));
            Group { events }
        }))
    }
}

impl Group {
    /// Whom it is about.
    pub(super) fn who(&self) -> Who {
        self.events.first().map(|event| event.who.clone()).unwrap_or_default()
    }
}

/// What keeps events together: the customer, or else the order, so that what nobody in particular bought together stays together.
fn key(event: &Event) -> String {
    let order = || match &event.action {
        Action::Ordered(line) => Some(line.order.as_str()),
        Action::Refunded(refund) => refund.reference.as_ref().map(|reference| reference.as_str()),
        _ => None,
    };
    let who = event.who.person().or_else(|| event.who.device.clone().map(Subject::Device));
    who.map_or_else(|| format!("o#{}", order().unwrap_or_default()), |who| who.to_string())
}
