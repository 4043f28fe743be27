//! The data audit: where events come from, how fresh they are, what is missing, repeated, refused or out of the ordinary.
//!
//! Everything is counted while log and archive are read for training, so it costs no reading of its own. Days are days of the event's
//! own time, in UTC.

mod copies;
mod days;
mod identities;

use crate::history::day_of;
use compact_str::CompactString;
use copies::{Copies, Heard};
use days::Series;
pub use days::{Gap, Jump};
use foldhash::fast::FixedState;
pub use identities::IdentityCount;
use rapport_core::{
    event::{Action, Event, Traffic},
    id::ItemId,
    identity::Claims,
    money::Currency,
    profile::{Alias, Marked},
    time::{DAY_MS, Timestamp},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};

/// How far back days are listed, and gaps and jumps looked for, from a source's newest day.
pub const DAYS: i64 = 90;
/// Items named at most where something is wrong with them.
const NAMED: usize = 5;
/// An event that arrives so much later than it happened is late, in milliseconds.
const LATE_MS: i64 = DAY_MS;
/// What sources of files are called: everything of theirs is late, and nobody expects a file every day.
const IMPORTS: &str = "import:";

/// What a shop's data looks like. The form of `GET /v1/data-audit`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Audit {
    /// When it was made.
    pub made_at: String,
    /// Events, copies left out.
    pub events: u64,
    /// By source, by name.
    pub sources: Vec<SourceAudit>,
    /// Days on which a source said nothing although it usually does, newest first.
    pub gaps: Vec<Gap>,
    /// Days on which a source said far more or far less than usual, newest first.
    pub jumps: Vec<Jump>,
    /// What was sent more than once.
    pub duplicates: Duplicates,
    /// What was refused in the last fourteen days, newest first.
    pub rejects: Vec<RejectCount>,
    /// What was paid in.
    pub currencies: Vec<CurrencyCount>,
    /// Items that events speak of; `None` for a shop without a catalog.
    pub items: Option<Items>,
    /// Ids that words tie to customers, by kind.
    pub identities: Vec<IdentityCount>,
    /// Events of crawlers and of the shop's own people, which no model learns from.
    pub kept_out: u64,
    /// How gaps and jumps are found, in words.
    pub method: &'static str,
}

/// One source.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceAudit {
    /// Its name, as events carry it.
    pub source: CompactString,
    /// Its events.
    pub events: u64,
    /// Of these, a crawler's.
    pub bots: u64,
    /// Of these, the shop's own people's.
    pub internal: u64,
    /// Of these, such as name nobody.
    pub nobody: u64,
    /// Its oldest event's time.
    pub oldest: String,
    /// Its newest event's time.
    pub newest: String,
    /// The share of its events that arrived more than a day after they happened; `None` for files.
    pub late_share: Option<f64>,
    /// Events by day, newest last, days without any left out; [`DAYS`] at most.
    pub days: Vec<(String, u64)>,
}

/// Copies that do not count, over the days of which the raw log was seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Duplicates {
    /// Events received, copies among them.
    pub received: u64,
    /// Of these, such as the fold takes for copies: an id that was heard before, no more than fourteen days of the event's time apart.
    pub copies: u64,
    /// Of the copies, such as say something else than the first did: a sender that uses an id twice, or corrects itself.
    #[serde(default)]
    pub conflicting: u64,
    /// By day of receipt: (received, copies). Carried from audit to audit, for the archive keeps no identical copies.
    pub days: BTreeMap<String, (u64, u64)>,
    /// By day of receipt: conflicting copies, where there were any.
    #[serde(default)]
    pub conflicting_days: BTreeMap<String, u64>,
}

/// Rejects of one source for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RejectCount {
    /// Where they came from.
    pub source: String,
    /// Why they were refused.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// When the newest came.
    pub newest: String,
}

/// Order lines in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CurrencyCount {
    /// Its code.
    pub currency: Currency,
    /// Lines told, every statement of an order counted.
    pub lines: u64,
    /// Whether it is the shop's own.
    pub is_shops: bool,
}

