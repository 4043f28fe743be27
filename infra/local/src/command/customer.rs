//! `rapport customer`: a living profile as a page for people.

mod foresight;
mod table;

use super::{Failure, Shop, ask::segment, progress, shop::Open};
use crate::numbers::{counted, grouped, money};
use clap::Args;
use http::Method;
use rapport_core::profile::Profile;
use rapport_io::profiles::Profiles;
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Pages of the table that `--list` looks through: some ten megabytes.
const PAGES: usize = 10;
/// Recent events on the page.
const RECENT: usize = 8;

#[derive(Clone, Debug, Args)]
#[group(required = true)]
pub(super) struct Arguments {
    /// The customer's id.
    id: Option<String>,
    /// Name so many customers with many orders instead.
    #[arg(long, value_name = "COUNT", num_args = 0..=1, default_missing_value = "20", conflicts_with = "id")]
    list: Option<usize>,
    /// Write everybody, guests too, with persona, segments and predictions, to a file of comma-separated values instead.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["id", "list"])]
    csv: Option<PathBuf>,
}

/// Prints one customer, or names some.
pub(super) async fn run(shop: &Shop, arguments: Arguments) -> Result<(), Failure> {
    let open = shop.open().await?;
    let done = match (&arguments.id, &arguments.csv) {
        (Some(id), _) => show(&open, id, shop.json).await,
        (None, Some(path)) => write(&open, path, shop.json).await,
        (None, None) => list(&open, arguments.list.unwrap_or_default(), shop.json).await,
    };
    open.close().await;
    done
}

async fn show(open: &Open, id: &str, json: bool) -> Result<(), Failure> {
    let view = open.ask(Method::GET, &format!("/v1/customers/{}", segment(id)), None).await.map_err(|failure| match failure {
        Failure::Answer { status: 404, .. } => Failure::NoCustomer(id.to_owned()),
        other => other,
    })?;
    match json {
        true => say!("{view:#}"),
        false => say!("{}", page(&view).trim_end()),
    }
    Ok(())
}

async fn write(open: &Open, path: &Path, json: bool) -> Result<(), Failure> {
    let people = table::write(open, path).await?;
    match json {
        true => say!("{:#}", json!({ "people": people, "file": path })),
        false => say!("{} people are in {}.", grouped(people), path.display()),
    }
    Ok(())
}

async fn list(open: &Open, count: usize, json: bool) -> Result<(), Failure> {
    let spinner = progress::spinner("looking through the profiles");
    let profiles = Profiles::new(Arc::clone(&open.aws.records));
    let mut known: Vec<(u32, String)> = Vec::new();
    let mut next = None;
    for _ in 0..PAGES {
        let (rows, more) = profiles.customers(next).await?;
        known.extend(rows.iter().filter_map(|(id, bytes)| Some((Profile::from_bytes(bytes).ok()?.whole().orders, id.to_string()))));
        next = more;
        if next.is_none() {
            break;
        }
    }
    spinner.finish_and_clear();
    known.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    known.truncate(count);
    if json {
        say!("{:#}", json!(known.iter().map(|(orders, id)| json!({ "id": id, "orders": orders })).collect::<Vec<_>>()));
        return Ok(());
    }
    if known.is_empty() {
        say!("No customers yet; `rapport import FILE…` brings a history.");
    }
    for (orders, id) in known {
        say!("{id:<24} {orders:>6} orders");
    }
    Ok(())
}

fn page(view: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let day = |value: &Value| value.as_str().and_then(|at| at.get(..10)).unwrap_or("never").to_owned();
    let history = &view["history"];
    let count = |name: &str| grouped(history[name].as_u64().unwrap_or_default());
    let mut page = format!("{}\n", text(&view["id"]));
    let mut line = |name: &str, value: String| {
        let _ = writeln!(page, "  {name:<13} {value}");
    };
    let aliases = match view["aliases"].as_u64().unwrap_or_default() {
        0 => String::new(),
        1 => ", under one other id, too".to_owned(),
        many => format!(", under {many} other ids, too"),
    };
    line("seen", format!("{} to {}{aliases}", day(&view["first_seen"]), day(&view["last_seen"])));
    let orders = match history["last_order"].is_null() {
        true => "none yet".to_owned(),
        false => {
            let refunds = counted(history["refunds"].as_u64().unwrap_or_default(), "refund", "refunds");
            format!("{}, the last on {}; {refunds}", count("orders"), day(&history["last_order"]))
        }
    };
    line("orders", orders);
    line("paid", money(history["revenue_minor"].as_i64().unwrap_or_default(), &text(&history["currency"])));
    line("events", format!("{} (version {})", count("events"), view["version"]));
    line("persona", persona(&view["persona"]));
    let segments: Vec<String> = view["memberships"].as_array().into_iter().flatten().map(|one| text(&one["title"])).collect();
    line("segments", if segments.is_empty() { "none".to_owned() } else { segments.join(", ") });
    for (name, told) in foresight::lines(&view["predictions"], &text(&history["currency"])) {
        line(name, told);
    }
    let told = |map: &Value, tell: &dyn Fn(&str, &Value) -> String| {
        let all: Vec<String> = map.as_object().into_iter().flatten().map(|(name, value)| tell(name, value)).collect();
        if all.is_empty() { "none".to_owned() } else { all.join(", ") }
    };
    line("traits", told(&view["traits"], &|name, value| format!("{name} {}", text(value))));
    line("consent", told(&view["consent"], &|name, value| format!("{name} {}", text(&value["state"]))));
    let recent = history["recent"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (place, event) in recent.iter().take(RECENT).enumerate() {
        let quantity = event["quantity"].as_u64().filter(|quantity| *quantity != 1).map(|quantity| format!(" × {quantity}"));
        let told = format!(
            "{} {} {}{}",
            text(&event["at"]).get(..16).unwrap_or_default().replace('T', " "),
            text(&event["type"]).replace('_', " "),
            text(&event["item"]),
            quantity.unwrap_or_default()
        );
        line(if place == 0 { "lately" } else { "" }, told);
    }
    page
}

/// Which kind of shopper, how surely, and why.
fn persona(persona: &Value) -> String {
    let evidence: Vec<&str> = persona["evidence"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let (name, evidence) = (persona["name"].as_str().unwrap_or("unknown"), evidence.join("; "));
    match persona["strength"].as_f64().filter(|strength| *strength > 0.0) {
        Some(strength) => format!("{name} ({:.0} % sure): {evidence}", 100.0 * strength),
        None => format!("{name}: {evidence}"),
    }
}
