//! `rapport personas`: the kinds of shoppers, as cards for people.

use super::{Failure, Shop};
use crate::numbers::{counted, grouped, money};
use clap::Args;
use http::Method;
use serde_json::Value;
use std::fmt::Write as _;

#[derive(Clone, Debug, Args)]
pub(super) struct Arguments {}

/// Prints every persona's card.
pub(super) async fn run(shop: &Shop, _: Arguments) -> Result<(), Failure> {
    let open = shop.open().await?;
    let answer = open.ask(Method::GET, "/v1/personas", None).await;
    open.close().await;
    let answer = answer?;
    match shop.json {
        true => say!("{answer:#}"),
        false => say!("{}", page(&answer).trim_end()),
    }
    Ok(())
}

fn page(answer: &Value) -> String {
    let (personas, fit) = (list(&answer["personas"]), &answer["fit"]);
    if answer["model"].is_null() {
        return "Nothing was trained yet; `rapport train` does.".to_owned();
    }
    if personas.is_empty() {
        return "Not enough customers yet to tell kinds of shoppers apart: forty with ten events or more are needed.".to_owned();
    }
    let count = |value: &Value| grouped(value.as_u64().unwrap_or_default());
    let mut page = format!(
        "{}, stable to {:.2} of 1 when a fifth of the customers is left out; {} customers have done too little to tell, {} lie between.\n",
        counted(personas.len() as u64, "persona", "personas"),
        fit["stability"].as_f64().unwrap_or_default(),
        count(&fit["thin"]),
        count(&fit["unknown"]),
    );
    let currency = answer["currency"].as_str().unwrap_or_default();
    // An order export without list prices shows no reductions, which is not to say that there were none.
    let tells_reductions = personas.iter().any(|persona| persona["card"]["reduced_share"].as_f64() > Some(0.0));
    for persona in personas {
        let _ = write!(page, "\n{}", card(persona, currency, tells_reductions));
    }
    page
}

fn card(persona: &Value, currency: &str, tells_reductions: bool) -> String {
    let card = &persona["card"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let percent = |value: &Value| value.as_f64().map_or_else(|| "unknown".to_owned(), |share| format!("{:.0} %", 100.0 * share));
    let amount = |value: &Value| value.as_i64().map_or_else(|| "unknown".to_owned(), |minor| money(minor, currency));
    let mut page = format!("{} ({})\n", text(&persona["name"]), text(&persona["id"]));
    let mut line = |name: &str, value: String| {
        let _ = writeln!(page, "  {name:<13} {value}");
    };
    let grown = card["growth"].as_f64().map(|grown| format!(", {:+.1} points in four weeks", 100.0 * grown)).unwrap_or_default();
    line("size", format!("{} customers, {} of all{grown}", grouped(card["people"].as_u64().unwrap_or_default()), percent(&card["share"])));
    line("revenue", format!("{}, {} of all", amount(&card["revenue_minor"]), percent(&card["revenue_share"])));
    line(
        "worth",
        format!(
            "{} each so far, {} with the year to come, {} an order",
            amount(&card["value_minor"]),
            amount(&card["lifetime_value_minor"]),
            amount(&card["order_value_minor"])
        ),
    );
    let won = [
        card["acquisition_cost_minor"].as_i64().map(|minor| format!("{} to win one", money(minor, currency))),
        card["referral"].as_f64().map(|share| format!("{:.0} % brought by other customers", 100.0 * share)),
    ];
    let won: Vec<String> = won.into_iter().flatten().collect();
    line("won", if won.is_empty() { "nobody told what winning one costs, or who brought whom".to_owned() } else { won.join(", ") });
    line("retention", format!("{} of those known for 90 days ordered within the last 90", percent(&card["retention"])));
    let days = card["days_between_orders"]
        .as_f64()
        .map_or_else(|| "nobody came back yet".to_owned(), |days| format!("an order every {days:.0} days"));
    let hour = card["usual_hour"].as_u64().map(|hour| format!(", mostly around {hour}:00 UTC")).unwrap_or_default();
    line("rhythm", format!("{days}{hour}"));
    let depth = card["discount_depth"].as_f64().map(|depth| format!(", by {:.0} % on average", 100.0 * depth)).unwrap_or_default();
    line(
        "prices",
        match tells_reductions {
            true => format!("{} of purchases reduced{depth}", percent(&card["reduced_share"])),
            false => "nobody told of a purchase below its list price".to_owned(),
        },
    );
    let categories: Vec<String> =
        list(&card["top_categories"]).iter().map(|top| format!("{} {}", text(&top["name"]), percent(&top["share"]))).collect();
    line("buys", if categories.is_empty() { "the catalog knows no categories".to_owned() } else { categories.join(", ") });
    let stage = |name: &str| grouped(card["stages"][name].as_u64().unwrap_or_default());
    line(
        "stages",
        format!(
            "{} looking, {} with a first order, {} coming back, {} at risk, {} lapsed",
            stage("looking"),
            stage("first_order"),
            stage("coming_back"),
            stage("at_risk"),
            stage("lapsed")
        ),
    );
    for (place, apart) in list(&card["apart"]).iter().enumerate() {
        line(if place == 0 { "apart" } else { "" }, text(apart));
    }
    page
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_card_says_what_is_known_and_what_is_not() {
        let card =
            json!({ "people": 1200, "share": 0.25, "revenue_minor": 990_000, "revenue_share": 0.4, "apart": ["orders every 3.1 days"] });
        let persona = json!({ "id": "p2", "name": "Brand Loyalist", "card": card });
        let fit = json!({ "stability": 0.93, "thin": 4, "unknown": 2 });
        let reduced = json!({ "id": "p3", "name": "Discount Seeker", "card": { "reduced_share": 0.62, "discount_depth": 0.2 } });
        let reductions = super::page(&json!({ "model": "m", "personas": [&persona, reduced], "fit": fit }));
        assert!(reductions.contains("62 % of purchases reduced, by 20 % on average"), "{reductions}");
        let page = page(&json!({ "model": "m", "currency": "EUR", "personas": [persona], "fit": fit }));
        for words in [
            "Brand Loyalist (p2)",
            "1,200 customers, 25 % of all",
            "9,900.00 EUR, 40 % of all",
            "nobody told what winning one costs",
            "nobody told of a purchase below its list price",
            "orders every 3.1 days",
        ] {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert!(super::page(&json!({ "model": null, "personas": [] })).contains("rapport train"));
        assert!(super::page(&json!({ "model": "m", "personas": [], "fit": null })).contains("Not enough customers"));
    }
}
