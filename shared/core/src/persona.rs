//! Personas: the kinds of shoppers that a shop has, and which of them somebody is.
//!
//! ```text
//! profile ─► Evidence      what was counted, as part of what it was counted in        measure
//!         ─► five traits   and seven plain ones, each a mean of scaled measures       theme
//!         ─► Personas      a mixture of round clouds: which one, how surely           mixture
//!         ─► Portrait      the name, the strength, and the evidence in words          assign, words
//! ```
//!
//! [`Personas`] are parameters: training fits them, the artifact's description carries them, and [`Personas::of`] is a pure function of a
//! profile's facts and of them. Who has done fewer than [`ENOUGH_EVENTS`] things is nobody's kind yet.
//!
//! What is absent, on purpose: age, gender, income, address, or anything else that a person is instead of does.

mod card;
mod measure;
mod mixture;
#[cfg(test)]
mod tests;
mod theme;
mod words;

pub use card::{Card, Category, Stages};
pub use measure::{Evidence, MEASURES, Measure, Scale, Span};
pub use mixture::{Cloud, Density};
pub use theme::{Archetype, THEMES, Theme, ThemeScale};
pub use words::telling;

use crate::{features::Facts, money::Currency, prediction::Clock, time::Timestamp};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Fewer events say nothing of a person yet.
pub const ENOUGH_EVENTS: u64 = 10;
/// Below this chance no persona is named.
const SURE_ENOUGH: f64 = 0.4;
/// Somebody has changed where what they do lately is so many times likelier of another persona than of theirs. It keeps people from
/// wandering between personas by chance, and lets those who changed go.
const CHANGED_ODDS: f64 = 60.0;

/// A shop's personas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Personas {
    /// By [`Measure`]: what is usual in this shop.
    pub scales: Vec<Scale>,
    /// By [`Theme`]: how it spreads, and whether it speaks in this shop.
    pub themes: Vec<ThemeScale>,
    /// The personas, largest first; empty where there are too few customers to tell any.
    pub personas: Vec<Persona>,
    /// How they came about.
    pub fit: Fit,
    /// Earlier runs, one a week, oldest first.
    #[serde(default)]
    pub history: Vec<Past>,
}

/// One kind of shopper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Persona {
    /// `p1`, `p2` … the same from run to run, and never given to another.
    pub id: CompactString,
    /// What a shopkeeper calls it.
    pub name: String,
    /// The archetype that its evidence shows, where it shows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archetype: Option<Archetype>,
    /// Where it lies.
    pub cloud: Cloud,
    /// Its card.
    pub card: Card,
}

/// How a shop's personas came about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// When they were looked at last.
    pub at: Timestamp,
    /// When they were last found anew.
    pub since: Timestamp,
    /// Customers with enough events whom they were found in.
    pub people: u64,
    /// Customers with too few.
    pub thin: u64,
    /// Of `people`, those whom no persona is sure of.
    pub unknown: u64,
    /// Of `people`, those too far out to be learned from; they belong to the nearest.
    pub outliers: u64,
    /// How alike the personas of four fifths of the people are to those of all, at worst: adjusted Rand index, 1 is the same.
    pub stability: f64,
    /// How much nearer people are to their own persona than to the next, on average: silhouette, -1 to 1.
    pub silhouette: f64,
    /// How far the personas have moved since the last run, at most, in standard deviations; 0 where they were kept.
    pub drift: f64,
    /// The next id's number: ids of personas that are gone are not given again.
    pub next_id: u32,
    /// What became of the last run's personas.
    pub outcome: Outcome,
}

/// What a run made of the personas of the run before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// There were none.
    #[default]
    First,
    /// They hold as they are.
    Kept,
    /// They were moved a little.
    Moved,
    /// Others hold better; those that are near an old one have its id.
    Anew,
    /// There are too few customers.
    TooFew,
}

/// A persona in an earlier run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// When.
    pub at: Timestamp,
    /// Which.
    pub id: CompactString,
    /// Of all who belong to a persona, the share, 0 to 1.
    pub share: f64,
    /// How many.
    pub people: u64,
    /// Paid less paid back, of all of them together, in minor units.
    pub revenue_minor: i64,
}

/// Which persona somebody is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Portrait<'a> {
    /// This one, with this chance, above 0 to 1.
    Known(&'a Persona, f64),
    /// Nobody can tell yet.
    Unknown(Unknown),
}

/// What a portrait is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Sketch {
    /// How many events there were, mails delivered not among them.
    pub events: u64,
    /// What was counted ever.
    pub ever: Evidence,
    /// What was counted lately; `None` for who does everything lately.
    pub lately: Option<Evidence>,
}

/// Why nobody can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The shop has no personas yet.
    NoPersonas,
    /// Fewer than [`ENOUGH_EVENTS`] events.
    Thin,
    /// Between several.
    Unsure,
}

impl Personas {
    /// The most entries of [`Personas::history`].
    pub const HISTORY_KEPT: usize = 156;

