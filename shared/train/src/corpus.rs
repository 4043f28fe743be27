//! From events, in any order and told any number of times, to the history that holds.

mod refunds;
#[cfg(test)]
mod same_people;
#[cfg(test)]
mod tests;
mod told;

use crate::{
    history::{Buy, Draw, History, Look, Spent, day_of},
    intern::Interner,
    robots::is_robot,
    skus::Skus,
};
use compact_str::CompactString;
use rapport_core::{
    catalog::Item,
    event::{Action, Event, Exposure, Purpose},
    id::ItemId,
    identity::{Claims, Ties},
    money::Currency,
    profile::{Act, Alias, CopyMark, Marked, OpenEvent, Position, Statement, Subject, subjects},
    ranking::PROPENSITY_FLOOR,
    source::ConsentMode,
    time::Timestamp,
};
use rayon::prelude::*;
use std::collections::HashMap;
use told::Told;

/// A growing set of events, a few dozen bytes each.
#[derive(Debug, Default)]
pub struct Corpus {
    item_numbers: Interner<ItemId>,
    people: Interner<CompactString>,
    orders: Interner<u64>,
    answers: Interner<CompactString>,
    /// Numbered apart: an item that was shown, and with which nothing else was done, joins no catalog.
    shown: Interner<ItemId>,
    told: Vec<Told>,
    facts: Vec<Fact>,
    drawn: Vec<Drawn>,
    persons: Vec<Person>,
    skus: Skus,
    ties: Ties,
}

/// Somebody, or an order that nobody is known to have placed.
#[derive(Clone, Debug)]
struct Person {
    known: bool,
    /// The person that this id is, where it is another's.
    owner: Option<u32>,
    consent: Option<(Position, bool)>,
    erased: Option<Timestamp>,
    /// Whether they move as only a machine does.
    is_robot: bool,
}

/// One event, cut down to what models need.
#[derive(Clone, Copy, Debug)]
struct Fact {
    copy: CopyMark,
    person: u32,
    item: u32,
    did: Did,
}

/// Somebody saw or clicked an item that chance had put there.
#[derive(Clone, Copy, Debug)]
struct Drawn {
    copy: CopyMark,
    person: u32,
    answer: u32,
    item: u32,
    exposed: Draw,
}

#[derive(Clone, Copy, Debug)]
enum Did {
    Look { cart: bool },
    Order { order: u32, statement: Statement, quantity: u32, cancelled: bool, paid: (i64, Currency) },
    Refund { credit: u32, statement: Statement, quantity: u32, cancelled: bool, paid: (i64, Currency) },
}

/// Stands for "no item" in a fact: a charge, or a statement without lines.
const NO_ITEM: u32 = u32::MAX;

