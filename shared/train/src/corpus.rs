//! From events, in any order and told any number of times, to the history that holds.

use crate::{
    history::{Buy, History, Look},
    intern::Interner,
};
use compact_str::CompactString;
use rapport_core::{
    catalog::Item,
    event::{Action, Event, Product, Purpose},
    id::ItemId,
    money::Currency,
    profile::{Act, CopyMark, OpenEvent, Position, Statement, Subject, links, subjects},
    source::ConsentMode,
    time::Timestamp,
};

/// A growing set of events, a few dozen bytes each.
#[derive(Debug, Default)]
pub struct Corpus {
    item_numbers: Interner<ItemId>,
    people: Interner<CompactString>,
    orders: Interner<u64>,
    told: Vec<Told>,
    facts: Vec<Fact>,
    persons: Vec<Person>,
}

/// Somebody, or an order that nobody is known to have placed.
#[derive(Clone, Debug)]
struct Person {
    known: bool,
    /// The customer this alias belongs to, by the earliest trusted word.
    owner: Option<(Position, u32)>,
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

#[derive(Clone, Copy, Debug)]
enum Did {
    Look,
    Order { order: u32, statement: Statement, quantity: u32, cancelled: bool },
    Refund { quantity: u32 },
}

/// Stands for "no item" in a fact: a charge, or a statement without lines.
const NO_ITEM: u32 = u32::MAX;

impl Corpus {
    /// Takes an event in. Bots' and staff's teach nothing.
    pub fn add(&mut self, event: &Event) {
        let Some(person) = event.traffic.is_human().then(|| self.person_of(event)).flatten() else { return };
        let position = Position::of(event);
        self.hear(event, person, position);
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
                Did::Order { order, statement: line.statement, quantity: line.quantity, cancelled: line.cancelled }
            }
            Act::Refunded(line) if line.statement.trusted => Did::Refund { quantity: line.quantity },
            Act::Refunded(_) => return,
            _ => Did::Look,
        };
        self.facts.push(Fact { copy, person, item, did });
    }

    /// The history that holds: copies counted once, aliases joined, erased and unwilling people left out, orders as last stated,
    /// refunds taken back.
    #[must_use]
    pub fn history(mut self, unset: ConsentMode) -> History {
        self.facts.sort_unstable_by_key(|fact| fact.copy.precedence());
        self.facts.dedup_by(|fact, kept| fact.copy.is_copy_of(&kept.copy));
        let events = self.facts.len() as u64;
        let persons = self.joined();
        let owners: Vec<u32> = (0..self.persons.len() as u32).map(|person| self.owner(person)).collect();
        for fact in &mut self.facts {
            fact.person = owners[fact.person as usize];
        }
        self.facts.retain(|fact| persons[fact.person as usize].may_teach(fact.copy.position.at, unset));

        let holding = self.holding();
        let mut history = History { events, known: persons.iter().map(|person| person.known).collect(), ..History::default() };
        let mut refunds: Vec<Buy> = Vec::new();
        self.facts.sort_unstable_by_key(|fact| (fact.person, fact.copy.position));
        for Fact { copy, person, item, did } in self.facts.iter().filter(|fact| fact.item != NO_ITEM).copied() {
            let at = copy.position.at;
            match did {
                Did::Look => history.looks.push(Look { person, at, item }),
                Did::Order { order, statement, quantity, cancelled } => {
                    if statement.trusted && !cancelled && quantity > 0 && holding[order as usize] == Some(statement) {
                        history.buys.push(Buy { person, at, order, item, quantity });
                    }
                }
                Did::Refund { quantity } => refunds.push(Buy { person, at, order: 0, item, quantity }),
            }
        }
        history.buys.sort_by_key(|buy| (buy.person, buy.at, buy.order));
        take_back(&mut history.buys, &refunds);
        history.items = self.told.into_iter().map(Told::into_item).collect();
        history
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

    /// Remembers what the event tells about people: who is who, what they allow, what they want forgotten.
    fn hear(&mut self, event: &Event, person: u32, position: Position) {
        for link in links(event) {
            let alias = self.person(&link.alias);
            let customer = self.person(&Subject::Customer(link.customer));
            let owner = &mut self.persons[alias as usize].owner;
            if alias != customer && owner.is_none_or(|(known, _)| link.at < known) {
                *owner = Some((link.at, customer));
            }
        }
        let person = &mut self.persons[person as usize];
        match &event.action {
            Action::Consented(consent) if consent.purpose == Purpose::Personalization => {
                person.consent = person.consent.max(Some((position, consent.granted)));
            }
            Action::Erased => person.erased = person.erased.max(Some(event.at)),
            _ => {}
        }
    }

    /// The customer behind an alias, followed through at most eight merges: a ring of aliases must not hang the training.
    fn owner(&self, person: u32) -> u32 {
        (0..8).fold(person, |person, _| self.persons[person as usize].owner.map_or(person, |(_, owner)| owner))
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

    /// By order: the statement that holds, as profiles have it: the greatest.
    fn holding(&self) -> Vec<Option<Statement>> {
        let mut holding: Vec<Option<Statement>> = vec![None; self.orders.len()];
        for fact in &self.facts {
            if let Did::Order { order, statement, .. } = fact.did {
                let holds = &mut holding[order as usize];
                *holds = (*holds).max(Some(statement));
            }
        }
        holding
    }
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
