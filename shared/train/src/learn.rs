//! All models of a shop at once.

#[cfg(test)]
mod tests;

use crate::{
    blend::Weights,
    content,
    history::History,
    holdout::{self, Report},
    popularity,
    purchases::{self, Fitted, Params},
    repeat,
    room::{self, Room},
    season, together,
    visits::{self, Visits},
};
use rapport_core::{
    model::{Draft, HARDLY_KNOWN, ItemStatistics, ModelError, Table},
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
    purchases: Fitted,
    whole: Option<Fitted>,
    statistics: Vec<ItemStatistics>,
    seasonal: Vec<u32>,
}

impl<'a> Models<'a> {
    pub(crate) fn of(history: &'a History, now: Timestamp) -> Self {
        Self::counted(history, now, false)
    }

    /// The same with [`Models::whole_purchases`], of a catalog that is not too large.
    pub(crate) fn with_whole(history: &'a History, now: Timestamp) -> Self {
        Self::counted(history, now, history.items.len() <= room::BOUNDED_ITEMS)
    }

    fn counted(history: &'a History, now: Timestamp, is_whole: bool) -> Self {
        let popularity = popularity::fit(history, now, &popularity::DEFAULT);
        let statistics = popularity.into_iter().zip(repeat::fit(history));
        let statistics: Vec<ItemStatistics> =
            statistics.map(|((popularity, trending), repeat)| ItemStatistics { popularity, trending, repeat }).collect();
        let visits = Visits::of(history, &visits::DEFAULT);
        let room = Room::of(history, &statistics, &visits);
        let visits = visits.keeping(room.session);
        let params = Params { entries: room.purchases, ..purchases::DEFAULT };
        let (purchases, whole) = if is_whole {
            let (purchases, whole) = purchases::fit_whole(history, &params);
            (purchases, Some(whole))
        } else {
            (purchases::fit(history, &params), None)
        };
        Self { history, now, visits, seasonal: season::fit(history, now), purchases, whole, statistics }
    }

    /// What else people buy, from whole supports.
    pub(crate) const fn whole_purchases(&self) -> Option<&Fitted> {
        self.whole.as_ref()
    }

    pub(crate) const fn visits(&self) -> &Visits {
        &self.visits
    }

    /// What to publish, with these weights.
    pub(crate) fn draft(&self, weights: &Weights, currency: Currency) -> Draft {
        let session = self.visits.table(&weights.mix);
        let (together, orders) = together::fit(self.history, &session, &together::DEFAULT);
        let neighbours = |item: usize| session.get(item).map_or(0, Vec::len) + self.purchases.rows.get(item).map_or(0, Vec::len);
        let is_new = |item: usize| self.statistics[item].popularity < HARDLY_KNOWN;
        let content = content::fit(&self.history.items, |item| neighbours(item) < ENOUGH_NEIGHBOURS, is_new);
        Draft {
            created: self.now,
            currency,
            learned_from: [self.history.people(), self.history.events, orders, self.visits.count],
            items: self.history.items.clone(),
            skus: self.history.skus.clone(),
            statistics: self.statistics.clone(),
            tables: BTreeMap::from([(Table::Session, session), (Table::Together, together), (Table::Content, content)]),
            purchases: self.purchases.rows.clone(),
            intercepts: self.purchases.intercepts.clone(),
            next_purchase: weights.next_purchase,
            placements: weights.placements,
            next_look: weights.next_look,
            recent: Some(self.visits.recent.clone()),
            seasonal: self.seasonal.clone(),
            outlook: None,
            tastes: None,
            leads: None,
            rhythm: None,
            personas: None,
        }
    }
}
