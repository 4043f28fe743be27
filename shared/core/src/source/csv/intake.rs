//! What all formats share: who a row is about, when, and how what it says leaves as an event.

use super::{
    Contact, Doubt, Found, Mend, Options, Reason, Report,
    format::{Columns, Field, Format},
    records::Record,
    value::{Habits, Moment},
};
use crate::{
    auth::{Staff, personal},
    event::{Action, Authority, Event, Traffic, Who},
    id::{ContactHash, CustomerId, DeviceId, EventId, IdError, ItemId, OrderId},
    money::Currency,
    time::{MINUTE_MS, Timestamp},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use compact_str::{CompactString, format_compact};
use foldhash::fast::FixedState;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    hash::BuildHasher,
};

/// How far the easternmost clocks are ahead of Greenwich's, in milliseconds.
const EASTERNMOST_MS: i64 = 14 * 60 * MINUTE_MS;

/// A record under its header.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) record: &'a Record,
    pub(super) columns: &'a Columns,
}

impl<'a> Row<'a> {
    /// The field, trimmed; empty where the file has no such column.
    pub(super) fn get(self, field: Field) -> &'a str {
        self.columns.place(field).map(|place| self.record.field(place)).unwrap_or_default()
    }

    /// The field, where it is not empty.
    pub(super) fn some(self, field: Field) -> Option<&'a str> {
        Some(self.get(field)).filter(|text| !text.is_empty())
    }

    /// The field, which is needed.
    pub(super) fn need(self, field: Field) -> Result<&'a str, Reason> {
        self.some(field).ok_or(Reason::Empty)
    }
}

/// Where rows become events.
pub(super) struct Intake<'a> {
    pub(super) options: &'a Options,
    pub(super) habits: Habits,
    pub(super) report: Report,
    pub(super) sink: &'a mut dyn FnMut(Found),
    source: CompactString,
    staff: Staff,
    /// Whether the row at hand is about the shop's own people.
    is_internal: bool,
    /// How often each row was seen, by the short hash of its fields.
    seen: HashMap<u64, u32, FixedState>,
    /// Traits and contacts that were told already.
    told: HashSet<u64, FixedState>,
    mends: Vec<Mend>,
    doubts: Vec<Doubt>,
}

impl<'a> Intake<'a> {
    pub(super) fn new(options: &'a Options, habits: Habits, report: Report, sink: &'a mut dyn FnMut(Found)) -> Self {
        let source = format_compact!("import:{}", report.format.name());
        Self {
            options,
            habits,
            report,
            sink,
            source,
            staff: options.insiders.staff(options.hash_key.as_deref().unwrap_or_default()),
            is_internal: false,
            seen: HashMap::default(),
            told: HashSet::default(),
            mends: Vec::new(),
            doubts: Vec::new(),
        }
    }

    /// Begins a row that was mended so far.
    pub(super) fn begin(&mut self, mends: &[Mend]) {
        self.mends.clear();
        self.doubts.clear();
        self.mends.extend_from_slice(mends);
    }

    /// Notes that the row at hand needed mending. It counts once the row is taken.
    pub(super) fn mend(&mut self, mend: Mend) {
        self.mends.push(mend);
    }

    /// Notes that the row at hand leaves something open. It counts once the row is taken.
    pub(super) fn doubt(&mut self, doubt: Doubt) {
        if !self.doubts.contains(&doubt) {
            self.doubts.push(doubt);
        }
    }

    /// Counts the row at hand as taken.
    pub(super) fn taken(&mut self, line: u64) {
        self.report.taken += 1;
        self.mends.sort_unstable();
        self.mends.dedup();
        for mend in &self.mends {
            self.report.mend(*mend, line);
        }
        for doubt in &self.doubts {
            self.report.doubt(*doubt, line);
        }
    }

