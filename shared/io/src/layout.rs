//! What is stored where: the one file that names every table, key and object path.

use crate::ports::RecordKey;
use rapport_core::{digest::short_hash, id::ItemId, profile::Subject, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The tables. Each has a partition key `pk`, a sort key `sk` and the expiry attribute `expires`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// One row a subject: `pk` = [`subject`], `sk` = `-`; the index `members` lists who is in a segment, by [`member`]. Derived from the log.
    Profiles,
    /// Alias → customer (`pk` = alias, `sk` = `owner`), customer → aliases (`pk` = customer, `sk` = `alias#…`), refolds that wait
    /// (`pk` = `refold`, `sk` = subject and cause). Derived from the log.
    Identities,
    /// Plain personal data lives here and nowhere else: `pk` = [`subject`], `sk` = `-`. Erasure receipts: `pk` = `erasure`.
    Contacts,
    /// When whose segments may change by time alone: `pk` = [`looks`], `sk` = [`look`]. Learned cut-offs (`pk` = `cutoffs`), how far
    /// everybody was looked at anew (`pk` = `evaluated`). Derived.
    Segments,
    /// Items (`pk` = `items`), rules (`pk` = `rules`), segments as the shop defines them (`pk` = `segments`), which item a stocked variant
    /// belongs to (`pk` = `variants`); the index `by_change` orders a partition by `changed`.
    Catalog,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Profiles, Self::Identities, Self::Contacts, Self::Segments, Self::Catalog];

    /// What follows the stack's name in the table's.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Profiles => "profiles",
            Self::Identities => "identities",
            Self::Contacts => "contacts",
            Self::Segments => "segments",
            Self::Catalog => "catalog",
        }
    }

    /// The table's name in `stack`.
    #[must_use]
    pub fn name(self, stack: &str) -> String {
        format!("{stack}-{}", self.suffix())
    }
}

/// The queues that functions read. Beside each lies one for its dead letters, `-dead` by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// Raw deliveries, read by `ingest`.
    Inbox,
    /// Notifications of log objects, read by `profile`.
    Folds,
}

impl Line {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Inbox, Self::Folds];

    /// What follows the stack's name in the queue's.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Folds => "folds",
        }
    }

    /// The queue's name in `stack`.
    #[must_use]
    pub fn name(self, stack: &str) -> String {
        format!("{stack}-{}", self.suffix())
    }

    /// The name in `stack` of the queue of its dead letters.
    #[must_use]
    pub fn dead(self, stack: &str) -> String {
        format!("{}-dead", self.name(stack))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.suffix())
    }
}

/// Partition of the identities table that lists subjects waiting for a refold.
pub const REFOLDS: &str = "refold";
/// Partition of the catalog table that holds items.
pub const ITEMS: &str = "items";
/// Partition of the catalog table that says which item a platform's stocked variant belongs to.
pub const VARIANTS: &str = "variants";
/// Partition of the catalog table that holds merchandising rules.
pub const RULES: &str = "rules";
/// Partition of the catalog table that holds the shop's own segments.
pub const SEGMENTS: &str = "segments";
/// Partition of the segments table that holds the cut-offs that training learned.
pub const CUT_OFFS: &str = "cutoffs";
/// Partition of the segments table that says how far everybody was looked at anew.
pub const EVALUATED: &str = "evaluated";
/// Over so many partitions customers are spread where all of them are listed; each takes a thousand writes a second.
pub const SHARDS: u64 = 4;
/// Partition of the contacts table that holds the receipts of erasures.
pub const ERASURES: &str = "erasure";
/// The pointer to the model that is live.
pub const CURRENT_MODEL: &str = "models/current.json";

/// Key of a profile.
#[must_use]
pub fn subject(subject: &Subject) -> String {
    subject.to_string()
}

/// Partition of the index `members`, of which there are [`SHARDS`].
#[must_use]
pub fn members(shard: u64) -> String {
    format!("at#{shard}")
}

