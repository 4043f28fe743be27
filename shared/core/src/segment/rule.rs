//! A rule: text that a shopkeeper reads, which is true or false of a profile at a moment.

use super::{
    foreseen::{midnight_after, missing_persona},
    measure::Measure,
};
use crate::{
    features::{Facts, Feature, Label},
    filter::{Expression, SyntaxError, expression},
    persona::Personas,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a text is no rule: where, and how to mend it.
pub type RuleError = SyntaxError;

/// Who is meant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    text: String,
    root: Expression<Measure>,
}

/// A test that speaks for a membership, and what it found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The test, as the rule has it: `orders >= 3`.
    pub test: String,
    /// The value it found; `None` where nothing is known, which `not` may ask for.
    pub found: Option<String>,
}

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// [`RuleError`] says what is wrong, at which character, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        Ok(Self { root: expression(text)?, text: text.to_owned() })
    }

    /// Whether it is true of the profile at `now`.
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>, now: Timestamp) -> bool {
        holds(&self.root, facts, now)
    }

    /// The first instant after `now` at which time alone makes it true or false; `None` where it never will (or not within a century).
    /// What is foreseen is followed to the next midnight (UTC) alone: see [`Rule::is_of_the_day`].
    ///
    /// Every test knows when its own answer may turn next. From one such instant to the next nothing can change, so it is enough to
    /// look at these, in order.
    #[must_use]
    pub fn next_change_at(&self, facts: &Facts<'_>, now: Timestamp) -> Option<Timestamp> {
        let is_member = self.holds(facts, now);
        let mut moves = self.moves(facts, now);
        moves.sort_unstable();
        moves.dedup();
        moves.into_iter().find(|at| self.holds(facts, *at) != is_member)
    }

    /// Since when it has been what it is at `now`: the last turn that time made, or the newest event where time made none. What a model says is
    /// new with the model, and what is foreseen with the day (UTC): what today's would have said before, nobody was told.
    #[must_use]
    pub fn unchanged_since(&self, facts: &Facts<'_>, now: Timestamp) -> Timestamp {
        let mut since = facts.profile().newest_at();
        if self.asks_model() {
            let trained = facts.model().map(|model| model.meta().created);
            let today = self.is_of_the_day().then(|| midnight_after(now).plus_days(-1));
            since = trained.into_iter().chain(today).filter(|at| *at <= now).fold(since, Timestamp::max);
        }
        while let Some(turned) = self.next_change_at(facts, since).filter(|at| *at <= now) {
            since = turned;
        }
        since
    }

    /// The tests that make it true at `now`; of alternatives those that hold. None where it is false.
    #[must_use]
    pub fn evidence(&self, facts: &Facts<'_>, now: Timestamp) -> Vec<Evidence> {
        let mut evidence = Vec::new();
        if self.holds(facts, now) {
            speak(&self.root, facts, now, &mut evidence);
        }
        evidence
    }

    /// Whether it asks the catalog, so that a new catalog may change it.
    #[must_use]
    pub fn needs_catalog(&self) -> bool {
        self.any(Measure::needs_catalog)
    }

    /// Whether it rests on cut-offs that training learns.
    #[must_use]
    pub fn needs_cut_offs(&self) -> bool {
        self.any(|measure| match measure {
            Measure::Feature(feature) => Feature::needs_cut_offs(*feature),
            Measure::Label(label) => *label == Label::Tier,
            _ => false,
        })
    }

    /// Whether it asks what the model says of people, so that training may change it.
    #[must_use]
    pub fn asks_model(&self) -> bool {
        self.any(Measure::is_said)
    }

    /// Whether it asks what is foreseen, which changes with every day (UTC): who is in it is to be looked at when one begins.
    #[must_use]
    pub fn is_of_the_day(&self) -> bool {
        self.any(Measure::is_of_the_day)
    }

    /// The first persona it names that is none of the shop's, in words that say which there are; `None` where it names none such, or the
    /// shop has no personas yet.
    #[must_use]
    pub fn missing_persona(&self, personas: &Personas) -> Option<String> {
        let mut missing = None;
        self.root.tests(&mut |measure, test| {
            if matches!(measure, Measure::Persona) && missing.is_none() {
                missing = missing_persona(test.values(), personas);
            }
        });
        missing
    }

    fn any(&self, is: impl Fn(&Measure) -> bool) -> bool {
        let mut found = false;
        self.root.tests(&mut |measure, _| found |= is(measure));
        found
    }

    fn moves(&self, facts: &Facts<'_>, now: Timestamp) -> Vec<Timestamp> {
        let mut moves = Vec::new();
        self.root.tests(&mut |measure, test| moves.extend(measure.moves(facts, test.values(), now)));
        moves
    }
}

fn holds(expression: &Expression<Measure>, facts: &Facts<'_>, now: Timestamp) -> bool {
    expression.holds(&mut |measure: &Measure, operator, value| measure.test(facts, now, operator, value))
}

fn speak(expression: &Expression<Measure>, facts: &Facts<'_>, now: Timestamp, evidence: &mut Vec<Evidence>) {
    match expression {
        Expression::All(parts) => parts.iter().for_each(|part| speak(part, facts, now, evidence)),
        Expression::Any(parts) => {
            parts.iter().filter(|part| holds(part, facts, now)).for_each(|part| speak(part, facts, now, evidence));
        }
        // What does not hold speaks by that alone.
        Expression::Not(_) => evidence.push(Evidence { test: expression.to_string(), found: None }),
        Expression::Is(measure) | Expression::Compare(measure, ..) | Expression::In(measure, _) => {
            evidence.push(Evidence { test: expression.to_string(), found: measure.shown(facts, now) });
        }
    }
}

impl TryFrom<String> for Rule {
    type Error = RuleError;

    fn try_from(text: String) -> Result<Self, RuleError> {
        Self::parse(&text)
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.text
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.found {
            Some(found) => write!(f, "{} ({found})", self.test),
            None => f.write_str(&self.test),
        }
    }
}
