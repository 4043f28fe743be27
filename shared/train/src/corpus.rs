//! From events, in any order and told any number of times, to the history that holds.

#[cfg(test)]
mod same_people;

use crate::{
    history::{Buy, Draw, History, Look, Spent, day_of},
    intern::Interner,
};
use compact_str::CompactString;
use rapport_core::{
    catalog::Item,
    event::{Action, Event, Exposure, Product, Purpose},
    id::ItemId,
    identity::{Claims, Ties},
    money::Currency,
    profile::{Act, Alias, CopyMark, OpenEvent, Position, Statement, Subject, subjects},
    ranking::PROPENSITY_FLOOR,
    source::ConsentMode,
    time::Timestamp,
};
use rayon::prelude::*;

/// A growing set of events, a few dozen bytes each.
#[derive(Debug, Default)]
pub struct Corpus {
    item_numbers: Interner<ItemId>,
    people: Interner<CompactString>,
    orders: Interner<u64>,
    answers: Interner<CompactString>,
    told: Vec<Told>,
    facts: Vec<Fact>,
    drawn: Vec<Drawn>,
    persons: Vec<Person>,
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
    Refund { credit: u32, statement: Statement, quantity: u32, cancelled: bool },
}

/// Stands for "no item" in a fact: a charge, or a statement without lines.
const NO_ITEM: u32 = u32::MAX;

impl Corpus {
    /// Takes an event in. Bots' and staff's teach nothing.
    pub fn add(&mut self, event: &Event) {
        self.ties.hear(event);
        let Some(person) = event.traffic.is_human().then(|| self.person_of(event)).flatten() else { return };
        let position = Position::of(event);
        self.hear(event, person, position);
        if let Action::Shown(exposure) | Action::Clicked(exposure) = &event.action {
            self.expose(event, person, exposure);
        }
        let open = match event.action {
            Action::Viewed(_)
            | Action::Wishlisted(_)
            | Action::CartAdded { .. }
            | Action::Clicked(_)
            | Action::Ordered(_)
            | Action::Refunded(_) => OpenEvent::of(event),
            _ => return,
        };
        let item = open.act.item().map_or(NO_ITEM, |item| self.item(item));
        if let Some(product) = event.action.product() {
            self.told[item as usize].hear(product, (event.authority.is_trusted(), position));
        }
        let copy = open.copy_mark();
        let did = match &open.act {
            Act::Ordered(line) => {
                let order = self.orders.number(line.group);
                let paid = (line.amount_minor, line.currency);
                Did::Order { order, statement: line.statement, quantity: line.quantity, cancelled: line.cancelled, paid }
            }
            Act::Refunded(line) if line.statement.trusted => {
                let credit = self.orders.number(line.group);
                Did::Refund { credit, statement: line.statement, quantity: line.quantity, cancelled: line.cancelled }
            }
            Act::Refunded(_) => return,
            act => Did::Look { cart: matches!(act, Act::CartAdded(..)) },
        };
        self.facts.push(Fact { copy, person, item, did });
    }

    /// Takes in what is known about `alias` otherwise: what an erased event said of it is in no archive any more.
    pub fn tie(&mut self, alias: Alias, claims: &Claims) {
        self.ties.join(alias, claims);
    }