    /// Which persona somebody with `facts` is. Time alone changes nothing: what is counted is what was done.
    #[must_use]
    pub fn of(&self, facts: &Facts<'_>) -> Portrait<'_> {
        self.portrait(&Sketch::of(facts))
    }

    /// Which persona somebody is of whom `sketch` is known.
    #[must_use]
    pub fn portrait(&self, sketch: &Sketch) -> Portrait<'_> {
        if self.personas.is_empty() {
            return Portrait::Unknown(Unknown::NoPersonas);
        }
        if sketch.events < ENOUGH_EVENTS {
            return Portrait::Unknown(Unknown::Thin);
        }
        let (persona, chance, _) = self.decided(sketch);
        match self.personas.get(persona) {
            Some(known) if chance >= SURE_ENOUGH => Portrait::Known(known, chance),
            _ => Portrait::Unknown(Unknown::Unsure),
        }
    }

    /// The likeliest persona and its chance, by all that was done or, where that shows that they changed, by what was done lately; and by
    /// which of the two.
    fn decided<'a>(&self, sketch: &'a Sketch) -> (usize, f64, &'a Evidence) {
        let (persona, chance) = self.nearest(&self.place(&sketch.ever));
        let changed = sketch.lately.as_ref().and_then(|lately| {
            let place = self.place(lately);
            let (other, chance) = self.nearest(&place);
            (self.odds((other, persona), &place) >= CHANGED_ODDS).then_some((other, chance, lately))
        });
        changed.unwrap_or((persona, chance, &sketch.ever))
    }

    /// How many times likelier the one persona is than the other of somebody who lies at `place`; 1 if they are the same.
    fn odds(&self, (one, other): (usize, usize), place: &[f64; THEMES]) -> f64 {
        let speaking = self.speaking();
        let [one, other] = [one, other].map(|number| Density::of(&self.personas[number].cloud, &speaking).at(place));
        (one - other).exp()
    }

    /// Where somebody lies, by [`Theme`]; 0 is what is usual here, themes that do not speak are 0.
    #[must_use]
    pub fn place(&self, evidence: &Evidence) -> [f64; THEMES] {
        theme::place(&self.scaled(evidence), &self.themes)
    }

    /// How far each measure is from what is usual here.
    #[must_use]
    pub fn scaled(&self, evidence: &Evidence) -> [f64; MEASURES] {
        std::array::from_fn(|measure| self.scales.get(measure).map_or(0.0, |scale| scale.of(measure, evidence)))
    }

    /// The likeliest persona of somebody who lies at `place`, and its chance. There is at least one persona.
    #[must_use]
    pub fn nearest(&self, place: &[f64; THEMES]) -> (usize, f64) {
        mixture::likeliest(self.personas.iter().map(|persona| &persona.cloud), &self.speaking(), place)
    }

    /// By [`Theme`]: whether it speaks in this shop.
    #[must_use]
    pub fn speaking(&self) -> [bool; THEMES] {
        std::array::from_fn(|theme| self.themes.get(theme).is_some_and(|scale| scale.speaks))
    }

    /// What the members of all personas did together, by hour and weekday.
    #[must_use]
    pub fn clock(&self) -> Clock {
        let mut all = Clock::default();
        self.personas.iter().for_each(|persona| all.add(&persona.card.clock));
        all
    }

    /// The one called `id`.
    #[must_use]
    pub fn named(&self, id: &str) -> Option<&Persona> {
        self.personas.iter().find(|persona| persona.id == id)
    }

    /// What tells somebody from the shop's usual customer, in words, the most telling first, at most three lines; what speaks for `persona`
    /// before the rest. Of who changed, what they do lately, and last what they used to be.
    #[must_use]
    pub fn evidence(&self, persona: &Persona, facts: &Facts<'_>) -> Vec<String> {
        self.told(persona, &Sketch::of(facts), facts.currency())
    }

    /// The same of somebody of whom `sketch` is known.
    #[must_use]
    pub fn told(&self, persona: &Persona, sketch: &Sketch, currency: Currency) -> Vec<String> {
        let (_, _, evidence) = self.decided(sketch);
        let mut lines = words::evidence(evidence, &self.scaled(evidence), &self.scales, &persona.cloud, currency);
        let (before, chance) = self.nearest(&self.place(&sketch.ever));
        let before = self.personas.get(before).filter(|before| chance >= SURE_ENOUGH && before.id != persona.id);
        if let Some(before) = before {
            lines.truncate(words::LINES - 1);
            lines.push(format!("used to be: {}", before.name));
        }
        lines
    }

    /// Whether no portrait can fail by them: as many scales and themes as there are, every number finite.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let scales = self.scales.iter().all(Scale::is_sound) && self.themes.iter().all(ThemeScale::is_sound);
        let complete = self.personas.is_empty() || (self.scales.len() == MEASURES && self.themes.len() == THEMES);
        scales && complete && self.personas.iter().all(|persona| persona.cloud.is_sound())
    }
}

impl Sketch {
    /// What `facts` give; no more is worked out than a portrait asks for.
    #[must_use]
    pub fn of(facts: &Facts<'_>) -> Self {
        let lately = facts.totals().habits.earlier().map(|_| Evidence::of(facts, Span::Lately));
        Self { events: facts.totals().acts(), ever: Evidence::of(facts, Span::Ever), lately }
    }
}

impl Portrait<'_> {
    /// The persona's id, where there is one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Known(persona, _) => Some(&persona.id),
            Self::Unknown(_) => None,
        }
    }
}

impl Unknown {
    /// For people.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NoPersonas => "the shop has no personas yet",
            Self::Thin => "fewer than 10 events so far",
            Self::Unsure => "between several personas",
        }
    }
}
