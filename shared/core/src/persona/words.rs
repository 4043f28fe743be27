//! Measures in a shopkeeper's words.

use super::{Cloud, Evidence, MEASURES, Measure, Scale, Theme};
use crate::money::Currency;

/// So many lines tell enough of one person.
pub(super) const LINES: usize = 3;
/// A measure is worth a line from this far off the usual, in robust standard deviations.
const TELLING: f64 = 1.0;

/// `value` of `measure` in words, beside what is `usual`: "41 % of purchases are reduced (usual here: 23 %)". Money is in minor units of
/// `currency`. Nothing where both read alike.
#[must_use]
pub fn telling(measure: Measure, value: f64, usual: f64, currency: Currency) -> Option<String> {
    let number = |value: f64| number(measure, value, currency);
    let told = number(value);
    let line = match measure {
        Measure::Depth if value <= 0.0 => "pays list prices".to_owned(),
        Measure::Orders if told == "1" => "1 order".to_owned(),
        Measure::Reduced => format!("{told} of purchases are reduced"),
        Measure::Coupons => format!("{told} coupons per order"),
        Measure::Depth => format!("pays {told} less than list prices"),
        Measure::SalePages => format!("{told} sale pages per visit"),
        Measure::BrandBought => format!("{told} of products bought stay with one brand"),
        Measure::BrandViewed => format!("{told} of products looked at stay with one brand"),
        Measure::BrandPages => format!("{told} pages of one brand per visit"),
        Measure::CarefulBought => format!("{told} of purchases are organic, fair or sustainable"),
        Measure::CarefulViewed => format!("{told} of products looked at are organic, fair or sustainable"),
        Measure::ValuesPages => format!("{told} pages about the shop and its makers per visit"),
        Measure::Quick => format!("{told} of purchases within two minutes of the first look"),
        Measure::Pause => format!("{told} from one step to the next"),
        Measure::Night => format!("{told} of activity at night"),
        Measure::New => format!("{told} of purchases are new products"),
        Measure::Pondered => format!("{told} of purchases more than a day after the first look"),
        Measure::ReviewPages => format!("{told} pages of reviews per product looked at"),
        Measure::GuidePages => format!("{told} guides and help pages per visit"),
        Measure::Looks => format!("{told} products looked at per product bought"),
        Measure::Orders => format!("{told} orders"),
        Measure::Gap => format!("orders every {told} days"),
        Measure::Lines => format!("{told} products per order"),
        Measure::Value => format!("{told} per order"),
        Measure::Pieces => format!("{told} pieces of each product"),
        Measure::Again => format!("{told} of purchases are of products bought before"),
        Measure::Christmas => format!("{told} of orders in November and December"),
    };
    let usual = number(usual);
    (told != usual).then(|| format!("{line} (usual here: {usual})"))
}

fn number(measure: Measure, value: f64, currency: Currency) -> String {
    match measure {
        Measure::Pause => format!("{value:.0} seconds"),
        Measure::Value => currency.in_words(value),
        Measure::Orders
        | Measure::Gap
        | Measure::Lines
        | Measure::Pieces
        | Measure::Looks
        | Measure::Coupons
        | Measure::SalePages
        | Measure::BrandPages
        | Measure::ValuesPages
        | Measure::ReviewPages
        | Measure::GuidePages => count(value),
        _ => format!("{:.0} %", 100.0 * value),
    }
}

/// With as many digits as tell it from nothing: "no", "0.04", "0.6", "3", "12.5".
fn count(value: f64) -> String {
    match value {
        _ if value < 0.005 => "no".to_owned(),
        _ if value < 0.095 => format!("{value:.2}"),
        _ if (value - value.round()).abs() < 0.05 => format!("{value:.0}"),
        _ => format!("{value:.1}"),
    }
}

/// The measures of somebody that tell most, beginning with those that speak for `cloud`.
pub(super) fn evidence(evidence: &Evidence, scaled: &[f64; MEASURES], scales: &[Scale], cloud: &Cloud, currency: Currency) -> Vec<String> {
    let mut lines: Vec<(bool, f64, Measure)> = Measure::ALL
        .into_iter()
        .filter(|measure| scaled[*measure as usize].abs() >= TELLING && evidence.0[*measure as usize].1 > 0.0)
        .map(|measure| (pull(measure, cloud) * scaled[measure as usize] > 0.0, scaled[measure as usize].abs(), measure))
        .collect();
    lines.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)));
    let told = |(_, _, measure): (bool, f64, Measure)| {
        let (part, whole) = evidence.0[measure as usize];
        let usual = scales.get(measure as usize)?.usual;
        telling(measure, part / whole, usual, currency)
    };
    lines.into_iter().filter_map(told).take(LINES).collect()
}

/// Where the themes that make `cloud` out want `measure`: above 0 more than usual, below less, 0 where it says nothing of it.
fn pull(measure: Measure, cloud: &Cloud) -> f64 {
    let strong = Theme::ALL.into_iter().zip(&cloud.centre).filter(|(_, centre)| centre.abs() >= TELLING);
    strong
        .flat_map(|(theme, centre)| theme.parts().iter().filter(|(part, _)| *part == measure).map(move |(_, weight)| weight * centre))
        .sum()
}
