//! `rapport segments`: the groups of customers with their sizes, the members of one, and whom a rule would mean.

use super::{Failure, Shop, ask::segment, shop::Open};
use crate::numbers::{grouped, money};
use clap::Args;
use http::Method;
use serde_json::{Value, json};

/// Members of one request.
const PAGE: usize = 1_000;

#[derive(Clone, Debug, Args)]
pub(super) struct Arguments {
    /// The segment whose members to list; without, all segments with their sizes.
    name: Option<String>,
    /// So many members, or customers of a preview, at most.
    #[arg(long, value_name = "COUNT", default_value = "20")]
    limit: usize,
    /// Whom this rule would mean, without saving it: "orders >= 2 and days_since_order > 30".
    #[arg(long, value_name = "RULE", conflicts_with = "name")]
    preview: Option<String>,
}

/// Prints segments, members or a preview.
pub(super) async fn run(shop: &Shop, arguments: Arguments) -> Result<(), Failure> {
    let open = shop.open().await?;
    open.sweep().await?;
    let told = match (&arguments.name, &arguments.preview) {
        (Some(name), _) => members(&open, name, arguments.limit).await,
        (None, Some(rule)) => {
            open.ask(Method::POST, "/v1/segments/preview", Some(&json!({ "rule": rule, "limit": arguments.limit }))).await
        }
        (None, None) => open.ask(Method::GET, "/v1/segments", None).await,
    };
    open.close().await;
    let told = told?;
    match (shop.json, &arguments.name, &arguments.preview) {
        (true, ..) => say!("{told:#}"),
        (false, Some(_), _) => show_members(&told),
        (false, None, Some(_)) => show_preview(&told),
        (false, None, None) => show_list(&told),
    }
    Ok(())
}

/// The first `limit` members, however many requests that takes.
async fn members(open: &Open, name: &str, limit: usize) -> Result<Value, Failure> {
    let (mut members, mut cursor) = (Vec::new(), None::<String>);
    while members.len() < limit {
        let page = PAGE.min(limit - members.len());
        let cursor_part = cursor.as_deref().map_or_else(String::new, |cursor| format!("&cursor={}", segment(cursor)));
        let path = format!("/v1/segments/{}/members?limit={page}{cursor_part}", segment(name));
        let mut told = open.ask(Method::GET, &path, None).await?;
        members.extend(told["members"].as_array_mut().map(std::mem::take).unwrap_or_default());
        cursor = told["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    Ok(json!({ "segment": name, "members": members, "more": cursor.is_some() }))
}

fn show_list(told: &Value) {
    for segment in told["segments"].as_array().into_iter().flatten() {
        let size = match segment["active"].as_bool() {
            Some(false) => "off".to_owned(),
            _ => grouped(segment["size"].as_u64().unwrap_or_default()),
        };
        let worth = segment["revenue_minor"].as_i64().filter(|minor| *minor != 0).map(|minor| money(minor, text(&told["currency"])));
        say!("{:<28} {size:>9} {:>16}  {}", text(&segment["name"]), worth.unwrap_or_default(), text(&segment["rule"]));
        if let Some(means) = segment["description"].as_str() {
            say!("{:56}{means}", "");
        }
    }
    let learned = told["cut_offs"]["learned_from"].as_u64().unwrap_or_default();
    match learned {
        0 => say!("\nTiers and scores rest on the usual cut-offs until `rapport train` has seen fifty customers with an order."),
        learned => say!("\nTiers and scores rest on cut-offs learned from {} customers.", grouped(learned)),
    }
}

fn show_members(told: &Value) {
    let members = told["members"].as_array().map(Vec::as_slice).unwrap_or_default();
    if members.is_empty() {
        say!("Nobody is in {} now.", text(&told["segment"]));
    }
    for member in members {
        say!("{:<28} since {}", text(&member["id"]), text(&member["since"]).get(..10).unwrap_or_default());
    }
    if told["more"].as_bool() == Some(true) {
        say!("… and more; --limit says how many to list");
    }
}

fn show_preview(told: &Value) {
    let number = |name: &str| grouped(told[name].as_u64().unwrap_or_default());
    let part = if told["complete"].as_bool() == Some(true) { "" } else { " looked at so far" };
    say!("{} of {} customers{part}", number("count"), number("looked_at"));
    for customer in told["sample"].as_array().into_iter().flatten() {
        let evidence: Vec<&str> = customer["evidence"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        say!("{:<28} {}", text(&customer["id"]), evidence.join("; "));
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
