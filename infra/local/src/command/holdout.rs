//! How a model did on what it had not seen, for people; and how far the work is. The last column is NDCG@10, with its 95 % interval.

use super::progress;
use crate::numbers::grouped;
use indicatif::ProgressBar;
use rapport_train::{
    Breadth, Examination, Part,
    blend::Weights,
    holdout::{Reliability, Report, Row},
};
use serde_json::Value;
use std::fmt::Write as _;
use train::Step;

/// A table of questions and answerers, and what follows from it. Where too little was asked, nothing is said of how it went.
pub(super) fn page(report: &Report) -> String {
    let (answers, scores) = match report.cut.filter(|_| report.is_enough) {
        Some(cut) => {
            let asked = format!("\nAsked about what came after {}, which it had not seen:\n", cut.day());
            (asked + &table(&report.rows) + &breadth(&report.breadth), reliability(&report.reliability))
        }
        None => ("Too little came after the rest to measure by: not enough data yet.\n".to_owned(), String::new()),
    };
    answers + &moved(&report.weights) + &scores + &attention(&report.examination)
}

/// One line for each weight that the shop's past moved from its default; nothing where all stayed.
fn moved(weights: &Weights) -> String {
    let (own, default) = (numbers_in(weights), numbers_in(&Weights::DEFAULT));
    let changed = own.iter().zip(&default).filter(|((_, own), (_, default))| (own - default).abs() > 1e-6);
    let mut page = String::new();
    for ((name, own), (_, default)) in changed {
        if page.is_empty() {
            page += "\nWeights that this past moved from their defaults:\n\n";
        }
        let name = name.trim_start_matches("placements.").replace('.', ", ").replace('_', " ");
        let _ = writeln!(page, "  {name:<44}{default:>9.3} → {own:.3}");
    }
    page
}

/// Every number of the weights, by its path.
fn numbers_in(weights: &Weights) -> Vec<(String, f64)> {
    fn gather(path: &str, value: &Value, found: &mut Vec<(String, f64)>) {
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| gather(&below(name), value, found)),
            Value::Array(values) => (1..).zip(values).for_each(|(place, value)| gather(&below(&i32::to_string(&place)), value, found)),
            number => found.extend(number.as_f64().map(|number| (path.to_owned(), number))),
        }
    }
    let mut found = Vec::new();
    gather("", &serde_json::to_value(weights).unwrap_or_default(), &mut found);
    found
}

/// Whether scores are the chances that they stand for; nothing where nobody was asked.
fn reliability(placements: &[Reliability]) -> String {
    let mut page = String::new();
    if !placements.is_empty() {
        page += "\nWhat the scores said, beside what came (apart: on average, in ten groups of like scores):\n\n";
        let _ = writeln!(page, "  {:<10}{:>8}{:>10}{:>10}{:>9}", "placement", "listed", "said", "came", "apart");
    }
    for Reliability { placement, listed, predicted, observed, error } in placements {
        let (name, listed) = (placement.name(), grouped(*listed as u64));
        let percent = |share: &f64| format!("{:.2} %", 100.0 * share);
        let _ = writeln!(page, "  {name:<10}{listed:>8}{:>10}{:>10}{:>9}", percent(predicted), percent(observed), percent(error));
    }
    page
}

/// How much each place is looked at; nothing where nothing is known.
fn attention(places: &[Examination]) -> String {
    let mut page = String::new();
    if !places.is_empty() {
        page += "\nHow much a place is looked at, beside the first, by what chance put there:\n\n";
        let _ = writeln!(page, "  {:<8}{:>8}{:>9}{:>11}", "place", "shown", "clicked", "attention");
    }
    for Examination { position, shown, clicked, attention, low, high } in places {
        let (shown, clicked) = (grouped(*shown as u64), grouped(*clicked as u64));
        let _ = writeln!(page, "  {:<8}{shown:>8}{clicked:>9}{attention:>11.2} ({low:.2} to {high:.2})", position + 1);
    }
    page
}

