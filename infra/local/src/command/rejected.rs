//! `rapport rejected`: what could not be read and why, and sending it again once the cause is mended.

use super::{Failure, Shop, progress, shop::Open};
use crate::numbers::grouped;
use clap::{Args, Subcommand};
use rapport_core::time::Timestamp;
use rapport_io::rejects::{Form, Reject, Rejects};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
};

/// Keys named on a page.
const NAMED: usize = 50;

#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    /// List one by one those whose reason holds this text.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Show what was sent under this key, and why it was refused.
    #[arg(long, value_name = "KEY", conflicts_with = "reason")]
    show: Option<String>,
    #[command(subcommand)]
    then: Option<Then>,
}

#[derive(Clone, Debug, Subcommand)]
enum Then {
    /// Send rejects again: all, those with a reason, or those named. What is refused once more is listed again.
    Redrive {
        /// Only those whose reason holds this text.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Only these; enough of a key to tell it from others will do.
        #[arg(conflicts_with = "reason")]
        keys: Vec<String>,
    },
}

/// Rejects with their keys.
type Found = Vec<(String, Reject)>;

/// Lists, shows or sends again.
pub(super) async fn run(shop: &Shop, arguments: Arguments) -> Result<(), Failure> {
    let open = shop.open().await?;
    let done = match arguments {
        Arguments { then: Some(Then::Redrive { reason, keys }), .. } => redrive(&open, reason.as_deref(), &keys, shop.json).await,
        Arguments { show: Some(key), .. } => show(&open, &key, shop.json).await,
        Arguments { reason, .. } => list(&open, reason.as_deref(), shop.json).await,
    };
    open.close().await;
    done
}

/// Every reject, newest first.
async fn all(open: &Open) -> Result<Found, Failure> {
    let spinner = progress::spinner("reading the rejects");
    let mut found = Rejects::new(Arc::clone(&open.aws.objects)).list().await?;
    spinner.finish_and_clear();
    found.sort_by(|(a, older), (b, newer)| newer.received.cmp(&older.received).then_with(|| a.cmp(b)));
    Ok(found)
}

async fn list(open: &Open, reason: Option<&str>, as_json: bool) -> Result<(), Failure> {
    let found = with_reason(all(open).await?, reason);
    let reasons = by_reason(&found);
    match (as_json, reason) {
        (true, _) => {
            let each: Vec<Value> =
                if reason.is_some() { found.iter().map(|(key, reject)| entry(key, reject)).collect() } else { Vec::new() };
            let reasons: Vec<Value> = reasons.iter().map(Reason::json).collect();
            say!("{:#}", json!({ "count": found.len(), "reasons": reasons, "rejects": each }));
        }
        (false, None) => say!("{}", reasons_page(&reasons, found.len()).trim_end()),
        (false, Some(_)) => say!("{}", keys_page(&found).trim_end()),
    }
    Ok(())
}

async fn show(open: &Open, key: &str, as_json: bool) -> Result<(), Failure> {
    let (key, reject) = named(all(open).await?, key)?;
    if as_json {
        let mut told = entry(&key, &reject);
        told["raw"] = json!(String::from_utf8_lossy(&reject.raw));
        say!("{told:#}");
    } else {
        let from = match &reject.form {
            Form::Delivery { authority, .. } => format!("{}, as {authority:?}", reject.source).to_lowercase(),
            Form::Message(line) => format!("{}, a message of `{line}`", reject.source),
            Form::LogObject => "the log, an object that stays there".to_owned(),
            Form::Rows => format!("{}; mend these rows and import them", reject.source),
        };
        say!("{key}\nwhy       {}\nfrom      {from}\nreceived  {}\n", reject.reason, reject.received);
        say!("{}", readable(&reject.raw));
    }
    Ok(())
}

async fn redrive(open: &Open, reason: Option<&str>, keys: &[String], as_json: bool) -> Result<(), Failure> {
    let found = all(open).await?;
    let chosen: Found = match keys {
        [] => with_reason(found, reason),
        keys => keys.iter().map(|key| named(found.clone(), key)).collect::<Result<_, _>>()?,
    };
    let (rows, chosen): (Found, Found) = chosen.into_iter().partition(|(_, reject)| reject.form == Form::Rows);
    let keys: Vec<String> = chosen.into_iter().map(|(key, _)| key).collect();
    let spinner = progress::spinner("sending again");
    let sent = open.redrive().again(&keys).await?;
    let folded = open.drain().await?;
    spinner.finish_and_clear();
    let refused = if folded { Some(refused_again(open, &keys).await?) } else { None };
    match as_json {
        true => say!("{}", json!({ "sent": sent, "refused_again": refused, "rows": rows.len() })),
        false => say!("{}{}", told(sent, refused), of_files(rows.len())),
    }
    Ok(())
}

/// How many of what lay under `keys` lie there again.
async fn refused_again(open: &Open, keys: &[String]) -> Result<usize, Failure> {
    let now: BTreeSet<String> = Rejects::new(Arc::clone(&open.aws.objects)).keys(None).await?.into_iter().collect();
    Ok(keys.iter().filter(|key| now.contains(*key)).count())
}