/// Items that events speak of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Items {
    /// Different ones.
    pub mentioned: u64,
    /// Of these, such as the catalog does not have.
    pub unknown: u64,
    /// The share of mentions that are of unknown ones.
    pub unknown_share: f64,
    /// The unknown ones spoken of most.
    pub examples: Vec<ItemId>,
}

#[derive(Clone, Debug)]
struct Tally {
    events: u64,
    bots: u64,
    internal: u64,
    nobody: u64,
    late: u64,
    oldest: Timestamp,
    newest: Timestamp,
    days: Series,
}

/// Counts events as they are read.
#[derive(Debug, Default)]
pub struct Auditor {
    sources: BTreeMap<CompactString, Tally>,
    received: BTreeMap<i64, Received>,
    copies: Copies,
    items: HashMap<ItemId, u64, FixedState>,
    currencies: BTreeMap<Currency, u64>,
}

/// What was received on a day.
#[derive(Clone, Copy, Debug, Default)]
struct Received {
    events: u64,
    copies: u64,
    conflicting: u64,
}

/// What an audit is made of besides events.
#[derive(Clone, Debug)]
pub struct Beside {
    /// The items of the shop's catalog.
    pub catalog: HashSet<ItemId>,
    /// What was refused: source, reason, when.
    pub rejects: Vec<(String, String, Timestamp)>,
    /// What the audit before this one said of copies.
    pub before: Duplicates,
    /// What was said about who is who.
    pub ties: Vec<(Alias, Claims)>,
    /// The shop's currency.
    pub currency: Currency,
}

impl Auditor {
    /// Counts an event of the log that was received on `day`; a copy of one that was counted counts as such alone.
    pub fn hear_logged<'a>(&mut self, event: impl Into<Marked<'a>>, day: i64) {
        let heard = self.hear(event.into(), day);
        let received = self.received.entry(day).or_default();
        received.events += 1;
        received.copies += u64::from(heard != Heard::New);
        received.conflicting += u64::from(heard == Heard::Otherwise);
    }

    /// Counts an event of the archive that was received on `day`. Of what came twice that day it says nothing any more.
    pub fn hear_archived<'a>(&mut self, event: impl Into<Marked<'a>>, day: i64) {
        self.hear(event.into(), day);
    }

    fn hear(&mut self, Marked { event, mark }: Marked<'_>, day: i64) -> Heard {
        let heard = self.copies.hear(mark, day);
        if heard == Heard::New {
            self.count(event, day);
        }
        heard
    }

    fn count(&mut self, event: &Event, received_day: i64) {
        let tally = self.sources.entry(event.source.clone()).or_insert_with(|| Tally::since(event.at));
        tally.events += 1;
        match event.traffic {
            Traffic::Human => {}
            Traffic::Bot => tally.bots += 1,
            Traffic::Internal => tally.internal += 1,
        }
        tally.nobody += u64::from(event.who.is_nobody());
        // Receipt is known to the day: late is what must have been on the road for longer than one.
        tally.late += u64::from(received_day * DAY_MS - event.at.0 > LATE_MS);
        tally.oldest = tally.oldest.min(event.at);
        tally.newest = tally.newest.max(event.at);
        tally.days.add(day_of(event.at));
        if let Some(product) = event.action.product() {
            *self.items.entry(product.item.clone()).or_default() += 1;
        }
        if let Action::Ordered(line) = &event.action {
            *self.currencies.entry(line.currency).or_default() += 1;
        }
    }

    /// The audit as of `now`.
    #[must_use]
    pub fn finish(self, beside: Beside, now: Timestamp) -> Audit {
        let Beside { catalog, rejects, before, ties, currency } = beside;
        let today = day_of(now);
        let (mut gaps, mut jumps) = (Vec::new(), Vec::new());
        for (source, tally) in &self.sources {
            // A file's last day is its end; whoever reports live is missed from the day it falls silent. Today is not over yet.
            let end = if source.starts_with(IMPORTS) { day_of(tally.newest) } else { today - 1 };
            gaps.extend(tally.days.gaps(source, end));
            jumps.extend(tally.days.jumps(source, end.min(day_of(tally.newest)).min(today - 1)));
        }
        gaps.sort_by(|a, b| (&b.day, &a.source).cmp(&(&a.day, &b.source)));
        jumps.sort_by(|a, b| (&b.day, &a.source).cmp(&(&a.day, &b.source)));
        Audit {
            made_at: now.to_string(),
            events: self.sources.values().map(|tally| tally.events).sum(),
            kept_out: self.sources.values().map(|tally| tally.bots + tally.internal).sum(),
            duplicates: duplicates(&self.received, before),
            currencies: currencies(&self.currencies, currency),
            items: (!catalog.is_empty()).then(|| items(&self.items, &catalog)),
            sources: self.sources.into_iter().map(|(source, tally)| tally.told(source)).collect(),
            gaps,
            jumps,
            rejects: by_reason(rejects),
            identities: identities::counted(&ties),
            method: days::METHOD,
        }
    }
}

