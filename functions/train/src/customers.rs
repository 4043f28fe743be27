//! Customers' profiles as they stand, for what is learned of kinds of people: one pass over the table.

use crate::{App, TrainError};
use bytes::Bytes;
use rapport_core::{
    digest::short_hash,
    model::Model,
    persona::Personas,
    profile::{Profile, Subject},
};

/// No more profiles than these are held; of more every second is left out, again and again, by a hash of whose they are.
const MOST_CUSTOMERS: usize = 50_000;

/// Profiles of customers, in the order of a hash of whose they are.
#[derive(Debug, Default)]
pub(crate) struct Customers {
    /// As they are stored.
    pub(crate) profiles: Vec<Bytes>,
    /// How many customers stand behind each, 1 and up.
    pub(crate) each: f64,
    /// What the live model says of personas.
    pub(crate) last: Option<Personas>,
}

/// Reads the table and the live model.
pub(crate) async fn customers(app: &App) -> Result<Customers, TrainError> {
    let mut kept: Vec<(u64, Bytes)> = Vec::new();
    let (mut step, mut next) = (1u64, None);
    loop {
        let (rows, more) = app.profiles.customers(next).await?;
        for (customer, profile) in rows {
            let hash = short_hash(Subject::Customer(customer).to_string().as_bytes());
            if hash.is_multiple_of(step) {
                kept.push((hash, profile));
            }
        }
        while kept.len() > MOST_CUSTOMERS {
            step *= 2;
            kept.retain(|(hash, _)| hash.is_multiple_of(step));
        }
        match more {
            Some(more) => next = Some(more),
            None => break,
        }
    }
    // The table's own order is nobody's promise, and sums of fractions depend on it.
    kept.sort_unstable_by_key(|(hash, _)| *hash);
    let profiles = kept.into_iter().map(|(_, profile)| profile).collect();
    Ok(Customers { profiles, each: step as f64, last: last(app).await })
}

/// The personas of the live model. One that cannot be read is as good as none: personas are then found anew.
pub(crate) async fn last(app: &App) -> Option<Personas> {
    let pointer = app.models.current().await.ok()??;
    let live = app.models.load(&pointer).await.ok()?;
    Model::parse(live.artifact).ok()?.meta().personas.clone()
}

impl Customers {
    /// The profiles that can be read. One of another release is refolded before long, and counted then.
    pub(crate) fn readable(&self) -> Vec<Profile> {
        self.profiles.iter().filter_map(|bytes| Profile::from_bytes(bytes).ok()).collect()
    }
}