    /// Remembers what was drawn; what stood where it stood for certain teaches nothing about places.
    fn expose(&mut self, event: &Event, person: u32, exposure: &Exposure) {
        // Browsers send them, so a probability is believed within the bounds that ours have.
        let propensity = (exposure.propensity_ppm as f32 / 1e6).max(PROPENSITY_FLOOR);
        if propensity < 1.0 {
            let (answer, item) = (self.answers.number(exposure.recommendation.clone()), self.item(&exposure.item));
            let clicked = matches!(event.action, Action::Clicked(_));
            let exposed = Draw { position: exposure.position, propensity, clicked };
            self.drawn.push(Drawn { copy: OpenEvent::of(event).copy_mark(), person, answer, item, exposed });
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
        self.join();
        self.renumber();
        self.facts.par_sort_unstable_by_key(|fact| fact.copy.precedence());
        self.facts.dedup_by(|fact, kept| fact.copy.is_copy_of(&kept.copy));
        let events = self.facts.len() as u64;
        let persons = self.joined();
        let owners: Vec<u32> = (0..self.persons.len() as u32).map(|person| self.owner(person)).collect();
        let draws = self.draws(&owners, &persons, unset);
        for fact in &mut self.facts {
            fact.person = owners[fact.person as usize];
        }
        self.facts.retain(|fact| persons[fact.person as usize].may_teach(fact.copy.position.at, unset));

        let holding = self.holding();
        let mut history = History { events, draws, known: persons.iter().map(|person| person.known).collect(), ..History::default() };
        let mut refunds: Vec<Buy> = Vec::new();
        self.facts.par_sort_unstable_by_key(|fact| (fact.person, fact.copy.position));
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
                Did::Refund { credit, statement, quantity, cancelled } => {
                    if !cancelled && holding[credit as usize] == Some(statement) {
                        refunds.push(Buy { person, at, order: 0, item, quantity });
                    }
                }
            }
        }
        history.spent = self.spent(&holding, &persons);
        history.buys.par_sort_by_key(|buy| (buy.person, buy.at, buy.order));
        take_back(&mut history.buys, &refunds);
        history.items = self.told.into_iter().map(Told::into_item).collect();
        history
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
            drawn.item = item(drawn.item);
        }
        for owner in self.persons.iter_mut().filter_map(|person| person.owner.as_mut()) {
            *owner = people[*owner as usize];
        }
        self.persons = placed(std::mem::take(&mut self.persons), &people);
        self.told = placed(std::mem::take(&mut self.told), &items);
    }

    /// What people paid, by person, then day: of orders that hold, whether or not a line says for what. Facts are sorted by person and time.
    fn spent(&self, holding: &[Option<Statement>], persons: &[Person]) -> Vec<Spent> {
        let mut spent: Vec<Spent> = Vec::new();
        for Fact { copy, person, did, .. } in &self.facts {
            let Did::Order { order, statement, cancelled, paid: (minor, currency), .. } = did else { continue };
            let holds = statement.trusted && !cancelled && holding[*order as usize] == Some(*statement);
            if holds && persons[*person as usize].known {
                let day = day_of(copy.position.at);
                match spent.last_mut() {
                    Some(last) if (last.person, last.day, last.currency) == (*person, day, *currency) => {
                        last.minor = last.minor.saturating_add(*minor);
                    }
                    _ => spent.push(Spent { person: *person, day, minor: *minor, currency: *currency }),
                }
            }
        }
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
            self.persons.push(Person { known, owner: None, consent: None, erased: None });
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
        allows && self.erased.is_none_or(|erased| at > erased)
    }
}

/// Takes returned pieces from the person's newest purchases of the item before the return; purchases of nothing vanish.
fn take_back(buys: &mut Vec<Buy>, refunds: &[Buy]) {
    for refund in refunds {
        let from = buys.partition_point(|buy| buy.person < refund.person);
        let to = buys.partition_point(|buy| (buy.person, buy.at) <= (refund.person, refund.at));
        let mut left = refund.quantity;
        for buy in buys.get_mut(from..to).unwrap_or_default().iter_mut().rev().filter(|buy| buy.item == refund.item) {
            let taken = left.min(buy.quantity);
            buy.quantity -= taken;
            left -= taken;
            if left == 0 {
                break;
            }
        }
    }
    buys.retain(|buy| buy.quantity > 0);
}

/// How far a telling is believed: trusted senders first, then the newer.
type Rank = (bool, Position);

/// What events told about an item, each field by its best teller.
#[derive(Debug)]
struct Told {
    id: ItemId,
    title: Option<(Rank, CompactString)>,
    category: Option<(Rank, CompactString)>,
    brand: Option<(Rank, CompactString)>,
    price: Option<(Rank, (i64, Option<Currency>))>,
}

impl Told {
    const fn of(id: ItemId) -> Self {
        Self { id, title: None, category: None, brand: None, price: None }
    }

    fn hear(&mut self, product: &Product, rank: Rank) {
        keep_best(&mut self.title, rank, product.title.as_ref());
        keep_best(&mut self.category, rank, product.category.as_ref());
        keep_best(&mut self.brand, rank, product.brand.as_ref());
        keep_best(&mut self.price, rank, product.price_minor.map(|price| (price, product.currency)).as_ref());
    }

    fn into_item(self) -> Item {
        let text = |told: Option<(Rank, CompactString)>| told.map(|(_, text)| text.into_string());
        let (price_minor, currency) = self.price.map_or((None, None), |(_, (price, currency))| (Some(price), currency));
        Item {
            title: text(self.title),
            category: text(self.category),
            brand: text(self.brand),
            price_minor,
            currency,
            ..Item::bare(self.id)
        }
    }
}

