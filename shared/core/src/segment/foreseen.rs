//! What the model says of somebody, as words of rules: `persona = "discount_seeker"`, `purchase_90d > 0.5`.
//!
//! The same names, units and values as in the customer's view. A persona changes by what was done and by training, never by time alone. What
//! is foreseen changes with the day (UTC) and by training; of a first order, whose chance moves all day, a rule takes the day's end.

use crate::{
    features::Facts,
    filter::{Operator, Value},
    persona::{Archetype, Persona, Personas, Portrait},
    prediction::{Foresight, HORIZON_DAYS, LEAD_DAYS},
    time::{DAY_MS, Timestamp},
};
use std::fmt;

/// A number that the model says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Foreseen {
    /// The chance of a purchase within so many days.
    Purchase(u32),
    /// The chance that none comes.
    Churn(u32),
    /// Days with a purchase to be expected in them.
    Orders(u32),
    /// What they are worth, in minor units.
    ValueMinor(u32),
    /// The chance of a first order, of who never bought.
    FirstOrder,
    /// How sure the persona is, above 0 to 1.
    PersonaStrength,
}

/// What is foreseen, of so many days.
type OfDays = fn(u32) -> Foreseen;

/// What stands before the days of a horizon.
const OF_HORIZONS: [(&str, OfDays); 4] =
    [("purchase", Foreseen::Purchase), ("churn", Foreseen::Churn), ("orders", Foreseen::Orders), ("value_minor", Foreseen::ValueMinor)];

impl Foreseen {
    /// All of them.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let of_horizons = OF_HORIZONS.into_iter().flat_map(|(_, of)| HORIZON_DAYS.map(of));
        of_horizons.chain([Self::FirstOrder, Self::PersonaStrength])
    }

    /// What rules call `name`; nothing where it is no name of the kind.
    ///
    /// # Errors
    /// Where it is one but for the days.
    pub(super) fn named(name: &str) -> Result<Option<Self>, String> {
        if let Some(known) = Self::all().find(|known| known.to_string() == name) {
            return Ok(Some(known));
        }
        let days =
            |name: &str| name.strip_suffix('d').is_some_and(|days| !days.is_empty() && days.bytes().all(|digit| digit.is_ascii_digit()));
        let (asked, rest) = name.rsplit_once('_').unwrap_or_default();
        if !days(rest) {
            return Ok(None);
        }
        if asked == "first_order" {
            return Err(format!("a first order is foreseen for {LEAD_DAYS} days: `{}`", Self::FirstOrder));
        }
        let is_known = OF_HORIZONS.iter().any(|(known, _)| *known == asked);
        let horizons = HORIZON_DAYS.map(|days| format!("`{asked}_{days}d`")).join(", ");
        if is_known { Err(format!("`{name}` is not foreseen; there are {horizons}")) } else { Ok(None) }
    }

    /// Whether it may be compared with `value`.
    ///
    /// # Errors
    /// What is wrong, and what to write instead.
    pub(super) fn check(self, value: &Value) -> Result<(), String> {
        let Value::Number(number) = value else { return Err(format!("`{self}` is a number; compare it with one")) };
        let is_chance = !matches!(self, Self::Orders(_) | Self::ValueMinor(_));
        if is_chance && !(0.0..=1.0).contains(number) {
            return Err(format!("`{self}` lies between 0 and 1, and {number} does not; half is 0.5, one in five 0.2"));
        }
        Ok(())
    }

    /// Its value at `now`; nothing where the model says nothing of it.
    pub(super) fn value(self, facts: &Facts<'_>, now: Timestamp) -> Option<f64> {
        let within = |days: u32, read: fn(&Foresight) -> f64| {
            facts.foreseen(now).iter().find(|(known, _)| *known == days).map(|(_, foresight)| read(foresight))
        };
        match self {
            Self::Purchase(days) => within(days, |told| told.chance.value),
            Self::Churn(days) => within(days, |told| 1.0 - told.chance.value),
            Self::Orders(days) => within(days, |told| told.purchase_days.value),
            Self::ValueMinor(days) => within(days, |told| told.value_minor.value),
            Self::FirstOrder => facts.first_order(midnight_after(now).plus_ms(-1)).map(|told| told.value),
            Self::PersonaStrength => match facts.portrait() {
                Portrait::Known(_, strength) => Some(strength),
                Portrait::Unknown(_) => None,
            },
        }
    }

    /// Whether time alone moves it.
    pub(super) fn moves(self) -> bool {
        self != Self::PersonaStrength
    }
}

impl fmt::Display for Foreseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Purchase(days) => write!(f, "purchase_{days}d"),
            Self::Churn(days) => write!(f, "churn_{days}d"),
            Self::Orders(days) => write!(f, "orders_{days}d"),
            Self::ValueMinor(days) => write!(f, "value_minor_{days}d"),
            Self::FirstOrder => write!(f, "first_order_{LEAD_DAYS}d"),
            Self::PersonaStrength => f.write_str("persona_strength"),
        }
    }
}

/// The next midnight (UTC) after `now`.
pub(super) const fn midnight_after(now: Timestamp) -> Timestamp {
    Timestamp((now.0.div_euclid(DAY_MS) + 1) * DAY_MS)
}

/// What a comparison of a persona gives. Who is of none passes no test.
pub(super) fn test_persona(facts: &Facts<'_>, operator: Operator, value: &Value) -> bool {
    match facts.portrait() {
        Portrait::Known(persona, _) => operator.on_list(names(persona), value),
        Portrait::Unknown(_) => false,
    }
}

/// Whether a persona may be compared with `value`: an archetype or an id, which stay from run to run. A name is worded anew each night.
///
/// # Errors
/// What is wrong, and what to write instead.
pub(super) fn check_persona(value: &Value) -> Result<(), String> {
    let Value::Text(text) = value else { return Err("`persona` is a text; compare it with one in quotes".to_owned()) };
    let is_id = |text: &str| {
        text.strip_prefix(['p', 'P']).is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()))
    };
    let is_archetype = |archetype: Archetype| [archetype.key(), archetype.name()].iter().any(|name| name.eq_ignore_ascii_case(text));
    if is_id(text) || Archetype::ALL.into_iter().any(is_archetype) {
        return Ok(());
    }
    if text.eq_ignore_ascii_case("unknown") {
        return Err("who has no persona passes no test; they are `not persona_strength > 0`".to_owned());
    }
    let archetypes = Archetype::ALL.map(|archetype| format!("\"{}\"", archetype.key())).join(", ");
    Err(format!("`{text}` is no persona that stays; write an id as `GET /v1/personas` lists them, such as \"p2\", or one of {archetypes}"))
}

/// The first of `values` that no persona of the shop goes by, in words that list those there are; nothing where the shop has none yet.
pub(super) fn missing_persona(values: &[Value], personas: &Personas) -> Option<String> {
    let is_here = |value: &Value| personas.personas.iter().any(|persona| Operator::Equal.on_list(names(persona), value));
    let missing = values.iter().find(|value| !is_here(value)).filter(|_| !personas.personas.is_empty())?;
    let here: Vec<String> = personas.personas.iter().map(|persona| format!("\"{}\" ({})", persona.id, persona.name)).collect();
    Some(format!("the shop has no persona {missing}; there are {}", here.join(", ")))
}

/// What a persona goes by.
fn names(persona: &Persona) -> impl Iterator<Item = &str> {
    let archetype = persona.archetype.into_iter().flat_map(|archetype| [archetype.key(), archetype.name()]);
    std::iter::once(persona.id.as_str()).chain(archetype)
}