/// The one that holds `of`. Nobody moves to another.
#[must_use]
pub fn member(of: &Subject) -> String {
    members(shard(&subject(of)))
}

/// Partition of looks to come, of which there are [`SHARDS`].
#[must_use]
pub fn looks(shard: u64) -> String {
    format!("look#{shard}")
}

/// Key of a look at `of` at `at`: its sort key has a fixed width up to the subject.
#[must_use]
pub fn look(of: &Subject, at: Timestamp) -> RecordKey {
    let name = subject(of);
    RecordKey::new(looks(shard(&name)), format!("{:013}#{name}", at.0.max(0)))
}

/// What every sort key of a look up to and with `now` is at most: `$` follows `#`.
#[must_use]
pub fn looks_until(now: Timestamp) -> String {
    format!("{:013}$", now.0.max(0))
}

fn shard(name: &str) -> u64 {
    short_hash(name.as_bytes()) % SHARDS
}

/// A cursor over all shards: which, and the store's own cursor within it. `None` is the beginning; anything that is no cursor is refused.
pub(crate) fn place(next: Option<String>) -> Option<(u64, Option<String>)> {
    let Some(next) = next else { return Some((0, None)) };
    let (shard, inner) = next.split_once(':')?;
    let shard = shard.parse().ok().filter(|shard| *shard < SHARDS)?;
    Some((shard, (!inner.is_empty()).then(|| inner.to_owned())))
}

/// The cursor that follows a page of `shard`; `None` after the last.
pub(crate) fn following(shard: u64, inner: Option<String>) -> Option<String> {
    match inner {
        Some(inner) => Some(format!("{shard}:{inner}")),
        None if shard + 1 < SHARDS => Some(format!("{}:", shard + 1)),
        None => None,
    }
}

/// Sort key of an item.
#[must_use]
pub fn item(item: &ItemId) -> String {
    item.to_string()
}

/// Prefix of a day of the log; of all days when `None`.
#[must_use]
pub fn log_prefix(day: Option<&str>) -> String {
    day.map_or_else(|| "log/".to_owned(), |day| format!("log/dt={day}/"))
}

/// Key of a log object: the day it was received and the hash of its content.
#[must_use]
pub fn log_object(received: Timestamp, hash: &str) -> String {
    format!("log/dt={}/{hash}.ndjson.zst", received.day())
}

/// Key of a raw body too large for the queue.
#[must_use]
pub fn inbox_object(hash: &str) -> String {
    format!("inbox/{hash}")
}

/// Key of a rejected record.
#[must_use]
pub fn rejected_object(received: Timestamp, hash: &str) -> String {
    format!("rejected/dt={}/{hash}.json", received.day())
}

/// Key under which a rejected record waits while it is sent again.
#[must_use]
pub fn rejected_aside(key: &str) -> String {
    const ASIDE: &str = ".again.json";
    if key.ends_with(ASIDE) { key.to_owned() } else { format!("{}{ASIDE}", key.trim_end_matches(".json")) }
}

/// Prefix of a day of rejects; of all days when `None`.
#[must_use]
pub fn rejected_prefix(day: Option<&str>) -> String {
    day.map_or_else(|| "rejected/".to_owned(), |day| format!("rejected/dt={day}/"))
}

/// Prefix of an archived day; of all days when `None`.
#[must_use]
pub fn archive_prefix(day: Option<&str>) -> String {
    day.map_or_else(|| "archive/".to_owned(), |day| format!("archive/dt={day}/"))
}

/// The newest data audit.
pub const DATA_AUDIT: &str = "models/audit.json";

/// Key of a model's artifact.
#[must_use]
pub fn model_artifact(hash: &str) -> String {
    format!("models/{hash}/model.safetensors")
}

/// Key of a model's report.
#[must_use]
pub fn model_report(hash: &str) -> String {
    format!("models/{hash}/report.json")
}

/// Name of the secret that holds the stack's keys.
#[must_use]
pub fn keys_secret(stack: &str) -> String {
    format!("{stack}/keys")
}
