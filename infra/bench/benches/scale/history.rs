//! A made-up history of any length, written as what a shop of that size would have: the archive, its customers' profiles, its catalog.
//!
//! Visits wander through shelves of fifty items, the first of a shelf being dealt with most; every eighth visit ends in an order of one
//! to three of the items looked at; a third of the people are known. Seeded, so two runs measure the same.

use crate::tables::Tables;
use bytes::Bytes;
use rapport_archive::{Archive, ArchiveError};
use rapport_core::{
    catalog::Item,
    digest::short_hash,
    event::{Action, Authority, Event, OrderLine, Product, Traffic, Who},
    id::{CustomerId, DeviceId, EventId, ItemId, OrderId},
    money::Currency,
    profile::{Subject, refold},
    random::SplitMix,
    segment::Standing,
    time::{DAY_MS, MINUTE_MS, Timestamp},
};
use rapport_io::{
    Condition, Objects, StoreError, Stored,
    catalog::Catalog,
    memory::MemoryObjects,
    profiles::{Ownership, Profiles},
};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Items of a shelf.
const SHELF: usize = 50;
/// Events of an archive file, as `train` writes them.
const PART: usize = 100_000;
/// How long the history is.
const DAYS: i64 = 365;
/// Events whose customers are folded at a time: longer histories are walked more than once, and fit into memory all the same.
const FOLDED: usize = 5_000_000;
/// How many events a person leaves in a year, on average.
const EVENTS_A_PERSON: usize = 25;

/// When training happens.
pub(crate) const NOW: Timestamp = Timestamp(1_795_348_800_000);

/// Archive files in a directory, everything else in memory: what is measured is training, not a disk's other files.
pub(crate) struct Directory {
    root: PathBuf,
    rest: MemoryObjects,
}

impl Directory {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), rest: MemoryObjects::default() }
    }

    /// Where an archive file lies.
    fn path(&self, key: &str) -> Option<PathBuf> {
        key.starts_with("archive/").then(|| self.root.join(key.replace('/', "+")))
    }
}

fn failed(error: io::Error) -> StoreError {
    StoreError::unavailable("a file of the archive", error)
}

#[async_trait::async_trait]
impl Objects for Directory {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let Some(path) = self.path(key) else { return self.rest.get(key).await };
        Ok(Some(Stored { body: fs::read(path).map_err(failed)?.into(), etag: String::new() }))
    }

    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<String, StoreError> {
        let Some(path) = self.path(key) else { return self.rest.put(key, body, condition).await };
        fs::write(path, body).map_err(failed)?;
        Ok(String::new())
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, StoreError> {
        if !prefix.starts_with("archive/") {
            return self.rest.list(prefix, after).await;
        }
        let files: Vec<fs::DirEntry> = fs::read_dir(&self.root).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
        let mut keys: Vec<String> = files.iter().map(|file| file.file_name().to_string_lossy().replace('+', "/")).collect();
        keys.retain(|key| key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after));
        keys.sort_unstable();
        keys.truncate(1_000);
        Ok(keys)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        match self.path(key) {
            Some(path) => fs::remove_file(path).map_err(failed),
            None => self.rest.delete(key).await,
        }
    }
}

/// Writes a history of about `events` events over `items` items below `root`, unless it is there, and what is derived from it beside it.
pub(crate) async fn write(root: &Path, events: usize, items: usize) -> Result<(), ArchiveError> {
    let finished = root.with_extension("complete");
    if finished.exists() {
        return Ok(());
    }
    let file = |result: io::Result<()>| result.map_err(failed);
    for beside in ["profiles", "catalog"].map(|table| root.with_extension(table)).into_iter().filter(|beside| beside.exists()) {
        file(fs::remove_file(beside))?;
    }
    if root.exists() {
        file(fs::remove_dir_all(root))?;
    }
    file(fs::create_dir_all(root))?;
    let archive = Archive::new(Arc::new(Directory::new(root)));
    for (from, told) in Parts::of(events, items) {
        archive.write(&from.day(), told).await?;
    }
    let tables = Arc::new(Tables::new(root));
    let catalog: Vec<Item> = (0..items).map(item).collect();
    Catalog::new(tables.clone()).put_items(&catalog, NOW.plus_ms(-DAY_MS)).await?;
    write_profiles(&Profiles::new(tables), events, items).await?;
    Ok(file(fs::write(finished, ""))?)
}

