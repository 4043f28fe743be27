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

use customers::Customers;
use rapport_archive::{Archive, ArchiveError};
use rapport_core::{
    features::CutOffs,
    model::{Meta, ModelError},
    money::Currency,
    source::ConsentMode,
    time::Timestamp,
};
use rapport_io::{
    Objects, Records, StoreError,
    catalog::Catalog,
    identities::{Identities, Tie},
    log::Log,
    models::Models,
    profiles::Profiles,
    rejects::Rejects,
    segments::SegmentStore,
};
use rapport_lambda::Job;
use rapport_train::{
    Corpus,
    holdout::{self, Report},
    outlook::Contest,
    whole::{self, Whole},
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
    identities: Identities,
    profiles: Profiles,
    segments: SegmentStore,
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
            identities: Identities::new(Arc::clone(&records)),
            profiles: Profiles::new(Arc::clone(&records)),
            segments: SegmentStore::new(records),
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
    /// When the newest look or purchase happened; absent where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest: Option<Timestamp>,
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
    /// People left out because they move as only machines do.
    pub robots: u64,
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
    let mut gathered = gather::gather(app, now, &progress).await?;
    let (catalog, ties) = tokio::try_join!(app.catalog.items(), app.identities.everything())?;
    tie(&mut gathered.corpus, &ties);
    audit::write(app, gathered.auditor, &catalog, &ties, now).await?;
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
    let learned = tokio::task::spawn_blocking(move || {
        let history = gathered.corpus.with_skus_of(&catalog).history(config.consent).with_catalog(catalog);
        let (profiles, cut_offs) = (customers.readable(), &learned_cut_offs);
        let customers = whole::Customers { profiles: &profiles, each: customers.each, last: customers.last.as_ref(), cut_offs };
        whole::fit(&history, customers, (config.currency, config.consent), now).map(|whole| (whole, history.robots, history.newest()))
    });
    let (Whole { artifact, model, holdout, contests, unpredicted }, robots, newest) = learned.await??;
    if let Some(error) = unpredicted {
        tracing::warn!(%error, "purchases to come cannot be predicted; the model goes without");
    }
    progress(Step::Publish);
    let summary = Summary {
        items: model.len(),
        model: model.meta().clone(),
        newest,
        artifact_bytes: artifact.len(),
        holdout,
        contests,
        cut_offs,
        robots,
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
    gather::look(app, &progress, |_, events| events.for_each(|event| corpus.add(event))).await?;
    let (catalog, ties) = tokio::try_join!(app.catalog.items(), app.identities.everything())?;
    tie(&mut corpus, &ties);
    progress(Step::Learn);
    let Config { currency, consent } = app.config;
    let measured = tokio::task::spawn_blocking(move || {
        holdout::measure(&corpus.with_skus_of(&catalog).history(consent).with_catalog(catalog), currency)
    });
    Ok(measured.await??)
}

/// Who is who as profiles have it: also by words that were erased from the archive with the rest of what their customer did.
fn tie(corpus: &mut Corpus, ties: &[Tie]) {
    for tie in ties {
        corpus.tie(tie.alias.clone(), &tie.claims);
    }
}