    /// The row's id: a hash of source and fields, and how many equal rows came before. To be asked for once a row.
    pub(super) fn row_id(&mut self, record: &Record) -> Result<EventId, Reason> {
        let mut hasher = Sha256::new();
        hasher.update(self.source.as_bytes());
        for field in record.iter() {
            hasher.update(b"\x1f");
            hasher.update(field.as_bytes());
        }
        let digest = hasher.finalize();
        let short = digest.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte));
        let earlier = match self.seen.entry(short) {
            Entry::Occupied(mut seen) => {
                *seen.get_mut() += 1;
                *seen.get()
            }
            Entry::Vacant(seen) => *seen.insert(0),
        };
        let name = BASE64_URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or_default());
        let name = if earlier == 0 { name } else { format!("{name}.{earlier}") };
        EventId::new(&name).map_err(|_| Reason::Id)
    }

    /// Lets an event go.
    pub(super) fn event(&mut self, id: EventId, at: Timestamp, who: Who, action: Action) {
        *self.report.kinds.entry(action.name()).or_default() += 1;
        self.report.happened(at);
        let traffic = if self.is_internal { Traffic::Internal } else { Traffic::Human };
        let event = Event { id, at, authority: Authority::Import, source: self.source.clone(), who, traffic, action };
        (self.sink)(Found::Event(event));
    }

    /// When the row happened.
    pub(super) fn at(&mut self, row: Row<'_>) -> Result<Timestamp, Reason> {
        let text = row.need(Field::At)?;
        let moment = self.habits.time(text)?;
        let zone = self.zone(row);
        let (at, is_unsure) = (moment.at(zone)?, zone.is_none() && matches!(moment, Moment::Civil(_)));
        if self.habits.order_unknown && text.contains('/') {
            self.doubt(Doubt::DateOrder);
        }
        if is_unsure && text.contains(':') {
            self.doubt(Doubt::NoZone);
        }
        if at > self.options.now.plus_ms(5 * MINUTE_MS) { Err(Reason::Future) } else { Ok(at) }
    }

    /// Where the row's clock hangs, where anybody says: Stripe's columns do.
    fn zone(&self, row: Row<'_>) -> Option<&TimeZone> {
        static UTC: TimeZone = TimeZone::UTC;
        if row.columns.format == Format::StripePayments { Some(&UTC) } else { self.options.zone.as_ref() }
    }

    /// When something about the row's order changed last, as far as its dates tell. A clock of which nobody says where it hangs is taken
    /// to be as far east as any: what is told with a time that is certain must not be outdated by one that is not.
    pub(super) fn changed(&self, row: Row<'_>) -> Timestamp {
        let zone = self.zone(row);
        let certain = |moment: Moment| {
            let early_ms = if zone.is_none() && matches!(moment, Moment::Civil(_)) { EASTERNMOST_MS } else { 0 };
            Some(moment.at(zone).ok()?.plus_ms(-early_ms))
        };
        let dates = row.columns.changes().iter().map(|place| row.record.field(*place)).filter(|date| !date.is_empty());
        dates.filter_map(|date| certain(self.habits.time(date).ok()?)).max().unwrap_or(Timestamp::EARLIEST)
    }

    /// The currency of the row's amounts.
    pub(super) fn currency(&self, row: Row<'_>) -> Result<Currency, Reason> {
        row.some(Field::Currency).map_or(Ok(self.options.currency), |code| code.parse().map_err(|_| Reason::Currency))
    }

    /// An amount that counts as zero where the file has none.
    pub(super) fn amount(&self, row: Row<'_>, field: Field, currency: Currency) -> Result<i64, Reason> {
        row.some(field).map_or(Ok(0), |text| self.habits.money(text, currency))
    }

    /// Whom the row is about; nobody where its ids stand for nobody.
    pub(super) fn who(&mut self, row: Row<'_>) -> Result<Who, Reason> {
        let (customer, email) = match (row.get(Field::Customer), row.get(Field::Email)) {
            (address, "") if address.contains('@') => ("", address),
            known => known,
        };
        let hash_key = self.options.hash_key.as_deref().unwrap_or_default();
        let customer = match self.somebody(customer, |id| personal::customer(hash_key, id))? {
            Some(customer) => Some(customer),
            None => self.card_holder(row)?,
        };
        let device = self.somebody(row.get(Field::Device), DeviceId::of_somebody)?;
        let who = Who { customer, device, email: self.email(email), phone: self.phone(row.get(Field::Phone)) };
        self.is_internal = self.staff.is_named_by(&who) || self.options.insiders.is_own_address(email);
        Ok(who)
    }

    /// Who holds the card that was shown, as long as nobody says whose it is: a customer called `card:NUMBER`.
    fn card_holder(&mut self, row: Row<'_>) -> Result<Option<CustomerId>, Reason> {
        let card = self.somebody(row.get(Field::LoyaltyCard), CustomerId::of_somebody)?;
        card.map(|card| CustomerId::new(&format!("card:{card}")).map_err(id_reason)).transpose()
    }

    /// Tells whose the card is, once for each customer and card, where the row names both: what was bought with it before is theirs, too.
    pub(super) fn card(&mut self, row: Row<'_>, who: &Who, at: Timestamp) -> Result<(), Reason> {
        let Some(holder) = self.card_holder(row)? else { return Ok(()) };
        let Some(customer) = who.customer.as_ref().filter(|customer| **customer != holder) else { return Ok(()) };
        if self.first_told(who, "card", holder.as_str()) {
            let id = self.derived_id(&format!("{}\x1fcard\x1f{customer}\x1f{holder}", self.source))?;
            let who = Who { customer: Some(customer.clone()), ..Who::default() };
            self.event(id, at, who, Action::Aliased { previous: holder.as_str().into() });
        }
        Ok(())
    }

    /// The keyed hash of an address, where it is one and there is a key.
    fn email(&self, address: &str) -> Option<ContactHash> {
        self.options.hash_key.as_deref().and_then(|key| personal::email(key, address))
    }

    /// The keyed hash of a phone number likewise. Shopify's exports put an apostrophe before it, so that no spreadsheet adds it up.
    fn phone(&self, number: &str) -> Option<ContactHash> {
        self.options.hash_key.as_deref().and_then(|key| personal::phone(key, number.trim_start_matches('\'')))
    }

    fn somebody<T>(&mut self, text: &str, checked: impl Fn(&str) -> Result<T, IdError>) -> Result<Option<T>, Reason> {
        if text.is_empty() {
            return Ok(None);
        }
        match checked(self.whole(text)) {
            Ok(id) => Ok(Some(id)),
            Err(IdError::Blocked(_) | IdError::Empty) => {
                self.mend(Mend::Nobody);
                Ok(None)
            }
            Err(IdError::TooLong | IdError::Control) => Err(Reason::Id),
        }
    }

    /// `13085.0` as `13085`: what a table with gaps makes of a column of numbers.
    fn whole<'t>(&mut self, text: &'t str) -> &'t str {
        match text.strip_suffix(".0") {
            Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.mend(Mend::IdAsDecimal);
                digits
            }
            _ => text,
        }
    }

    /// The order's id, in the one spelling that all sources share.
    pub(super) fn order_id(&mut self, text: &str) -> Result<OrderId, Reason> {
        let text = text.strip_prefix("gid://shopify/Order/").unwrap_or(text).trim_start_matches('#');
        OrderId::new(self.whole(text)).map_err(id_reason)
    }

    /// The item's id as a platform writes it.
    pub(super) fn item_id(&mut self, text: &str) -> Result<ItemId, Reason> {
        ItemId::new(self.whole(text)).map_err(id_reason)
    }

    /// The item's id as people type it: `85123a` and `85123A` are one.
    pub(super) fn typed_item_id(&mut self, text: &str) -> Result<ItemId, Reason> {
        if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
            self.mend(Mend::ItemCase);
            return self.item_id(&text.to_ascii_uppercase());
        }
        self.item_id(text)
    }

    /// Tells where the customer lives, once for each customer and answer.
    pub(super) fn country(&mut self, row: Row<'_>, who: &Who, at: Timestamp) {
        let (Some(country), false) = (row.some(Field::Country), who.is_nobody()) else { return };
        if !self.first_told(who, "country", country) {
            return;
        }
        let whom = whom(who);
        let Ok(id) = self.derived_id(&format!("{}\x1fcountry\x1f{whom}\x1f{country}\x1f{}", self.source, at.0)) else { return };
        self.event(id, at, who.clone(), Action::Identified { traits: vec![("country".into(), country.chars().take(100).collect())] });
    }

    /// Whether `value` of `who` is told for the first time. Said a million times in a file, so it has to be cheap.
    fn first_told(&mut self, who: &Who, field: &str, value: &str) -> bool {
        let whom = (who.customer.as_ref().map(CustomerId::as_str), who.email.as_ref().map(ContactHash::as_str));
        let others = (who.device.as_ref().map(DeviceId::as_str), caller(who).map(ContactHash::as_str));
        self.told.insert(FixedState::default().hash_one((whom, others, field, value)))
    }

    /// An id made from what an event says.
    pub(super) fn derived_id(&self, text: &str) -> Result<EventId, Reason> {
        let digest = Sha256::digest(text.as_bytes());
        EventId::new(&BASE64_URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or_default())).map_err(id_reason)
    }

    /// Lets the row's contact details go, each once.
    pub(super) fn contacts(&mut self, row: Row<'_>, who: &Who, at: Timestamp) {
        let has = |field| row.columns.place(field).is_some();
        let in_customer = row.get(Field::Customer).contains('@');
        if who.is_nobody() || !(in_customer || has(Field::Email) || has(Field::Phone) || has(Field::Name)) {
            return;
        }
        let email = Some(row.get(Field::Email)).filter(|text| text.contains('@')).unwrap_or_else(|| row.get(Field::Customer));
        let name = [row.get(Field::Name), row.get(Field::LastName)].join(" ");
        let details = [("email", email), ("phone", row.get(Field::Phone)), ("name", name.trim())];
        for (field, value) in details {
            let is_one = !value.is_empty() && (field != "email" || value.contains('@'));
            if is_one && self.first_told(who, field, value) {
                (self.sink)(Found::Contact(Contact { who: who.clone(), field, value: value.to_owned(), at }));
            }
        }
    }
}

/// Whom `who` names, as ids are made of it. It says what it said before there were phone numbers, so that a file which is imported again
/// tells nothing twice.
fn whom(who: &Who) -> String {
    let Who { customer, device, email, .. } = who;
    caller(who).map_or_else(|| format!("Who {{ customer: {customer:?}, device: {device:?}, email: {email:?} }}"), ToString::to_string)
}

/// The number of somebody who is known by nothing else: one row of a customer's may have it and the next not.
fn caller(who: &Who) -> Option<&ContactHash> {
    who.phone.as_ref().filter(|_| who.customer.is_none() && who.email.is_none())
}

pub(super) fn id_reason(error: IdError) -> Reason {
    match error {
        IdError::Empty | IdError::Blocked(_) => Reason::Empty,
        IdError::TooLong | IdError::Control => Reason::Id,
    }
}

/// `text` where there is any, cut where it is absurdly long.
pub(super) fn label(text: &str) -> Option<CompactString> {
    (!text.is_empty()).then(|| if text.len() <= 300 { text.into() } else { text.chars().take(300).collect() })
}
