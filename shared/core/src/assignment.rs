//! Everything that is said of one customer at once: which persona, which segments, what they will do. What lists and exports of all customers
//! are made of; the customer's own page asks for each part with its evidence.
//!
//! Pure, as its parts are: the same profile, model, definitions and time give the same assignment.

use crate::{
    features::Facts,
    persona::Portrait,
    prediction::{Bought, Clock, Foresight, Moment, Ranged},
    segment::{Segments, Standing},
    time::Timestamp,
};

/// As far as the chance of a category is told, in days.
pub const CATEGORY_DAYS: u32 = 90;

/// What is said of one customer. What the model does not know, or they are no case of, is absent.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment<'a> {
    /// The persona's id, its name, and how sure it is, above 0 to 1.
    pub persona: Option<(&'a str, &'a str, f64)>,
    /// The segments, and when time alone may change them.
    pub standing: Standing,
    /// By horizon in days, ascending: purchases to come; empty for who never bought.
    pub foresights: Vec<(u32, Foresight)>,
    /// The likeliest category of the next [`CATEGORY_DAYS`] days, and the chance of a purchase of it.
    pub category: Option<(&'a str, Ranged)>,
    /// The chance of a first order within [`crate::prediction::LEAD_DAYS`]; for who looks around alone.
    pub first_order: Option<Ranged>,
    /// The best hour of the week (UTC) for a message.
    pub send_time: Option<Moment>,
}

impl<'a> Assignment<'a> {
    /// What is said of the customer of `facts` at `now`, who stood at `before`. The model is the one that `facts` rest on.
    #[must_use]
    pub fn of(facts: &Facts<'a>, segments: &Segments, before: &Standing, now: Timestamp) -> Self {
        let persona = match facts.portrait() {
            Portrait::Known(persona, strength) => Some((persona, strength)),
            Portrait::Unknown(_) => None,
        };
        let foresights = facts.foreseen(now);
        Self {
            persona: persona.map(|(persona, strength)| (persona.id.as_str(), persona.name.as_str(), strength)),
            standing: Standing::after(before, segments, facts, now),
            category: likeliest_category(facts, &foresights),
            foresights: foresights.to_vec(),
            first_order: facts.first_order(now),
            send_time: send_time(facts, persona.map(|(persona, _)| &persona.card.clock)),
        }
    }
}

fn likeliest_category<'a>(facts: &Facts<'a>, foresights: &[(u32, Foresight)]) -> Option<(&'a str, Ranged)> {
    let tastes = facts.model()?.meta().tastes.as_ref()?;
    let (_, furthest) = foresights.iter().rfind(|(days, _)| *days <= CATEGORY_DAYS)?;
    let chance = |(name, share): &'a (String, f64)| (name.as_str(), tastes.chance(*share, Bought::of(facts, name), furthest));
    tastes.categories.iter().map(chance).max_by(|a, b| a.1.value.total_cmp(&b.1.value).then_with(|| b.0.cmp(a.0)))
}

fn send_time(facts: &Facts<'_>, members: Option<&Clock>) -> Option<Moment> {
    let meta = facts.model()?.meta();
    let everybody = meta.personas.as_ref().map(crate::persona::Personas::clock);
    let own = Clock::of(&facts.totals().habits);
    meta.rhythm.as_ref()?.week(&own, members.zip(everybody.as_ref())).best(1).pop()
}

#[cfg(test)]
mod tests;
