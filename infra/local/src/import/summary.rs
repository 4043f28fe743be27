//! What became of a file, for people.

use super::{Basis, Outcome};
use crate::numbers::grouped;
use rapport_core::source::csv::Tally;
use std::fmt::{self, Write};

/// The summary of one file, several lines.
#[must_use]
pub fn summary(outcome: &Outcome, basis: Basis) -> String {
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = write(&mut text, outcome, basis);
    text
}

fn write(text: &mut String, outcome: &Outcome, basis: Basis) -> fmt::Result {
    let report = &outcome.report;
    writeln!(text, "{}: {}, parted by {:?}, {}", outcome.file.display(), report.format.text(), report.delimiter, report.encoding)?;
    writeln!(text, "  rows      {:>11}", grouped(report.rows))?;
    let kinds: Vec<String> = report.kinds.iter().map(|(kind, count)| format!("{kind} {}", grouped(*count))).collect();
    writeln!(text, "  taken     {:>11}  {}", grouped(report.taken), kinds.join(", "))?;
    if report.blank > 0 {
        writeln!(text, "  blank     {:>11}", grouped(report.blank))?;
    }
    for (mend, tally) in &report.mended {
        writeln!(text, "  mended    {:>11}  {} ({})", grouped(tally.count), mend.text(), lines(tally))?;
    }
    for (doubt, tally) in &report.doubts {
        writeln!(text, "  in doubt  {:>11}  {} ({})", grouped(tally.count), doubt.text(), lines(tally))?;
    }
    for (reason, tally) in &report.rejected {
        writeln!(text, "  rejected  {:>11}  {} ({})", grouped(tally.count), reason.text(), lines(tally))?;
    }
    if let Some((first, last)) = report.span {
        let whose = if outcome.subjects == 1 { "customer or device" } else { "customers and devices" };
        writeln!(text, "  from {} to {}, {} {whose}", first.day(), last.day(), grouped(outcome.subjects))?;
    }
    if report.rejected_rows() > 0 {
        writeln!(text, "  rejected rows are kept under rejected/ with their reason")?;
    }
    if outcome.events > 0 {
        writeln!(text, "  basis {basis}: {}; say otherwise with --basis", allowed(basis))?;
    }
    Ok(())
}

fn allowed(basis: Basis) -> &'static str {
    match basis {
        Basis::Consent => "customers agreed to analytics, personalization and marketing",
        Basis::LegitimateInterest => "analytics and personalization, no marketing",
        Basis::Contract => "kept, and used as the shop's setting for customers who said nothing allows",
    }
}

fn lines(tally: &Tally) -> String {
    let shown: Vec<String> = tally.lines.iter().map(u64::to_string).collect();
    let word = if tally.count == 1 { "line" } else { "lines" };
    let more = if tally.count > shown.len() as u64 { " …" } else { "" };
    format!("{word} {}{more}", shown.join(", "))
}