fn told(sent: usize, refused: Option<usize>) -> String {
    let sent = grouped(sent as u64);
    match refused {
        None => format!("{sent} sent again; what comes of it shows within a minute."),
        Some(0) => format!("{sent} sent again; none was refused once more."),
        Some(refused) => format!("{sent} sent again; {} refused once more.", grouped(refused as u64)),
    }
}

fn of_files(count: usize) -> String {
    match count {
        0 => String::new(),
        count => format!("\n{} hold rows of files: `--show KEY` prints them; mend them and import them.", grouped(count as u64)),
    }
}

fn with_reason(mut found: Found, reason: Option<&str>) -> Found {
    if let Some(text) = reason.map(str::to_lowercase) {
        found.retain(|(_, reject)| reject.reason.to_lowercase().contains(&text));
    }
    found
}

/// The one reject whose key is, or holds, `key`.
fn named(found: Found, key: &str) -> Result<(String, Reject), Failure> {
    let mut fitting = found.into_iter().filter(|(known, _)| known.contains(key));
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(Failure::Usage(format!("several keys hold `{key}`; give more of it"))),
        (None, _) => Err(Failure::NoReject(key.to_owned())),
    }
}

/// Rejects of one source for one reason.
struct Reason {
    source: String,
    reason: String,
    count: usize,
    newest: Timestamp,
}

impl Reason {
    fn json(&self) -> Value {
        json!({ "source": self.source, "reason": self.reason, "count": self.count, "newest": self.newest.to_string() })
    }
}

/// Newest first; `found` is.
fn by_reason(found: &Found) -> Vec<Reason> {
    let mut places: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut reasons: Vec<Reason> = Vec::new();
    for Reject { source, reason, received, .. } in found.iter().map(|(_, reject)| reject) {
        let place = *places.entry((source, reason)).or_insert(reasons.len());
        match reasons.get_mut(place) {
            Some(known) => known.count += 1,
            None => reasons.push(Reason { source: source.clone(), reason: reason.clone(), count: 1, newest: *received }),
        }
    }
    reasons
}

fn reasons_page(reasons: &[Reason], count: usize) -> String {
    if reasons.is_empty() {
        return "Nothing was rejected in the last fourteen days.".to_owned();
    }
    let mut page = format!("{:>8}  {:<20}  {:<18}  reason\n", "count", "newest", "from");
    for Reason { source, reason, count, newest } in reasons {
        let _ = writeln!(page, "{:>8}  {:<20}  {source:<18}  {reason}", grouped(*count as u64), seconds(*newest));
    }
    let _ =
        write!(page, "\n{} in all, kept for fourteen days. `--reason TEXT` lists them, `--show KEY` shows one, ", grouped(count as u64));
    page + "`redrive` sends them again."
}

fn keys_page(found: &Found) -> String {
    let mut page = String::new();
    for (key, reject) in found.iter().take(NAMED) {
        let _ = writeln!(page, "{}  {key}\n    {}: {}", seconds(reject.received), reject.source, reject.reason);
    }
    match found.len() {
        0 => "No reason holds that text.".to_owned(),
        count if count > NAMED => page + &format!("and {} more", grouped((count - NAMED) as u64)),
        _ => page,
    }
}

fn entry(key: &str, reject: &Reject) -> Value {
    json!({ "key": key, "reason": reject.reason, "source": reject.source, "received": reject.received.to_string(), "form": reject.form })
}

/// Without the milliseconds, which nobody looks for.
fn seconds(at: Timestamp) -> String {
    let text = at.to_string();
    text.split_once('.').map_or_else(|| text.clone(), |(whole, _)| format!("{whole}Z"))
}

/// JSON over several lines; other text as it is; bytes that are no text, as well as can be.
fn readable(raw: &[u8]) -> String {
    serde_json::from_slice::<Value>(raw).map_or_else(|_| String::from_utf8_lossy(raw).into_owned(), |json| format!("{json:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reject(key: &str, reason: &str, received: i64) -> (String, Reject) {
        let form = Form::Message(rapport_io::layout::Line::Inbox);
        (key.to_owned(), Reject { reason: reason.into(), source: "segment/track".into(), received: Timestamp(received), form, raw: vec![] })
    }

    #[test]
    fn reasons_are_counted_and_keep_the_order_of_their_newest() {
        let found = vec![reject("c", "no id", 3_000), reject("b", "not JSON", 2_000), reject("a", "no id", 1_000)];
        let reasons: Vec<_> = by_reason(&found).into_iter().map(|reason| (reason.reason, reason.count, reason.newest.0)).collect();
        assert_eq!(reasons, [("no id".to_owned(), 2, 3_000), ("not JSON".to_owned(), 1, 2_000)]);
        assert_eq!(with_reason(found.clone(), Some("ID")).len(), 2, "in any case");
        assert_eq!(named(found.clone(), "b").map(|(key, _)| key).ok().as_deref(), Some("b"));
        assert!(matches!(named(found.clone(), ""), Err(Failure::Usage(_))), "which one?");
        assert!(matches!(named(found, "z"), Err(Failure::NoReject(_))));
    }
}
