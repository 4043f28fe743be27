//! Numbers for CloudWatch in its [embedded metric format]: a JSON line in the function's log that becomes metrics, without a call.
//!
//! A handler adds to the sums wherever it learns something and reports once a batch, so a batch costs one line. Outside Lambda nobody
//! reads such lines, and [`Metrics::default`] writes none. Each metric of each stack is billed by the month, hence so few.
//!
//! [embedded metric format]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

use rapport_core::time::Timestamp;
use serde_json::{Map, Value, json};
use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// What the metrics are filed under; the stack's name is their one dimension.
const NAMESPACE: &str = "Rapport";

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Events that `ingest` wrote to the log.
    Events,
    /// Records that `ingest` could not read.
    Rejects,
    /// Dead letters that were moved to `rejected/`.
    DeadLetters,
    /// Events that `profile` was told of, once for each profile they belong to.
    Folded,
    /// Of these, such as changed nothing because they were known.
    Copies,
    /// Subjects whose profiles wait to be folded anew.
    RefoldsWaiting,
}

impl Metric {
    const ALL: [Self; 6] = [Self::Events, Self::Rejects, Self::DeadLetters, Self::Folded, Self::Copies, Self::RefoldsWaiting];

    /// Its name in CloudWatch, as the template's alarms have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Events => "Events",
            Self::Rejects => "Rejects",
            Self::DeadLetters => "DeadLetters",
            Self::Folded => "Folded",
            Self::Copies => "Copies",
            Self::RefoldsWaiting => "RefoldsWaiting",
        }
    }
}

/// Sums since the last report.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Option<Arc<Sums>>);

#[derive(Debug)]
struct Sums {
    stack: String,
    counts: [AtomicU64; Metric::ALL.len()],
}

impl Metrics {
    /// For the stack of this name.
    #[must_use]
    pub fn of(stack: &str) -> Self {
        Self(Some(Arc::new(Sums { stack: stack.to_owned(), counts: Default::default() })))
    }

    /// Adds `count`.
    pub fn add(&self, metric: Metric, count: usize) {
        if let Some(sums) = &self.0 {
            sums.counts[metric as usize].fetch_add(count as u64, Ordering::Relaxed);
        }
    }

    /// Writes what was added since the last report into the log, and begins anew.
    pub fn report(&self, now: Timestamp) {
        if let Some(line) = self.line(now) {
            // A log that cannot be written to is nobody's to mend from here.
            let _ = writeln!(std::io::stdout(), "{line}");
        }
    }

    fn line(&self, now: Timestamp) -> Option<String> {
        let sums = self.0.as_ref()?;
        let counted: Vec<(&str, u64)> = Metric::ALL
            .into_iter()
            .map(|metric| (metric.name(), sums.counts[metric as usize].swap(0, Ordering::Relaxed)))
            .filter(|(_, count)| *count > 0)
            .collect();
        if counted.is_empty() {
            return None;
        }
        let metrics: Vec<Value> = counted.iter().map(|(name, _)| json!({ "Name": name, "Unit": "Count" })).collect();
        let mut line = Map::new();
        line.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": now.0,
                "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": [["Stack"]], "Metrics": metrics }],
            }),
        );
        line.insert("Stack".to_owned(), json!(sums.stack));
        line.extend(counted.into_iter().map(|(name, count)| (name.to_owned(), json!(count))));
        Some(Value::Object(line).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_one_line_in_cloudwatchs_form_and_starts_anew() {
        let metrics = Metrics::of("shop");
        assert_eq!(metrics.line(Timestamp(5)), None, "nothing happened");
        metrics.add(Metric::Events, 3);
        metrics.clone().add(Metric::Events, 4);
        metrics.add(Metric::RefoldsWaiting, 1);
        let line = metrics.line(Timestamp(5)).unwrap();
        assert!(!line.contains('\n'));
        let told: Value = serde_json::from_str(&line).unwrap();
        let directive = json!({ "Namespace": "Rapport", "Dimensions": [["Stack"]],
            "Metrics": [{ "Name": "Events", "Unit": "Count" }, { "Name": "RefoldsWaiting", "Unit": "Count" }] });
        let expected =
            json!({ "_aws": { "Timestamp": 5, "CloudWatchMetrics": [directive] }, "Stack": "shop", "Events": 7, "RefoldsWaiting": 1 });
        assert_eq!(told, expected);
        assert_eq!(metrics.line(Timestamp(6)), None);
    }

    #[test]
    fn a_laptop_reports_nothing() {
        let metrics = Metrics::default();
        metrics.add(Metric::Events, 3);
        assert_eq!(metrics.line(Timestamp(5)), None);
    }

    #[test]
    fn every_metric_has_its_own_place() {
        for (place, metric) in Metric::ALL.into_iter().enumerate() {
            assert_eq!(metric as usize, place, "{}", metric.name());
        }
    }
}
