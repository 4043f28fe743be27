//! Trains: the log and the archive go in, a model with its report comes out, and closed days move from the log into the archive.
//!
//! ```text
//! gather  log + archive ─► corpus          (and: closed days ─► Parquet ─► log objects deleted; what was seen ─► data audit)
//! learn   corpus ─► history + catalog ─► weights chosen and judged on the newest past ─► artifact, report
//!         profiles ─► personas
//! publish artifact, report ─► models/, pointer swapped
//! ```
//!
//! A crash anywhere loses nothing: a log object is deleted only after its events were read back from the archive, and the pointer
//! moves only after artifact and report are there.
#![warn(missing_docs)]

mod audit;
mod customers;
mod cutoffs;
mod gather;
mod people;

pub use audit::audit;
pub use people::{Person, people};

use bytes::Bytes;
use customers::Customers;
use rapport_archive::{Archive, ArchiveError};
use rapport_core::{
    features::CutOffs,
    model::{Meta, Model, ModelError},
    money::Currency,
    source::ConsentMode,
    time::Timestamp,
};
use rapport_io::{
    Objects, Records, StoreError, catalog::Catalog, identities::Identities, log::Log, models::Models, profiles::Profiles, rejects::Rejects,
    segments::SegmentStore,
};
use rapport_lambda::Job;
use rapport_train::{
    Corpus, Learned,
    holdout::{self, Report},
    leads, learn,
    outlook::{self, Contest},
    persona, rhythm, taste,
};
use serde::Serialize;
use std::sync::Arc;

/// What the shop decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The shop's currency.
    pub currency: Currency,
    /// What an unset consent means.
    pub consent: ConsentMode,
}

/// What a run needs.
#[derive(Clone)]
pub struct App {
    log: Log,
    archive: Archive,
    models: Models,
    catalog: Catalog,
    rejects: Rejects,
    profiles: Profiles,
    segments: SegmentStore,
    identities: Identities,
    config: Config,
}

impl App {
    /// Over the shop's bucket and tables.
    #[must_use]
    pub fn new(objects: Arc<dyn Objects>, records: Arc<dyn Records>, config: Config) -> Self {
        Self {
            log: Log::new(objects.clone()),
            archive: Archive::new(objects.clone()),
            rejects: Rejects::new(objects.clone()),
            models: Models::new(objects),
            catalog: Catalog::new(Arc::clone(&records)),
            profiles: Profiles::new(Arc::clone(&records)),
            segments: SegmentStore::new(Arc::clone(&records)),
            identities: Identities::new(records),
            config,
        }
    }
}

/// Why nothing was trained. What served before serves on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A job for another function.
    #[error("this function trains; it was asked for {0:?}")]
    OtherJob(Job),
    /// A store did not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of the archive cannot be read or written.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The artifact cannot be written.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The report cannot be written.
    #[error("the report cannot be written: {0}")]
    Report(#[from] serde_json::Error),
    /// The learning itself broke down.
    #[error("training stopped: {0}")]
    Stopped(#[from] tokio::task::JoinError),
}

/// How far a run is, for a progress bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many of so many files were read.
    Read {
        /// Files done.
        done: usize,
        /// Files there are.
        of: usize,
    },
    /// The models are being learned and judged.
    Learn,
    /// The artifact is on its way.
    Publish,
}

/// What a run did; the report beside the artifact says the same.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The model, what it was learned from.
    pub model: Meta,
    /// Items in the catalog.
    pub items: usize,
    /// Size of the artifact.
    pub artifact_bytes: usize,
    /// How it did on the shop's newest past, which it had not seen.
    pub holdout: Report,
    /// Who speaks about purchases to come, and how simpler voices did on the newest past.
    pub contests: Vec<Contest>,
    /// Where quintiles and value tiers begin.
    pub cut_offs: CutOffs,
    /// Events moved from the log to the archive.
    pub archived: usize,
    /// Lines of the log that cannot be read, left where they are.
    pub damaged_lines: usize,
}

/// The function's entry.
///
/// # Errors
/// [`TrainError`]; running again is always safe.
pub async fn run(app: &App, job: Job, now: Timestamp) -> Result<Summary, TrainError> {
    match job {
        Job::Train => train(app, now, |_| {}).await,
        other => Err(TrainError::OtherJob(other)),
    }
}

