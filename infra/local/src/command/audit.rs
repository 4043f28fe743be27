//! `rapport audit`: what the shop's data looks like, as a page for people.

use super::{Failure, Shop, progress, shop::Open};
use crate::{clock, numbers::grouped};
use clap::Args;
use http::Method;
use serde_json::Value;
use std::fmt::Write as _;

/// Days, reasons and examples named of a kind.
const NAMED: usize = 8;
/// Columns of the bar that shows a source's days.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Days in that bar.
const BAR_DAYS: usize = 28;

#[derive(Clone, Debug, Args)]
pub(super) struct Arguments {
    /// Read log and archive for a new audit, instead of showing what the last training saw.
    #[arg(long)]
    anew: bool,
}

/// Prints the audit.
pub(super) async fn run(shop: &Shop, arguments: Arguments) -> Result<(), Failure> {
    let open = shop.open().await?;
    let audit = audit(&open, arguments.anew).await;
    open.close().await;
    let audit = audit?;
    match shop.json {
        true => say!("{audit:#}"),
        false => say!("{}", page(&audit).trim_end()),
    }
    Ok(())
}

async fn audit(open: &Open, anew: bool) -> Result<Value, Failure> {
    if anew {
        open.drain().await?;
        let spinner = progress::spinner("reading log and archive");
        train::audit(&open.functions().train, clock::now(), |_| {}).await?;
        spinner.finish_and_clear();
    }
    open.ask(Method::GET, "/v1/data-audit", None).await.map_err(|failure| match failure {
        Failure::Answer { status: 404, .. } => Failure::NotAudited,
        other => other,
    })
}

fn page(audit: &Value) -> String {
    let mut page = format!("{} events, as of {}\n", count(&audit["events"]), text(&audit["made_at"]));
    let kept_out = audit["kept_out"].as_u64().unwrap_or_default();
    let _ = writeln!(page, "{} of crawlers and of the shop's own people are kept out of all learning", grouped(kept_out));
    sources(&mut page, each(&audit["sources"]));
    days(&mut page, "Days without events where there usually are some", each(&audit["gaps"]), |gap| {
        format!("usually {}", rounded(&gap["usual"]))
    });
    days(&mut page, "Days far off the usual", each(&audit["jumps"]), |jump| {
        format!("{} events, usually {} ({:+.0} deviations)", count(&jump["events"]), rounded(&jump["usual"]), number(&jump["deviations"]))
    });
    let duplicates = &audit["duplicates"];
    let share = number(&duplicates["copies"]) / number(&duplicates["received"]).max(1.0);
    let _ = writeln!(
        page,
        "\nCopies: {} of {} received ({}) do not count; of these {} came with an id that was used for something else",
        count(&duplicates["copies"]),
        count(&duplicates["received"]),
        percent(share),
        count(&duplicates["conflicting"])
    );
    rejects(&mut page, each(&audit["rejects"]));
    currencies(&mut page, each(&audit["currencies"]));
    items(&mut page, &audit["items"]);
    identities(&mut page, each(&audit["identities"]));
    page
}

fn identities(page: &mut String, kinds: &[Value]) {
    if kinds.is_empty() {
        return;
    }
    let _ = writeln!(page, "\n{:<22} {:>12} {:>12} {:>12} {:>12} {:>12}", "ids", "known", "owned", "contested", "shared", "ruled on");
    for kind in kinds {
        let of = |name: &str| count(&kind[name]);
        let _ = writeln!(
            page,
            "{:<22} {:>12} {:>12} {:>12} {:>12} {:>12}",
            text(&kind["kind"]),
            of("ids"),
            of("owned"),
            of("contested"),
            of("shared"),
            of("ruled")
        );
    }
}

fn sources(page: &mut String, sources: &[Value]) {
    let _ = writeln!(page, "\n{:<22} {:>12} {:>8} {:>8}  {:<20}  its last four weeks", "source", "events", "nobody", "late", "newest");
    for source in sources {
        let events = number(&source["events"]).max(1.0);
        let late = source["late_share"].as_f64().map_or_else(|| "file".to_owned(), percent);
        let _ = writeln!(
            page,
            "{:<22} {:>12} {:>8} {late:>8}  {:<20}  {}",
            text(&source["source"]),
            count(&source["events"]),
            percent(number(&source["nobody"]) / events),
            text(&source["newest"]).chars().take(19).collect::<String>(),
            bar(each(&source["days"])),
        );
    }
}

/// The newest days as a line of bars, the highest of them full.
fn bar(days: &[Value]) -> String {
    let newest: Vec<f64> = days.iter().rev().take(BAR_DAYS).map(|day| number(&day[1])).collect();
    let highest = newest.iter().copied().fold(1.0, f64::max);
    let level = |events: &f64| (events / highest * (BARS.len() - 1) as f64).round() as usize;
    newest.iter().rev().filter_map(|events| BARS.get(level(events))).collect()
}

