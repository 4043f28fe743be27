//! AWS's list prices, what it gives every account for good, and what is assumed where nothing can be counted. Change prices here.
//!
//! Prices: us-east-1, dollars, on demand, as published in 2026 (aws.amazon.com/…/pricing). Frankfurt and Ireland are 0 to 22 % dearer. The
//! allowances are those that do not end after a year.

use super::{
    Item, Traffic,
    stretch::{Counted, DAYS},
};
use crate::template::{Function, Template};
use rapport_io::layout::SHARDS;

/// A million invocations.
const LAMBDA_REQUESTS: f64 = 0.20;
/// A gigabyte-second on arm64.
const LAMBDA_GB_SECOND: f64 = 0.000_013_333_4;
/// A million units of DynamoDB, on demand.
const WRITE_UNITS: f64 = 0.625;
const READ_UNITS: f64 = 0.125;
/// A gigabyte-month of rows, and of their point-in-time recovery.
const TABLE_GB: f64 = 0.25;
const RECOVERY_GB: f64 = 0.20;
/// A million calls of S3 that cost as a PUT does, and as a GET does.
const S3_PUTS: f64 = 5.0;
const S3_GETS: f64 = 0.40;
/// A gigabyte-month in the bucket.
const S3_GB: f64 = 0.023;
/// A million calls of SQS.
const SQS: f64 = 0.40;
/// A million HTTPS requests of CloudFront, and a gigabyte that leaves through it.
const CLOUDFRONT: f64 = 1.0;
const CLOUDFRONT_GB: f64 = 0.085;
/// A metric that an alarm watches. Logs are not on the bill: the template has Lambda write down what went wrong, and nothing of what went well.
const ALARM: f64 = 0.10;
/// A secret, a month.
const SECRET: f64 = 0.40;

/// How long AWS's services take to answer a warm function in their region, in milliseconds.
pub(super) const TABLE_MS: f64 = 4.0;
pub(super) const GET_MS: f64 = 15.0;
pub(super) const PUT_MS: f64 = 25.0;
pub(super) const SEND_MS: f64 = 8.0;
/// What our own code takes for a message, on the fraction of a processor that 256 MB buy; measured: under a fifth of a millisecond on a whole one.
pub(super) const CPU_MS: f64 = 2.0;

/// Lambda looks after each queue with five long polls of 20 seconds, day and night.
const POLLS_A_QUEUE: f64 = 5.0 * 3.0 * 60.0 * 24.0 * DAYS;
/// The hourly look for customers to fold anew: one query.
const REFOLDS: f64 = 24.0 * DAYS;
/// The minute's look for customers whom time moves: what the shop defines, the cut-offs, how far everybody is, and a query of each
/// partition of looks that are due.
const SWEEPS: f64 = 60.0 * 24.0 * DAYS;
const SWEEP_READS: f64 = 3.0 + SHARDS as f64;
/// How often all profiles are read in a month: every night for cut-offs, twice after a change of these or of a rule, which is taken to come
/// every week.
const SCANS: f64 = DAYS + 2.0 * DAYS / 7.0;
/// What a read unit buys of a scan, in bytes; it may be a moment old.
const SCANNED_BYTES: f64 = 8192.0;
/// A nightly training of a small shop, and of each further million events of a month's log, in seconds (docs/scale.tsv, doubled: an arm64
/// processor of two shares is slower than the machine there).
const TRAINING_SECS: f64 = 8.0;
const TRAINING_SECS_A_MILLION: f64 = 8.0;
/// The log of a year lies in the bucket.
const MONTHS_KEPT: f64 = 12.0;
const GB: f64 = 1e9;
const MILLION: f64 = 1e6;

/// Every line of the bill; `scale` makes a month of what was counted.
pub(super) fn items(traffic: Traffic, template: &Template, counted: &Counted, scale: f64) -> Vec<Item> {
    let all = counted.folding + counted.looking;
    let events = (traffic.visitors * u64::from(traffic.events)) as f64;
    let queues = template.readers(crate::stores::SCOPE).len() as f64;
    let gigabytes = |function| f64::from(template.memory_mb(function)) / 1024.0;
    let busy: f64 = counted.ran.iter().map(|(function, ran)| ran.millis / 1000.0 * gigabytes(*function)).sum();
    let training = DAYS * (TRAINING_SECS + TRAINING_SECS_A_MILLION * events / MILLION) * gigabytes(Function::Train);
    let refolding = REFOLDS * (TABLE_MS + CPU_MS) / 1000.0 * gigabytes(Function::Profile);
    let sweeping = SWEEPS * (SWEEP_READS * TABLE_MS + CPU_MS) / 1000.0 * gigabytes(Function::Profile);
    let invocations = counted.ran.values().map(|ran| ran.times).sum::<f64>() * scale + REFOLDS + SWEEPS + DAYS;
    let requests = counted.requests as f64 * scale;
    let answered_gb = counted.answered_bytes as f64 * scale / GB;
    let rows_gb = counted.visitor_bytes * traffic.visitors as f64 / GB;
    let scanned = SCANS * rows_gb * GB / SCANNED_BYTES;
    let logged_gb = counted.event_bytes * events * MONTHS_KEPT / GB;
    let calls = queues * POLLS_A_QUEUE + (all.sends + counted.received) * scale;
    vec![
        item("secret", 1.0, "secret", SECRET, 0.0),
        item("alarms", template.alarm_metrics() as f64, "metrics", ALARM, 10.0),
        item("queues", calls / MILLION, "million calls", SQS, 1.0),
        item(
            "functions",
            (busy * scale + training + refolding + sweeping) / 1000.0,
            "thousand GB-seconds",
            LAMBDA_GB_SECOND * 1000.0,
            400.0,
        ),
        item("invocations", invocations / MILLION, "million", LAMBDA_REQUESTS, 1.0),
        item("table writes", all.write_units * scale / MILLION, "million units", WRITE_UNITS, 0.0),
        item(
            "table reads",
            (all.read_units * scale + REFOLDS + SWEEPS * SWEEP_READS + scanned) / MILLION,
            "million units",
            READ_UNITS,
            0.0,
        ),
        item("table rows", rows_gb, "GB", TABLE_GB, 25.0),
        item("table recovery", rows_gb, "GB", RECOVERY_GB, 0.0),
        item("bucket writes", all.puts * scale / MILLION, "million calls", S3_PUTS, 0.0),
        item("bucket reads", all.gets * scale / MILLION, "million calls", S3_GETS, 0.0),
        item("bucket, a year of log", logged_gb, "GB", S3_GB, 0.0),
        item("front door", requests / MILLION, "million requests", CLOUDFRONT, 10.0),
        item("answers", answered_gb, "GB", CLOUDFRONT_GB, 1000.0),
    ]
}

fn item(what: &'static str, amount: f64, unit: &'static str, price: f64, allowance: f64) -> Item {
    Item { what, amount, unit, dollars: amount * price, after_allowance: (amount - allowance).max(0.0) * price }
}