impl Corpus {
    /// Takes an event in. Bots' and staff's teach nothing.
    pub fn add<'a>(&mut self, event: impl Into<Marked<'a>>) {
        let marked: Marked<'_> = event.into();
        let Marked { event, mark: copy } = marked;
        self.ties.hear(event);
        let Some(person) = event.traffic.is_human().then(|| self.person_of(event)).flatten() else { return };
        let position = copy.position;
        self.hear(event, person, position);
        if let Action::Shown(exposure) | Action::Clicked(exposure) = &event.action {
            self.expose(marked, person, exposure);
        }
        let open = match event.action {
            Action::Viewed(_)
            | Action::Wishlisted(_)
            | Action::CartAdded { .. }
            | Action::Clicked(_)
            | Action::Ordered(_)
            | Action::Refunded(_) => OpenEvent::of(marked),
            _ => return,
        };
        let item = open.act.item().map_or(NO_ITEM, |item| self.item(item));
        if let Some(product) = event.action.product() {
            self.skus.hear(event, product, position);
            self.told[item as usize].hear(product, (event.authority.is_trusted(), position));
        }
        let did = match &open.act {
            Act::Ordered(line) => {
                let order = self.orders.number(line.group);
                let paid = (line.amount_minor, line.currency);
                Did::Order { order, statement: line.statement, quantity: line.quantity, cancelled: line.cancelled, paid }
            }
            Act::Refunded(line) if line.statement.trusted => {
                let credit = self.orders.number(line.group);
                let paid = (line.amount_minor, line.currency);
                Did::Refund { credit, statement: line.statement, quantity: line.quantity, cancelled: line.cancelled, paid }
            }
            Act::Refunded(_) => return,
            act => Did::Look { cart: matches!(act, Act::CartAdded(..)) },
        };
        self.facts.push(Fact { copy, person, item, did });
    }

    /// Takes in which SKUs the shop's own catalog gives its products.
    #[must_use]
    pub fn with_skus_of(mut self, catalog: &[Item]) -> Self {
        self.skus.hear_catalog(catalog);
        self
    }

    /// Takes in what is known about `alias` otherwise: what an erased event said of it is in no archive any more.
    pub fn tie(&mut self, alias: Alias, claims: &Claims) {
        self.ties.join(alias, claims);
    }

    /// Remembers what was drawn; what stood where it stood for certain teaches nothing about places.
    fn expose(&mut self, Marked { event, mark: copy }: Marked<'_>, person: u32, exposure: &Exposure) {
        // Browsers send them, so a probability is believed within the bounds that ours have.
        let propensity = (exposure.propensity_ppm as f32 / 1e6).max(PROPENSITY_FLOOR);
        if propensity < 1.0 {
            let (answer, item) = (self.answers.number(exposure.recommendation.clone()), self.shown.number(exposure.item.clone()));
            let clicked = matches!(event.action, Action::Clicked(_));
            let exposed = Draw { position: exposure.position, propensity, clicked };
            self.drawn.push(Drawn { copy, person, answer, item, exposed });
        }
    }

    /// What was drawn and shown, each item of an answer once, clicked if it ever was. A click without a showing counts for nothing: of a
    /// page that reports clicks alone nobody knows what else was there.
    fn draws(&mut self, owners: &[u32], persons: &[Person], unset: ConsentMode) -> Vec<Draw> {
        self.drawn.sort_unstable_by_key(|drawn| drawn.copy.precedence());
        self.drawn.dedup_by(|drawn, kept| drawn.copy.is_copy_of(&kept.copy));
        self.drawn.retain(|drawn| persons[owners[drawn.person as usize] as usize].may_teach(drawn.copy.position.at, unset));
        self.drawn.sort_unstable_by_key(|drawn| (drawn.answer, drawn.item, drawn.copy.precedence()));
        let of_item = self.drawn.chunk_by(|a, b| (a.answer, a.item) == (b.answer, b.item));
        let of_item = of_item.filter(|drawn| drawn.iter().any(|drawn| !drawn.exposed.clicked));
        let mut draws: Vec<Draw> =
            of_item.map(|drawn| Draw { clicked: drawn.iter().any(|drawn| drawn.exposed.clicked), ..drawn[0].exposed }).collect();
        // Answers are numbered as they come; sums must not depend on that.
        draws.sort_unstable_by_key(|draw| (draw.position, draw.propensity.to_bits(), draw.clicked));
        draws
    }

    /// The history that holds: copies counted once, aliases joined, erased and unwilling people left out, orders as last stated,
    /// refunds taken back.
    #[must_use]
    pub fn history(mut self, unset: ConsentMode) -> History {
        let skus = self.skus.names();
        self.join_skus(&skus);
        self.join();
        self.renumber();
        self.facts.par_sort_unstable_by_key(|fact| fact.copy.precedence());
        self.facts.dedup_by(|fact, kept| fact.copy.is_copy_of(&kept.copy));
        let events = self.facts.len() as u64;
        let mut persons = self.joined();
        let owners: Vec<u32> = (0..self.persons.len() as u32).map(|person| self.owner(person)).collect();
        for fact in &mut self.facts {
            fact.person = owners[fact.person as usize];
        }
        self.facts.par_sort_unstable_by_key(|fact| (fact.person, fact.copy.position));
        let robots = self.robots();
        robots.iter().for_each(|robot| persons[*robot as usize].is_robot = true);
        let draws = self.draws(&owners, &persons, unset);
        self.facts.retain(|fact| persons[fact.person as usize].may_teach(fact.copy.position.at, unset));

        let holding = self.holding();
        let mut history = History { events, draws, known: persons.iter().map(|person| person.known).collect(), ..History::default() };
        history.robots = robots.len() as u64;
        let mut returned: Vec<Buy> = Vec::new();
        for Fact { copy, person, item, did } in self.facts.iter().filter(|fact| fact.item != NO_ITEM).copied() {
            let at = copy.position.at;
            match did {
                Did::Look { cart } => {
                    history.looks.push(Look { person, at, item });
                    history.carts.extend(cart.then_some((person, at)));
                }
                Did::Order { order, statement, quantity, cancelled, .. } => {
                    if statement.trusted && !cancelled && quantity > 0 && holding[order as usize] == Some(statement) {
                        history.buys.push(Buy { person, at, order, item, quantity });
                    }
                }
                Did::Refund { credit, statement, quantity, cancelled, .. } => {
                    if !cancelled && holding[credit as usize] == Some(statement) {
                        returned.push(Buy { person, at, order: 0, item, quantity });
                    }
                }
            }
        }
        history.spent = self.spent(&holding, &persons);
        history.buys.par_sort_by_key(|buy| (buy.person, buy.at, buy.order));
        refunds::take_back(&mut history.buys, &returned);
        history.items = self.told.into_iter().map(Told::into_item).collect();
        history.without_names(skus)
    }

    /// Puts what was told under a SKU with the product that has it.
    fn join_skus(&mut self, skus: &[(ItemId, ItemId)]) {
        let dealt_with: Vec<_> = skus.iter().filter_map(|(sku, product)| Some((self.item_numbers.find(sku)?, product))).collect();
        if dealt_with.is_empty() {
            return;
        }
        let mut joined: HashMap<u32, u32> = HashMap::with_capacity(dealt_with.len());
        for (sku, product) in dealt_with {
            let product = self.item(product);
            let bare = Told::of(self.told[sku as usize].id().clone());
            let told = std::mem::replace(&mut self.told[sku as usize], bare);
            joined.insert(sku, product);
            self.told[product as usize].join(told);
        }
        let items = self.facts.iter_mut().map(|fact| &mut fact.item).chain(self.drawn.iter_mut().map(|drawn| &mut drawn.item));
        for item in items {
            *item = joined.get(item).copied().unwrap_or(*item);
        }
    }

    /// Who moves as no person does and never ordered. Facts are sorted by person and time.
    fn robots(&self) -> Vec<u32> {
        let of_person: Vec<&[Fact]> = self.facts.chunk_by(|a, b| a.person == b.person).collect();
        let robots = of_person.into_par_iter().filter(|facts| {
            let ordered = |fact: &Fact| matches!(fact.did, Did::Order { statement, cancelled, .. } if statement.trusted && !cancelled);
            let looks = || facts.iter().filter(|fact| matches!(fact.did, Did::Look { .. })).map(|fact| (fact.copy.position.at, fact.item));
            !facts.iter().any(ordered) && is_robot(&looks().collect::<Vec<_>>())
        });
        robots.map(|facts| facts[0].person).collect()
    }

    /// Numbers people, items and orders by their ids instead of by first mention: sums of fractions and ties among equals come out the
    /// same whichever file was read first.
    fn renumber(&mut self) {
        let (people, items, orders) = (self.people.places(), self.item_numbers.places(), self.orders.places());
        let item = |number: u32| if number == NO_ITEM { NO_ITEM } else { items[number as usize] };
        for fact in &mut self.facts {
            fact.person = people[fact.person as usize];
            fact.item = item(fact.item);
            if let Did::Order { order: number, .. } | Did::Refund { credit: number, .. } = &mut fact.did {
                *number = orders[*number as usize];
            }
        }
        for drawn in &mut self.drawn {
            drawn.person = people[drawn.person as usize];
        }
        for owner in self.persons.iter_mut().filter_map(|person| person.owner.as_mut()) {
            *owner = people[*owner as usize];
        }
        self.persons = placed(std::mem::take(&mut self.persons), &people);
        self.told = placed(std::mem::take(&mut self.told), &items);
    }

    /// What people paid less what they were paid back, by person, then day: of orders and refunds that hold, whether or not a line says
    /// for what. Facts are sorted by person and time.
    fn spent(&self, holding: &[Option<Statement>], persons: &[Person]) -> Vec<Spent> {
        let (mut spent, mut refunds): (Vec<Spent>, Vec<Spent>) = (Vec::new(), Vec::new());
        for Fact { copy, person, did, .. } in &self.facts {
            let (of, order, statement, cancelled, (minor, currency)) = match did {
                Did::Order { order, statement, cancelled, paid, .. } => (&mut spent, order, statement, cancelled, *paid),
                Did::Refund { credit, statement, cancelled, paid, .. } => (&mut refunds, credit, statement, cancelled, *paid),
                Did::Look { .. } => continue,
            };
            let holds = statement.trusted && !cancelled && holding[*order as usize] == Some(*statement);
            if holds && persons[*person as usize].known {
                let day = day_of(copy.position.at);
                match of.last_mut() {
                    Some(last) if (last.person, last.day, last.currency) == (*person, day, currency) => {
                        last.minor = last.minor.saturating_add(minor);
                    }
                    _ => of.push(Spent { person: *person, day, minor, currency }),
                }
            }
        }
        refunds.retain(|refund| refund.minor > 0);
        refunds::pay_back(&mut spent, &refunds);
        spent
    }

    /// Whose event it is: somebody's, or else, for an order, the order's own.
    fn person_of(&mut self, event: &Event) -> Option<u32> {
        match (subjects(event).first(), &event.action) {
            (Some(subject), _) => Some(self.person(subject)),
            (None, Action::Ordered(line)) => Some(self.number_person(CompactString::from(format!("o#{}", line.order)), false)),
            (None, _) => None,
        }
    }

    fn person(&mut self, subject: &Subject) -> u32 {
        self.number_person(CompactString::from(subject.to_string()), true)
    }

    fn number_person(&mut self, key: CompactString, known: bool) -> u32 {
        let number = self.people.number(key);
        if number as usize == self.persons.len() {
            self.persons.push(Person { known, owner: None, consent: None, erased: None, is_robot: false });
        }
        number
    }

    fn item(&mut self, id: &ItemId) -> u32 {
        let number = self.item_numbers.number(id.clone());
        if number as usize == self.told.len() {
            self.told.push(Told::of(id.clone()));
        }
        debug_assert_eq!(self.told.len(), self.item_numbers.len());
        number
    }

    /// Remembers what the event tells about people: what they allow, what they want forgotten.
    fn hear(&mut self, event: &Event, person: u32, position: Position) {
        let person = &mut self.persons[person as usize];
        match &event.action {
            Action::Consented(consent) if consent.purpose == Purpose::Personalization => {
                person.consent = person.consent.max(Some((position, consent.granted)));
            }
            Action::Erased => person.erased = person.erased.max(Some(event.at)),
            _ => {}
        }
    }

    /// Finds out which person each id is, by the rules that profiles follow.
    fn join(&mut self) {
        let owners = self.ties.owners();
        for alias in owners.aliases() {
            let (alias, person) = (self.people.find(&CompactString::from(alias.to_string())), owners.person(alias));
            if let Some(alias) = alias {
                let person = self.person(&person);
                self.persons[alias as usize].owner = Some(person).filter(|person| *person != alias);
            }
        }
    }

    fn owner(&self, person: u32) -> u32 {
        self.persons[person as usize].owner.unwrap_or(person)
    }

    /// People as they are once aliases are joined: what one of them said or asked goes for all.
    fn joined(&self) -> Vec<Person> {
        let mut joined = self.persons.clone();
        for (alias, person) in self.persons.iter().enumerate() {
            let owner = &mut joined[self.owner(alias as u32) as usize];
            owner.consent = owner.consent.max(person.consent);
            owner.erased = owner.erased.max(person.erased);
        }
        joined
    }

    /// By order and credit note: the statement that holds, as profiles have it: the greatest.
    fn holding(&self) -> Vec<Option<Statement>> {
        let mut holding: Vec<Option<Statement>> = vec![None; self.orders.len()];
        for fact in &self.facts {
            if let Did::Order { order: number, statement, .. } | Did::Refund { credit: number, statement, .. } = fact.did {
                let holds = &mut holding[number as usize];
                *holds = (*holds).max(Some(statement));
            }
        }
        holding
    }
}

/// `all`, each where `places` puts it.
fn placed<T>(all: Vec<T>, places: &[u32]) -> Vec<T> {
    let mut placed: Vec<(u32, T)> = places.iter().copied().zip(all).collect();
    placed.sort_unstable_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, one)| one).collect()
}

impl Person {
    fn may_teach(&self, at: Timestamp, unset: ConsentMode) -> bool {
        let allows = self.consent.map_or(!self.known || unset == ConsentMode::OptOut, |(_, granted)| granted);
        allows && !self.is_robot && self.erased.is_none_or(|erased| at > erased)
    }
}