fn days(page: &mut String, heading: &str, days: &[Value], say: impl Fn(&Value) -> String) {
    if days.is_empty() {
        return;
    }
    let _ = writeln!(page, "\n{heading}");
    for day in days.iter().take(NAMED) {
        let _ = writeln!(page, "  {}  {:<22} {}", text(&day["day"]), text(&day["source"]), say(day));
    }
    more(page, days.len());
}

fn rejects(page: &mut String, rejects: &[Value]) {
    if rejects.is_empty() {
        page.push_str("Rejects: none in the last fourteen days\n");
        return;
    }
    page.push_str("\nRejects of the last fourteen days; `rapport rejected` shows what was sent\n");
    for reject in rejects.iter().take(NAMED) {
        let _ = writeln!(page, "  {:>8}  {:<22} {}", count(&reject["count"]), text(&reject["source"]), text(&reject["reason"]));
    }
    more(page, rejects.len());
}

fn currencies(page: &mut String, currencies: &[Value]) {
    let told = currencies.iter().map(|currency| {
        let other = if currency["is_shops"].as_bool() == Some(true) { "" } else { ", not the shop's" };
        format!("{} ({} lines{other})", text(&currency["currency"]), count(&currency["lines"]))
    });
    let told: Vec<String> = told.collect();
    if !told.is_empty() {
        let _ = writeln!(page, "Paid in: {}", told.join(", "));
    }
}

fn items(page: &mut String, items: &Value) {
    if items.is_null() {
        page.push_str("Items: the shop has no catalog; what events tell of items stands in for one\n");
        return;
    }
    let examples: Vec<&str> = each(&items["examples"]).iter().map(text).collect();
    let such_as = if examples.is_empty() { String::new() } else { format!(", such as {}", examples.join(", ")) };
    let (unknown, share) = (count(&items["unknown"]), percent(number(&items["unknown_share"])));
    let _ = writeln!(page, "Items: {unknown} of {} are not in the catalog ({share} of mentions){such_as}", count(&items["mentioned"]));
}

fn more(page: &mut String, of: usize) {
    if of > NAMED {
        let _ = writeln!(page, "  and {} more; `--json` has them all", grouped((of - NAMED) as u64));
    }
}

fn each(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_default()
}

fn count(value: &Value) -> String {
    grouped(value.as_u64().unwrap_or_default())
}

fn rounded(value: &Value) -> String {
    grouped(number(value).round() as u64)
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_page_says_what_the_audit_says() {
        let days: Vec<Value> = (1..=30).map(|day| json!([format!("2026-11-{day:02}"), day * 10])).collect();
        let audit = json!({
            "made_at": "2026-11-22T10:00:00Z", "events": 12_345, "kept_out": 7,
            "sources": [{ "source": "beacon", "events": 12_345, "nobody": 1_234, "late_share": 0.015, "newest": "2026-11-22T09:59:58Z", "days": days }],
            "gaps": [{ "source": "beacon", "day": "2026-11-19", "usual": 412.0 }],
            "jumps": [{ "source": "beacon", "day": "2026-11-12", "events": 9_000, "usual": 400.0, "deviations": 43.2 }],
            "duplicates": { "received": 200, "copies": 3, "conflicting": 1, "days": {} },
            "rejects": [{ "source": "shopify", "reason": "not JSON", "count": 2, "newest": "2026-11-22T09:00:00Z" }],
            "currencies": [{ "currency": "EUR", "lines": 10, "is_shops": true }, { "currency": "GBP", "lines": 1, "is_shops": false }],
            "items": { "mentioned": 40, "unknown": 1, "unknown_share": 0.001, "examples": ["85123A"] },
        });
        let page = page(&audit);
        for told in [
            "12,345 events, as of 2026-11-22T10:00:00Z",
            "7 of crawlers",
            "10.0 %    1.5 %  2026-11-22T09:59:58",
            "2026-11-19  beacon                 usually 412",
            "2026-11-12  beacon                 9,000 events, usually 400 (+43 deviations)",
            "Copies: 3 of 200 received (1.5 %) do not count; of these 1 came with an id that was used for something else",
            "2  shopify                not JSON",
            "Paid in: EUR (10 lines), GBP (1 lines, not the shop's)",
            "Items: 1 of 40 are not in the catalog (0.1 % of mentions), such as 85123A",
        ] {
            assert!(page.contains(told), "{told} in:\n{page}");
        }
        assert_eq!(bar(each(&audit["sources"][0]["days"])).chars().count(), BAR_DAYS);
        assert!(page.contains("█\n"), "the newest day is the highest");
    }
}