impl Tally {
    fn since(at: Timestamp) -> Self {
        Self { events: 0, bots: 0, internal: 0, nobody: 0, late: 0, oldest: at, newest: at, days: Series::default() }
    }

    fn told(self, source: CompactString) -> SourceAudit {
        SourceAudit {
            late_share: (!source.starts_with(IMPORTS)).then(|| share(self.late, self.events)),
            source,
            events: self.events,
            bots: self.bots,
            internal: self.internal,
            nobody: self.nobody,
            oldest: self.oldest.to_string(),
            newest: self.newest.to_string(),
            days: self.days.newest(DAYS),
        }
    }
}

/// A day that was counted before and lost its copies to the archive keeps what was counted.
fn duplicates(now: &BTreeMap<i64, Received>, before: Duplicates) -> Duplicates {
    let Duplicates { mut days, mut conflicting_days, .. } = before;
    for (day, received) in now {
        let name = days::name(*day);
        let known = days.entry(name.clone()).or_default();
        *known = (*known).max((received.events, received.copies));
        if received.conflicting > 0 {
            let known = conflicting_days.entry(name).or_default();
            *known = received.conflicting.max(*known);
        }
    }
    while days.len() > DAYS as usize {
        days.pop_first();
    }
    conflicting_days.retain(|day, _| days.contains_key(day));
    let (received, copies) = days.values().fold((0, 0), |(received, copies), day| (received + day.0, copies + day.1));
    Duplicates { received, copies, conflicting: conflicting_days.values().sum(), days, conflicting_days }
}

fn currencies(counted: &BTreeMap<Currency, u64>, shops: Currency) -> Vec<CurrencyCount> {
    counted.iter().map(|(currency, lines)| CurrencyCount { currency: *currency, lines: *lines, is_shops: *currency == shops }).collect()
}

fn items(mentions: &HashMap<ItemId, u64, FixedState>, catalog: &HashSet<ItemId>) -> Items {
    let mut unknown: Vec<(&ItemId, u64)> =
        mentions.iter().filter(|(item, _)| !catalog.contains(*item)).map(|(item, count)| (item, *count)).collect();
    unknown.sort_by(|(a, many), (b, more)| more.cmp(many).then_with(|| a.cmp(b)));
    Items {
        mentioned: mentions.len() as u64,
        unknown: unknown.len() as u64,
        unknown_share: share(unknown.iter().map(|(_, count)| count).sum(), mentions.values().sum()),
        examples: unknown.into_iter().take(NAMED).map(|(item, _)| item.clone()).collect(),
    }
}

fn by_reason(rejects: Vec<(String, String, Timestamp)>) -> Vec<RejectCount> {
    let mut counted: BTreeMap<(String, String), (u64, Timestamp)> = BTreeMap::new();
    for (source, reason, at) in rejects {
        let (count, newest) = counted.entry((source, reason)).or_insert((0, at));
        *count += 1;
        *newest = at.max(*newest);
    }
    let mut reasons: Vec<_> = counted.into_iter().collect();
    reasons.sort_by(|(a, (_, older)), (b, (_, newer))| newer.cmp(older).then_with(|| a.cmp(b)));
    let told = |((source, reason), (count, newest)): ((String, String), (u64, Timestamp))| RejectCount {
        source,
        reason,
        count,
        newest: newest.to_string(),
    };
    reasons.into_iter().map(told).collect()
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests;