fn keep_best<T: Clone>(known: &mut Option<(Rank, T)>, rank: Rank, told: Option<&T>) {
    if let Some(told) = told
        && known.as_ref().is_none_or(|(best, _)| *best < rank)
    {
        *known = Some((rank, told.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::{
        event::{Authority, Consent, OrderLine, Refund, Traffic, Who},
        id::{DeviceId, EventId, OrderId},
    };

    fn event(id: &str, device: &str, action: Action) -> Event {
        Event {
            id: EventId::new(id).expect("an id"),
            at: Timestamp(1_000),
            authority: Authority::Browser,
            source: "test".into(),
            who: Who { device: DeviceId::new(device).ok(), ..Who::default() },
            traffic: Traffic::Human,
            action,
        }
    }

    fn exposure(answer: &str, item: &str, position: u16, propensity_ppm: u32) -> Exposure {
        Exposure { recommendation: answer.into(), item: ItemId::new(item).expect("an id"), position, propensity_ppm }
    }

    #[test]
    fn numbers_do_not_depend_on_who_was_read_first() {
        let viewed = |id: &str, device: &str, item: &str| {
            event(id, device, Action::Viewed(Product { title: Some(item.into()), ..Product::bare(ItemId::new(item).expect("an id")) }))
        };
        let events = [viewed("1", "b", "tea"), viewed("2", "a", "cup"), viewed("3", "c", "tea"), viewed("4", "a", "pot")];
        let history = |events: &mut dyn Iterator<Item = &Event>| {
            let mut corpus = Corpus::default();
            events.for_each(|event| corpus.add(event));
            corpus.history(ConsentMode::OptOut)
        };
        let (read, backwards) = (history(&mut events.iter()), history(&mut events.iter().rev()));
        assert_eq!((read.looks, read.items), (backwards.looks, backwards.items));
    }

    #[test]
    fn a_refund_holds_as_its_order_was_last_told() {
        let tea = || Some(Product::bare(ItemId::new("tea").expect("an id")));
        let by = |id: &str, action: Action| Event { authority: Authority::Webhook, ..event(id, "a", action) };
        let ordered = |version: i64, cancelled: bool| {
            let (order, version, currency) = (OrderId::new("1").expect("an id"), Timestamp(version), Currency::EUR);
            let product = tea().filter(|_| !cancelled);
            Action::Ordered(OrderLine { order, version, product, quantity: 5, paid_minor: 500, discount_minor: 0, currency, cancelled })
        };
        let refunded = |version: i64, cancelled: bool| {
            let (reference, version, currency) = (OrderId::new("r").ok(), Timestamp(version), Currency::EUR);
            let product = tea().filter(|_| !cancelled);
            Action::Refunded(Refund { order: None, reference, product, quantity: 2, amount_minor: 200, currency, version, cancelled })
        };
        let told = [
            by("1", ordered(1, false)),
            by("2", refunded(0, false)),
            by("3", refunded(1, false)),
            by("4", ordered(2, true)),
            by("5", refunded(2, true)),
            by("6", ordered(3, false)),
            by("7", refunded(3, false)),
        ];
        let pieces = |told: &[Event]| {
            let mut corpus = Corpus::default();
            told.iter().rev().for_each(|event| corpus.add(event));
            corpus.history(ConsentMode::OptOut).buys.iter().map(|buy| buy.quantity).sum::<u32>()
        };
        let other = [by(
            "8",
            Action::Ordered(match ordered(1, false) {
                Action::Ordered(line) => OrderLine { order: OrderId::new("2").expect("an id"), ..line },
                _ => unreachable!("an order"),
            }),
        )];
        let after = |count: usize| pieces(&[&other[..], &told[..count]].concat());
        assert_eq!([1, 2, 3, 4, 5, 7].map(after), [10, 8, 8, 3, 5, 8], "told twice it is one refund; void with its order; back with it");
    }

    #[test]
    fn what_chance_showed_counts_once_an_answer_and_item() {
        let shown = |id: &str, device: &str, exposure: Exposure| event(id, device, Action::Shown(exposure));
        let refusal = Consent { purpose: Purpose::Personalization, granted: false, basis: "consent".into() };
        let events = [
            shown("1", "device-a", exposure("r1", "tea", 4, 100_000)),
            shown("1", "device-a", exposure("r1", "tea", 4, 100_000)),
            shown("2", "device-a", exposure("r1", "tea", 4, 100_000)),
            event("3", "device-a", Action::Clicked(exposure("r1", "tea", 4, 100_000))),
            shown("4", "device-a", exposure("r1", "cup", 0, 1_000_000)),
            event("9", "device-a", Action::Clicked(exposure("r5", "tea", 4, 100_000))),
            shown("5", "device-a", exposure("r2", "tea", 4, 1)),
            Event { traffic: Traffic::Bot, ..shown("6", "device-b", exposure("r3", "tea", 4, 100_000)) },
            shown("7", "device-c", exposure("r4", "tea", 4, 100_000)),
            event("8", "device-c", Action::Consented(refusal)),
        ];
        let draws = |events: &mut dyn Iterator<Item = &Event>| {
            let mut corpus = Corpus::default();
            events.for_each(|event| corpus.add(event));
            corpus.history(ConsentMode::OptOut).draws
        };
        let forged = Draw { position: 4, propensity: PROPENSITY_FLOOR, clicked: false };
        assert_eq!(draws(&mut events.iter()), [forged, Draw { position: 4, propensity: 0.1, clicked: true }]);
        assert_eq!(draws(&mut events.iter().rev()), draws(&mut events.iter()));
    }
}
