//! What decides memberships beside the profiles: the shop's definitions, learned cut-offs, and the live model: brands and categories, and what
//! it says of people.

use crate::App;
use rapport_core::{
    digest::short_hash,
    features::{Basis, CutOffs, Facts},
    model::Model,
    profile::{Profile, Subject},
    segment::{Segments, Standing},
    time::{DAY_MS, Timestamp},
};
use rapport_io::StoreError;
use std::sync::{Arc, Mutex, PoisonError};

/// How old what a fold goes by may be, in milliseconds. What changed meanwhile asks for everybody to be looked at anew in any case.
const FRESH_MS: i64 = 10_000;

/// What decides memberships beside the profiles.
pub(crate) struct Ruling {
    segments: Segments,
    cut_offs: CutOffs,
    catalog: Option<Model>,
    etag: String,
    config: crate::Config,
    /// Another one means that anybody may stand elsewhere.
    pub(crate) fingerprint: String,
}

/// What all handlers of a process go by, and when it was read.
pub(crate) type Known = Arc<Mutex<Option<(Timestamp, Arc<Ruling>)>>>;

impl Ruling {
    /// One that is at most [`FRESH_MS`] old.
    pub(crate) async fn known(app: &App, now: Timestamp) -> Result<Arc<Self>, StoreError> {
        let known = last(app).filter(|(read, _)| now.since_ms(*read) < FRESH_MS);
        match known {
            Some((_, ruling)) => Ok(ruling),
            None => Self::read(app, now).await,
        }
    }

    /// As it is in the stores now.
    pub(crate) async fn read(app: &App, now: Timestamp) -> Result<Arc<Self>, StoreError> {
        let (definitions, cut_offs) = tokio::try_join!(app.segments.definitions(), app.segments.cut_offs())?;
        let cut_offs = cut_offs.unwrap_or_else(|| CutOffs::prior(app.config.currency));
        let segments = Segments::with(definitions.own);
        let needs_catalog = segments.active().any(|segment| segment.rule.needs_catalog());
        let (etag, catalog) = if needs_catalog { catalog(app).await? } else { (String::new(), None) };
        let rules: Vec<(&str, String)> = segments.active().map(|segment| (segment.name.as_str(), segment.rule.to_string())).collect();
        // What is foreseen changes with the day: whoever it moves is found when one begins.
        let day = segments.active().any(|segment| segment.rule.is_of_the_day()).then(|| now.0.div_euclid(DAY_MS));
        let decisive = format!("{rules:?} {cut_offs:?} {etag} {day:?} {:?} {:?}", app.config.currency, app.config.consent);
        let fingerprint = format!("{:016x}", short_hash(decisive.as_bytes()));
        let ruling = Arc::new(Self { segments, cut_offs, catalog, etag, config: app.config, fingerprint });
        *app.ruling.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&ruling)));
        Ok(ruling)
    }

    /// Where the subject of `profile`, whom nobody owns, is to stand at `now`, having stood at `before`. Nowhere where nothing may be kept of
    /// them: a device, somebody unknown, erased or unwilling.
    pub(crate) fn place(&self, profile: &Profile, before: &Standing, now: Timestamp) -> Standing {
        let is_device = matches!(profile.subject, Subject::Device(_));
        if is_device || profile.is_empty() || !profile.may_personalize(self.config.consent) {
            return Standing::default();
        }
        let basis = Basis { currency: self.config.currency, cut_offs: &self.cut_offs, catalog: self.catalog.as_ref() };
        let decided = Standing::after(before, &self.segments, &Facts::of(profile, basis), now);
        if decided.is_news(before, now) { decided } else { before.clone() }
    }
}

fn last(app: &App) -> Option<(Timestamp, Arc<Ruling>)> {
    app.ruling.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The live model, loaded anew when the pointer moved. One that cannot be used is as none: brands and personas are then unknown.
async fn catalog(app: &App) -> Result<(String, Option<Model>), StoreError> {
    let Some(pointer) = app.models.current().await? else { return Ok((String::new(), None)) };
    if let Some((_, known)) = last(app).filter(|(_, known)| known.etag == pointer.etag) {
        return Ok((pointer.etag, known.catalog.clone()));
    }
    let model = match app.models.load(&pointer).await.map(|live| Model::parse(live.artifact)) {
        Ok(Ok(model)) => Some(model),
        Ok(Err(error)) => unusable(&error),
        Err(error) => unusable(&error),
    };
    Ok((pointer.etag, model))
}

fn unusable(error: &impl std::fmt::Display) -> Option<Model> {
    tracing::error!(%error, "the model cannot be used; segments do without brands, personas and predictions");
    None
}
