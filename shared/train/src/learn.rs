//! All models of a shop at once.

use crate::{
    blend::Weights,
    content,
    history::History,
    holdout::{self, Report},
    popularity, purchases, repeat, season, together,
    visits::{self, Visits},
};
use rapport_core::{
    model::{Draft, ItemStatistics, ModelError, Table},
    money::Currency,
    time::Timestamp,
};
use std::collections::BTreeMap;

/// An item with fewer neighbours from people's doings gets some by likeness.
const ENOUGH_NEIGHBOURS: usize = 10;

/// What a run of training gives.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The artifact in the making.
    pub draft: Draft,
    /// How the same learning did on the newest past, and which weights it chose there.
    pub report: Report,
}

/// Chooses weights on the newest past, then learns everything that an artifact holds from all of it. The same history and `now` give
/// the same bytes on any number of threads; a history without events gives an honest empty model.
///
/// # Errors
/// [`ModelError`] when the catalog is too large for an artifact.
pub fn learn(history: &History, currency: Currency, now: Timestamp) -> Result<Learned, ModelError> {
    let report = holdout::measure(history, currency)?;
    let draft = Models::of(history, now).draft(&report.weights, currency);
    Ok(Learned { draft, report })
}

/// All that was counted, before it is weighed.
pub(crate) struct Models<'a> {
    history: &'a History,
    now: Timestamp,
    visits: Visits,
    purchases: Vec<Vec<(u32, f32)>>,
    statistics: Vec<ItemStatistics>,
    seasonal: Vec<u32>,
}

impl<'a> Models<'a> {
    pub(crate) fn of(history: &'a History, now: Timestamp) -> Self {
        let popularity = popularity::fit(history, now, &popularity::DEFAULT);
        let statistics = popularity.into_iter().zip(repeat::fit(history));
        Self {
            history,
            now,
            visits: Visits::of(history, &visits::DEFAULT),
            seasonal: season::fit(history, now),
            purchases: purchases::fit(history, &purchases::DEFAULT),
            statistics: statistics.map(|((popularity, trending), repeat)| ItemStatistics { popularity, trending, repeat }).collect(),
        }
    }

    pub(crate) const fn visits(&self) -> &Visits {
        &self.visits
    }

    /// What to publish, with these weights.
    pub(crate) fn draft(&self, weights: &Weights, currency: Currency) -> Draft {
        let session = self.visits.table(&weights.mix);
        let (together, orders) = together::fit(self.history, &session, &together::DEFAULT);
        let neighbours = |item: usize| session.get(item).map_or(0, Vec::len) + self.purchases.get(item).map_or(0, Vec::len);
        let content = content::fit(&self.history.items, |item| neighbours(item) < ENOUGH_NEIGHBOURS);
        Draft {
            created: self.now,
            currency,
            learned_from: [self.history.people(), self.history.events, orders, self.visits.count],
            items: self.history.items.clone(),
            statistics: self.statistics.clone(),
            tables: BTreeMap::from([(Table::Session, session), (Table::Together, together), (Table::Content, content)]),
            purchases: self.purchases.clone(),
            next_purchase: weights.next_purchase,
            placements: weights.placements,
            next_look: weights.next_look,
            recent: Some(self.visits.recent.clone()),
            seasonal: self.seasonal.clone(),
        }
    }
}
