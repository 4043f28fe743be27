//! What a shop of some size learns about purchases to come.

use super::customers::NOW;
use rapport_core::{prediction::Outlook, time::DAY_MS};
use rapport_train::outlook::{self, DEFAULT, Day, HORIZONS, Ledger};

/// How many customers it learns from.
const CUSTOMERS: usize = 3_000;

/// Learned from customers who bought 1 to 20 times within two years, each at a rhythm of their own.
pub fn outlook() -> Outlook {
    let today: Day = NOW.0.div_euclid(DAY_MS);
    let bought = |number: usize| days(number).into_iter().map(|ago| (today - ago, 2_500.0 + (number % 90) as f64 * 50.0)).collect();
    let ledger = Ledger::new((0..CUSTOMERS).map(bought).collect());
    outlook::fit(&ledger, today, &HORIZONS, &DEFAULT).expect("learns").outlook
}

/// How many days ago somebody bought.
fn days(number: usize) -> Vec<i64> {
    let (times, rhythm) = (1 + number * 7 % 20, 9 + (number * 31 % 40) as i64);
    let first = 700 - (number * 13 % 500) as i64;
    (0..times as i64).map(|time| first - time * rhythm - (time * number as i64) % 5).filter(|ago| *ago > 0).collect()
}
