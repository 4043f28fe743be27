//! All that a shop's artifact holds, in one run: events and profiles in, bytes out, read back once as a lookup will.

use crate::{
    Learned,
    history::History,
    holdout::Report,
    leads, learn,
    lifetime::FitError,
    outlook::{self, Contest},
    persona, rhythm, taste,
};
use bytes::Bytes;
use rapport_core::{
    features::CutOffs,
    model::{Model, ModelError},
    money::Currency,
    persona::Personas,
    profile::Profile,
    source::ConsentMode,
    time::Timestamp,
};

/// What is known of customers beside their events.
#[derive(Clone, Copy, Debug)]
pub struct Customers<'a> {
    /// Their profiles as they are stored; nobody's where they could not be read.
    pub profiles: &'a [Profile],
    /// How many customers stand behind each profile, 1 and up.
    pub each: f64,
    /// The personas before this run; they stay where there is no profile.
    pub last: Option<&'a Personas>,
    /// Where quintiles and value tiers begin.
    pub cut_offs: &'a CutOffs,
}

/// What came of it.
#[derive(Debug)]
pub struct Whole {
    /// To be published.
    pub artifact: Bytes,
    /// The same, read.
    pub model: Model,
    /// How it did on the newest past.
    pub holdout: Report,
    /// Who speaks about purchases to come.
    pub contests: Vec<Contest>,
    /// Why purchases to come cannot be predicted: customers whose numbers fit no purchase model are no reason to recommend nothing.
    pub unpredicted: Option<FitError>,
}

/// Learns everything. The same history, customers and `now` give the same bytes on any number of threads.
///
/// # Errors
/// [`ModelError`] when the catalog is too large for an artifact.
pub fn fit(
    history: &History,
    customers: Customers<'_>,
    (currency, unset): (Currency, ConsentMode),
    now: Timestamp,
) -> Result<Whole, ModelError> {
    let Learned { mut draft, report } = learn(history, currency, now)?;
    let (contests, held, unpredicted) = match outlook::of_history(history, currency, now) {
        Ok(outlook::Learned { outlook, contests, held }) => {
            draft.outlook = Some(outlook);
            (contests, held, None)
        }
        Err(error) => (Vec::new(), None, Some(error)),
    };
    draft.tastes = taste::fit(history, held.as_ref());
    draft.leads = Some(leads::fit(history, now));
    draft.rhythm = rhythm::fit(history);
    // Personas ask the catalog for brands and categories, as it is read back.
    let catalog = Model::parse(draft.to_bytes()?.0.into())?;
    let Customers { profiles, each, last, cut_offs } = customers;
    draft.personas = match profiles {
        [] => last.cloned(),
        profiles => Some(persona::learn((profiles, each), last, &catalog, cut_offs, unset, now)),
    };
    let artifact = Bytes::from(draft.to_bytes()?.0);
    Ok(Whole { model: Model::parse(artifact.clone())?, artifact, holdout: report, contests, unpredicted })
}