/// One run, telling how far it is.
///
/// # Errors
/// [`TrainError`]; running again is always safe.
pub async fn train(app: &App, now: Timestamp, progress: impl Fn(Step) + Send) -> Result<Summary, TrainError> {
    let gathered = gather::gather(app, now, &progress).await?;
    let catalog = app.catalog.items().await?;
    audit::write(app, gathered.auditor, &catalog, now).await?;
    let customers = match customers::customers(app).await {
        Ok(customers) => customers,
        Err(error) => {
            tracing::warn!(%error, "the profiles cannot be read; the personas of before stay");
            Customers { last: customers::last(app).await, ..Customers::default() }
        }
    };
    let cut_offs = cutoffs::learn(app, now).await?;
    progress(Step::Learn);
    let (config, learned_cut_offs) = (app.config, cut_offs);
    // Minutes of arithmetic must not hold up the runtime's I/O.
    let learned = tokio::task::spawn_blocking(move || fit(gathered.corpus, catalog, (&customers, &learned_cut_offs), &config, now));
    let Fitted { artifact, model, holdout, contests } = learned.await??;
    progress(Step::Publish);
    let summary = Summary {
        items: model.len(),
        model: model.meta().clone(),
        artifact_bytes: artifact.len(),
        holdout,
        contests,
        cut_offs,
        archived: gathered.archived,
        damaged_lines: gathered.damaged_lines,
    };
    app.models.publish(artifact, serde_json::to_vec_pretty(&summary)?.into(), now).await?;
    tracing::info!(model = summary.model.id, events = summary.model.events, items = summary.items, archived = summary.archived, "trained");
    Ok(summary)
}

/// The first step of a run alone: closed days move into the archive, and what was erased leaves it. Gives the events moved.
///
/// # Errors
/// [`TrainError`]; running again is always safe.
pub async fn archive(app: &App, now: Timestamp) -> Result<usize, TrainError> {
    Ok(gather::gather(app, now, &|_| {}).await?.archived)
}

/// What the newest part of the log says about a model that never saw it. Nothing is written.
///
/// # Errors
/// [`TrainError`] when a store does not answer.
pub async fn measure(app: &App, progress: impl Fn(Step) + Send) -> Result<Report, TrainError> {
    let mut corpus = Corpus::default();
    gather::look(app, &progress, |_, events| events.iter().for_each(|event| corpus.add(event))).await?;
    let catalog = app.catalog.items().await?;
    progress(Step::Learn);
    let Config { currency, consent } = app.config;
    let measured = tokio::task::spawn_blocking(move || holdout::measure(&corpus.history(consent).with_catalog(catalog), currency));
    Ok(measured.await??)
}

struct Fitted {
    artifact: Bytes,
    model: Model,
    holdout: Report,
    contests: Vec<Contest>,
}

/// The pure part: events in, artifact out, read back once as a lookup will.
fn fit(
    corpus: Corpus,
    catalog: Vec<rapport_core::catalog::Item>,
    (customers, cut_offs): (&Customers, &CutOffs),
    config: &Config,
    now: Timestamp,
) -> Result<Fitted, TrainError> {
    let history = corpus.history(config.consent).with_catalog(catalog);
    let Learned { mut draft, report } = learn(&history, config.currency, now)?;
    // Customers whose numbers fit no purchase model are no reason to recommend nothing.
    let (contests, held) = match outlook::of_history(&history, config.currency, now) {
        Ok(outlook::Learned { outlook, contests, held }) => {
            draft.outlook = Some(outlook);
            (contests, held)
        }
        Err(error) => {
            tracing::warn!(%error, "purchases to come cannot be predicted; the model goes without");
            (Vec::new(), None)
        }
    };
    draft.tastes = taste::fit(&history, held.as_ref());
    draft.leads = Some(leads::fit(&history, now));
    draft.rhythm = rhythm::fit(&history);
    // Personas ask the catalog for brands and categories, as it is read back.
    let catalog = Model::parse(draft.to_bytes()?.0.into())?;
    draft.personas = match customers.readable() {
        nobody if nobody.is_empty() => customers.last.clone(),
        profiles => Some(persona::learn((&profiles, customers.each), customers.last.as_ref(), &catalog, cut_offs, config.consent, now)),
    };
    let artifact = Bytes::from(draft.to_bytes()?.0);
    Ok(Fitted { model: Model::parse(artifact.clone())?, artifact, holdout: report, contests })
}
