//! `rapport cost`: what a month on AWS costs.

use super::{Failure, Shop, progress};
use crate::{
    cost::{Bill, Traffic, bill},
    numbers::grouped,
};
use clap::Args;

/// The month's visitors that are shown unless asked otherwise.
const USUAL: [u64; 3] = [10_000, 100_000, 1_000_000];

#[derive(Clone, Debug, Args)]
pub(super) struct Arguments {
    /// Different visitors in a month; several are shown side by side [default: 10000 100000 1000000].
    #[arg(long, value_name = "N", num_args = 1.., value_parser = clap::value_parser!(u64).range(0..=100_000_000))]
    visitors: Vec<u64>,
    /// What each of them does in a month: pages, carts, searches.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    events: u32,
    /// How often each of them is recommended something.
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    lookups: u32,
}

/// Counts and multiplies; needs no shop and no account.
pub(super) async fn run(shop: &Shop, arguments: Arguments) -> Result<(), Failure> {
    let Arguments { visitors, events, lookups } = arguments;
    let visitors = if visitors.is_empty() { USUAL.to_vec() } else { visitors };
    let spinner = progress::spinner("counting what a month calls");
    let mut bills = Vec::new();
    for visitors in visitors {
        bills.push(bill(Traffic { visitors, events, lookups }).await?);
    }
    spinner.finish_and_clear();
    if shop.json {
        say!("{}", serde_json::json!(bills.iter().map(document).collect::<Vec<_>>()));
    } else {
        say!("{}", page(&bills).trim_end());
    }
    Ok(())
}

fn document(bill: &Bill) -> serde_json::Value {
    let mut document = serde_json::json!(bill);
    document["dollars"] = bill.dollars().into();
    document["after_allowance"] = bill.after_allowance().into();
    document
}

fn page(bills: &[Bill]) -> String {
    let Some(first) = bills.first() else { return String::new() };
    let Traffic { events, lookups, .. } = first.traffic;
    let row = |name: &str, cells: &mut dyn Iterator<Item = String>| {
        let cells: String = cells.map(|cell| format!("{cell:>24}")).collect();
        format!("  {name:<24}{cells}\n")
    };
    let mut page = format!("A month on AWS, {events} events and {lookups} lookups a visitor, at list prices (us-east-1, US dollars):\n\n");
    page += &row("visitors", &mut bills.iter().map(|bill| grouped(bill.traffic.visitors)));
    for (line, item) in first.items.iter().enumerate() {
        let cell = |bill: &Bill| bill.items.get(line).map(|item| format!("{} {:>8.2}", amount(item.amount), item.dollars));
        page += &row(&format!("{} ({})", item.what, item.unit), &mut bills.iter().filter_map(cell));
    }
    page += &row("in all", &mut bills.iter().map(|bill| format!("{:.2}", bill.dollars())));
    page += &row("after AWS's allowances", &mut bills.iter().map(|bill| format!("{:.2}", bill.after_allowance())));
    page += "\n";
    page += &row("write units an event", &mut bills.iter().map(|bill| format!("{:.2}", bill.write_units_an_event)));
    page += &row("read units an event", &mut bills.iter().map(|bill| format!("{:.2}", bill.read_units_an_event)));
    page += "\nCounted by running the functions on simulated visits; latencies are assumed. The allowances are those that every account has for\n\
             good, shared with whatever else runs in it.\n";
    page
}

/// Three digits that count.
fn amount(amount: f64) -> String {
    match amount {
        large if large >= 100.0 => format!("{large:.0}"),
        middle if middle >= 1.0 => format!("{middle:.1}"),
        small => format!("{small:.3}"),
    }
}
