//! A demo shop: one simulated year of "Crumb & Kettle", a bakery-and-kitchen store with planted customers.
//!
//! [`generate`] gives what a real shop would have sent, a catalog and a year of Segment messages, and beside it the truth about
//! every customer. The messages are meant to go through the same parsing, identity and fold as anybody's traffic. So the suite
//! can be tried without a shop, and a claim such as "finds the discount seekers" can be scored.
//!
//! The year has a rhythm (weekends, Christmas, jam in August), sales and launches, coupons, refunds, reviews, newsletters,
//! people who browse on several devices before they say who they are, people who run out of flour, people who leave, people who
//! look in once, and three robots. How people differ is one table in `archetypes`; how hard they are to tell apart is
//! [`OVERLAP`].
//!
//! The same [`Options`] give the same bytes on every machine: see `dice` for why. Each customer has random streams of their own, so
//! that more customers leave the first ones as they were.
//!
//! What this crate does not do: no I/O, no clock, and no parsing. It does not know the suite, and nothing in the suite that is
//! deployed knows it.

mod archetypes;
mod calendar;
mod checkout;
mod dice;
mod journal;
mod mail;
pub mod messages;
mod people;
mod plan;
mod products;
mod store;
mod strangers;
mod truth;
mod visit;

use jiff::Timestamp;

pub use archetypes::{Archetype, OVERLAP};
pub use messages::Message;
pub use store::{Attributes, CatalogItem};
pub use truth::{CustomerTruth, Switch};

use calendar::Year;
use dice::{Dice, Stream};
use people::Person;
use plan::Shop;
use store::Store;

/// Which year of which shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Another seed is another shop: other tastes, other sales, other people.
    pub seed: u64,
    /// The year is the 365 whole days before the last UTC midnight at or before this.
    pub end: Timestamp,
    /// How many customers. 2,000 make about 72,000 messages (at most 77,000 in the 80 shops tried); below 100,000, so that
    /// ids keep their width.
    pub customers: usize,
    /// Plants customers who change their archetype ten weeks before the end. The others live the same life with and without.
    pub switchers: bool,
}

impl Options {
    /// The shop that a newcomer is shown: nobody switches, and its year comes to less than 80,000 events.
    pub fn showcase(end: Timestamp) -> Self {
        Self { seed: 7, end, customers: 1_950, switchers: false }
    }
}

/// A shop and its year.
#[derive(Clone, Debug)]
pub struct Demo {
    /// As of the end of the year.
    pub catalog: Vec<CatalogItem>,
    /// In order of time, then of id.
    pub messages: Vec<Message>,
    /// One for each customer, in order of id.
    pub truth: Vec<CustomerTruth>,
    /// Anonymous ids of the robots.
    pub bots: Vec<String>,
}

/// One passer-by for this many customers.
const CUSTOMERS_PER_PASSER_BY: usize = 4;

/// Simulates the year. Takes well under a second for 2,000 customers.
pub fn generate(options: &Options) -> Demo {
    let year = Year::ending(options.end);
    let store = Store::open(&year, &mut Dice::new(options.seed, Stream::Store));
    let shop = Shop { year, store };

    let (mut messages, bots) = strangers::bots(options.seed, &shop);
    for number in 0..options.customers / CUSTOMERS_PER_PASSER_BY {
        messages.extend(strangers::passer_by(number as u64, options.seed, &shop));
    }
    let mut truth = Vec::with_capacity(options.customers);
    for number in 0..options.customers {
        let person = draw_person(number, options);
        messages.extend(year_of(&person, number, options.seed, &shop));
        truth.push(person.truth(&shop.year));
    }
    messages.sort_by(|a, b| (a.timestamp, &a.message_id).cmp(&(b.timestamp, &b.message_id)));
    Demo { catalog: shop.store.catalog(&shop.year), messages, truth, bots }
}

fn draw_person(number: usize, options: &Options) -> Person {
    let mut dice = Dice::new(options.seed, Stream::Person(number as u64));
    let person = Person::draw(number, &mut dice);
    if options.switchers { person.perhaps_switch(&mut dice) } else { person }
}

fn year_of(person: &Person, number: usize, seed: u64, shop: &Shop) -> Vec<Message> {
    let mut dice = Dice::new(seed, Stream::Life(number as u64));
    let visits = plan::year_of(person, shop, &mut dice);
    visit::live(person, &visits, shop, &mut dice)
}
