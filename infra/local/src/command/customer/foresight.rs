//! What somebody will do next, as lines of their page.

use crate::numbers::money;
use serde_json::Value;

/// The days ahead that have a line.
const DAYS: [u32; 4] = [7, 30, 90, 365];

/// (name, line) for all that `predictions` tell; the name of a line that goes on is empty.
pub(super) fn lines(predictions: &Value, currency: &str) -> Vec<(&'static str, String)> {
    let mut lines: Vec<(&'static str, String)> = Vec::new();
    let told = |days: u32| purchases(predictions, days, currency);
    for line in DAYS.into_iter().filter_map(told) {
        lines.push((if lines.is_empty() { "likely" } else { "" }, line));
    }
    let why = |name: &str| reasons(&predictions[name]["drivers"]).map(|why| ("because", why));
    lines.extend(why("purchase_90d"));
    lines.extend(next_order(&predictions["next_order"]).map(|line| ("next order", line)));
    lines.extend(categories(&predictions["next_category"]).map(|line| ("will buy", line)));
    if let Some(chance) = chance(&predictions["first_order_30d"]) {
        let usual = predictions["first_order_30d"]["base_rate"]["value"].as_f64().map(|usual| format!("; here {} do", percent(usual)));
        lines.push(("lead", format!("a first order within 30 days: {chance}{}", usual.unwrap_or_default())));
        lines.extend(why("first_order_30d"));
    }
    lines.extend(best_hours(&predictions["send_time"]).map(|line| ("write at", line)));
    lines
}

fn purchases(predictions: &Value, days: u32, currency: &str) -> Option<String> {
    let chance = chance(&predictions[format!("purchase_{days}d")])?;
    let orders = predictions[format!("orders_{days}d")]["value"].as_f64()?;
    let worth = |part: &str| predictions[format!("value_minor_{days}d")][part].as_f64().map(|minor| money(minor as i64, currency));
    let digits = if orders < 0.95 { 2 } else { 1 };
    Some(format!(
        "within {days} days {chance}, {orders:.digits$} purchase days worth {} ({} to {})",
        worth("value")?,
        worth("low")?,
        worth("high")?
    ))
}

/// "34 % (28 to 41)".
fn chance(told: &Value) -> Option<String> {
    let [value, low, high] = ["value", "low", "high"].map(|part| told[part].as_f64());
    let bare = |share: f64| percent(share).trim_end_matches(" %").to_owned();
    Some(format!("{} ({} to {})", percent(value?), bare(low?), bare(high?)))
}

/// With a digit where there would be none.
fn percent(share: f64) -> String {
    if share < 0.095 { format!("{:.1} %", 100.0 * share) } else { format!("{:.0} %", 100.0 * share) }
}

fn reasons(drivers: &Value) -> Option<String> {
    let told = |driver: &Value| {
        let effect = 100.0 * driver["effect"].as_f64()?;
        Some(format!("{} ({effect:+.0} points)", driver["text"].as_str()?))
    };
    let told: Vec<String> = drivers.as_array()?.iter().filter_map(told).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

fn next_order(told: &Value) -> Option<String> {
    let earliest = told["low"].as_str().map_or_else(String::new, |day| format!("{day} to "));
    let latest = told["high"].as_str().unwrap_or("never");
    Some(format!("half of such customers are back by {} ({earliest}{latest})", told["value"].as_str()?))
}

fn categories(told: &Value) -> Option<String> {
    let one =
        |category: &Value| Some(format!("{} {}", category["category"].as_str()?, percent(category["purchase_90d"]["value"].as_f64()?)));
    let told: Vec<String> = told["categories"].as_array()?.iter().filter_map(one).collect();
    (!told.is_empty()).then(|| format!("{} within 90 days", told.join(", ")))
}

fn best_hours(told: &Value) -> Option<String> {
    let one =
        |hour: &Value| Some(format!("{} {:02}:00 ({:.1} ×)", hour["weekday"].as_str()?, hour["hour"].as_u64()?, hour["value"].as_f64()?));
    let hours: Vec<String> = told["hours"].as_array()?.iter().filter_map(one).collect();
    (!hours.is_empty()).then(|| format!("{} UTC; × an hour like any other", hours.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_page_tells_what_is_known_and_nothing_else() {
        let predictions = json!({
            "first_order_30d": { "value": 0.034, "low": 0.01, "high": 0.12, "base_rate": { "value": 0.02 },
                "drivers": [{ "effect": 0.014, "text": "looked today" }] },
            "send_time": { "hours": [{ "weekday": "Tuesday", "hour": 18, "value": 2.41 }] },
        });
        let told = lines(&predictions, "EUR");
        let expected = [
            ("lead", "a first order within 30 days: 3.4 % (1.0 to 12); here 2.0 % do"),
            ("because", "looked today (+1 points)"),
            ("write at", "Tuesday 18:00 (2.4 ×) UTC; × an hour like any other"),
        ];
        assert_eq!(told, expected.map(|(name, line)| (name, line.to_owned())));
        assert!(lines(&Value::Null, "EUR").is_empty());
    }
}
