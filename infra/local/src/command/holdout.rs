//! How a model did on what it had not seen, for people; and how far the work is. The last column is NDCG@10, with its 95 % interval.

use super::progress;
use crate::numbers::grouped;
use indicatif::ProgressBar;
use rapport_train::holdout::Report;
use std::fmt::Write as _;
use train::Step;

/// A table of questions and answerers.
pub(super) fn page(report: &Report) -> String {
    let Some(cut) = report.cut.filter(|_| report.is_enough) else {
        return "Too little came after the rest to measure by: not enough data yet.\n".to_owned();
    };
    let mut page = format!("\nAsked about what came after {}, which it had not seen:\n\n", cut.day());
    let _ = writeln!(
        page,
        "  {:<15}{:<20}{:>7}{:>16}{:>8}{:>9}   model is ahead by",
        "question", "answered by", "asked", "in the top 20", "MRR", "NDCG@10"
    );
    for row in &report.rows {
        let hits = format!("{:.1} % ± {:.1}", 100.0 * row.hit_rate, 100.0 * row.margin);
        let (question, asked) = (row.question.replace('_', " "), grouped(row.asked as u64));
        let lead = row.lead.map(|lead| format!("{:+.3} ({:+.3} to {:+.3})", lead.ndcg, lead.low, lead.high)).unwrap_or_default();
        let _ = writeln!(
            page,
            "  {question:<15}{:<20}{asked:>7}{hits:>16}{:>8.3}{:>9.3}   {lead}",
            row.answerer, row.reciprocal_rank, row.ndcg
        );
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