/// Accuracy by question and answerer.
pub(super) fn table(rows: &[Row]) -> String {
    let mut page = format!(
        "\n  {:<15}{:<20}{:>7}{:>16}{:>8}{:>8}{:>9}   model is ahead by\n",
        "question", "answered by", "asked", "in the top 20", "recall", "MRR", "NDCG@10"
    );
    for row in rows {
        let hits = format!("{:.1} % ± {:.1}", 100.0 * row.hit_rate, 100.0 * row.margin);
        let (question, asked) = (row.question.replace('_', " "), grouped(row.asked as u64));
        let lead = row.lead.map(|lead| format!("{:+.3} ({:+.3} to {:+.3})", lead.ndcg, lead.low, lead.high)).unwrap_or_default();
        let _ = writeln!(
            page,
            "  {question:<15}{:<20}{asked:>7}{hits:>16}{:>8.3}{:>8.3}{:>9.3}   {lead}",
            row.answerer, row.recall, row.reciprocal_rank, row.ndcg
        );
    }
    page
}

/// Whom the lists serve, by question and answerer; nothing where nobody was asked.
pub(super) fn breadth(rows: &[Breadth]) -> String {
    let mut page = String::new();
    if !rows.is_empty() {
        let _ = writeln!(
            page,
            "\n  {:<15}{:<20}{:>15}{:>17}{:>22}{:>26}",
            "question", "answered by", "catalog shown", "popularity lift", "rare items found", "NDCG@10 after one order"
        );
    }
    for Breadth { question, answerer, coverage, popularity_lift, rare_items, one_order_customers } in rows {
        let part = |part: &Option<Part>, shown: fn(f64) -> String| {
            part.map_or("-".to_owned(), |part| format!("{} of {}", shown(part.value), grouped(part.asked as u64)))
        };
        let (shown, lift) = (format!("{:.1} %", 100.0 * coverage), format!("{:+.0} %", 100.0 * popularity_lift));
        let rare = part(rare_items, |share| format!("{:.1} %", 100.0 * share));
        let one_order = part(one_order_customers, |gain| format!("{gain:.3}"));
        let question = question.replace('_', " ");
        let _ = writeln!(page, "  {question:<15}{answerer:<20}{shown:>15}{lift:>17}{rare:>22}{one_order:>26}");
    }
    page
}

/// A bar, and what moves it.
pub(super) fn bar() -> (ProgressBar, impl Fn(Step) + Send) {
    let bar = progress::bar("reading");
    let moved = bar.clone();
    let tell = move |step| match step {
        Step::Read { done, of } => {
            moved.set_length(of as u64);
            moved.set_position(done as u64);
        }
        Step::Learn => moved.set_message("learning"),
        Step::Publish => moved.set_message("publishing"),
    };
    (bar, tell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::{model::Placement, time::Timestamp};

    #[test]
    fn a_weight_that_moved_is_told_by_its_name() {
        assert_eq!(moved(&Weights::DEFAULT), "");
        let mut weights = Weights::DEFAULT;
        weights.next_purchase.own = 5.0;
        weights.placements.cart.blend.together = 0.0;
        weights.next_look.rows[2] = 0.125;
        let told = moved(&weights);
        let lines: Vec<&str> = told.lines().skip(3).collect();
        assert_eq!(lines.len(), 3, "{told}");
        for expected in ["next look, rows, 3", "next purchase, own", "cart, blend, together"] {
            assert!(lines.iter().any(|line| line.trim().starts_with(expected) && line.contains(" → ")), "{expected} in {told}");
        }
    }

    #[test]
    fn of_too_little_nothing_is_said_but_that() {
        let scores = Reliability { placement: Placement::Cart, listed: 3, predicted: 0.4, observed: 0.01, error: 0.4 };
        let told = |is_enough| {
            page(&Report {
                cut: Some(Timestamp(0)),
                weights: Weights::DEFAULT,
                rows: Vec::new(),
                breadth: Vec::new(),
                is_enough,
                reliability: vec![scores],
                examination: Vec::new(),
            })
        };
        assert!(told(true).contains("said") && told(true).contains("40.00 %"), "{}", told(true));
        assert_eq!(told(false), "Too little came after the rest to measure by: not enough data yet.\n");
    }
}