/// Folds every customer's events, some customers after the others.
async fn write_profiles(profiles: &Profiles, events: usize, items: usize) -> Result<(), StoreError> {
    let rounds = events.div_ceil(FOLDED) as u64;
    for round in 0..rounds {
        let mut of: BTreeMap<CustomerId, Vec<Event>> = BTreeMap::new();
        for event in Parts::of(events, items).flat_map(|(_, told)| told) {
            if let Some(customer) = event.who.customer.clone().filter(|id| short_hash(id.as_str().as_bytes()) % rounds == round) {
                of.entry(customer).or_default().push(event);
            }
        }
        for (customer, events) in of {
            let profile = refold(Subject::Customer(customer), &events);
            profiles.put(&profile, &Ownership::default(), &Standing::default(), None).await?;
        }
    }
    Ok(())
}

/// An item as the shop's catalog has it: shelves of one category, five brands, prices over two decades.
fn item(place: usize) -> Item {
    let (shelf, brand) = (place / SHELF, place % 5);
    Item {
        title: Some(format!("Item {place} of shelf {shelf}")),
        category: Some(format!("Aisle {}/Shelf {shelf}", shelf % 20)),
        brand: Some(format!("Brand {brand}")),
        price_minor: Some(500 * (1 + (place * 7_919 % 100) as i64)),
        currency: Some(Currency::EUR),
        ..Item::bare(item_id(place))
    }
}

fn item_id(place: usize) -> ItemId {
    id(&format!("item-{place:07}"), ItemId::new)
}

/// The history part by part, each with when it begins.
struct Parts {
    visits: Visits,
    part: usize,
    events: usize,
}

impl Parts {
    const fn of(events: usize, items: usize) -> Self {
        Self { visits: Visits::new(events / EVENTS_A_PERSON, items), part: 0, events }
    }
}

impl Iterator for Parts {
    type Item = (Timestamp, Vec<Event>);

    fn next(&mut self) -> Option<Self::Item> {
        let least = PART.min(self.events.checked_sub(self.part * PART).filter(|left| *left > 0)?);
        let parts = self.events.div_ceil(PART);
        let from = NOW.plus_ms(-DAY_MS * DAYS).plus_ms(DAY_MS * DAYS / parts as i64 * self.part as i64);
        let mut told = Vec::with_capacity(least + 16);
        while told.len() < least {
            self.visits.next(from, &mut told);
        }
        self.part += 1;
        Some((from, told))
    }
}

struct Visits {
    dice: SplitMix,
    people: usize,
    items: usize,
    number: usize,
}

impl Visits {
    const fn new(people: usize, items: usize) -> Self {
        Self { dice: SplitMix::new(1), people: if people == 0 { 1 } else { people }, items, number: 0 }
    }

    /// A number below `bound`, small ones more often.
    fn skewed(&mut self, bound: usize) -> usize {
        let below = self.dice.below(bound) + 1;
        self.dice.below(below)
    }

    /// One more visit, within a few hours of `from`.
    fn next(&mut self, from: Timestamp, told: &mut Vec<Event>) {
        self.number += 1;
        let person = self.skewed(self.people);
        // A person keeps to three shelves.
        let favourite = self.dice.below(3);
        let shelf = (person.wrapping_mul(2_654_435_761) + favourite * 7_919) % self.items.div_ceil(SHELF);
        let begun = from.plus_ms(MINUTE_MS * self.dice.below(600) as i64);
        let looks: Vec<ItemId> = (0..1 + self.skewed(8)).map(|_| item_id((shelf * SHELF + self.skewed(SHELF)) % self.items)).collect();
        for (step, item) in looks.iter().enumerate() {
            let product = Product { title: Some(format!("Item {item}").into()), ..Product::bare(item.clone()) };
            told.push(self.event(person, step, begun, Action::Viewed(product)));
        }
        if self.dice.below(8) == 0 {
            for (line, item) in looks.iter().take(1 + self.dice.below(3)).enumerate() {
                let line_of = OrderLine {
                    order: id(&format!("o{}", self.number), OrderId::new),
                    version: begun,
                    product: Some(Product::bare(item.clone())),
                    quantity: 1,
                    paid_minor: 1_000,
                    discount_minor: 0,
                    currency: Currency::EUR,
                    cancelled: false,
                };
                told.push(self.event(person, 20 + line, begun, Action::Ordered(line_of)));
            }
        }
    }

    fn event(&self, person: usize, step: usize, begun: Timestamp, action: Action) -> Event {
        let who = match person % 3 {
            0 => Who { customer: Some(id(&format!("c{person}"), CustomerId::new)), ..Who::default() },
            _ => Who { device: Some(id(&format!("device-{person}"), DeviceId::new)), ..Who::default() },
        };
        Event {
            id: id(&format!("{}-{step}", self.number), EventId::new),
            at: begun.plus_ms(20_000 * step as i64),
            authority: Authority::Backend,
            source: "bench".into(),
            who,
            traffic: Traffic::Human,
            action,
        }
    }
}

fn id<T, E: std::fmt::Debug>(text: &str, make: impl Fn(&str) -> Result<T, E>) -> T {
    make(text).expect("short text")
}
