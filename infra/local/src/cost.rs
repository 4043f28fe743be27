//! What a month on AWS costs: the deployed handlers answer a stretch of simulated traffic on stores in memory that count every call as
//! AWS bills it; the counts are scaled to a month and multiplied by the prices in [`prices`].
//!
//! Visits arrive at random (Poisson), their events some seconds apart; batches close as the template's windows say. What cannot be counted
//! here, how long AWS's services take to answer and how many visitors share a warm function, is assumed, and stands beside the prices.

mod meter;
mod prices;
mod stretch;

use crate::template::{Template, TemplateError};
use serde::Serialize;

pub use stretch::StretchError;

/// Why there is no bill.
#[derive(Debug, thiserror::Error)]
pub enum CostError {
    /// The template cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The handlers did not do what they do on AWS.
    #[error(transparent)]
    Stretch(#[from] StretchError),
}

/// A month's visitors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Traffic {
    /// How many different ones.
    pub visitors: u64,
    /// What each does.
    pub events: u32,
    /// How often each is recommended something.
    pub lookups: u32,
}

/// One line of the bill.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// For what.
    pub what: &'static str,
    /// How much of it in a month.
    pub amount: f64,
    /// In which unit.
    pub unit: &'static str,
    /// At AWS's list price, in dollars.
    pub dollars: f64,
    /// After what AWS gives every account for good, in dollars.
    pub after_allowance: f64,
}

/// A month's bill.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bill {
    /// Of whom.
    pub traffic: Traffic,
    /// DynamoDB write units an event.
    pub write_units_an_event: f64,
    /// DynamoDB read units an event, lookups left out.
    pub read_units_an_event: f64,
    /// How many events the counts rest on.
    pub counted_events: u64,
    /// Line by line; what nobody's coming or going changes stands first.
    pub items: Vec<Item>,
}

impl Bill {
    /// At list prices, in dollars.
    #[must_use]
    pub fn dollars(&self) -> f64 {
        self.items.iter().map(|item| item.dollars).sum()
    }

    /// After allowances, in dollars.
    #[must_use]
    pub fn after_allowance(&self) -> f64 {
        self.items.iter().map(|item| item.after_allowance).sum()
    }
}

/// The bill of `traffic`. The same traffic gives the same bill.
///
/// # Errors
/// See [`CostError`].
pub async fn bill(traffic: Traffic) -> Result<Bill, CostError> {
    let template = Template::deployed()?;
    let counted = stretch::count(traffic, &template).await?;
    let events = (traffic.visitors * u64::from(traffic.events)) as f64;
    let scale = if counted.events == 0 { 0.0 } else { events / counted.events as f64 };
    let an_event = |units: f64| if counted.events == 0 { 0.0 } else { units / counted.events as f64 };
    Ok(Bill {
        traffic,
        write_units_an_event: an_event(counted.folding.write_units),
        read_units_an_event: an_event(counted.folding.read_units),
        counted_events: counted.events,
        items: prices::items(traffic, &template, &counted, scale),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(visitors: u64) -> Bill {
        bill(Traffic { visitors, events: 10, lookups: 6 }).await.unwrap()
    }

    #[tokio::test]
    async fn the_same_traffic_costs_the_same_and_more_costs_more() {
        let (few, again, many, nobody) = (of(1_000).await, of(1_000).await, of(20_000).await, of(0).await);
        assert_eq!(few, again);
        assert!(nobody.dollars() > 0.0 && nobody.dollars() < few.dollars() && few.dollars() < many.dollars());
        assert!(many.items.iter().all(|item| item.after_allowance <= item.dollars + 1e-9 && item.dollars.is_finite()), "{many:?}");
    }

    #[tokio::test]
    async fn an_event_costs_few_units() {
        let bill = of(10_000).await;
        println!("{:.2} write and {:.2} read units an event", bill.write_units_an_event, bill.read_units_an_event);
        assert!(bill.counted_events > 1_000);
        assert!((0.2..=1.5).contains(&bill.write_units_an_event), "{}", bill.write_units_an_event);
        assert!((0.1..=0.7).contains(&bill.read_units_an_event), "{}", bill.read_units_an_event);
    }
}
